import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event as sql_event
from sqlmodel import select

from bot.core.errors import NotFound, RuleBroken
from bot.sandbox.company_records import AddressBookScope
from storage import leases, org, org_chart
from storage.database import Database, Tx
from storage.org import Post
from storage.people import led_by
from storage.tables import Employee, EmployeeDepartment, SyncRun
from sync import lease
from sync.full import SyncRunning, describe
from sync.removals import confirm_removals, over_the_line, refuse_removals
from sync.snapshot import SeenUnit, Snapshot
from tests.sync.town import NOW, Town, department, mirror, open_town, people, person, world


async def runs(db: Database) -> list[SyncRun]:
    return await db.read(None, lambda tx: list(tx.exec(select(SyncRun).where(SyncRun.kind == "full")).all()))


def adds_up(counts: Any) -> bool:
    parts = ("added", "rejoined", "moved", "changed", "unchanged")
    return bool(counts["people"] == sum(counts[part] for part in parts))


async def test_everything_is_mirrored(town: Town, database: Database) -> None:
    result = await town.sync(database)
    assert result.status == "ok"
    assert describe(result) == "同步完成：部门 6 个，人员 6 人（新增 6 · 更新 0 · 转部门 0 · 离职 0）"
    found = await mirror(database)
    assert {key: unit.parent_id for key, unit in found.units.items()} == {
        1: None, 100: 1, 101: 100, 102: 100, 103: 1, 104: 101,
    }  # fmt: skip
    assert found.units[1].name == "甬城机械"
    lina, wang, zhou = found.people["lina"], found.people["wang"], found.people["zhou"]
    assert lina.posts == (Post(101), Post(103), Post(104, leader=True))
    assert lina.manager_id == "wang"
    assert wang.posts == (Post(101, leader=True),)
    assert (wang.title, wang.mobile, wang.admin, wang.activated) == ("经理", "13800000003", False, True)
    assert found.people["chen"].admin
    assert not zhou.activated

    def facts(tx: Tx) -> tuple[Employee, list[int]]:
        row = tx.get(Employee, "lina")
        assert row is not None
        places = tx.exec(select(EmployeeDepartment).where(EmployeeDepartment.user_id == "lina")).all()
        return row, [place.department_id for place in sorted(places, key=lambda one: one.position)]

    row, places = await database.read(None, facts)
    assert (row.pinyin, row.initials, row.joined_at) == ("pinyin of 李娜", "initials of 李娜", NOW)
    assert places == [101, 103, 104]
    (run,) = await runs(database)
    assert (run.status, run.problems, run.removals) == ("ok", [], [])
    assert adds_up(run.counts)


async def test_a_second_run_writes_no_row(town: Town, sqlite: Database) -> None:
    """Invariant 81."""
    await town.sync(sqlite)
    written: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.split(maxsplit=1)[0] in {"INSERT", "UPDATE", "DELETE"}:
            written.append(" ".join(statement.split()[:3]))

    sql_event.listen(sqlite._writer, "before_cursor_execute", note)
    result = await town.sync(sqlite)
    assert result.diff.unchanged == 6
    assert not [text for text in written if "employee" in text or "department" in text]


async def test_counts_name_every_kind_of_change(town: Town, database: Database) -> None:
    await town.sync(database)
    await town.do("POST", "/users", person("xin", 103, name="新来"), silent=True)
    await town.do("PATCH", "/users/qian", {"name": "钱多多"}, silent=True)
    await town.do("PATCH", "/users/zhao", {"departments": [102]}, silent=True)
    await town.do("PATCH", "/users/lina", {"leads": []}, silent=True)
    await town.do("DELETE", "/users/zhou", silent=True)
    await town.do("PATCH", "/departments/103", {"name": "财务中心"}, silent=True)
    await town.do("POST", "/departments", {"id": 105, "name": "市场部", "parent": 1}, silent=True)
    result = await town.sync(database)
    diff = result.diff
    assert (diff.added, diff.moved, diff.changed, diff.left) == (("xin",), ("zhao",), ("lina", "qian"), ("zhou",))
    assert (diff.departments_added, diff.departments_changed) == ((105,), (103,))
    assert adds_up(result.counts)
    assert describe(result) == "同步完成：部门 7 个，人员 6 人（新增 1 · 更新 2 · 转部门 1 · 离职 1）"
    zhou = await database.read(None, lambda tx: tx.get(Employee, "zhou"))
    assert zhou is not None
    assert zhou.left_at == town.now
    assert (await mirror(database)).people["zhou"].posts == (Post(102),)


async def test_who_comes_back_is_the_same_identity(town: Town, database: Database) -> None:
    """Invariant 80."""
    await town.sync(database)
    await town.do("DELETE", "/users/zhou", silent=True)
    await town.sync(database)
    await town.do("POST", "/users", {"userid": "zhou"}, silent=True)
    result = await town.sync(database)
    assert result.diff.rejoined == ("zhou",)
    assert "重新入职 1" in describe(result)
    row = await database.read(None, lambda tx: tx.get(Employee, "zhou"))
    assert row is not None
    assert (row.active, row.left_at, row.joined_at) == (True, None, NOW)


async def test_what_the_app_may_not_read_is_kept(town: Town, database: Database) -> None:
    await town.sync(database)
    town.sandbox.set_knobs({"hidden_fields": ["fieldMobile", "title", "manager_userid"]})
    result = await town.sync(database)
    found = await people(database)
    assert (found["wang"].mobile, found["wang"].title, found["lina"].manager_id) == ("13800000003", "经理", "wang")
    assert result.diff.unchanged == 6


async def test_numbers_and_truths_as_strings(town: Town, database: Database) -> None:
    await town.sync(database)
    town.sandbox.set_knobs({"strings_for_bools": True})
    assert (await town.sync(database)).diff.unchanged == 6


async def test_partial_scope_builds_the_way_up_from_stubs(database: Database) -> None:
    content = world(
        [
            department(100, "销售部"),
            department(101, "一部", 100),
            department(102, "二部", 101),
            department(103, "财务"),
        ],
        [person("lina", 102), person("both", 102, 103), person("qian", 103), person("boss", 1)],
        {"departments": [101], "users": ["qian"]},
    )
    async with open_town(content) as town:
        result = await town.sync(database)
        assert result.status == "ok"
        found = await mirror(database)
        assert set(found.people) == {"lina", "both", "qian"}
        assert {key: (unit.parent_id, unit.stub) for key, unit in found.units.items()} == {
            1: (None, True), 100: (1, True), 101: (100, False), 102: (101, False), 103: (1, True),
        }  # fmt: skip
        assert found.people["both"].departments == {102, 103}
        assert result.counts["departments"] == 2
        assert (await town.sync(database)).counts["unchanged"] == 3


async def test_nested_roots_are_read_once(database: Database) -> None:
    content = world(
        [department(100, "销售部"), department(101, "一部", 100), department(102, "二部", 100)],
        [person("lina", 101), person("zhou", 102)],
        {"departments": [101, 100], "users": ["lina"]},
    )
    async with open_town(content) as town:
        await town.sync(database)
        assert town.calls("/topapi/v2/department/listsub") == 3
        assert (await mirror(database)).units[101].parent_id == 100
        assert (await mirror(database)).units[102].position == 1
        assert (await town.sync(database)).diff.departments_changed == ()


async def test_a_smaller_scope_is_no_leaving(town: Town, database: Database) -> None:
    await town.sync(database)
    town.sandbox.company.set_scope(AddressBookScope(departments=(101,), users=()))
    result = await town.sync(database)
    assert (result.status, result.diff.left) == ("partial", ())
    assert len(await people(database)) == 6
    assert any("没有当作离职" in text and "不在应用的通讯录权限范围里" in text for text in result.problems)
    assert result.counts["kept"] == 3
    units = (await mirror(database)).units
    assert (units[103].stub, units[103].name, units[103].active) == (True, "财务部", True)


async def test_no_scope_at_all_fails_and_says_what_to_do(town: Town, database: Database) -> None:
    await town.sync(database)
    town.sandbox.company.set_scope(AddressBookScope(departments=(), users=()))
    result = await town.sync(database)
    assert result.status == "failed"
    assert "通讯录权限范围是空的" in describe(result)
    assert len(await people(database)) == 6


@pytest.mark.parametrize(
    ("path", "match", "sentence"),
    [
        ("/topapi/v2/user/list", {"dept_id": 102}, "「销售二部」的人员没有读到：钉钉系统繁忙。"),
        ("/topapi/v2/department/listsub", {"dept_id": 101}, "「销售一部」的下级部门没有读到：钉钉系统繁忙。"),
    ],
)
async def test_gaps_remove_nobody(
    town: Town, database: Database, path: str, match: dict[str, Any], sentence: str
) -> None:
    """Invariant 78."""
    await town.sync(database)
    await town.do("DELETE", "/users/qian", silent=True)
    await town.do("PATCH", "/users/chen", {"title": "总经理"}, silent=True)
    await town.do("POST", "/users", person("xin", 103), silent=True)
    town.fail(path, **match)
    result = await town.sync(database)
    assert (result.status, result.diff.left, result.problems) == ("partial", (), (sentence,))
    found = await people(database)
    assert {"qian", "xin", "zhou", "zhao"} <= found.keys()
    assert found["chen"].title == "总经理"
    assert all(unit.active for unit in (await mirror(database)).units.values())
    assert "谁也没有停用" in describe(result)
    town.sandbox.faults.clear()
    assert (await town.sync(database)).diff.left == ("qian",)


async def test_a_failing_later_page(database: Database) -> None:
    """Invariant 78."""
    content = world([], [person(f"u{number:03}", 1) for number in range(150)])
    async with open_town(content) as town:
        await town.sync(database)
        assert len(await people(database)) == 150
        town.fail("/topapi/v2/user/list", cursor=100)
        result = await town.sync(database)
        assert (result.status, result.counts["people"], result.diff.left) == ("partial", 100, ())
        assert len(await people(database)) == 150


async def test_a_hiccup_is_tried_again(town: Town, database: Database) -> None:
    town.fail("/topapi/v2/user/list", times=1)
    town.fail("/topapi/v2/department/listsub", times=1, status=429)
    assert (await town.sync(database)).status == "ok"


async def test_a_missing_right_is_named_once(town: Town, database: Database) -> None:
    town.sandbox.set_knobs({"denied_permissions": ["qyapi_get_department_member"]})
    result = await town.sync(database)
    assert result.status == "failed"
    assert len(result.problems) == 1
    assert "应用缺少接口权限" in result.problems[0]
    assert town.calls("/topapi/v2/user/list") < 6


async def test_without_the_right_to_single_people_the_rest_is_there(town: Town, database: Database) -> None:
    town.sandbox.set_knobs({"denied_permissions": ["qyapi_get_member"]})
    result = await town.sync(database)
    assert (result.status, len(await people(database))) == ("partial", 6)
    assert "等 6 人的直属主管没有读到" in result.problems[0]


async def test_dingtalk_away_is_a_failed_run(town: Town, database: Database) -> None:
    town.fail("/auth/scopes")
    result = await town.sync(database)
    assert describe(result) == "同步没有成功，组织保持原样。没有读到通讯录的权限范围：钉钉系统繁忙。"
    assert (await runs(database))[0].status == "failed"


def crowd(size: int) -> dict[str, Any]:
    return world(
        [department(100, "一部")], [person(f"u{number:03}", 100 if number % 2 else 1) for number in range(size)]
    )


async def test_at_the_line_it_is_done_and_above_it_waits(database: Database) -> None:
    """Invariant 79."""
    async with open_town(crowd(60)) as town:
        await town.sync(database)
        for number in range(6):
            town.sandbox.company.leave(f"u{number:03}")
        assert len((await town.sync(database)).left) == 6  # 10 % of 60
        for number in range(6, 12):
            town.sandbox.company.leave(f"u{number:03}")
        await town.do("PATCH", "/users/u059", {"name": "改名"}, silent=True)
        result = await town.sync(database)
        assert (result.status, result.left, len(result.waiting)) == ("waiting", (), 6)
        assert describe(result).startswith("这次会停用 6 人（11%），超过安全线，没有执行：")
        found = await people(database)
        assert len(found) == 54
        assert found["u059"].name == "改名"


async def test_five_of_few_go_unasked(database: Database) -> None:
    async with open_town(crowd(10)) as town:
        await town.sync(database)
        for number in range(5):
            town.sandbox.company.leave(f"u{number:03}")
        assert (await town.sync(database)).status == "ok"
        assert len(await people(database)) == 5


async def _leave_waiting(town: Town, db: Database) -> int:
    await town.sync(db)
    for number in range(20):
        town.sandbox.company.leave(f"u{number:03}")
    assert (await town.sync(db)).status == "waiting"
    run = await db.read(None, org_chart.waiting_run)
    assert run is not None
    assert run.id is not None
    return run.id


async def test_the_administrator_confirms(database: Database) -> None:
    async with open_town(crowd(60)) as town:
        run_id = await _leave_waiting(town, database)
        await town.do("POST", "/users", {"userid": "u003"})
        await town.tell(database)  # back at work meanwhile
        left = await database.system(lambda tx: confirm_removals(tx, run_id, "u005", town.now))
        assert len(left) == 18
        assert {"u003", "u005"}.isdisjoint(left)
        assert len(await people(database)) == 42
        with pytest.raises(RuleBroken):
            await database.system(lambda tx: confirm_removals(tx, run_id, "u050", town.now))
        with pytest.raises(NotFound):
            await database.system(lambda tx: refuse_removals(tx, 10**6, "u050", town.now))
        run = next(one for one in await runs(database) if one.id == run_id)
        assert (run.status, run.decided_by, run.counts["left"]) == ("ok", "u005", 18)


async def test_the_administrator_refuses(database: Database) -> None:
    async with open_town(crowd(60)) as town:
        run_id = await _leave_waiting(town, database)
        stay = await database.system(lambda tx: refuse_removals(tx, run_id, "u050", town.now))
        assert len(stay) == 20
        assert len(await people(database)) == 60
        assert await database.read(None, org_chart.waiting_run) is None


async def test_a_newer_sync_replaces_the_list(database: Database) -> None:
    async with open_town(crowd(60)) as town:
        run_id = await _leave_waiting(town, database)
        for number in range(20):
            await town.do("POST", "/users", {"userid": f"u{number:03}"}, silent=True)
        assert (await town.sync(database)).status == "ok"
        with pytest.raises(RuleBroken):
            await database.system(lambda tx: confirm_removals(tx, run_id, "u050", town.now))


async def test_a_root_without_children_waits(database: Database) -> None:
    content = world([department(100, "一部"), department(101, "二部")], [person("a", 1), person("b", 1)])
    async with open_town(content) as town:
        await town.sync(database)
        town.sandbox.company.remove_department(100)
        town.sandbox.company.remove_department(101)
        result = await town.sync(database)
        assert result.status == "waiting"
        assert "一个下级部门也没有读到" in describe(result)
        assert all(unit.active for unit in (await mirror(database)).units.values())
        await database.system(lambda tx: confirm_removals(tx, result.run_id, "a", town.now))
        assert not (await mirror(database)).units[100].active
        assert (await town.sync(database)).status == "ok"


async def test_many_missing_wait_without_a_call_for_each(database: Database) -> None:
    async with open_town(crowd(400)) as town:
        await town.sync(database, ask=0)
        town.sandbox.company.set_scope(AddressBookScope(departments=(100,), users=()))
        for number in range(1, 100, 2):
            town.sandbox.company.leave(f"u{number:03}")
        before = town.calls("/topapi/v2/user/get")
        result = await town.sync(database, ask=0)
        assert (result.status, len(result.waiting), len(await people(database))) == ("waiting", 250, 400)
        assert town.calls("/topapi/v2/user/get") < before + 100  # only what ran beside the walk


async def test_one_at_a_time(town: Town, database: Database) -> None:
    town.sandbox.faults.add({"path": "/auth/scopes", "do": {"delay_ms": 300}})
    first = asyncio.create_task(town.sync(database))
    while not town.calls("/auth/scopes"):
        await asyncio.sleep(0.01)
    with pytest.raises(SyncRunning, match="正在同步"):
        await town.sync(database)
    assert (await first).status == "ok"
    assert (await town.sync(database)).status == "ok"


async def test_a_dead_process_blocks_nobody(town: Town, database: Database) -> None:
    host, pid, _ = lease._PROCESS.split("/")
    wall = datetime.now(UTC)
    for holder, allowed in ((f"{host}/{pid}/another/1", True), ("elsewhere/1/x/1", False)):

        def take(tx: Tx, holder: str = holder) -> None:
            tx.add(SyncRun(kind="full", status="running", started_at=NOW))
            assert leases.hold(
                tx, lease.NAME, holder=holder, wall=wall + timedelta(seconds=60), lasts=timedelta(hours=1)
            )

        await database.system(take)
        if allowed:
            assert (await town.sync(database)).status == "ok"
        else:
            with pytest.raises(SyncRunning):
                await town.sync(database)
    assert [run.status for run in await runs(database)] == ["failed", "ok", "running"]


async def test_a_broken_run_is_recorded_and_lets_go(
    town: Town, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def explode() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(town.contacts, "scopes", explode)
    with pytest.raises(ZeroDivisionError):
        await town.sync(database)
    monkeypatch.undo()
    assert (await runs(database))[0].status == "failed"
    assert (await town.sync(database)).status == "ok"


async def test_what_an_event_wrote_meanwhile_stays(town: Town, database: Database) -> None:
    """The walk reads 钱多 and then waits; meanwhile an event says she left, and somebody new came."""
    await town.sync(database)
    town.sandbox.faults.add(
        {"path": "/topapi/v2/user/list", "match": {"dept_id": 102}, "times": None, "do": {"delay_ms": 400}}
    )
    calls = town.calls("/topapi/v2/user/list")
    running = asyncio.create_task(town.sync(database))
    while town.calls("/topapi/v2/user/list") < calls + 6 or town.calls("/topapi/v2/user/get") < 11:
        await asyncio.sleep(0.01)
    await town.do("DELETE", "/users/qian")
    await town.tell(database)
    await town.do("POST", "/users", person("xin", 103))
    await town.tell(database)
    result = await running
    assert (result.status, result.diff.rejoined, result.diff.left) == ("ok", (), ())
    found = await people(database)
    assert "qian" not in found
    assert "xin" in found


async def test_calls_of_a_large_company(sqlite: Database) -> None:
    """10,000 people in 500 departments: one list of children and one page per department, few single people."""
    departments = [department(key, f"部门{key}", 1 if key < 25 else key // 20) for key in range(2, 501)]
    users = [person(f"u{number:05}", 1 + number % 500) for number in range(10_000)]
    async with open_town(world(departments, users)) as town:
        result = await town.sync(sqlite)
        assert (result.status, result.counts["added"], result.counts["departments"]) == ("ok", 10_000, 500)
        assert town.calls("/topapi/v2/department/listsub") == 500
        assert town.calls("/topapi/v2/user/list") == 500
        # Beside the walk, never after it: its own pace bounds it in life, the workers here.
        assert town.calls("/topapi/v2/user/get") < 10_000
        again = await town.sync(sqlite)
        assert again.diff.unchanged == 10_000


async def test_a_leader_who_is_not_a_member(town: Town, database: Database) -> None:
    await town.do("PATCH", "/users/chen", {"leads": [103, 104]}, silent=True)
    await town.sync(database)
    chen = (await people(database))["chen"]
    assert (chen.posts, chen.leads_outside) == ((Post(1),), frozenset({103, 104}))
    assert await database.read(None, lambda tx: led_by(tx, "chen")) == [103, 104]
    assert await database.read(None, lambda tx: org.leaders_of(tx, 104)) == {"chen", "lina"}
    assert (await town.sync(database)).diff.unchanged == 6
    await town.do("PATCH", "/users/chen", {"departments": [103], "leads": [103]}, silent=True)
    assert (await town.sync(database)).diff.moved == ("chen",)
    chen = (await people(database))["chen"]
    assert (chen.posts, chen.leads_outside) == ((Post(103, leader=True),), frozenset())


async def test_a_leader_outside_is_kept_where_only_lists_are_read(town: Town, database: Database) -> None:
    await town.do("PATCH", "/users/chen", {"leads": [103]}, silent=True)
    await town.sync(database)
    town.sandbox.set_knobs({"denied_permissions": ["qyapi_get_member"]})
    assert (await town.sync(database)).diff.unchanged == 6
    assert (await people(database))["chen"].leads_outside == {103}


async def test_a_removed_department_is_led_by_nobody(town: Town, database: Database) -> None:
    await town.do("POST", "/departments", {"id": 105, "name": "市场部", "parent": 1}, silent=True)
    await town.do("PATCH", "/users/chen", {"leads": [105]}, silent=True)
    await town.sync(database)
    await town.do("DELETE", "/departments/105", silent=True)
    assert (await town.sync(database)).diff.departments_removed == (105,)
    assert (await people(database))["chen"].leads_outside == set()


@pytest.mark.parametrize(
    ("field", "cleared", "stored"),
    [("title", "", ""), ("mobile", "", None), ("manager", None, None)],
)
async def test_what_was_cleared_is_cleared(
    town: Town, database: Database, field: str, cleared: str | None, stored: str | None
) -> None:
    """Others show the field in the same reading, so the app may read it: absent is empty."""
    await town.do("PATCH", "/users/lina", {"title": "经理", "mobile": "13800000009"}, silent=True)
    await town.sync(database)
    await town.do("PATCH", "/users/lina", {field: cleared}, silent=True)
    assert (await town.sync(database)).diff.changed == ("lina",)
    attribute = "manager_id" if field == "manager" else field
    assert getattr((await people(database))["lina"], attribute) == stored


async def test_the_last_value_of_a_field_is_kept_when_it_is_absent(town: Town, database: Database) -> None:
    """Nobody shows a mobile number: there is none any more, or the right to it is gone. Nobody can tell."""
    await town.sync(database)
    for user_id in ("chen", "wang"):
        await town.do("PATCH", f"/users/{user_id}", {"mobile": ""}, silent=True)
    assert (await town.sync(database)).diff.unchanged == 6
    assert (await people(database))["wang"].mobile == "13800000003"


@pytest.mark.parametrize("secret", ["hide_mobile", "senior"])
async def test_a_hidden_number_is_not_a_cleared_one(town: Town, database: Database, secret: str) -> None:
    await town.sync(database)
    await town.do("PATCH", "/users/wang", {"mobile": "", secret: True}, silent=True)
    await town.sync(database)
    assert (await people(database))["wang"].mobile == "13800000003"


async def test_an_empty_text_is_a_value(town: Town, database: Database) -> None:
    """A field that is there and empty was cleared, whatever others show."""
    await town.sync(database)
    bodies = {
        user_id: {"userid": user_id, "name": "x", "dept_id_list": [1], "title": "", "mobile": "", "manager_userid": ""}
        for user_id in ("wang", "lina")
    }
    for user_id, body in bodies.items():
        do = {"status": 200, "body": {"errcode": 0, "result": body}}
        town.sandbox.faults.add({"path": "/topapi/v2/user/get", "times": None, "match": {"userid": user_id}, "do": do})
    town.sandbox.set_knobs({"hidden_fields": ["fieldMobile", "title"]})
    await town.sync(database)
    found = await people(database)
    assert (found["wang"].title, found["wang"].mobile, found["lina"].manager_id) == ("", None, None)


async def test_two_userids_of_one_account_are_both_kept_and_told(town: Town, database: Database) -> None:
    await town.do("PATCH", "/users/qian", {"unionid": "Uone"}, silent=True)
    await town.do("PATCH", "/users/zhao", {"unionid": "Uone"}, silent=True)
    result = await town.sync(database)
    assert (result.status, result.counts["conflicting"], len(await people(database))) == ("ok", 2, 6)
    assert adds_up(result.counts)
    assert "「钱多」（qian）、「赵磊」（zhao）在钉钉里是同一个账号" in describe(result)
    await town.do("DELETE", "/users/zhao", silent=True)
    result = await town.sync(database)
    assert (result.counts["conflicting"], result.notes) == (0, ())  # who left keeps his, and conflicts with nobody


async def test_a_circle_of_departments_still_has_a_top(town: Town, database: Database) -> None:
    """104 lists 100 as its own child: a department stands where it was listed first."""
    row = {"dept_id": 100, "name": "销售部", "parent_id": 104}
    town.sandbox.faults.add(
        {
            "path": "/topapi/v2/department/listsub", "times": None, "match": {"dept_id": 104},
            "do": {"status": 200, "body": {"errcode": 0, "result": [row, row]}},
        }
    )  # fmt: skip
    result = await town.sync(database)
    assert (result.status, result.counts["departments"]) == ("ok", 6)
    assert {key: unit.parent_id for key, unit in (await mirror(database)).units.items()} == {
        1: None, 100: 1, 101: 100, 102: 100, 103: 1, 104: 101,
    }  # fmt: skip
    assert (await town.sync(database)).diff.departments_changed == ()


def test_circles_are_cut_at_the_lowest_id() -> None:
    found = Snapshot(units={key: SeenUnit(key, "", parent) for key, parent in ((5, 7), (7, 6), (6, 5), (8, 6), (9, 9))})
    found.break_circles()
    assert {key: unit.parent_id for key, unit in found.units.items()} == {5: 1, 6: 5, 7: 6, 8: 6, 9: 1}


async def test_a_scope_of_single_people(database: Database) -> None:
    content = world(
        [department(100, "销售部"), department(101, "一部", 100)],
        [person("lina", 101), person("zhou", 100), person("boss", 1)],
        {"departments": [], "users": ["lina", "boss"]},
    )
    async with open_town(content) as town:
        result = await town.sync(database)
        assert (result.status, result.counts["people"], result.counts["departments"]) == ("ok", 2, 0)
        found = await mirror(database)
        assert set(found.people) == {"lina", "boss"}
        assert {key: (unit.parent_id, unit.stub) for key, unit in found.units.items()} == {
            1: (None, True), 100: (1, True), 101: (100, True),
        }  # fmt: skip
        again = await town.sync(database)
        assert (again.status, again.diff.unchanged, again.diff.left) == ("ok", 2, ())


@pytest.mark.parametrize(
    ("leaving", "active", "waits"),
    [(5, 5, False), (6, 6, True), (5, 49, False), (6, 59, True), (6, 60, False), (7, 70, False), (8, 79, True),
     (100, 1000, False), (101, 1000, True), (0, 0, False)],
)  # fmt: skip
def test_the_line_is_the_greater_of_five_and_ten_per_cent(leaving: int, active: int, waits: bool) -> None:
    assert over_the_line(leaving, active) == waits


async def test_a_moved_manager_and_a_new_name(town: Town, database: Database) -> None:
    await town.sync(database)
    await town.do("PATCH", "/users/wang", {"departments": [103], "leads": [], "name": "王大强"}, silent=True)
    await town.do("PATCH", "/users/lina", {"manager": "chen"}, silent=True)
    diff = (await town.sync(database)).diff
    assert (diff.moved, diff.changed) == (("wang",), ("lina",))
    found = await people(database)
    assert (found["wang"].name, found["lina"].manager_id, found["zhao"].manager_id) == ("王大强", "chen", "wang")
    row = await database.read(None, lambda tx: tx.get(Employee, "wang"))
    assert row is not None
    assert row.pinyin == "pinyin of 王大强"


async def test_who_returned_is_named_in_the_result(town: Town, database: Database) -> None:
    await town.sync(database)
    await town.do("DELETE", "/users/zhou", silent=True)
    assert (await town.sync(database)).returned == set()
    await town.do("POST", "/users", {"userid": "zhou"}, silent=True)
    assert (await town.sync(database)).returned == {"zhou"}
    assert (await town.sync(database)).returned == set()
