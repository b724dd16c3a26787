"""Lists by random conditions of random customers are what a look at every customer finds, by the reader's rights."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import delete, select

from bot.core.actor import Scope
from bot.core.lists import Values, Wanted
from bot.language.book import compact
from storage import filters, search, ways
from storage.database import Database, Tx
from storage.tables import Customer, SearchEntry, TeamMember
from tests.support.company import NOW, load_company
from tests.support.world import small_world

ROOM = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
PEOPLE = ("lina04", "zhao05", "zhou06")  # the last is of another department
SCOPES = (
    Scope("lina04"), Scope("lina04", pool=True), Scope("wang03", departments=frozenset({101})),
    Scope("liu20", departments=None, pool=True), Scope("qian07", day=NOW.date()),
)  # fmt: skip
THERE = {
    "customer_class": ("重点客户", "普通客户", ""), "industry": ("制造业", "贸易", ""), "source": ("展会", "官网", ""),
    "city": ("杭州", "宁波", ""),
}  # fmt: skip
PARTS = ("华东", "精密", "精密机械", "科技", "有限公司", "华东精密机械")
DAYS = st.integers(0, 40).map(lambda n: NOW - timedelta(days=n))
MAYBE_DAY = st.none() | DAYS


@st.composite
def customers_of(draw: Any, number: int) -> Customer:
    owner = draw(st.sampled_from((*PEOPLE, None)))
    since, made = draw(DAYS), draw(DAYS)
    name = f"{draw(st.sampled_from(('', '华东', '宁波')))}{draw(st.sampled_from(PARTS))}{number}号有限公司"
    return Customer(
        name=name, name_key=name, pinyin=f"x{number:02}", initials="x", owner_id=owner,
        owner_since=since if owner else None, pooled_at=None if owner else since, created_at=made, updated_at=made,
        last_follow_up_at=draw(MAYBE_DAY), next_follow_up_at=draw(MAYBE_DAY),
        deleted_at=draw(st.sampled_from((None, None, None, NOW))), remark=draw(st.sampled_from((name, ""))),
        **{column: draw(st.sampled_from(values)) for column, values in THERE.items()},
    )  # fmt: skip


@st.composite
def worlds(draw: Any) -> list[Customer]:
    return [draw(customers_of(n)) for n in range(draw(st.integers(0, 14)))]


@st.composite
def asked(draw: Any) -> Wanted:
    values = [
        Values(column, tuple(draw(st.sets(st.sampled_from(there), min_size=1, max_size=2))), draw(st.booleans()))
        for column, there in THERE.items()
        if draw(st.integers(0, 3)) == 0
    ]
    said: dict[str, Any] = {"values": tuple(values)}
    for name in ("created", "followed", "planned"):
        if draw(st.integers(0, 4)) == 0:
            start = draw(DAYS)
            said[name] = (start, start + timedelta(days=draw(st.integers(1, 20))))
    for name in ("has_plan", "has_follow_up"):
        if draw(st.integers(0, 4)) == 0:
            said[name] = draw(st.booleans())
    for name, there in (("owners", PEOPLE), ("not_owners", PEOPLE), ("names", PARTS), ("not_names", PARTS)):
        if draw(st.integers(0, 4)) == 0:
            said[name] = (draw(st.sampled_from(there)),)
    if draw(st.integers(0, 2)) == 0:
        said["quiet_since"] = draw(DAYS)
    sort = draw(st.sampled_from(("touched_at", "created_at", "next_follow_up_at", "pinyin")))
    return Wanted(**said, sort=sort, descending=draw(st.booleans()))


def meets(one: Customer, wanted: Wanted, scope: Scope) -> bool:
    """As plainly as can be."""
    if one.deleted_at is not None or one.owner_id is None:
        return False
    inside = scope.departments is None or (bool(scope.departments) and one.owner_id in ("lina04", "zhao05"))
    inside = inside or (scope.day is not None and one.name == one.remark)
    if one.owner_id != scope.user_id and not inside:
        return False
    touched = max(t for t in (one.last_follow_up_at, one.owner_since) if t is not None)
    rules = [
        *((getattr(one, v.column) in v.values) is not v.but for v in wanted.values),
        not wanted.owners or one.owner_id in wanted.owners,
        one.owner_id not in wanted.not_owners,
        all(compact(part) in compact(one.name) for part in wanted.names),
        not any(part in one.name for part in wanted.not_names),
        wanted.quiet_since is None or touched < wanted.quiet_since,
        _within(one.created_at, wanted.created),
        _within(one.last_follow_up_at, wanted.followed),
        _within(one.next_follow_up_at, wanted.planned),
        wanted.has_plan is None or (one.next_follow_up_at is not None) is wanted.has_plan,
        wanted.has_follow_up is None or (one.last_follow_up_at is not None) is wanted.has_follow_up,
    ]
    return all(rules)


def _within(moment: datetime | None, span: Any) -> bool:
    return span is None or (moment is not None and span[0] <= moment < span[1])


@pytest.fixture
async def staff(database: Database) -> Database:
    await load_company(database, small_world() | {"customers": []})
    return database


@ROOM
@given(world=worlds(), wanted=st.lists(asked(), min_size=1, max_size=5), large=st.booleans())
async def test_a_list_is_what_a_look_at_every_customer_finds(
    staff: Database, world: list[Customer], wanted: list[Wanted], large: bool
) -> None:
    """The count, the pages together, and their order; by the ways for few and those for a million (invariant 31)."""
    sizes = ((ways, "FEW"), (ways, "FEW_SEEN"), (search, "FEW"), (filters, "BOUND"))
    few = {(of, name): getattr(of, name) for of, name in sizes}

    def work(tx: Tx) -> None:
        tx.execute(delete(SearchEntry))
        for table in (TeamMember, Customer):
            tx.execute(delete(table).execution_options(synchronize_session=False))
        tx.add_all(world)
        tx.flush()
        tx.add_all(_team(world))
        tx.flush()
        tx.expire_all()
        rows = tx.exec(select(Customer), execution_options={"unscoped": "the test looks at all"}).all()
        for scope in SCOPES:
            tx.info["scope"] = scope
            for one in wanted:
                _compare(tx, one, {r.id: r for r in rows if meets(r, one, scope)})

    for (of, name), size in few.items():
        setattr(of, name, {"BOUND": 2}.get(name, 0) if large else size)
    try:
        await staff.system(work)
    finally:
        for (of, name), size in few.items():
            setattr(of, name, size)


def _team(world: list[Customer]) -> list[TeamMember]:
    """He is on the team of those whose remark is their name."""
    return [
        TeamMember(customer_id=c.id or 0, user_id="qian07", created_at=NOW, until=NOW.date())
        for c in world
        if c.remark == c.name
    ]


def _compare(tx: Tx, wanted: Wanted, expected: dict[int | None, Customer]) -> None:
    found = filters.find(tx, wanted)
    assert found.number == len(expected), wanted
    listed = [c for n in range(1, 7) for c in filters.page(tx, wanted, found, n, 3)]
    assert len(listed) == len({c.id for c in listed})
    assert {c.id for c in listed} == set(expected), wanted
    assert set(filters.ids(tx, wanted, most=50)) == set(expected), wanted
    assert filters.has_any(tx, wanted) is bool(expected)
    assert [c.id for c in _exported(tx, wanted)] == sorted(i for i in expected if i is not None), wanted
    keys = [_key(expected[c.id], wanted) for c in listed]
    there = [k for k in keys if k is not None]
    assert keys[: len(there)] == sorted(there, reverse=wanted.descending), wanted  # what has none comes last


def _exported(tx: Tx, wanted: Wanted) -> list[Customer]:
    """Page by page, as an export goes through them."""
    went: list[Customer] = []
    while page := filters.after(tx, wanted, (went[-1].id or 0) if went else 0, most=3):
        went += page
    return went


def _key(one: Customer, wanted: Wanted) -> Any:
    return getattr(one, wanted.sort)
