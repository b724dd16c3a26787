"""The steps that tell: both sides of a handover, administrators of who left and who came back."""

from collections.abc import Sequence

from bot.context import Context
from bot.identity import may_be_told
from handlers.handover import rules
from handlers.handover.parties import (
    Preview,
    moved_text,
    subject,
)
from handlers.handover.rules import Left
from handlers.pool.telling import tell
from handlers.reminders.rules import after_quiet_hours
from storage import cards, departures, handovers, notices, people
from storage.database import Tx
from storage.tables import Departure, Handover


def step_tell_both(tx: Tx, ctx: Context, now: Preview, done: Handover) -> None:
    """The receiver and the giver, each what concerns him."""
    assert done.id is not None
    what = moved_text(done.counts)
    planned = handovers.count_planned(tx, done.id)
    due = f"，其中 {planned} 家约了下次跟进，到时提醒你" if planned else ""
    look = "发送「我的客户」看看。" if done.counts.get("customer") else "有疑问找管理员。"
    tell(
        tx, ctx, [now.receiver.user_id], title=f"交接给你：{now.giver.name}", key=f"handover:{done.id}:receiver",
        text=f"{ctx.actor.name} 把 {now.giver.name} 的 {what} 交接给你了{due}。{look}",
    )  # fmt: skip
    tell(
        tx, ctx, [now.giver.user_id], title=f"交接给 {now.receiver.name}", key=f"handover:{done.id}:giver",
        text=f"{ctx.actor.name} 把你名下的 {what} 交接给 {now.receiver.name} 了。有疑问找管理员。",
    )  # fmt: skip


def step_announce_leaving(tx: Tx, ctx: Context, gone: Sequence[Departure]) -> None:
    """One notice to each administrator of everybody who left, and a card where there is something to hand over."""
    left: list[tuple[Departure, Left]] = []
    for one in gone:
        held = handovers.holdings_of(tx, one.user_id)
        counts = {name: count for name, count in held.counts.items() if count}
        left.append((one, Left(people.name_of(tx, one.user_id), counts, held.planned, one.was_admin)))
    receivers = [a for a in ctx.settings.admins if may_be_told(tx, a, ctx.settings)]
    alone = not receivers
    message = rules.leaving_text([facts for _, facts in left], alone=alone)
    if message is None:
        return
    title, text = message
    key = f"left:{gone[0].id}:{gone[-1].id}"
    not_before = after_quiet_hours(ctx.now, ctx.settings.quiet_hours)
    told = receivers or list(people.list_dingtalk_admins(tx))
    notices.queue(tx, key=key, user_ids=told, title=title, text=text, now=ctx.now, not_before=not_before)
    owning = [one for one, facts in left if facts.total]
    for administrator in receivers if owning else ():
        kind, state = ("handover.start", {}) if len(owning) > 1 else ("handover.person", {"from": owning[0].user_id})
        cards.post(
            tx, key=f"{key}:card:{administrator}", kind=kind, state=state, user_id=administrator, now=ctx.now,
            subjects=[subject(one.user_id) for one in owning], not_before=not_before,
        )  # fmt: skip


def step_announce_returns(tx: Tx, ctx: Context, returned: Sequence[Departure]) -> None:
    """Each who came back, with the roles that wait for him."""
    receivers = [a for a in ctx.settings.admins if may_be_told(tx, a, ctx.settings)]
    not_before = after_quiet_hours(ctx.now, ctx.settings.quiet_hours)
    for user_id in dict.fromkeys(one.user_id for one in returned):
        latest = max((one for one in returned if one.user_id == user_id), key=lambda one: one.id or 0)
        held = departures.set_aside_roles(tx, user_id)
        name = people.name_of(tx, user_id)
        roles = [str(row["name"]) for row in held.roles] if held is not None else []
        is_admin = user_id in ctx.settings.admins
        text = rules.return_text(name, roles, was_admin=latest.was_admin, is_admin=is_admin)
        key = f"returned:{latest.id}"
        told = [one for one in receivers if one != user_id]
        if not told:
            continue
        notices.queue(
            tx, key=key, user_ids=told, title=f"重新入职：{name}", text=text, now=ctx.now, not_before=not_before
        )
        for administrator in told if roles else ():
            cards.post(
                tx, key=f"{key}:card:{administrator}", kind="handover.returned", state={"user_id": user_id},
                subjects=[subject(user_id)], user_id=administrator, now=ctx.now, not_before=not_before,
            )  # fmt: skip
