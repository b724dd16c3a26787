"""The organisation's cards, drawn from the mirror as it stands."""

from typing import Any

from bot.context import Context
from bot.core.errors import NotFound
from bot.core.holdings import counted
from bot.core.markup import escape
from bot.dispatch import CardRef, CardView
from cards import org as org_cards
from handlers.org.service import OrgSheet, show_org, show_request
from storage.jobs import subject
from storage.org_chart import Branch, Member
from storage.tables import SyncRun

REFUSED = CardView("组织机构", body="这是管理员的功能，需要的话请联系管理员。")
STATUS = {"ok": "成功", "partial": "部分成功", "waiting": "等你确认", "failed": "没有成功", "running": "进行中"}
LEAVERS = 5


def sync_ref(request_id: int) -> CardRef:
    """The card that follows one sync."""
    return CardRef("org.sync", {"request_id": request_id}, (subject(request_id),))


def paint_sync(state: dict[str, Any], ctx: Context) -> CardView:
    """On its way, or what came of it."""
    row = show_request(ctx, int(state["request_id"])) if ctx.actor.admin else None
    if row is None:
        return REFUSED
    done, total = int(row.arguments.get("done", 0)), int(row.arguments.get("total", 0))
    if row.state in ("queued", "running"):
        line = f"已读 {done}/{total} 个部门（{done * 100 // total}%）" if total else "正在读通讯录的权限范围"
        return org_cards.sync_card(state="正在同步", lines=[line, "完成后告诉你结果。"], again=False)
    failed = row.state == "failed"
    head = "没有成功" if failed else "✓ 同步完成"
    return org_cards.sync_card(state=head, lines=[escape(line) for line in row.result.split("\n")], again=failed)


def paint_tree(state: dict[str, Any], ctx: Context) -> CardView:
    """A page of the tree or of one branch."""
    if not ctx.actor.admin:
        return REFUSED
    chosen = state.get("department_id")
    try:
        sheet = show_org(ctx, int(state.get("page", 1)), int(chosen) if chosen is not None else None)
    except NotFound as gone:
        return CardView("组织机构", body=gone.text)
    return view(sheet)


def view(sheet: OrgSheet) -> CardView:
    """From the sheet."""
    lines = [_branch(r) if isinstance(r, Branch) else _member(r) for r in sheet.rows]
    notes = []
    if sheet.department_id is None:
        head = [f"部门 {sheet.departments} 个 · 在职 {sheet.people} 人", _last(sheet.last)]
        if sheet.leavers:
            notes.append(f"离职后名下还有数据 {len(sheet.leavers)} 人：")
            notes += [f"- {escape(leaver.name)}：{counted(leaver.counts)}" for leaver in sheet.leavers[:LEAVERS]]
            if len(sheet.leavers) > LEAVERS:
                notes.append(f"…共 {len(sheet.leavers)} 人")
    else:
        head = [f"共 {sheet.people} 人（含下级） · 下级部门 {sheet.departments - 1} 个"]
    return org_cards.tree_card(
        title=sheet.title if sheet.department_id is None else f"组织机构 · {sheet.title}", lines=lines, head=head,
        notes=notes, page=sheet.page, pages=sheet.pages, department_id=sheet.department_id,
    )  # fmt: skip


def _branch(branch: Branch) -> str:
    direct = f"（直属 {branch.direct}）" if 0 < branch.direct < branch.people else ""
    return f"{'　' * branch.depth}{escape(branch.name)} {branch.people} 人{direct}"


def _member(member: Member) -> str:
    return " · ".join(
        part for part in (escape(member.name), escape(member.title), "主管" if member.leader else "") if part
    )


def _last(run: SyncRun | None) -> str:
    if run is None:
        return "还没有同步过，发送「同步组织」。"
    figures = " · ".join(
        f"{label} {run.counts[key]}"
        for key, label in (("added", "新增"), ("changed", "更新"), ("moved", "转部门"), ("left", "离职"))
        if key in run.counts
    )
    head = f"上次同步 {run.started_at:%m-%d %H:%M} · {STATUS.get(run.status, run.status)}"
    problem = f"\n{escape(str(run.problems[0]))}" if run.problems else ""
    return head + (f"（{figures}）" if figures else "") + problem
