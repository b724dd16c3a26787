"""Use cases of 交接: look, preview, hand over, take back; and what a leaving and a return mean."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput, NotFound
from bot.core.holdings import KINDS, counted
from handlers.handover import rules
from handlers.handover.announcing import step_announce_leaving, step_announce_returns, step_tell_both
from handlers.handover.joining import JOINING, Joining
from handlers.handover.outcome import Done, Outcome, Returned, step_left
from handlers.handover.parties import (
    SUGGESTED,
    Match,
    Person,
    Preview,
    Wanted,
    step_joined,
    step_match,
    step_nothing,
    step_party,
    step_preview,
    step_receives,
    subject,
)
from handlers.handover.rules import NothingToHandOver, NotTakenBack
from handlers.pool.telling import tell
from storage import audit, cards, departures, handovers, people, undos
from storage.handovers import Leaver


def list_givers(ctx: Context) -> list[Leaver]:
    """Who left and still holds things. Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        return handovers.list_leavers(tx)


def find_people(ctx: Context, words: str, *, giver: bool) -> Match:
    """Whom `words` begin with: for a giver departed people too, for a receiver only employed ones.

    Raises:
        Forbidden, NotFound.
        NotAReceiver: only somebody departed has that name.
    """
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        return step_match(tx, words, giver=giver)


def show_person(ctx: Context, user_id: str) -> Person:
    """What somebody holds, and colleagues who might take it over. Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        near = [
            p for p in people.list_colleagues(tx, user_id, limit=SUGGESTED * 2) if step_receives(tx, ctx, p.user_id)
        ]
        receivers = tuple((p.user_id, p.name) for p in near[:SUGGESTED])
        return Person(step_party(tx, user_id), handovers.holdings_of(tx, user_id), step_joined(tx, user_id), receivers)


def preview(ctx: Context, wanted: Wanted) -> Preview:
    """What the handover would do now, counted anew.

    Raises:
        Forbidden.
        NotAReceiver: departed, out of scope, or the giver himself.
    """
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        return step_preview(tx, ctx, wanted)


def nothing_text(ctx: Context, wanted: Wanted) -> str:
    """Why there is nothing to hand over: who took it, and when. Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        return step_nothing(tx, ctx, step_preview(tx, ctx, wanted))


def hand_over(
    ctx: Context, wanted: Wanted, *, shown: Mapping[str, int] | None, card: str = "",
    joining: Sequence[Joining] = JOINING,
) -> Outcome:  # fmt: skip
    """Moves the giver's records of the chosen kinds to the receiver: owner only, all in one transaction (R-HAND-2).

    `shown`: the counts the administrator saw; where they are others by now, nothing is done and he is asked again.

    Raises:
        Forbidden, NotAReceiver, OverCap.
        NothingToHandOver: the giver holds none of it (any more).
        InvalidInput: no kind is chosen.
    """
    ctx.actor.require_admin()
    if not wanted.kinds:
        raise InvalidInput("还没选要交接什么：点「全部交接」，或选客户、合同等。")
    with ctx.begin() as tx:
        handovers.lock_people(tx, wanted.giver_id, wanted.receiver_id)
        now = step_preview(tx, ctx, wanted, joining)
        if not now.total:
            raise NothingToHandOver(step_nothing(tx, ctx, now))
        if now.blocked:
            raise rules.OverCap(now.blocked)
        moving = dict(now.moving)
        changed = rules.changes(shown, moving) if shown is not None else "先看一下数量"
        if changed:
            return Outcome(None, moving, f"还没有交接：{changed}。看过没问题，再点一次「开始交接」。")
        allowed = bool(now.cap.over and wanted.over == "allow")
        done = handovers.begin(
            tx, giver_id=wanted.giver_id, receiver_id=wanted.receiver_id, kinds=rules.chosen_of(wanted.kinds),
            over_cap=allowed, by=ctx.actor.user_id, now=ctx.now,
        )  # fmt: skip
        assert done.id is not None
        limits = {"customer": moving["customer"]} if "customer" in moving else {}
        counts = handovers.move(tx, done, most=limits, reason=f"{now.giver.name} 交接给 {now.receiver.name}")
        for one in joining if now.joined else ():
            waiting = one.hand_over(
                tx, done.id, giver_id=wanted.giver_id, receiver_id=wanted.receiver_id,
                administrators=ctx.settings.admins, now=ctx.now,
            )  # fmt: skip
            done.counts = {**done.counts, one.label: waiting}
        audit.record(
            tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="hand_over.work",
            subject=f"handover:{done.id}", name=f"{now.giver.name} → {now.receiver.name}",
            changes={"交接": ("", counted(done.counts) or "0 条")}, giver=wanted.giver_id,
            receiver=wanted.receiver_id, counts=dict(done.counts), over_cap=allowed,
        )  # fmt: skip
        undos.offer(
            tx, user_id=ctx.actor.user_id, kind="handover", payload={"handover_id": done.id}, now=ctx.now,
            text=f"交接 {now.giver.name} → {now.receiver.name}", lasts=rules.UNDO,
        )  # fmt: skip
        step_tell_both(tx, ctx, now, done)
        cards.redraw_others(tx, subject(wanted.giver_id), now=ctx.now, but=card)
        told = "双方都会收到通知" if now.giver.active else f"{now.receiver.name} 会收到通知"
        return Outcome(done.id, counts, f"交接完成，{told}。")


def show_handover(ctx: Context, handover_id: int) -> Done:
    """Raises Forbidden, NotFound."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        done = handovers.get(tx, handover_id)
        if done is None:
            raise NotFound("没有找到这次交接。")
        giver, receiver = step_party(tx, done.giver_id), step_party(tx, done.receiver_id)
        undone = done.undone_at is not None
        staying = {name: count for name, count in handovers.holdings_of(tx, done.giver_id).counts.items() if count}
        restored = handovers.count_restored(tx, handover_id) if undone else {}
        return Done(
            done, giver, receiver, people.name_of(tx, done.by_user_id),
            handovers.holdings_of(tx, done.receiver_id).counts["customer"], staying,
            handovers.count_planned(tx, handover_id), not undone and ctx.now <= done.at + rules.UNDO,
            people.name_of(tx, done.undone_by) if undone else "", restored,
            step_left(tx, done, restored) if undone else "",
        )  # fmt: skip


def last_handover(ctx: Context, giver_id: str) -> int:
    """The latest handover that can be taken back, of one giver (empty: of anybody). Raises Forbidden, NotTakenBack."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        found = handovers.last(tx, giver_id=giver_id, since=ctx.now - rules.UNDO, open_only=True)
        if found is None or found.id is None:
            raise NotTakenBack("72 小时内没有可以撤销的交接。")
        return found.id


def undo_handover(
    ctx: Context, payload: dict[str, Any], *, card: str = "", joining: Sequence[Joining] = JOINING
) -> str:
    """Gives back what nobody has touched since, within 72 hours; says what stayed where it is (R-HAND-6).

    Raises:
        Forbidden, NotFound.
        NotTakenBack: too late, or done already.
    """
    ctx.actor.require_admin()
    handover_id = int(payload["handover_id"])
    with ctx.begin() as tx:
        done = handovers.get(tx, handover_id)
        if done is None:
            raise NotFound("没有找到这次交接。")
        giver, receiver = people.name_of(tx, done.giver_id), people.name_of(tx, done.receiver_id)
        if ctx.now > done.at + rules.UNDO:
            raise NotTakenBack(f"交接已经超过 72 小时，不能撤销了。需要的话发送「交接 {receiver} 给 {giver}」。")
        handovers.lock_people(tx, done.giver_id, done.receiver_id)
        if not handovers.mark_undone(tx, handover_id, by=ctx.actor.user_id, now=ctx.now):
            raise NotTakenBack(f"「交接 {giver} → {receiver}」已经撤销过了。")
        restored = handovers.take_back(
            tx, done, by=ctx.actor.user_id, now=ctx.now, reason=f"撤销 {giver} 给 {receiver} 的交接"
        )
        back = sum(restored.values())
        for one in joining if set(done.counts) - {kind.name for kind in KINDS} else ():
            back += one.take_back(tx, handover_id, now=ctx.now)
        audit.record(
            tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="undo.handover",
            subject=f"handover:{handover_id}", name=f"{giver} → {receiver}", restored=restored,
            changes={"退回": ("", counted(restored) or "0 条")},
        )  # fmt: skip
        total = sum(done.counts.values())
        left = step_left(tx, done, restored)
        text = f"已撤销 {giver} 给 {receiver} 的交接：{back}/{total} 条回到 {giver} 名下。"
        went = counted(restored) or "0 条"
        tell(
            tx, ctx, [done.receiver_id, done.giver_id], title="交接已撤销", key=f"handover:{handover_id}:undone",
            text=f"{ctx.actor.name} 撤销了 {giver} 给 {receiver} 的交接：{went} 回到 {giver} 名下。",
        )  # fmt: skip
        cards.redraw_others(tx, subject(done.giver_id), now=ctx.now, but=card)
        return f"{text}{left}"


# -- leaving and coming back ------------------------------------------------------------------------


def announce_departures(ctx: Context, *, joining: Sequence[Joining] = JOINING) -> int:
    """Tells each administrator once of who left, with counts and a card, and of who came back (R2.20, P5).

    What was not told because the process stopped is told by the next call. Returns how many people it was about.
    """
    with ctx.begin() as tx:
        untold, returned = departures.list_untold(tx), departures.list_returned(tx)
        if not untold and not returned:
            return 0
        back = {one.user_id for one in returned}
        for one in untold:
            one.told_at = ctx.now
        gone = [one for one in untold if one.user_id not in back]
        for one in gone:
            for joined in joining:
                joined.on_leaving(tx, one.user_id, administrators=ctx.settings.admins, now=ctx.now)
        if ctx.settings.opened:
            if gone:
                step_announce_leaving(tx, ctx, gone)
            step_announce_returns(tx, ctx, returned)
        for one in returned:
            one.returned_at = ctx.now
        return len({one.user_id for one in untold} | back)


def next_announcement(ctx: Context) -> datetime | None:
    """A minute after a leaving that nobody has been told of; None: everything is told."""
    with ctx.begin() as tx:
        oldest = departures.oldest_untold(tx)
    return None if oldest is None else oldest + timedelta(minutes=1)


def show_returned(ctx: Context, user_id: str) -> Returned:
    """Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        party = step_party(tx, user_id)
        held = departures.set_aside_roles(tx, user_id)
        roles = tuple(str(row["name"]) for row in held.roles) if held is not None else ()
        last = departures.last_of(tx, user_id)
        by = people.name_of(tx, last.restored_by) if last is not None and last.restored_by else ""
        return Returned(party.name, party.active, roles, by)


def restore_roles(ctx: Context, user_id: str, *, card: str = "") -> str:
    """Gives somebody who came back the roles he had; returns the sentence to say.

    Raises:
        Forbidden.
        NotFound: not employed here, or there is nothing to give back.
    """
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        people.access_active(tx, user_id)
        name = people.name_of(tx, user_id)
        held = departures.set_aside_roles(tx, user_id)
        if held is None:
            raise NotFound(f"{name} 没有要恢复的角色。发送「角色 业务员 添加 {name}」可以加角色。")
        given, gone = departures.give_back_roles(tx, held, by=ctx.actor.user_id, now=ctx.now)
        audit.record(
            tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="restore.roles", subject=subject(user_id),
            name=name, changes={"角色": ("", "、".join(given))}, roles=given, gone=gone,
        )  # fmt: skip
        cards.redraw_others(tx, subject(user_id), now=ctx.now, but=card)
        lost = f"角色 {'、'.join(gone)} 已经不存在，没有恢复。" if gone else ""
        if not given:
            return lost or f"{name} 的角色已经恢复过了。"
        return f"已恢复 {name} 的角色：{'、'.join(given)}，马上生效。{lost}"
