"""The cards of 交接, drawn from the present state; shared by what is typed and what is tapped."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, cast

from bot.context import Context
from bot.core.errors import AppError, InvalidInput
from bot.core.holdings import KINDS, counted
from bot.core.markup import escape
from bot.dispatch import CardRef, CardView
from cards import handover as drawn
from cards.handover import GiverRow, KindChoice
from handlers.handover import service
from handlers.handover.outcome import Done
from handlers.handover.parties import Party, Preview, Wanted, moved_text, subject
from handlers.handover.rules import Over

ROWS = 6
Painter = Callable[[dict[str, Any], Context], CardView]


def _or_refusal(painter: Painter) -> Painter:
    """Who may not see it any more reads why; the card holds nothing else."""

    @wraps(painter)
    def paint(state: dict[str, Any], ctx: Context) -> CardView:
        try:
            return painter(state, ctx)
        except AppError as refusal:
            return CardView("交接", body=refusal.text)

    return paint


def wanted_of(state: dict[str, Any]) -> Wanted:
    """What a card's state (or an open question's) asks for.

    Raises:
        InvalidInput: the card is not known any more.
    """
    if "from" not in state or "to" not in state:
        raise InvalidInput("这张卡片已失效，请重新发送「交接任务」。")
    over = str(state.get("over", ""))
    if over not in ("", "fit", "allow"):
        over = ""
    return Wanted(str(state["from"]), str(state["to"]), tuple(state.get("kinds", ())), cast("Over", over))


def plan_card(ctx: Context, wanted: Wanted) -> CardRef:
    """The card of a plan; what it shows is remembered, so that a confirmation of other figures is noticed."""
    now = service.preview(ctx, wanted)
    state = {
        "from": wanted.giver_id, "to": wanted.receiver_id, "kinds": list(wanted.kinds), "over": wanted.over,
        "shown": dict(now.moving),
    }  # fmt: skip
    return CardRef("handover.plan", state, (subject(wanted.giver_id),))


def person_card(user_id: str) -> CardRef:
    """The card of what one person holds."""
    return CardRef("handover.person", {"from": user_id}, (subject(user_id),))


def done_card(handover_id: int, giver_id: str) -> CardRef:
    """The card of a handover that took place."""
    return CardRef("handover.done", {"handover_id": handover_id}, (subject(giver_id),))


def _status(party: Party) -> str:
    if party.active:
        return "在职"
    return f"{party.left_at.month}月{party.left_at.day}日离职" if party.left_at else "已离职"


@_or_refusal
def paint_guide(state: dict[str, Any], ctx: Context) -> CardView:  # noqa: ARG001 -- drawn from what people hold
    """Leavers who still hold things."""
    leavers = service.list_givers(ctx)
    rows = [
        GiverRow(
            one.user_id, one.name,
            f"{_status(Party(one.user_id, one.name, active=False, left_at=one.left_at))} · {counted(one.counts)}",
        )
        for one in leavers[:ROWS]
    ]  # fmt: skip
    return drawn.guide(rows, len(leavers))


@_or_refusal
def paint_person(state: dict[str, Any], ctx: Context) -> CardView:
    """What one person holds now."""
    sheet = service.show_person(ctx, str(state["from"]))
    name, held = sheet.party.name, f"名下：{counted(sheet.holdings.counts)}"
    if sheet.holdings.planned:
        held += f"；待跟进 {sheet.holdings.planned} 家"
    held += "".join(f"；{label} {count} 件" for label, count in sheet.joined)
    if not sheet.total:
        held = "名下没有要交接的了。"
    example = f"交接 {name} 给 {sheet.receivers[0][1] if sheet.receivers else '钱七'} 全部"
    return drawn.person(
        name=name, tag=_status(sheet.party), held=held, receivers=sheet.receivers, example=example,
        empty=not sheet.total,
    )  # fmt: skip


@_or_refusal
def paint_plan(state: dict[str, Any], ctx: Context) -> CardView:
    """The preview of a handover, or the choice of what to hand over."""
    wanted = wanted_of(state)
    now = service.preview(ctx, wanted)
    giver, receiver = now.giver.name, now.receiver.name
    if not now.holdings.total and not now.joined:
        return drawn.plan(
            giver=giver, receiver=receiver, tag=_status(now.giver), lines=[service.nothing_text(ctx, wanted)],
            choices=(), over=(), ready=False, everything=True, footer="",
        )  # fmt: skip
    choices = [
        KindChoice(kind.name, kind.label, kind.name in wanted.kinds) for kind in KINDS if now.holdings.counts[kind.name]
    ]
    everything = all(one.chosen for one in choices)
    if not wanted.kinds:
        lines = [f"{escape(giver)} 名下：{counted(now.holdings.counts)}。", "交接哪些？点「全部交接」，或点其中几样。"]
        some = " ".join(one.label for one in choices[:2])
        footer = f"也可以直接回复「全部」，或发送「交接 {giver} 给 {receiver} {some}」。"
        return drawn.plan(
            giver=giver, receiver=receiver, tag=_status(now.giver), lines=lines, choices=choices, over=(),
            ready=False, everything=False, footer=footer,
        )  # fmt: skip
    over: list[tuple[str, str]] = []
    if now.blocked:
        over = [("fit", f"先交 {now.cap.room} 家客户")] if now.cap.room else []
        over.append(("allow", "允许超上限"))
    ready = bool(now.total) and not now.blocked
    footer = "只换负责人：阶段、金额、跟进记录、创建时间都不变。72 小时内可以撤销。" if ready else ""
    return drawn.plan(
        giver=giver, receiver=receiver, tag=_status(now.giver), lines=_plan_lines(ctx, now),
        choices=choices if len(choices) > 1 else (), over=over, ready=ready, everything=everything, footer=footer,
    )  # fmt: skip


def _plan_lines(ctx: Context, now: Preview) -> list[str]:
    if not now.total and not now.blocked:
        return [service.nothing_text(ctx, now.wanted)]
    lines = [f"交接：{counted(now.moving) or '没有'}" + "".join(f"、{label} {n} 件" for label, n in now.joined)]
    notes = []
    if now.moving.get("customer"):
        planned = "和约好的下次跟进" if now.holdings.planned else ""
        notes.append(f"联系人{planned}跟着客户走")
    if now.moving.get("contract"):
        notes.append("回款、开票跟着合同走")
    if notes:
        lines.append("；".join(notes) + "。")
    if now.staying:
        lines.append(f"留在 {escape(now.giver.name)} 名下：{counted(now.staying)}")
    if "customer" in now.moving and now.cap.giving:
        limit = f"（上限 {now.cap.cap} 家）" if now.cap.cap is not None else ""
        after = now.cap.holding + now.moving["customer"]
        lines.append(f"{escape(now.receiver.name)} 的客户：现有 {now.cap.holding} 家 → 交接后 {after} 家{limit}")
    if now.blocked:
        lines.append(now.blocked)
    elif now.cap.over and now.wanted.over == "allow":
        lines.append(f"超上限 {now.cap.over} 家，这次允许，会记下来。")
    elif now.cap.over:
        lines.append("先交约了下次跟进的，其余留着。")
    return lines


def _moment(at: datetime, ctx: Context) -> str:
    return f"{at:%H:%M}" if at.date() == ctx.today else f"{at.month}月{at.day}日 {at:%H:%M}"


@_or_refusal
def paint_done(state: dict[str, Any], ctx: Context) -> CardView:
    """What was handed over, and what of it was taken back."""
    sheet = service.show_handover(ctx, int(state["handover_id"]))
    done, giver, receiver = sheet.handover, sheet.giver.name, sheet.receiver.name
    moved = _portions(done.counts, done.counts)
    lines = [f"{moved or '0 条'} 已换负责人"]
    if sheet.planned:
        lines.append(f"约好的下次跟进 {sheet.planned} 家一起过去了，到时提醒 {escape(receiver)}。")
    if done.over_cap:
        lines.append("这次允许了超上限。")
    if done.undone_at is not None:
        tag = f"↩ {sheet.undone_by} {_moment(done.undone_at, ctx)}"
        lines = [f"{_portions(sheet.restored, done.counts)} 回到 {escape(giver)} 名下"]
        lines += [escape(sheet.left)] if sheet.left else []
    else:
        tag = f"✓ {sheet.by} {_moment(done.at, ctx)}"
        lines += _standing(sheet)
    return drawn.done(
        giver=giver, receiver=receiver, tag=tag, lines=lines, undo=done.id if sheet.undoable else None,
        undone=done.undone_at is not None,
    )  # fmt: skip


def _standing(sheet: Done) -> list[str]:
    lines = [f"{escape(sheet.receiver.name)} 现在有 {sheet.receiver_customers} 家客户"]
    if sheet.staying:
        lines.append(f"没有交接、还在 {escape(sheet.giver.name)} 名下：{counted(sheet.staying)}")
    return lines


def _portions(done: dict[str, int], total: dict[str, Any]) -> str:
    """客户 12/12 家、合同 3/3 份."""
    parts = [
        f"{kind.label} {done.get(kind.name, 0)}/{total[kind.name]} {kind.unit}"
        for kind in KINDS
        if total.get(kind.name)
    ]
    known = {kind.name for kind in KINDS}
    extra = moved_text({label: n for label, n in done.items() if label not in known})
    return "、".join([*parts, extra] if extra else parts)


@_or_refusal
def paint_returned(state: dict[str, Any], ctx: Context) -> CardView:
    """Whether the roles of somebody who came back have been given back."""
    user_id = str(state["user_id"])
    sheet = service.show_returned(ctx, user_id)
    if not sheet.active:
        return drawn.returned(name=sheet.name, body="现在不在职。", restore=None)
    if not sheet.roles:
        body = f"✓ 角色已由 {sheet.restored_by} 恢复。" if sheet.restored_by else "没有要恢复的角色。"
        return drawn.returned(name=sheet.name, body=body, restore=None)
    body = f"离职前的角色：{escape('、'.join(sheet.roles))}\n没有自动恢复；要恢复就点下面，马上生效。"
    return drawn.returned(name=sheet.name, body=body, restore=user_id)
