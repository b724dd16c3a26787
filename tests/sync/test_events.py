import asyncio
import os
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from bot.dingtalk.contacts import Contacts
from bot.dingtalk.records import UserRecord
from bot.sandbox.company_records import AddressBookScope
from storage import sync_runs
from storage.database import Database
from storage.org import Mirror, Person, Post, Unit
from storage.tables import SyncRun
from sync.events import LAG, apply_event, read_event, recheck
from sync.managers import ask_managers
from tests.support.databases import sqlite_copy
from tests.sync.town import NOW, Refused, Town, department, dice, mirror, open_town, people, person, readings, world


@pytest.fixture
async def synced(town: Town, database: Database) -> Town:
    await town.sync(database)
    return town


SEEDS = int(os.environ.get("DINGCRM_SYNC_SEEDS", "8"))  # more of them for a long search


def hour() -> timedelta:
    return timedelta(hours=1)


@pytest.mark.parametrize(
    ("event_type", "data", "users", "departments"),
    [
        ("user_add_org", {"userId": ["a", "b"]}, {"a", "b"}, set()),
        ("user_leave_org", {"UserId": '["a"]', "TimeStamp": "1"}, {"a"}, set()),
        ("org_admin_add", {"userId": "a"}, {"a"}, set()),
        ("label_user_change", {"userIdList": ["a"], "labelIdList": [7], "action": "add"}, {"a"}, set()),
        ("label_conf_add", {"labelIdList": [7], "scope": "1"}, set(), set()),
        ("org_dept_modify", {"deptId": ["5", 6]}, set(), {5, 6}),
        ("org_change", {}, set(), {1}),
        ("bpms_task_change", {"userId": ["a"]}, set(), set()),
    ],
)
def test_the_ids_of_an_event(event_type: str, data: dict[str, Any], users: set[str], departments: set[int]) -> None:
    named = read_event(event_type, data)
    assert (set(named.users), set(named.departments)) == (users, departments)


async def test_somebody_new(synced: Town, database: Database) -> None:
    await synced.do("POST", "/users", person("xin", 103, 102, name="新来", leads=[102], manager="chen"))
    diff = await synced.tell(database)
    assert diff.added == ("xin",)
    xin = (await people(database))["xin"]
    assert (xin.posts, xin.manager_id) == ((Post(103), Post(102, leader=True)), "chen")
    again = await synced.tell(database)
    assert (again.added, again.unchanged) == ((), 1)


async def test_a_leaver_is_out_at_once(synced: Town, database: Database) -> None:
    await synced.do("DELETE", "/users/wang")
    assert (await synced.tell(database)).left == ("wang",)
    found = await mirror(database)
    assert not found.people["wang"].active
    assert found.people["lina"].manager_id is None  # a leaver is nobody's 直属主管
    assert (await synced.tell(database)).left == ()


async def test_a_leaver_is_out_while_dingtalk_cannot_be_asked(synced: Town, database: Database) -> None:
    await synced.do("DELETE", "/users/zhou")
    synced.fail("/topapi/v2/user/get", times=2)
    assert (await synced.tell(database, late=hour())).left == ("zhou",)
    # Asked again later; DingTalk says the same.
    await recheck(synced.contacts, database, synced.now + 2 * hour(), readings=readings)
    assert "zhou" not in await people(database)
    assert await database.read(None, sync_runs.oldest_unsettled) is None


async def test_a_leaver_is_out_though_reads_lag_behind(synced: Town, database: Database) -> None:
    synced.sandbox.set_knobs({"read_delay_seconds": 60})
    await synced.do("DELETE", "/users/zhou")
    assert (await synced.tell(database)).left == ("zhou",)
    synced.sandbox.clock.set(synced.sandbox.clock.now() + timedelta(seconds=90))
    synced.now += timedelta(seconds=90)
    assert (await recheck(synced.contacts, database, synced.now, readings=readings)).rejoined == ()
    assert "zhou" not in await people(database)


async def test_left_and_back_in_any_order(synced: Town, database: Database) -> None:
    await synced.do("DELETE", "/users/zhou")
    await synced.do("POST", "/users", {"userid": "zhou"})
    left, joined = synced.events
    for order in ([left, joined], [joined, left], [left, joined, left], [joined, left, left]):
        for event in order:
            await synced.tell(database, event)
        assert "zhou" in await people(database)


async def test_an_old_leaving_of_somebody_at_work(synced: Town, database: Database) -> None:
    await synced.do("DELETE", "/users/zhou")
    await synced.do("POST", "/users", {"userid": "zhou"}, silent=True)
    assert (await synced.tell(database, late=LAG)).left == ()
    assert "zhou" in await people(database)


async def test_a_stranger_leaves(synced: Town, database: Database) -> None:
    await synced.do("POST", "/users", person("kurz", 103))
    await synced.do("DELETE", "/users/kurz")
    for event in reversed(synced.events):
        assert (await synced.tell(database, event)).left == ()
    assert "kurz" not in (await mirror(database)).people


async def test_out_of_scope_has_not_left(synced: Town, database: Database) -> None:
    synced.sandbox.company.set_scope(AddressBookScope(departments=(101,), users=()))
    await synced.do("PATCH", "/users/qian", {"name": "钱多多"})
    diff = await synced.tell(database)
    assert diff.left == ()
    assert (await people(database))["qian"].name == "钱多"


async def test_a_change_that_reads_show_late(synced: Town, database: Database) -> None:
    synced.sandbox.set_knobs({"read_delay_seconds": 30})
    await synced.do("POST", "/users", person("xin", 103))
    await synced.do("PATCH", "/users/qian", {"title": "会计"})
    for event in synced.events:
        await synced.tell(database, event)
    assert "xin" not in await people(database)
    synced.sandbox.clock.set(synced.sandbox.clock.now() + timedelta(seconds=61))
    synced.now += timedelta(seconds=61)
    diff = await recheck(synced.contacts, database, synced.now, readings=readings)
    assert (diff.added, diff.changed) == (("xin",), ("qian",))
    assert (await recheck(synced.contacts, database, synced.now + hour(), readings=readings)).people == 0


async def test_what_cannot_be_read_is_given_up_in_the_end(synced: Town, database: Database) -> None:
    await synced.do("PATCH", "/users/qian", {"title": "会计"})
    synced.fail("/topapi/v2/user/get")
    await synced.tell(database)
    for round_ in range(1, 8):
        await recheck(synced.contacts, database, synced.now + round_ * hour(), readings=readings)

    def status(tx: Any) -> list[tuple[str, list[str]]]:
        found = tx.exec(select(SyncRun).where(SyncRun.kind == "event")).all()
        return [(run.status, run.problems) for run in found if run.counts["event"] == "user_modify_org"]

    assert await database.read(None, status) == [("failed", ["「qian」没有读到：钉钉系统繁忙。"])]


async def test_many_in_one_event(synced: Town, database: Database) -> None:
    await synced.do("POST", "/bulk", {"join": [person("a", 103), person("b", 103)], "leave": ["zhou", "qian"]})
    for event in synced.events:
        await synced.tell(database, event)
    assert {"a", "b"} <= (await people(database)).keys()
    assert {"zhou", "qian"}.isdisjoint(await people(database))


async def test_a_manager_taken_away(synced: Town, database: Database) -> None:
    await synced.do("PATCH", "/users/lina", {"manager": None})
    assert (await synced.tell(database)).changed == ("lina",)
    assert (await people(database))["lina"].manager_id is None


async def test_a_new_manager_who_left_before_he_was_told_of(synced: Town, database: Database) -> None:
    await synced.do("PATCH", "/users/lina", {"manager": "qian"})
    await synced.do("DELETE", "/users/qian")
    changed, left = synced.events
    for event in (left, changed):
        await synced.tell(database, event)
    assert (await people(database))["lina"].manager_id is None


async def test_a_manager_who_is_back_keeps_his_new_reports(synced: Town, database: Database) -> None:
    await synced.do("DELETE", "/users/zhou")
    await synced.do("POST", "/users", {"userid": "zhou"})
    await synced.do("PATCH", "/users/qian", {"manager": "zhou"})
    left, joined, changed = synced.events
    for order in ([changed, left, joined], [left, changed, joined]):
        for event in order:
            await synced.tell(database, event)
        found = await people(database)
        assert (found["qian"].manager_id, "zhou" in found) == ("zhou", True)


async def test_administrators_of_dingtalk(synced: Town, database: Database) -> None:
    await synced.do("PATCH", "/users/qian", {"dingtalk_admin": True})
    await synced.tell(database)
    assert (await people(database))["qian"].admin


async def test_departments_come_move_and_go(synced: Town, database: Database) -> None:
    await synced.do("POST", "/departments", {"id": 105, "name": "市场部", "parent": 100})
    assert (await synced.tell(database)).departments_added == (105,)
    await synced.do("PATCH", "/departments/105", {"parent": 1, "name": "市场中心"})
    assert (await synced.tell(database)).departments_changed == (105,)
    unit = (await mirror(database)).units[105]
    assert (unit.parent_id, unit.name) == (1, "市场中心")
    await synced.do("DELETE", "/departments/105")
    assert (await synced.tell(database)).departments_removed == (105,)
    assert (await synced.tell(database)).departments_removed == ()


async def test_a_department_moved_into_the_scope_brings_its_people(database: Database) -> None:
    content = world(
        [department(100, "可读"), department(101, "外面"), department(102, "外面的组", 101)],
        [person("in", 100), person("out", 102)],
        {"departments": [100], "users": []},
    )
    async with open_town(content) as town:
        await town.sync(database)
        assert set(await people(database)) == {"in"}
        await town.do("PATCH", "/departments/101", {"parent": 100})
        await town.tell(database)
        assert (await people(database))["out"].posts == (Post(102),)
        assert not (await mirror(database)).units[102].stub
        assert (await town.sync(database)).diff.unchanged == 2


class Slow(Contacts):
    """Answers what was true when it was asked, but only when told to."""

    def __init__(self, real: Contacts) -> None:
        self.real, self.asked, self.answer = real, asyncio.Event(), asyncio.Event()

    async def user(self, user_id: str) -> UserRecord:
        try:
            return await self.real.user(user_id)
        finally:
            self.asked.set()
            await self.answer.wait()


@pytest.mark.parametrize("back", [False, True])
async def test_of_two_readings_the_later_begun_wins(synced: Town, database: Database, back: bool) -> None:
    """An old answer that comes late overwrites nothing: neither a leaving nor a coming back."""
    if back:
        await synced.do("DELETE", "/users/qian")
    else:
        await synced.do("PATCH", "/users/qian", {"title": "会计"})
    slow = Slow(synced.contacts)
    old = asyncio.create_task(apply_event(slow, database, synced.events[0], synced.now, readings=readings))
    await slow.asked.wait()
    if back:
        await synced.do("POST", "/users", {"userid": "qian"})
    else:
        await synced.do("DELETE", "/users/qian")
    await synced.tell(database)
    slow.answer.set()
    await old
    assert ("qian" in await people(database)) == back


async def test_managers_of_a_large_company(sqlite: Database) -> None:
    users = [person("boss", 1), *(person(f"u{number}", 1, manager="boss") for number in range(9))]
    async with open_town(world([], users)) as town:
        town.fail("/topapi/v2/user/get")
        await town.sync(sqlite)
        town.sandbox.faults.clear()
        assert not any(one.manager_id for one in (await people(sqlite)).values())
        assert await ask_managers(town.contacts, sqlite, lambda: town.now, readings, beyond=10) == 0
        assert await ask_managers(town.contacts, sqlite, lambda: town.now, readings, beyond=5, limit=100) == 10
        assert sum(one.manager_id == "boss" for one in (await people(sqlite)).values()) == 9


async def test_what_was_cleared_is_cleared_when_a_colleague_shows_the_field(synced: Town, database: Database) -> None:
    """One further call, to somebody of whom the field is known: it tells "empty" from "not to be read"."""
    await synced.do("PATCH", "/users/chen", {"title": "总经理", "mobile": "13800000001"}, silent=True)
    await synced.sync(database)
    await synced.do("PATCH", "/users/wang", {"title": "", "mobile": ""})
    before = len(synced.sandbox.calls.rows)
    assert (await synced.tell(database)).changed == ("wang",)
    assert [row["path"] for row in synced.sandbox.calls.rows[before:]] == ["/topapi/v2/user/get"] * 2
    wang = (await people(database))["wang"]
    assert (wang.title, wang.mobile) == ("", None)


@pytest.mark.parametrize("why", ["no right", "no colleague", "no answer"])
async def test_what_may_only_be_unreadable_is_kept(synced: Town, database: Database, why: str) -> None:
    await synced.do("PATCH", "/users/wang", {"title": "", "mobile": "", "name": "王大强"})
    if why == "no right":
        synced.sandbox.set_knobs({"hidden_fields": ["fieldMobile", "title"]})
    elif why == "no colleague":
        await synced.do("PATCH", "/users/chen", {"mobile": ""}, silent=True)
    else:
        synced.fail("/topapi/v2/user/get", userid="chen")
    assert (await synced.tell(database, synced.events[0])).changed == ("wang",)
    wang = (await people(database))["wang"]
    assert (wang.name, wang.title, wang.mobile) == ("王大强", "经理", "13800000003")


async def test_a_department_that_names_other_leaders(synced: Town, database: Database) -> None:
    await synced.do("PATCH", "/users/chen", {"leads": [103]}, silent=True)
    await synced.do("PATCH", "/users/wang", {"leads": []}, silent=True)
    await synced.do("PATCH", "/departments/103", {"name": "财务中心"})
    await synced.do("PATCH", "/departments/101", {"name": "一部"})
    for event in synced.events:
        await synced.tell(database, event)
    found = await people(database)
    assert found["chen"].leads_outside == {103}
    assert found["wang"].posts == (Post(101),)


async def test_events_name_who_returned(synced: Town, database: Database) -> None:
    await synced.do("DELETE", "/users/zhou")
    await synced.tell(database)
    await synced.do("POST", "/users", {"userid": "zhou"})
    assert (await synced.tell(database)).returned == {"zhou"}


def essence(found: Mirror) -> tuple[dict[str, Person], dict[int, Unit]]:
    return (
        {key: one for key, one in found.people.items() if one.active},
        {key: one for key, one in found.units.items() if one.active},
    )


class Life:
    """Random changes of a company."""

    def __init__(self, town: Town, seed: int) -> None:
        self.town, self.dice, self.names = town, dice(seed), iter(range(10_000))

    async def step(self) -> None:
        company = self.town.sandbox.company
        people_ids, units = sorted(company.people), sorted(company.departments)
        somebody, unit = self.dice.choice(people_ids), self.dice.choice(units)
        places = self.dice.sample(units, k=min(len(units), self.dice.randint(1, 3)))
        kind = self.dice.choice(
            ["join", "join", "back", "leave", "leave", "move", "lead", "rename", "manager", "admin", "open", "shift",
             "title", "close", "close"]
        )  # fmt: skip
        number = next(self.names)
        match kind:
            case "join":
                await self.do("POST", "/users", person(f"n{number}", *places, leads=places[:1], manager=somebody))
            case "back" if company.former:
                await self.do(
                    "POST", "/users", {"userid": self.dice.choice(sorted(company.former)), "departments": places}
                )
            case "leave" if len(people_ids) > 3:
                await self.do("DELETE", f"/users/{somebody}")
            case "move":
                await self.do("PATCH", f"/users/{somebody}", {"departments": places, "leads": []})
            case "lead":  # some of his own departments, some he is not in
                mine = [*company.people[somebody].departments, *places]
                await self.do("PATCH", f"/users/{somebody}", {"leads": self.dice.sample(mine, k=min(len(mine), 2))})
            case "rename":
                await self.do("PATCH", f"/users/{somebody}", {"name": f"改名{number}"})
            case "title":
                await self.do("PATCH", f"/users/{somebody}", {"title": f"岗位{number}", "active": number % 2 == 0})
            case "manager":
                other = self.dice.choice([None, *people_ids])
                await self.do("PATCH", f"/users/{somebody}", {"manager": other})
            case "admin":
                await self.do("PATCH", f"/users/{somebody}", {"dingtalk_admin": number % 2 == 0})
            case "open":
                await self.do("POST", "/departments", {"id": 1000 + number, "name": f"部门{number}", "parent": unit})
            case "shift" if unit != 1:
                await self.do(
                    "PATCH", f"/departments/{unit}", {"parent": self.dice.choice(units), "name": f"迁{number}"}
                )
            case "close" if unit != 1:
                await self.do("DELETE", f"/departments/{unit}")

    async def do(self, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        try:
            await self.town.do(method, path, body)
        except Refused:
            return  # a department with people in it, oneself as one's manager …


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_lagging_reads_bulk_events_and_full_syncs_between_end_the_same(
    town: Town, sqlite: Database, seed: int, sqlite_file: Any, tmp_path: Any
) -> None:
    """DingTalk shows changes late, full syncs run beside events: once all is looked at again, all is the same."""
    await town.sync(sqlite)
    life = Life(town, 1000 + seed)
    for round_ in range(5):
        town.sandbox.set_knobs({"read_delay_seconds": life.dice.choice((0, 20, 50))})
        for _ in range(life.dice.randint(2, 6)):
            await life.step()
        number = next(life.names)
        body = {"join": [person(f"b{number}", 1), person(f"c{number}", 1)], "leave": []}
        await town.do("POST", "/bulk", body)
        told = [town.tell(sqlite, event) for event in life.dice.sample(town.events, k=len(town.events) // 2)]
        if round_ % 2:
            await asyncio.gather(town.sync(sqlite), *told)
        else:
            await asyncio.gather(*told)
        pass_time(town, life.dice.choice((5, 61)))
        await recheck(town.contacts, sqlite, town.now, readings=readings)
    life.dice.shuffle(town.events)
    for event in town.events:
        await town.tell(sqlite, event)
    for _ in range(3):
        pass_time(town, 120)
        await recheck(town.contacts, sqlite, town.now, readings=readings)
    town.sandbox.set_knobs({"read_delay_seconds": 0})
    (tmp_path / "fresh").mkdir()
    async with sqlite_copy(sqlite_file, tmp_path / "fresh") as fresh_db:
        await town.sync(fresh_db)
        expected = essence(await mirror(fresh_db))
    found = essence(await mirror(sqlite))
    assert found[0] == expected[0]
    assert found[1] == expected[1]


def pass_time(town: Town, seconds: int) -> None:
    """On both sides."""
    town.sandbox.clock.set(town.sandbox.clock.now() + timedelta(seconds=seconds))
    town.now += timedelta(seconds=seconds)


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_events_in_any_order_end_where_a_full_sync_ends(
    town: Town, sqlite: Database, seed: int, sqlite_file: Any, tmp_path: Any
) -> None:
    await town.sync(sqlite)
    life = Life(town, seed)
    for _ in range(6):
        for _ in range(life.dice.randint(3, 9)):
            await life.step()
        # Some come now, in any order, some of them again; the others stay away for a while.
        for event in life.dice.sample(town.events, k=len(town.events) // 2):
            await town.tell(sqlite, event)
    late = town.events + life.dice.sample(town.events, k=len(town.events) // 2)
    life.dice.shuffle(late)
    for event in late:
        await town.tell(sqlite, event)
    (tmp_path / "fresh").mkdir()
    async with sqlite_copy(sqlite_file, tmp_path / "fresh") as fresh_db:
        await town.sync(fresh_db)
        expected = essence(await mirror(fresh_db))
    found = essence(await mirror(sqlite))
    assert found[0] == expected[0]
    assert found[1] == expected[1]
    result = await town.sync(sqlite)
    assert (result.counts["unchanged"], result.left) == (result.counts["people"], ())
    assert town.now > NOW


async def test_the_calls_of_one_event(synced: Town, database: Database) -> None:
    """A person whose departments are known costs one call; while a department cannot be read nothing turns stub."""
    await synced.do("PATCH", "/users/lina", {"title": "主管"})
    before = len(synced.sandbox.calls.rows)
    await synced.tell(database)
    assert [row["path"] for row in synced.sandbox.calls.rows[before:]] == ["/topapi/v2/user/get"]

    await synced.do("POST", "/departments", {"id": 105, "name": "市场部", "parent": 100}, silent=True)
    await synced.do("PATCH", "/users/lina", {"departments": [105]})
    synced.fail("/topapi/v2/department/get")
    await synced.tell(database)
    units = (await mirror(database)).units
    assert {key for key, unit in units.items() if unit.stub} == {105}
    synced.sandbox.faults.clear()
    await recheck(synced.contacts, database, synced.now + hour(), readings=readings)
    unit = (await mirror(database)).units[105]
    assert (unit.name, unit.parent_id, unit.stub) == ("市场部", 100, False)
