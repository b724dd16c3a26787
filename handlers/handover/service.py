"""Use cases of 交接: look, preview, hand over, take back; and what a leaving and a return mean."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput, NotFound
from bot.core.holdings import KINDS, counted
from bot.identity import in_usage_scope, may_be_told
from handlers.handover import rules
from handlers.handover.joining import JOINING, Joining
from handlers.handover.rules import CapFacts, Left, NothingToHandOver, NotTakenBack, Over
from handlers.pool.caps import policy_of
from handlers.pool.telling import tell
from handlers.reminders.rules import after_quiet_hours
from storage import audit, cards, departures, handovers, notices, people, undos
from storage.database import Tx
from storage.handovers import Holdings, Leaver
from storage.tables import Departure, Handover

TOLD_APART = re.compile(r"\s*[（(](?P<place>[^）)]+)[）)]")  # 顾磊（华中大区）, as people are shown
SUGGESTED = 4  # colleagues offered as receivers
NO_COLLEAGUE = "没有找到在职同事「{}」，请核对姓名。发送「组织机构」看有哪些人。"
NOBODY = "没有找到「{}」，请核对姓名，例如「交接 赵六 给 钱七 全部」。发送「交接任务」看谁离职后名下还有东西。"


def subject(user_id: str) -> str:
    """How cards name whose things they are about."""
    return f"employee:{user_id}"


@dataclass(frozen=True, slots=True)
class Party:
    """Who gives or receives."""

    user_id: str
    name: str
    active: bool
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """What a giver holds, and who might take over."""

    party: Party
    holdings: Holdings
    joined: tuple[tuple[str, int], ...]  # label, how much of what waits for him
    receivers: tuple[tuple[str, str], ...]  # user id, name

    @property
    def total(self) -> int:
        """Everything."""
        return self.holdings.total + sum(count for _, count in self.joined)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A handover as it was asked for. `kinds` empty: not chosen yet."""

    giver_id: str
    receiver_id: str
    kinds: tuple[str, ...] = ()
    over: Over = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a handover would do now. `blocked`: why it cannot yet."""

    wanted: Wanted
    giver: Party
    receiver: Party
    holdings: Holdings  # the giver's, all of it
    moving: Mapping[str, int]
    cap: CapFacts  # of the receiver's customers
    joined: tuple[tuple[str, int], ...] = ()
    blocked: str = ""

    @property
    def staying(self) -> dict[str, int]:
        """What the giver keeps."""
        rest = {name: count - self.moving.get(name, 0) for name, count in self.holdings.counts.items()}
        return {name: count for name, count in rest.items() if count}

    @property
    def total(self) -> int:
        """Everything that would move."""
        return sum(self.moving.values()) + sum(count for _, count in self.joined)


def list_givers(ctx: Context) -> list[Leaver]:
    """Who left and still holds things. Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        return handovers.list_leavers(tx)


@dataclass(frozen=True, slots=True)
class Match:
    """Whom a sentence may mean, and what follows the name."""

    options: tuple[tuple[str, str], ...]  # user id, what distinguishes the person
    rest: str = ""


def find_people(ctx: Context, words: str, *, giver: bool) -> Match:
    """Whom `words` begin with: for a giver departed people too, for a receiver only employed ones.

    Raises:
        Forbidden, NotFound.
        NotAReceiver: only somebody departed has that name.
    """
    ctx.actor.require_admin()
    words = words.strip().lstrip("@").strip()
    token = words.split(" ", 1)[0]
    with ctx.begin() as tx:
        found = people.list_named(tx, words)
        used = found[0].name if found else token
        if not found and (exact := people.get_employee(tx, token)) is not None:
            found = [exact]
        if not found and token and giver and handovers.holdings_of(tx, token).total:
            return Match(((token, token),), words[len(token) :])
        if not found and token:
            found = people.list_like(tx, token)
        if not giver:
            working = [person for person in found if person.active]
            if found and not working:
                rules.check_receiver(giver_id="", receiver_id=found[0].user_id, name=found[0].name, active=False,
                                     in_scope=True)  # fmt: skip
            found = working
        if not found:
            raise NotFound((NOBODY if giver else NO_COLLEAGUE).format(token))
        rest = words[len(used) :]
        if (told := TOLD_APART.match(rest)) and (meant := people.narrow(tx, found, told["place"])):
            found, rest = meant, rest[told.end() :]
        if len(found) == 1:
            return Match(((found[0].user_id, found[0].name),), rest)
        units = people.main_departments(tx, [person.user_id for person in found])
        options = []
        for person in found[:8]:
            state = "在职" if person.active else "已离职" + (f" {_day(person.left_at)}" if person.left_at else "")
            held = counted(handovers.holdings_of(tx, person.user_id).counts)
            own = f"名下 {held}" if held else "名下没有东西"
            facts = "，".join(part for part in (units.get(person.user_id, ""), state, own) if part)
            options.append((person.user_id, f"{person.name}（{facts}）"))
        return Match(tuple(options), rest)


def _day(moment: datetime) -> str:
    return f"{moment.month}月{moment.day}日"


def _party(tx: Tx, user_id: str) -> Party:
    person = people.get_employee(tx, user_id)
    if person is None:
        return Party(user_id, user_id, active=False)
    return Party(user_id, people.name_of(tx, user_id), person.active, person.left_at)


def _receives(tx: Tx, ctx: Context, user_id: str) -> bool:
    person = people.find_pass(tx, user_id)
    return (
        person is not None and person.active and in_usage_scope(tx, user_id, person.departments, ctx.settings)
    )  # fmt: skip


def show_person(ctx: Context, user_id: str) -> Person:
    """What somebody holds, and colleagues who might take it over. Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        near = [p for p in people.list_colleagues(tx, user_id, limit=SUGGESTED * 2) if _receives(tx, ctx, p.user_id)]
        receivers = tuple((p.user_id, p.name) for p in near[:SUGGESTED])
        return Person(_party(tx, user_id), handovers.holdings_of(tx, user_id), _joined(tx, user_id), receivers)


def _joined(tx: Tx, user_id: str, joining: Sequence[Joining] = JOINING) -> tuple[tuple[str, int], ...]:
    return tuple((one.label, count) for one in joining if (count := one.count(tx, user_id)))


def preview(ctx: Context, wanted: Wanted) -> Preview:
    """What the handover would do now, counted anew.

    Raises:
        Forbidden.
        NotAReceiver: departed, out of scope, or the giver himself.
    """
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        return _preview(tx, ctx, wanted)


def _preview(tx: Tx, ctx: Context, wanted: Wanted, joining: Sequence[Joining] = JOINING) -> Preview:
    if any(name not in {kind.name for kind in KINDS} for name in wanted.kinds):
        raise InvalidInput("这张卡片已失效，请重新发送「交接任务」。")
    giver, receiver = _party(tx, wanted.giver_id), _party(tx, wanted.receiver_id)
    rules.check_receiver(
        giver_id=giver.user_id, receiver_id=receiver.user_id, name=receiver.name, active=receiver.active,
        in_scope=_receives(tx, ctx, receiver.user_id),
    )  # fmt: skip
    holdings = handovers.holdings_of(tx, giver.user_id)
    moving = {name: holdings.counts[name] for name in rules.chosen_of(wanted.kinds)}
    facts = CapFacts(
        moving.get("customer", 0), handovers.holdings_of(tx, receiver.user_id).counts["customer"],
        policy_of(ctx.settings).holding_cap,
    )  # fmt: skip
    blocked = ""
    if "customer" in moving:
        try:
            moving["customer"] = rules.customers_to_move(facts, wanted.over, name=receiver.name)
        except rules.OverCap as refusal:
            blocked = refusal.text
    joined = _joined(tx, giver.user_id, joining) if len(wanted.kinds) == len(KINDS) else ()
    return Preview(wanted, giver, receiver, holdings, moving, facts, joined, blocked)


def nothing_text(ctx: Context, wanted: Wanted) -> str:
    """Why there is nothing to hand over: who took it, and when. Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        return _nothing(tx, ctx, _preview(tx, ctx, wanted))


def _nothing(tx: Tx, ctx: Context, now: Preview) -> str:
    labels = "、".join(kind.label for kind in KINDS if kind.name in now.wanted.kinds)
    what = "可以交接的" if len(now.wanted.kinds) in (0, len(KINDS)) else labels
    text = f"{now.giver.name} 名下没有{what}，这次交接 0 条。"
    before = handovers.last(tx, giver_id=now.giver.user_id, open_only=True)
    if before is not None:
        by, to = people.name_of(tx, before.by_user_id), people.name_of(tx, before.receiver_id)
        when = f"{before.at:%H:%M}" if before.at.date() == ctx.today else f"{_day(before.at)} {before.at:%H:%M}"
        text += f"{by} {when} 已经把 {counted(before.counts) or '待办'} 交接给 {to} 了。"
    if now.staying:
        text += f"他名下还有 {counted(now.staying)}。"
    return text


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a confirmation did, and `text` to say. `handover_id` None: nothing, since the preview was stale."""

    handover_id: int | None
    moving: dict[str, int]
    text: str = ""


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
        now = _preview(tx, ctx, wanted, joining)
        if not now.total:
            raise NothingToHandOver(_nothing(tx, ctx, now))
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
        _tell_both(tx, ctx, now, done)
        cards.redraw_others(tx, subject(wanted.giver_id), now=ctx.now, but=card)
        told = "双方都会收到通知" if now.giver.active else f"{now.receiver.name} 会收到通知"
        return Outcome(done.id, counts, f"交接完成，{told}。")


def _tell_both(tx: Tx, ctx: Context, now: Preview, done: Handover) -> None:
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


def moved_text(counts: Mapping[str, int]) -> str:
    """客户 12 家、合同 3 份, and what joined beside the records."""
    known = {kind.name for kind in KINDS}
    joined = [f"{label} {count} 件" for label, count in counts.items() if label not in known and count]
    return "、".join(part for part in (counted(counts), *joined) if part)


@dataclass(frozen=True, slots=True)
class Done:
    """A handover that took place, as it stands now."""

    handover: Handover
    giver: Party
    receiver: Party
    by: str
    receiver_customers: int
    staying: dict[str, int]
    planned: int
    undoable: bool
    undone_by: str = ""
    restored: dict[str, int] = field(default_factory=dict)
    left: str = ""


def show_handover(ctx: Context, handover_id: int) -> Done:
    """Raises Forbidden, NotFound."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        done = handovers.get(tx, handover_id)
        if done is None:
            raise NotFound("没有找到这次交接。")
        giver, receiver = _party(tx, done.giver_id), _party(tx, done.receiver_id)
        undone = done.undone_at is not None
        staying = {name: count for name, count in handovers.holdings_of(tx, done.giver_id).counts.items() if count}
        restored = handovers.count_restored(tx, handover_id) if undone else {}
        return Done(
            done, giver, receiver, people.name_of(tx, done.by_user_id),
            handovers.holdings_of(tx, done.receiver_id).counts["customer"], staying,
            handovers.count_planned(tx, handover_id), not undone and ctx.now <= done.at + rules.UNDO,
            people.name_of(tx, done.undone_by) if undone else "", restored,
            _left(tx, done, restored) if undone else "",
        )  # fmt: skip


def _left(tx: Tx, done: Handover, restored: Mapping[str, int]) -> str:
    total = sum(done.counts.get(kind.name, 0) for kind in KINDS) - sum(restored.values())
    return rules.left_text(handovers.list_left(tx, done) if total else [], total)


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
        left = _left(tx, done, restored)
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
                _announce_leaving(tx, ctx, gone)
            _announce_returns(tx, ctx, returned)
        for one in returned:
            one.returned_at = ctx.now
        return len({one.user_id for one in untold} | back)


def _announce_leaving(tx: Tx, ctx: Context, gone: Sequence[Departure]) -> None:
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


def _announce_returns(tx: Tx, ctx: Context, returned: Sequence[Departure]) -> None:
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


def next_announcement(ctx: Context) -> datetime | None:
    """A minute after a leaving that nobody has been told of; None: everything is told."""
    with ctx.begin() as tx:
        oldest = departures.oldest_untold(tx)
    return None if oldest is None else oldest + timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Returned:
    """Somebody who came back. `roles` empty: nothing waits to be given back."""

    name: str
    active: bool
    roles: tuple[str, ...]
    restored_by: str = ""


def show_returned(ctx: Context, user_id: str) -> Returned:
    """Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        party = _party(tx, user_id)
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
