"""外勤: distances, whose customers, one confirmation, who sees where somebody was; on both databases."""

import math
import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from bot.core.errors import InvalidInput
from cards.visits import AsideButton, HereButton, OpenVisitButton, OtherButton, PlaceButton
from handlers.settings.rules import VISITS, Value, read_changes
from handlers.visits import rules, service
from handlers.visits.checkins import Due, Fetched
from handlers.visits.jobs import batches
from handlers.visits.rules import Near, Spot
from storage.database import Database, Tx
from storage.tables import Customer, FollowUp, Visit
from storage.visits import place_customer
from tests.support.company import customer_id, id_of, load_company
from tests.support.room import NOW, Room

HUADONG, HUAXING = "宁波华东精密机械有限公司", "华兴科技有限公司"
LNG, LAT = 121.49, 29.87
degrees = st.floats(-60, 60), st.floats(-170, 170)


@given(*degrees, st.floats(0, 499), st.floats(0, 2 * math.pi))
@settings(max_examples=300)
def test_what_is_near_lies_in_the_box(lat: float, lng: float, away: float, course: float) -> None:
    here = Spot(lng, lat, "gcj02")
    north = away * math.cos(course) / rules.DEGREE_M
    east = away * math.sin(course) / (rules.DEGREE_M * math.cos(math.radians(lat)))
    there = Spot(lng + east, lat + north, "gcj02")
    metres = rules.distance_m(here, there)
    assert metres is not None and abs(metres - away) < 5
    assert metres == rules.distance_m(there, here)
    (west, east_end), (south, north_end) = rules.box(here, 500)
    assert west <= there.lng <= east_end and south <= there.lat <= north_end


def test_distances_known_from_a_map() -> None:
    ningbo, shanghai = Spot(121.5440, 29.8683, "gcj02"), Spot(121.4737, 31.2304, "gcj02")
    assert rules.distance_m(ningbo, shanghai) == pytest.approx(151_600, rel=0.01)
    assert rules.distance_m(ningbo, Spot(121.5440, 29.8683, "wgs84")) is None
    assert rules.distance_m(ningbo, None) is None
    assert rules.is_out_of_range(501, 500) and not rules.is_out_of_range(500, 500)
    assert not rules.is_out_of_range(501, 501) and not rules.is_out_of_range(None, 500)


@given(st.lists(st.builds(Near, st.integers(1, 99), st.none() | st.integers(0, 900), st.booleans()), max_size=8))
def test_named_first_then_the_nearest(found: list[Near]) -> None:
    ordered = rules.in_order(found)
    assert sorted(map(id, ordered)) == sorted(map(id, found))
    named = [one.named for one in ordered]
    assert named == sorted(named, reverse=True)


@pytest.mark.parametrize(
    ("remark", "says"), [("", False), ("拜访", False), ("签到。", False), ("看了设备", True), ("拜访聊了价", True)]
)
def test_only_words_are_a_follow_up(remark: str, says: bool) -> None:
    assert rules.says_something(remark) is says


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3 * 24 * 60)), min_size=1, max_size=60),
)
def test_no_call_asks_for_more_than_it_may(rows: list[tuple[int, int]]) -> None:
    due = [Due(n, f"u{who}", NOW + timedelta(minutes=at), 0) for n, (who, at) in enumerate(rows)]
    made = list(batches(due))
    assert sorted(d.id for batch in made for d in batch) == list(range(len(rows)))
    for batch in made:
        assert len({d.user_id for d in batch}) <= 10
        span = max(d.at for d in batch) - min(d.at for d in batch) + 2 * rules.SLACK
        assert span <= timedelta(days=1)


async def placed(db: Database, name: str = HUADONG, *, east_m: float = 120) -> int:
    """The customer stands so many metres east of the check-ins."""
    east = east_m / (rules.DEGREE_M * math.cos(math.radians(LAT)))

    def work(tx: Tx) -> int:
        found = customer_id(tx, name)
        place_customer(tx, found, lng=LNG + east, lat=LAT, coord_sys="gcj02")
        return found

    return await db.system(work)


async def check_in(room: Room, who: str = "lina04", remark: str = "", **more: Any) -> int:
    record = Fetched(who, room.clock.now(), more.get("lng", LNG), more.get("lat", LAT), "望春工业园 3 号楼", remark)
    await room.run(service.take_records, [], [record])
    await room.collect()
    newest = select(Visit.id).order_by(col(Visit.id).desc()).limit(1)
    return await room.db.system(lambda tx: tx.exec(newest).one()) or 0


async def visit_of(db: Database, visit_id: int) -> Visit:
    def work(tx: Tx) -> Visit:
        visit = tx.get(Visit, visit_id)
        assert visit is not None
        tx.expunge(visit)
        return visit

    return await db.system(work)


async def test_a_check_in_is_linked_by_its_owners_tap_alone(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    at = await placed(database)
    visit_id = await check_in(room, remark="看了三号车间的设备")
    asked = room.shown["lina04"][-1]
    assert "是这家" in asked and "宁波华东精密" in asked and "120 米" in asked
    before = await visit_of(database, visit_id)
    assert (before.state, before.customer_id, before.distance_m) == ("unlinked", None, None)
    (card,) = await room.cards("lina04")
    here = HereButton(visit_id=visit_id, customer_id=at)
    forwarded = await room.tap("zhou06", card, here)
    assert "没有找到这次外勤" in forwarded
    assert (await visit_of(database, visit_id)).state == "unlinked"
    done = await room.tap("lina04", card, here)
    assert "已关联，并记成跟进" in done
    after = await visit_of(database, visit_id)
    assert (after.state, after.customer_id, after.distance_m, after.out_of_range) == ("linked", at, 120, False)
    # the distance is that of the confirmation: a customer that moves later does not change it
    await placed(database, east_m=3000)
    assert (await visit_of(database, visit_id)).distance_m == 120
    assert "看了三号车间的设备" in await room.say("lina04", "查 华东精密")
    await room.tap("lina04", card, here)
    assert await _follow_ups(database, "看了三号车间的设备") == 1


async def _follow_ups(db: Database, content: str) -> int:
    query = select(FollowUp).where(FollowUp.content == content, col(FollowUp.deleted_at).is_(None))
    return len(await db.system(lambda tx: list(tx.exec(query).all())))


async def test_the_last_contact_moves_with_words_alone(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    at = await placed(database)
    last = await database.system(lambda tx: tx.exec(select(Customer.last_follow_up_at).where(Customer.id == at)).one())
    silent = await check_in(room)
    (card,) = await room.cards("lina04")
    assert "不算跟进" in await room.tap("lina04", card, HereButton(visit_id=silent, customer_id=at))
    query = select(Customer.last_follow_up_at).where(Customer.id == at)
    assert await database.system(lambda tx: tx.exec(query).one()) == last
    room.later(hours=1)
    told = await check_in(room, remark="谈了年框")
    await room.tap("lina04", (await room.cards("lina04"))[-1], HereButton(visit_id=told, customer_id=at))
    assert await database.system(lambda tx: tx.exec(query).one()) == room.clock.now()


async def test_beyond_the_threshold_it_is_flagged_not_refused(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    at = await placed(database, east_m=2300)
    visit_id = await check_in(room, remark="华东精密 谈了年框")
    assert "内容里提到" in room.shown["lina04"][-1]
    (card,) = await room.cards("lina04")
    shown = await room.tap("lina04", card, HereButton(visit_id=visit_id, customer_id=at))
    assert "超出范围" in shown and "2.3 公里" in shown
    assert "超出范围" in await room.say("lina04", "外勤 超出范围")


async def test_two_equally_near_are_both_offered_and_none_is_chosen(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    east, west = await placed(database, east_m=120), await placed(database, HUAXING, east_m=-120)
    visit_id = await check_in(room, remark="看了设备")
    asked = room.shown["lina04"][-1]
    assert "在哪家客户" in asked and all(name in asked for name in (HUADONG, HUAXING, "距离 120 米"))
    assert (await visit_of(database, visit_id)).state == "unlinked"
    (card,) = await room.cards("lina04")
    await room.tap("lina04", card, HereButton(visit_id=visit_id, customer_id=west))
    assert (await visit_of(database, visit_id)).customer_id == west != east


async def test_without_a_place_the_customer_is_asked_for(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    await placed(database, east_m=0)
    visit_id = await check_in(room, remark="看了设备", lng=None, lat=None)
    asked = room.shown["lina04"][-1]
    assert "是哪家客户" in asked and "附近" not in asked and "华东精密" not in asked
    (card,) = await room.cards("lina04")
    await room.tap("lina04", card, OtherButton(visit_id=visit_id))
    await room.say("lina04", "华东精密")
    linked = await visit_of(database, visit_id)
    assert (linked.state, linked.distance_m, linked.out_of_range) == ("linked", None, False)


@pytest.mark.parametrize(("east_m", "offered"), [(499, True), (500, True), (502, False)])
async def test_the_edge_of_the_radius(sqlite: Database, east_m: float, offered: bool) -> None:
    await load_company(sqlite)
    room = Room(sqlite)
    await placed(sqlite, east_m=east_m)
    await check_in(room)
    assert ("是这家" in room.shown["lina04"][-1]) is offered


async def test_the_radius_and_how_long_places_are_kept_are_the_companys(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    at = await placed(database, east_m=700)
    assert "管理员" in await room.say("lina04", "外勤设置 半径 800米")
    shown = await room.say("chen01", "外勤设置")
    assert "500 米内" in shown and "180 天" in shown
    assert "500 米内 → 800 米内" in await room.say("chen01", "外勤设置 半径 800米")
    visit_id = await check_in(room, remark="看了设备")
    assert "距离 700 米" in room.shown["lina04"][-1]
    await room.tap("lina04", (await room.cards("lina04"))[-1], HereButton(visit_id=visit_id, customer_id=at))
    assert not (await visit_of(database, visit_id)).out_of_range
    assert "已撤销外勤设置" in await room.say("chen01", "撤销")
    assert "500 米内" in await room.say("chen01", "外勤设置")
    room.later(days=31)
    assert await room.run(service.forget_places) == 0
    told = await room.say("chen01", "外勤设置 位置保留 30天")
    assert "180 天 → 30 天" in told and "清掉 1 次" in told
    assert await room.run(service.forget_places) == 1


@pytest.mark.parametrize(
    ("wrong", "allowed"),
    [
        ("半径 49米", "50 到 5000"), ("半径 5001", "50 到 5000"), ("半径 6公里", "50 到 5000"),
        ("半径 不限", "50 到 5000"),
        ("位置保留 关闭", "1 到 3650"), ("位置保留 0天", "1 到 3650"),
    ],
)  # fmt: skip
def test_what_the_settings_may_not_be(wrong: str, allowed: str) -> None:
    with pytest.raises(InvalidInput, match=allowed) as refused:
        read_changes(VISITS, wrong)
    assert "外勤设置" in refused.value.text and "关闭」" not in refused.value.text.split("：", 1)[1]


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("半径 50米", {"near_m": 50}), ("附近 5公里", {"near_m": 5000}), ("半径改为八百米内", {"near_m": 800}),
        ("位置保留 90天 半径 300", {"keep_days": 90, "near_m": 300}),
    ],
)  # fmt: skip
def test_how_the_settings_are_said(said: str, read: dict[str, Value]) -> None:
    assert read_changes(VISITS, said) == read


async def test_the_nearest_of_very_many_is_offered(sqlite: Database) -> None:
    await load_company(sqlite)
    room = Room(sqlite)

    def crowd(tx: Tx) -> None:
        far = rules.DEGREE_M
        for n in range(60):
            tx.add(
                Customer(
                    name=f"拥挤客户{n}", name_key=f"拥挤客户{n}", owner_id="lina04", owner_since=NOW, created_at=NOW,
                    updated_at=NOW, lng=LNG, lat=LAT + (480 - n) / far, coord_sys="gcj02",
                )
            )  # fmt: skip
        tx.flush()

    await sqlite.system(crowd)
    await placed(sqlite, east_m=10)
    await check_in(room)
    assert "距离 10 米" in room.shown["lina04"][-1]


async def test_others_customers_are_neither_offered_nor_linked(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    foreign = await placed(database, "深圳创想电子有限公司", east_m=50)
    colleagues = await placed(database, "上海明德仪器有限公司", east_m=60)
    visit_id = await check_in(room)
    asked = room.shown["lina04"][-1]
    assert "附近 500 米内没有你的客户" in asked and "创想" not in asked and "明德" not in asked
    (card,) = await room.cards("lina04")
    answers = [await room.tap("lina04", card, HereButton(visit_id=visit_id, customer_id=i)) for i in (foreign, 999_999)]
    assert answers[0] == answers[1] and "创想" not in answers[0]
    await room.tap("lina04", card, HereButton(visit_id=visit_id, customer_id=colleagues))
    assert (await visit_of(database, visit_id)).state == "unlinked"


async def test_another_is_named_or_none(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    await placed(database)
    visit_id = await check_in(room, remark="看了设备")
    (card,) = await room.cards("lina04")
    assert "回复客户名称" in await room.tap("lina04", card, OtherButton(visit_id=visit_id))
    done = await room.say("lina04", "华兴科技")
    assert "已记外勤，并记成跟进" in done and "华兴科技" in done
    assert "又是未关联" in await room.say("lina04", "撤销")
    assert await _follow_ups(database, "看了设备") == 0
    assert "不关联" in await room.tap("lina04", card, AsideButton(visit_id=visit_id))
    assert "没有未关联的外勤" in await room.say("lina04", "未关联外勤")


async def test_unconfirmed_ones_stay_in_a_list(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    at = await placed(database)
    visit_id = await check_in(room, remark="看了设备")
    listed = await room.say("lina04", "外勤 未关联")
    assert "共 1 次" in listed and "未关联" in listed and "关联客户" in listed
    card = (await room.cards("lina04"))[-1]
    assert "是这家" in (opened := await room.tap("lina04", card, OpenVisitButton(visit_id=visit_id))) or "是 " in opened
    await room.tap("lina04", card, HereButton(visit_id=visit_id, customer_id=at))
    assert (await visit_of(database, visit_id)).state == "linked"


async def test_a_record_told_twice_is_one_visit(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    record = Fetched("lina04", NOW, LNG, LAT, "望春工业园", "看了设备")
    assert await room.run(service.take_records, [], [record, record]) == 1
    assert await room.run(service.take_records, [], [record]) == 0
    assert len(await room.cards("lina04")) == 1


async def test_where_somebody_was_is_seen_by_himself_his_superiors_and_administrators(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    visit_id = await check_in(room, remark="看了设备")
    (card,) = await room.cards("lina04")
    for who in ("wang03", "chen01"):
        listed = await room.say(who, "外勤 李娜")
        assert "望春工业园" in listed and "共 1 次" in listed and "关联客户" not in listed
        assert "望春工业园" in await room.say(who, "团队外勤")
    for who in ("zhao05", "zhou06"):
        listed = await room.say(who, "外勤 李娜")
        assert "望春" not in listed and "只有本人、上级和管理员能看" in listed
        assert "望春" not in await room.say(who, "团队外勤")
        tapped = [await room.tap(who, card, OpenVisitButton(visit_id=i)) for i in (visit_id, 999_999)]
        assert tapped[0] == tapped[1] and "望春" not in tapped[0]


async def test_the_customers_place_is_its_owners_word(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    at = await id_of(database, HUADONG)
    visit_id = await check_in(room, remark="华东精密 看了设备")
    (card,) = await room.cards("lina04")
    linked = await room.tap("lina04", card, HereButton(visit_id=visit_id, customer_id=at))
    assert "记为客户位置" in linked
    assert "没有找到" in await room.tap("wang03", card, PlaceButton(visit_id=visit_id))
    done = await room.tap("lina04", card, PlaceButton(visit_id=visit_id))
    assert "已记为" in done and "记为客户位置" not in done
    query = select(Customer.lng, Customer.lat, Customer.coord_sys).where(Customer.id == at)
    assert await database.system(lambda tx: tx.exec(query).one()) == (LNG, LAT, "gcj02")
    assert "位置改回去了" in await room.say("lina04", "撤销")
    assert await database.system(lambda tx: tx.exec(query).one()) == (None, None, "")


async def test_places_are_forgotten_after_a_while(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    visit_id = await check_in(room, remark="看了设备")
    room.later(days=179)
    assert await room.run(service.forget_places) == 0
    room.later(days=2)
    assert await room.run(service.forget_places) == 1
    kept = await visit_of(database, visit_id)
    assert (kept.lat, kept.place, kept.remark) == (None, "", "看了设备")


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        ("外勤 华东精密 车间看了设备", ("华东精密", "车间看了设备", "并记成跟进")),
        ("签到 鄞州区百丈路88号 拜访华东精密", ("华东精密", "鄞州区百丈路88号", "不算跟进")),
        ("签到 华东精密", ("华东精密", "不算跟进")),
        ("外勤 华东精密 看了设备，下周三再来", ("并记成跟进", "下次：2026-03-11")),
        ("外勤 在望春工业园 华东精密 聊了年框", ("华东精密", "望春工业园", "聊了年框", "并记成跟进")),
        ("外勤，拜访华东精密，看了设备", ("华东精密", "看了设备", "并记成跟进")),
        ("外勤 鄞州区百丈路", ("鄞州区百丈路", "还没关联客户", "未关联")),
        ("外勤 蓝鲸公司 看了设备", ("还没关联客户", "未关联")),
        ("外勤 深圳创想 看了设备", ("还没关联客户", "未关联")),
    ],
)
async def test_by_a_sentence(sqlite: Database, said: str, seen: tuple[str, ...]) -> None:
    await load_company(sqlite)
    answer = await Room(sqlite).say("lina04", said)
    assert all(word in answer for word in seen), answer


async def test_lists_by_a_sentence(sqlite: Database) -> None:
    await load_company(sqlite)
    room = Room(sqlite)
    await room.say("lina04", "外勤 华东精密 看了设备")
    room.later(days=1)
    await room.say("lina04", "外勤 华兴科技 谈了年框")
    for said, total in (
        ("今天的外勤", 1), ("外勤", 1), ("外勤 今天", 1), ("外勤 昨天", 1), ("外勤 本周", 2), ("本周外勤", 2),
        ("我的外勤", 2), ("外勤记录", 2), ("外勤 上周", 0), ("外勤签到", 1),
    ):  # fmt: skip
        listed = await room.say("lina04", said)
        assert (f"共 {total} 次" if total else "还没有外勤") in listed, said
    assert "共 2 次" in await room.say("wang03", "李娜本周的外勤")
    assert "共 2 次" in await room.say("wang03", "团队外勤 本周")


async def test_undone_it_is_gone_with_its_follow_up(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    await room.say("lina04", "外勤 华东精密 看了设备")
    assert "这次外勤已撤销" in await room.say("lina04", "撤销")
    assert await _follow_ups(database, "看了设备") == 0
    assert "还没有外勤" in await room.say("lina04", "今天的外勤")


async def test_a_foreign_customer_is_answered_as_one_that_there_is_not(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    foreign, nowhere = "深圳创想电子有限公司", "深圳想创电子有限公司"
    answers = []
    for name in (foreign, nowhere):
        said = await room.say("lina04", f"外勤 {name} 看了设备")
        answers.append(re.sub(r"dc-[0-9a-f]{40}|(?<=[: ])\d+(?=[\\\"」])", "", said.replace(name, "X")))
    assert answers[0] == answers[1]
