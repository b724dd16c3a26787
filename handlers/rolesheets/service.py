"""Use cases of roles by xlsx: administrators only; what is checked is what is imported, in one transaction."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from bot.context import Context
from bot.core.actor import Permission, permission_name
from bot.core.errors import NotFound
from bot.core.roles import RoleSheet
from bot.core.tabular import Column, Sheet, Table, sheet_of
from handlers.dictionaries.rules import key
from handlers.rolesheets import rules
from handlers.rolesheets.rules import (
    DEPARTMENTS,
    FUNCTIONS,
    LEVEL,
    MEMBERS,
    PROBLEM,
    ROLE,
    SCOPE,
    Known,
    Plan,
    RoleFacts,
)
from handlers.rolesheets.words import changes_of, department_names, plan_text, rows_of
from storage import attachments, audit, org_chart, roles
from storage.database import Tx
from storage.tables import Upload

KIND = "roles"  # of an upload
NOTES = (
    "一行写一个角色的一位成员；同一个角色有几位成员就写几行，角色、数据权限、操作权限、功能只写第一行也可以。",
    "空着的格子表示不改；要清空功能或成员，写「无」。表格里没写到的角色不变。",
    "功能用英文分号「;」隔开，例如：客户-查看;客户-新增；「客户-全部」表示客户的全部功能。可选的写法在「可选值」工作表里。",
    "成员写姓名；重名的写成 姓名(工号)。服务部门写部门名，几个部门用英文分号隔开；数据权限是「服务部门」时才起作用。",
    "「所有用户」自动包含所有人，不能填成员。以「示例」开头的行不会导入。",
    "最多 50000 行、100 列、10 MB。",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checked:
    """A dry run: what the import would do. `fingerprint`: of exactly this."""

    upload_id: int
    file: str
    plan: Plan
    text: str
    fingerprint: str
    done: bool = False


def send_template(ctx: Context) -> str:
    """An empty table with drop-downs and a sample row, to the asker alone. Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        known = _known(tx)
        sample = [
            f"{rules.SAMPLE}（导入前可删）", "服务部门", "普通", "客户-查看;客户-新增;公海-领取",
            next(iter(known.people.values()), ""), next(iter(department_names(known)), ""),
        ]  # fmt: skip
        _send(tx, ctx, "角色导入模板.xlsx", [sample], known)
    return "角色导入模板发给你了。填好后把文件发给我，我先检查、列出会改什么，你点确认才会生效。"


def export_roles(ctx: Context) -> str:
    """All roles as the same table, to the asker alone. Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        known = _known(tx)
        listed = list(known.roles.values())
        _send(tx, ctx, f"角色_{ctx.now:%Y%m%d}.xlsx", rows_of(listed, known), known)
        audit.record(
            tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="export.roles", subject="role",
            name="全部角色", changes={"个数": ("", str(len(listed)))},
        )  # fmt: skip
    return f"已导出 {len(listed)} 个角色，文件私聊发给你了。改好后把文件发回给我就能导入。"


def check_sheet(ctx: Context, name: str, sheet: Sheet) -> Checked:
    """Keeps the table and says what its import would do; rows with a problem come back as a file.

    Raises:
        Forbidden, NotARoleSheet.
    """
    ctx.actor.require_admin()
    if not sheet.complete:
        raise rules.NotARoleSheet(f"角色表有 {sheet.total} 行，太长了，请拆成几个小一点的再发。")
    with ctx.begin() as tx:
        known = _known(tx)
        plan = rules.read_plan(sheet, known)
        upload_id = attachments.keep_upload(
            tx, user_id=ctx.actor.user_id, kind=KIND, name=name, header=sheet.header,
            rows=[(r.number, r.cells) for r in sheet.rows], now=ctx.now,
        )  # fmt: skip
        if plan.problems:
            _send_problems(tx, ctx, name, sheet, plan, known)
        return _checked(upload_id, name, plan, known)


def look_again(ctx: Context, upload_id: int) -> Checked:
    """The dry run against the roles as they are now. Raises Forbidden; NotFound: no such table of this person."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        upload = _access(tx, ctx, upload_id)
        known = _known(tx)
        plan = rules.read_plan(_sheet(upload), known)
        return _checked(upload_id, upload.name, plan, known, done=upload.done_at is not None)


def import_roles(ctx: Context, upload_id: int, fingerprint: str) -> str:
    """Does what the dry run of this fingerprint said, all of it or nothing. Returns what to say.

    Raises:
        Forbidden, NotFound.
        PlanChanged: the roles have changed since; NothingToImport: done already, or nothing to do.
    """
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        upload = _access(tx, ctx, upload_id)
        known = _known(tx)
        plan = rules.read_plan(_sheet(upload), known)
        if upload.done_at is not None or not attachments.take_upload(tx, upload_id, ctx.now):
            raise rules.NothingToImport("这个文件已经导入过了。要再导入，请重新发一次文件。")
        if not plan.roles:
            raise rules.NothingToImport("没有可以导入的变化。")
        if _fingerprint(plan) != fingerprint:
            raise rules.PlanChanged("检查之后角色又变过，没有导入。请看一下现在会改什么，再点一次。")
        for role in plan.roles:
            had = known.roles.get(key(role.name))
            wanted = RoleSheet(0, role.name, role.data_scope, role.level, role.functions, dict(role.members))
            role_id = roles.put_role(tx, wanted)
            audit.record(
                tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="import.role", subject=f"role:{role_id}",
                name=role.name, changes=changes_of(had, role, known), upload=upload_id,
            )  # fmt: skip
    changed = len(plan.roles) - plan.new
    rest = f"有问题的 {len(plan.broken)} 个没有动（{'、'.join(plan.broken[:5])}）。" if plan.broken else ""
    return f"已导入：新增 {plan.new} 个角色，修改 {changed} 个，不变 {plan.same} 个。马上生效。{rest}"


def _known(tx: Tx) -> Known:
    by_name = {
        key(r.name): RoleFacts(r.name, r.data_scope, r.level, r.functions, r.members) for r in roles.list_sheets(tx)
    }
    return Known(by_name, org_chart.active_people(tx), org_chart.department_paths(tx))


def _access(tx: Tx, ctx: Context, upload_id: int) -> Upload:
    upload = attachments.get_upload(tx, upload_id, user_id=ctx.actor.user_id, kind=KIND)
    if upload is None:
        raise NotFound("没有找到这个文件，可能放得太久了，请重新发一次。")
    return upload


def _sheet(upload: Upload) -> Sheet:
    return sheet_of([(0, upload.header), *((int(n), cells) for n, cells in upload.rows)])


def _checked(upload_id: int, name: str, plan: Plan, known: Known, *, done: bool = False) -> Checked:
    return Checked(upload_id, name, plan, plan_text(plan, known), _fingerprint(plan), done)


def _fingerprint(plan: Plan) -> str:
    told = [
        (r.name, r.data_scope, r.level, sorted(r.functions), sorted((u, sorted(d)) for u, d in r.members.items()))
        for r in plan.roles
    ]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def _columns(known: Known) -> tuple[Column, ...]:
    return (
        Column(f"{ROLE}*", 18, tuple(r.name for r in known.roles.values()), several=True),
        Column(SCOPE, 12, tuple(rules.SCOPES.values())),
        Column(LEVEL, 12, tuple(rules.LEVELS.values())),
        Column(FUNCTIONS, 60, tuple(permission_name(p) for p in Permission), several=True),
        Column(MEMBERS, 16, tuple(dict.fromkeys(known.people.values()))[:2000], several=True),
        Column(DEPARTMENTS, 24, tuple(department_names(known))[:2000], several=True),
    )


def _send(tx: Tx, ctx: Context, name: str, rows: Sequence[Sequence[str]], known: Known) -> None:
    table = Table("角色", _columns(known), rows, NOTES)
    key_ = f"roles:{name}:{ctx.actor.user_id}:{ctx.key}:{ctx.now.isoformat()}"
    attachments.send(tx, user_id=ctx.actor.user_id, name=name, content=table.dump(), key=key_, now=ctx.now)


def _send_problems(tx: Tx, ctx: Context, name: str, sheet: Sheet, plan: Plan, known: Known) -> None:
    """The table as it was sent, with what is wrong beside each row: to be corrected and sent again."""
    told: dict[int, list[str]] = {}
    for problem in plan.problems:
        told.setdefault(problem.row, []).append(f"{problem.column}：{problem.text}")
    index = {title: sheet.column(title) for title in rules.TITLES}
    rows = [[*(row.cell(index[t]) for t in rules.TITLES), "\n".join(told.get(row.number, ()))] for row in sheet.rows]
    table = Table("角色", (*_columns(known), Column(PROBLEM, 60)), rows, NOTES)
    stem = name.rpartition(".")[0] or "角色"
    attachments.send(
        tx, user_id=ctx.actor.user_id, name=f"{stem[:60]}_问题.xlsx", content=table.dump(), now=ctx.now,
        key=f"roles:problems:{ctx.actor.user_id}:{ctx.key}:{ctx.now.isoformat()}",
    )  # fmt: skip
