"""Use cases of the audit: administrators read it and take it with them; nobody changes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from bot.context import Context
from bot.core.clock import BEIJING
from bot.core.errors import NotFound
from bot.core.tabular import Column, Table
from handlers.audit import rules, words
from handlers.audit.rules import Wanted
from storage import attachments, audit, customers, people
from storage.audit import AuditFilter
from storage.database import Tx
from storage.tables import Audit

PAGE = 5
EXPORT = 10_000  # lines of one file; made while others wait for the database


@dataclass(frozen=True, slots=True)
class Line:
    """One line in words."""

    at: datetime
    who: str
    what: str
    subject: str
    detail: str
    door: str
    source: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    """One page, newest first, with the total (D26)."""

    lines: list[Line]
    total: int
    pages: int


def read_query(ctx: Context, text: str) -> Wanted:
    """What a sentence asks for: people, days, kinds, names. Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        return rules.read_query(text, ctx.now, lambda name: people.list_called(tx, name))


def show_audit(ctx: Context, wanted: Wanted, page: int = 1) -> AuditPage:
    """Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        fitting = _filter(tx, wanted)
        total = audit.count_lines(tx, fitting)
        pages = max(1, -(-total // PAGE))
        page = min(max(1, page), pages)
        rows = audit.list_lines(tx, fitting, limit=PAGE, offset=(page - 1) * PAGE)
        return AuditPage(_in_words(tx, rows), total, pages)


def export_audit(ctx: Context, wanted: Wanted) -> str:
    """Sends the asker a file in single chat; returns what to say. Raises Forbidden; NotFound: no line fits."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        fitting = _filter(tx, wanted)
        total = audit.count_lines(tx, fitting)
        if not total:
            raise NotFound("没有符合条件的操作记录，没有导出。换个条件试试，例如「导出操作记录 本月」。")
        lines = _in_words(tx, audit.list_lines(tx, fitting, limit=EXPORT))
        rows = [
            (f"{n.at:%Y-%m-%d %H:%M:%S}", n.who, n.what, n.subject.strip("「」"), n.detail, n.door, n.source)
            for n in lines
        ]
        table = Table("操作记录", COLUMNS, rows)
        name = f"操作记录_{ctx.now:%Y%m%d_%H%M}.xlsx"
        key = f"export:audit:{ctx.actor.user_id}:{ctx.key or ctx.now.isoformat()}"
        attachments.send(tx, user_id=ctx.actor.user_id, name=name, content=table.dump(), key=key, now=ctx.now)
        audit.record(
            tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="export.audit", subject="audit",
            name=title_of(wanted), changes={"条数": ("", str(len(rows)))},
        )  # fmt: skip
    cut = f"（一共 {total} 条，一个文件最多 {EXPORT} 条，这是最新的；要更早的请加上时间，例如「导出操作记录 上月」）"
    return f"已导出 {len(rows)} 条操作记录，文件私聊发给你了。" + (cut if total > len(rows) else "")


COLUMNS = (
    Column("时间", 20), Column("谁", 12), Column("做了什么", 16), Column("对象", 28), Column("从 → 到", 60),
    Column("怎么做的", 12), Column("来源编号", 30),
)  # fmt: skip


def title_of(wanted: Wanted) -> str:
    """操作记录 · 李娜 · 本周 · 权限."""
    kinds = [words.KIND_WORDS[k] for k in wanted.kinds if k in words.KIND_WORDS]
    return " · ".join(["操作记录", *wanted.people, *([wanted.days] if wanted.days else []), *kinds, *wanted.words])


def _filter(tx: Tx, wanted: Wanted) -> AuditFilter:
    subjects: set[str] | None = None
    for word in wanted.words:
        named = {f"customer:{i}" for i in customers.list_called(tx, word)}
        subjects = named if subjects is None else subjects & named
    since = datetime.combine(wanted.first, time(), tzinfo=BEIJING) if wanted.first else None
    until = datetime.combine(wanted.last + timedelta(days=1), time(), tzinfo=BEIJING) if wanted.last else None
    actions = words.actions_of(wanted.kinds) if wanted.kinds else None
    called = {word: words.actions_called(word) for word in wanted.words}
    return AuditFilter(wanted.user_ids, since, until, actions, wanted.words, called, frozenset(subjects or ()))


def _in_words(tx: Tx, rows: Sequence[Audit]) -> list[Line]:
    names = people.names_of(tx, [r.user_id for r in rows])
    ids = {int(r.subject.partition(":")[2]) for r in rows if not r.name and _is_customer(r.subject)}
    called = customers.names_of(tx, sorted(ids)) if ids else {}
    lines = []
    for row in rows:
        name = row.name
        if not name and _is_customer(row.subject):
            name = called.get(int(row.subject.partition(":")[2]), "")
        who = names.get(row.user_id, row.user_id) if row.user_id else "系统"
        lines.append(
            Line(
                row.at, who, words.action_words(row.action), words.subject_words(row.subject, name),
                words.detail_words(row.action, row.detail), words.DOORS.get(row.via, "其他"), row.source,
            )
        )  # fmt: skip
    return lines


def _is_customer(subject: str) -> bool:
    kind, _, number = subject.partition(":")
    return kind == "customer" and number.isdecimal()
