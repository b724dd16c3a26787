"""What a sentence about a visit says: whose, where, what."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time

from bot.context import Context
from bot.language.followup import read_follow_up
from bot.language.ranges import find_range
from handlers.customers.finding import Finding, find_customer
from storage import dictionaries, people

PLACE = re.compile(
    r"(?:在|到)?(?P<place>[^\s，,。;；了]{1,40}?(?:省|市|区|县|镇|乡|街道|路|街|大道|弄|巷|村|园|园区|开发区|大厦|广场|中心|楼|座|室|厂区|站)"
    r"(?:[a-zA-Z]?\d{1,5}(?:号|弄|栋|幢|楼|室|座|-\d+)?)*)"
)
WENT = re.compile(r"^(?:去|到|在|拜访|到访|走访|上门|见)+|(?:拜访|到访|走访|上门)$")
STOPS = " ，,。;；、：:"
LISTING = re.compile(r"的|记录|列表|情况|我们?|有哪些|看看|看|查")
TEAM = re.compile(r"团队|下属|大家|全部|所有|部门")
UNLINKED = re.compile(r"未关联|没关联|未确认|待关联")
FAR = re.compile(r"超出范围|超范围")


@dataclass(frozen=True, slots=True)
class Told:
    """`found`: the customer, or those it could be; None: none was named."""

    found: Finding | None
    place: str
    remark: str


def read_visit(ctx: Context, words: str) -> Told:
    """`华东精密 车间看了设备`, `鄞州区xx路 拜访华东精密`."""
    found = find_customer(ctx, words, pooled=False, leading=True)
    named = found.certain is not None or bool(found.options)
    place, remark = _split(found.rest if named else words)
    return Told(found if named else None, place, remark)


def _split(rest: str) -> tuple[str, str]:
    """The first address, and what else was said."""
    parts = [part for part in re.split(r"[\s，,]+", rest) if part]
    for at, part in enumerate(parts):
        match = PLACE.fullmatch(part)
        if match is not None:
            others = [_plain(p) for p in (*parts[:at], *parts[at + 1 :])]
            return match["place"], "，".join(p for p in others if p)
    return "", "，".join(p for part in parts if (p := _plain(part)))


def _plain(part: str) -> str:
    """Without the verb that only says one was there."""
    return WENT.sub("", part).strip(STOPS)


def read_next(ctx: Context, remark: str) -> tuple[datetime | None, bool]:
    """`下周三再来`: when the next contact is planned, and whether with a time of day; only what is certain."""
    with ctx.begin() as tx:
        methods = dictionaries.list_methods(tx)
    found = read_follow_up(f"跟进 {remark}", (), methods, ctx.now).next_at
    if found is None or not found.sure:
        return None, False
    at, timed = found.at(time(0, 0), ctx.now), bool(found.has_time)
    future = at > ctx.now if timed else at.date() > ctx.today
    return (at, timed) if future else (None, False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which visits a list shows. Empty `person`: one's own, or with `team` everybody's one may see."""

    first: date | None = None
    last: date | None = None  # included
    span: str = ""
    person: str = ""
    team: bool = False
    unlinked: bool = False
    out_of_range: bool = False


def read_list(ctx: Context, words: str) -> Wanted | None:
    """`本周`, `王芳 本周`, `未关联`, ``: a list; None: the words tell of a visit."""
    span = find_range(words, ctx.now)
    rest = words if span is None else f"{words[: span.start]} {words[span.end :]}"
    unlinked, far, team = (bool(pattern.search(rest)) for pattern in (UNLINKED, FAR, TEAM))
    for pattern in (UNLINKED, FAR, TEAM, LISTING):
        rest = pattern.sub(" ", rest)
    name = rest.strip(STOPS).lstrip("@＠").strip()
    if name:
        with ctx.begin() as tx:
            known = people.list_by_name(tx, name) if len(name) <= 20 else []
        if not any(name in (person.name, person.user_id) for person in known):
            return None
    if span is None:
        return Wanted(person=name, team=team, unlinked=unlinked, out_of_range=far)
    return Wanted(span.first, span.last, span.text, name, team, unlinked, far)
