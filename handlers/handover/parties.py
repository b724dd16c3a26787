"""Who gives, who receives, what the one holds and what a handover would move: the steps that count it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.context import Context
from bot.core.errors import InvalidInput, NotFound
from bot.core.holdings import KINDS, counted
from bot.identity import in_usage_scope
from handlers.handover import rules
from handlers.handover.joining import JOINING, Joining
from handlers.handover.rules import CapFacts, Over
from handlers.pool.caps import policy_of
from storage import handovers, people
from storage.database import Tx
from storage.handovers import Holdings

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


@dataclass(frozen=True, slots=True)
class Match:
    """Whom a sentence may mean, and what follows the name."""

    options: tuple[tuple[str, str], ...]  # user id, what distinguishes the person
    rest: str = ""


def step_match(tx: Tx, words: str, *, giver: bool) -> Match:
    """Whom the words begin with, and what tells several apart. Raises NotFound, NotAReceiver."""
    words = words.strip().lstrip("@").strip()
    token = words.split(" ", 1)[0]
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
        state = "在职" if person.active else "已离职" + (f" {day_text(person.left_at)}" if person.left_at else "")
        held = counted(handovers.holdings_of(tx, person.user_id).counts)
        own = f"名下 {held}" if held else "名下没有东西"
        facts = "，".join(part for part in (units.get(person.user_id, ""), state, own) if part)
        options.append((person.user_id, f"{person.name}（{facts}）"))
    return Match(tuple(options), rest)


def day_text(moment: datetime) -> str:
    """3月2日."""
    return f"{moment.month}月{moment.day}日"


def step_party(tx: Tx, user_id: str) -> Party:
    """Somebody of the mirror, or an id that is there no more."""
    person = people.get_employee(tx, user_id)
    if person is None:
        return Party(user_id, user_id, active=False)
    return Party(user_id, people.name_of(tx, user_id), person.active, person.left_at)


def step_receives(tx: Tx, ctx: Context, user_id: str) -> bool:
    """Whether this person may be given anything."""
    person = people.find_pass(tx, user_id)
    return (
        person is not None and person.active and in_usage_scope(tx, user_id, person.departments, ctx.settings)
    )  # fmt: skip


def step_joined(tx: Tx, user_id: str, joining: Sequence[Joining] = JOINING) -> tuple[tuple[str, int], ...]:
    """How much of what joins waits for him, where there is any."""
    return tuple((one.label, count) for one in joining if (count := one.count(tx, user_id)))


def step_preview(tx: Tx, ctx: Context, wanted: Wanted, joining: Sequence[Joining] = JOINING) -> Preview:
    """Counted anew. Raises NotAReceiver, InvalidInput."""
    if any(name not in {kind.name for kind in KINDS} for name in wanted.kinds):
        raise InvalidInput("这张卡片已失效，请重新发送「交接任务」。")
    giver, receiver = step_party(tx, wanted.giver_id), step_party(tx, wanted.receiver_id)
    rules.check_receiver(
        giver_id=giver.user_id, receiver_id=receiver.user_id, name=receiver.name, active=receiver.active,
        in_scope=step_receives(tx, ctx, receiver.user_id),
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
    joined = step_joined(tx, giver.user_id, joining) if len(wanted.kinds) == len(KINDS) else ()
    return Preview(wanted, giver, receiver, holdings, moving, facts, joined, blocked)


def step_nothing(tx: Tx, ctx: Context, now: Preview) -> str:
    """Why there is nothing to hand over: who took it, and when."""
    labels = "、".join(kind.label for kind in KINDS if kind.name in now.wanted.kinds)
    what = "可以交接的" if len(now.wanted.kinds) in (0, len(KINDS)) else labels
    text = f"{now.giver.name} 名下没有{what}，这次交接 0 条。"
    before = handovers.last(tx, giver_id=now.giver.user_id, open_only=True)
    if before is not None:
        by, to = people.name_of(tx, before.by_user_id), people.name_of(tx, before.receiver_id)
        when = f"{before.at:%H:%M}" if before.at.date() == ctx.today else f"{day_text(before.at)} {before.at:%H:%M}"
        text += f"{by} {when} 已经把 {counted(before.counts) or '待办'} 交接给 {to} 了。"
    if now.staying:
        text += f"他名下还有 {counted(now.staying)}。"
    return text


def moved_text(counts: Mapping[str, int]) -> str:
    """客户 12 家、合同 3 份, and what joined beside the records."""
    known = {kind.name for kind in KINDS}
    joined = [f"{label} {count} 件" for label, count in counts.items() if label not in known and count]
    return "、".join(part for part in (counted(counts), *joined) if part)
