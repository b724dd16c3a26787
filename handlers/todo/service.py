"""Use cases of 我的待办: what waits for oneself, and agreeing to several at once (R3.54)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.context import Context
from bot.core.errors import AppError, InvalidInput
from handlers.approvals.outcome import became
from handlers.flows import rules
from handlers.flows.forms import form_of
from handlers.flows.rules import step_of
from handlers.flows.running import brief, run_of
from handlers.flows.service import step_decide
from storage import flow_lists, flow_runs, todos
from storage.database import Tx
from storage.flow_lists import PAGE, Waiting

MOST: Final = 20  # decided at one tap: it is answered within two seconds
AMOUNT: Final = "amount"  # of every form's fields


@dataclass(frozen=True, slots=True)
class Item:
    """One task as its node shows it. `said`: what became of it; empty: it waits."""

    task_id: int
    flow_id: int
    number: str
    label: str
    words: str  # 李娜 · ¥50,000.00 · 华兴科技 · 已等 2 小时
    said: str
    revision: int  # of what is applied for
    returned: bool  # to the applicant, who corrects it


@dataclass(frozen=True, slots=True)
class Todo:
    """A page, and what waits altogether. `amount`: in yuan, as far as it is shown.

    `unseen`: so many of those that wait have their amount hidden, and are not in it.
    """

    items: tuple[Item, ...]
    page: int
    pages: int
    waiting: int
    amount: Decimal
    unseen: int


def list_waiting(ctx: Context) -> list[int]:
    """One's own open tasks to be decided, the oldest first."""
    with ctx.begin() as tx:
        waiting = flow_lists.waiting_of(tx, ctx.actor.user_id)
        return [_id(one) for one in waiting if one.task.kind == rules.DECIDE]


def show_todo(ctx: Context, page: int = 1, ids: Sequence[int] = (), *, size: int = PAGE, only: bool = False) -> Todo:
    """The open tasks, the oldest first; with `ids`, those tasks of one's own, whatever has become of them.

    `only`: counts and sums are of `ids` alone, not of everything that waits.
    """
    with ctx.begin() as tx:
        waiting = flow_lists.waiting_of(tx, ctx.actor.user_id)
        wanted = list(ids) or [_id(one) for one in waiting]
        pages = max(1, -(-len(wanted) // size))
        page = min(page, pages)  # what was on the last page may have been decided since
        shown = flow_lists.own_tasks(tx, ctx.actor.user_id, wanted[(page - 1) * size : page * size])
        counted = [one for one in waiting if not only or _id(one) in ids]
        amounts = _visible_amounts(tx, counted)
        return Todo(
            tuple(_item(tx, ctx, one) for one in shown), page, pages, len(counted),
            sum(amounts.values(), Decimal(0)), len(counted) - len(amounts),
        )  # fmt: skip


def note_ticked(ctx: Context, todo_id: str, union_ids: Sequence[str], key: str) -> bool:
    """Somebody has changed a 待办 in DingTalk: ticked off, it decides nothing, and is opened again while its task is.

    For events. Returns whether it is looked after; `key`: of the event.
    """
    with ctx.begin() as tx:
        return todos.reopen(tx, flow_lists.open_by_union(tx, union_ids), todo_id, key=key, now=ctx.now)


def _id(one: Waiting) -> int:
    assert one.task.id is not None
    return one.task.id


def _item(tx: Tx, ctx: Context, one: Waiting) -> Item:
    run = run_of(tx, one.flow)
    waits = one.task.state == rules.OPEN and one.flow.state == "running"
    since = rules.span((ctx.now - (one.task.opened_at or ctx.now)).total_seconds())
    returned = one.task.kind == rules.REVISE
    what = one.task.why if returned else brief(run, one.task.node)
    words = what + (f" · 已等 {since}" if waits else "")
    said = "" if waits else became(tx, run, one.task)
    return Item(_id(one), run.id, one.flow.number, run.form.label, words, said, one.flow.revision, returned)


def _visible_amounts(tx: Tx, tasks: Sequence[Waiting]) -> Mapping[int, Decimal]:
    """By task, where its node shows it: in a statement for each version and each form, however many wait (R-APP-7)."""
    visible: dict[tuple[int, int], bool] = {}
    for one in tasks:
        if (one.flow.version_id, one.task.node) not in visible:
            for node, row in enumerate(flow_runs.version_of(tx, one.flow).nodes):
                visible[one.flow.version_id, node] = AMOUNT in step_of(row).visible
    found: dict[int, Decimal] = {}
    seen = [t for t in tasks if t.task.kind == rules.REVISE or visible[t.flow.version_id, t.task.node]]
    for form in {one.flow.form for one in seen}:
        its = [one for one in seen if one.flow.form == form]
        amounts = form_of(form).amounts(tx, [one.flow.record_id for one in its])
        found |= {_id(one): amounts[one.flow.record_id] for one in its if one.flow.record_id in amounts}
    return found


@dataclass(frozen=True, slots=True)
class AllAgreed:
    """How many were agreed to, and why others were not, by task."""

    count: int
    failed: Mapping[int, str]


def agree_all(ctx: Context, task_ids: Sequence[int], seen: Mapping[int, int] | None = None) -> AllAgreed:
    """同意 to each by itself, as if tapped one after the other; one that fails changes nothing and keeps none back.

    The caller has shown what they are and asked: it is the second of two taps (D24). `seen`: by task, the revision of
    what is applied for that was shown.

    Raises:
        InvalidInput: none, or more than MOST.
    """
    wanted = list(dict.fromkeys(task_ids))
    if not 0 < len(wanted) <= MOST:
        raise InvalidInput(f"一次最多同意 {MOST} 件，发送「全部同意」重新列出。")
    failed: dict[int, str] = {}
    with ctx.begin() as tx:
        for task_id in wanted:
            try:
                with tx.begin_nested():
                    step_decide(tx, ctx, task_id, agree=True, confirmed=True, seen=(seen or {}).get(task_id))
            except AppError as refusal:
                failed[task_id] = refusal.text
    return AllAgreed(len(wanted) - len(failed), failed)
