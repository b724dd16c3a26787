"""Which values two customers keep that become one, and what comes back when that is undone (R-DUP-4, R-PERM-5)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select as core_select
from sqlmodel import col, select

from bot.core.errors import Forbidden, InvalidInput
from bot.core.forms import FormField
from handlers.customers.creating import NewCustomer
from handlers.customers.rules import NotYours
from handlers.customers.service import create_customer, show_customer, undo_create
from handlers.editing.service import edit_customer
from handlers.merges import rules
from handlers.merges.rules import chosen_fields, combine, mergeable
from handlers.merges.service import merge_customers, preview_merge, undo_merge
from handlers.pool.rules import AlreadyClaimed, ClaimLimited, NotReturnable
from handlers.pool.service import claim_customer, return_customer, undo_claim, undo_return
from handlers.team.service import add_member
from handlers.timeline.views import paint_timeline
from storage import custom_fields
from storage.custom_fields import Definition
from storage.database import Database, Tx
from storage.settings import read_settings, write_setting
from storage.tables import Audit, Customer, OwnerHistory, Role, RoleField, TeamMember, Undo
from tests.handlers.test_customer_record import ALL, HS, HX, Company
from tests.support.company import NOW, id_of, load_company
from tests.support.room import Room
from tests.support.world import small_world

OWN = (FormField("text_0001", "设备", "text", custom=True), FormField("money_0001", "年采购额", "money", custom=True))
FIELDS = mergeable(OWN)


def _row(**values: Any) -> dict[str, Any]:
    return {f.attribute: "" for f in FIELDS if not f.custom} | {
        "name": "甲", "name_key": "甲", "soft_key": "甲", "pinyin": "jia", "initials": "j", "credit_code": None,
        "lng": None, "lat": None, "coord_sys": "", "custom": {}, **values,
    }  # fmt: skip


texts = st.sampled_from(["", "一", "二"])
rows = st.builds(
    lambda city, phone, address, lng, custom: _row(city=city, phone=phone, address=address, lng=lng, custom=custom),
    texts, texts, texts, st.sampled_from([None, 120.1, 121.2]),
    st.dictionaries(st.sampled_from(["text_0001", "money_0001", "text_0002"]), st.sampled_from(["一", "二"])),
)  # fmt: skip


@given(rows, rows, st.sets(st.sampled_from(["city", "phone", "address", "text_0001", "money_0001"])))
def test_no_value_is_lost_where_there_is_room(head: dict[str, Any], tail: dict[str, Any], chosen: set[str]) -> None:
    new = combine(head, tail, FIELDS, chosen)
    after = {**head, **new.columns, "custom": {**head["custom"], **new.custom}}
    for one in FIELDS:
        ours, theirs, now = (rules.said(v, one) for v in (head, tail, after))
        assert now == (theirs if (not ours or (theirs and one.name in chosen)) else ours)
    assert set(after["custom"]) == set(head["custom"]) | set(tail["custom"])
    place = (after["address"], after["lng"])
    assert place[1] in (head["lng"], tail["lng"])
    if head["lng"] is not None and after["address"] == head["address"]:
        assert place[1] == head["lng"], "the coordinates are those of the address that stays"


def test_the_other_ones_name_brings_what_is_made_from_it() -> None:
    new = combine(_row(), _row(name="乙", name_key="乙", pinyin="yi"), FIELDS, {"name"})
    assert (new.columns["name"], new.columns["name_key"], new.columns["pinyin"]) == ("乙", "乙", "yi")


def test_what_differs_is_named_by_its_label() -> None:
    labels = {"客户来源": "source", "城市": "city"}
    assert chosen_fields("城市、来源", labels) == ["city", "source"]
    with pytest.raises(InvalidInput, match="客户来源、城市"):
        chosen_fields("电话", labels)


VALUES: dict[str, dict[str, Any]] = {
    HX: {"city": "杭州", "remark": "老客户", "custom": {"text_0001": "车床"}},
    HS: {
        "city": "苏州", "phone": "051266668888", "credit_code": "91330100799655058B", "next_follow_up_at": NOW,
        "custom": {"text_0001": "铣床", "text_0002": "木箱", "text_0003": "停用的"},
    },
}  # fmt: skip


@pytest.fixture
async def company(database: Database) -> Company:
    """A manager may merge, but sees no city and only an outline of the field 包装."""
    world = small_world()
    world["roles"][1]["functions"].append("customer:delete")
    await load_company(database, world)
    company = Company(database)

    def fill(tx: Tx) -> None:
        used = [
            Definition("text_0001", "设备", "text", False, 0, True),
            Definition("text_0002", "包装", "text", False, 1, True),
        ]
        custom_fields.put_definitions(tx, "customer", [*used, Definition("text_0003", "旧", "text", False, 2, False)])
        role = tx.exec(select(Role).where(Role.name == "部门经理")).one()
        for field, level in (("city", "hidden"), ("text_0002", "masked")):
            tx.add(RoleField(role_id=role.id or 0, form="customer", field=field, level=level))
        for name, values in VALUES.items():
            row = tx.exec(select(Customer).where(Customer.name == name)).one()
            for column, value in values.items():
                if column != "custom":
                    setattr(row, column, value)
            tx.add(row)
            custom_fields.put_values(tx, row, values["custom"])

    await company.look(fill)
    return company


async def _row_of(company: Company, customer_id: int) -> dict[str, Any]:
    names = ("name", "name_key", "city", "phone", "remark", "credit_code", "next_follow_up_at", "custom", "deleted_at")

    def read(tx: Tx) -> dict[str, Any]:
        row = tx.execute(
            core_select(Customer.__table__).where(col(Customer.id) == customer_id), execution_options=ALL  # type: ignore[attr-defined]
        ).mappings().one()  # fmt: skip
        return {name: row[name] for name in names}

    found: dict[str, Any] = await company.look(read)
    return found


async def test_the_chosen_values_stay_and_come_back(company: Company) -> None:
    head, tail = await id_of(company.db, HX), await id_of(company.db, HS)
    before = [await _row_of(company, i) for i in (head, tail)]
    shown = await company.do("chen01", preview_merge, head, tail)
    assert {(d.label, d.head, d.tail) for d in shown.differing} == {
        ("客户名称", HX, HS), ("城市", "杭州", "苏州"), ("设备", "车床", "铣床")
    }  # fmt: skip
    assert shown.filled == ["电话", "信用代码", "包装"]
    done = await company.do("chen01", merge_customers, head, tail, chosen=["name", "text_0001"])
    assert done.name == HS
    now = await _row_of(company, head)
    assert (now["name"], now["city"], now["phone"]) == (HS, "杭州", "051266668888")
    assert (now["remark"], now["credit_code"], now["next_follow_up_at"]) == ("老客户", "91330100799655058B", NOW)
    assert now["custom"] == {"text_0001": "铣床", "text_0002": "木箱", "text_0003": "停用的"}
    line = await company.look(
        lambda tx: dict(tx.exec(select(Audit).where(Audit.action == "merge.customers")).one().detail)
    )
    assert line["changes"][f"{HS} 城市"] == ["苏州", "杭州"], "what does not stay is on record"
    assert line["changes"]["设备"] == ["车床", "铣床"]
    assert line["changes"]["电话"] == ["", "0512****8888"], "of a number its outline"
    assert (await company.do("lina04", show_customer, tail)).customer.name == HS
    await company.do("chen01", undo_merge, {"merge_id": 1})
    assert [await _row_of(company, i) for i in (head, tail)] == before


async def test_what_was_changed_since_stays_when_a_merge_is_undone(company: Company) -> None:
    head, tail = await id_of(company.db, HX), await id_of(company.db, HS)
    await company.do("chen01", merge_customers, head, tail, chosen=["city", "text_0001"])
    await company.do("chen01", edit_customer, head, {"city": "宁波", "text_0002": "纸箱"})
    await company.do("chen01", undo_merge, {"merge_id": 1})
    now = await _row_of(company, head)
    assert (now["city"], now["phone"]) == ("宁波", "")
    assert now["custom"] == {"text_0001": "车床", "text_0002": "纸箱"}


async def test_a_merge_loses_nothing_that_the_merging_person_may_not_read(company: Company) -> None:
    """R-PERM-5: neither shown nor chosen nor overwritten."""
    head, tail = await id_of(company.db, HX), await id_of(company.db, HS)
    shown = await company.do("wang03", preview_merge, head, tail)
    assert {d.label for d in shown.differing} == {"客户名称", "设备"}
    assert "苏州" not in str(shown) and "木箱" not in str(shown)
    with pytest.raises(Forbidden, match="城市"):
        await company.do("wang03", merge_customers, head, tail, chosen=["city"])
    await company.do("wang03", merge_customers, tail, head)
    now = await _row_of(company, tail)
    assert (now["city"], now["custom"]["text_0002"], now["remark"]) == ("苏州", "木箱", "老客户")
    told = await company.do("wang03", lambda ctx: paint_timeline({"customer_id": tail}, ctx))
    assert "城市" not in str(told) and "木箱" not in str(told)
    assert "杭州 → 苏州" in str(await company.do("chen01", lambda ctx: paint_timeline({"customer_id": tail}, ctx)))


async def test_undoing_a_merge_asks_whether_there_is_room(company: Company) -> None:
    """Invariant 17: lina owns three; merged they are two, and by now she may own no third."""
    head, tail = await id_of(company.db, HX), await id_of(company.db, HS)
    await company.do("chen01", merge_customers, head, tail)

    def cap(tx: Tx) -> None:
        pool = read_settings(tx).pool.model_copy(update={"holding_cap": 2}).model_dump()
        write_setting(tx, "pool", pool, by="", now=NOW)

    await company.look(cap)
    with pytest.raises(ClaimLimited, match=r"李娜 名下已有 2/2 家客户，已满，先请 李娜 退回一家，再撤销。"):
        await company.do("chen01", undo_merge, {"merge_id": 1})
    assert (await _row_of(company, tail))["deleted_at"] is not None
    await company.do("chen01", return_customer, head, "无需求")
    await company.do("chen01", undo_merge, {"merge_id": 1})
    assert (await company.do("lina04", show_customer, tail)).customer.name == HS


async def _latest(company: Company, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = await company.look(
        lambda tx: dict(tx.exec(select(Undo).where(Undo.kind == kind).order_by(col(Undo.id).desc())).first().payload)  # type: ignore[union-attr]
    )
    return found


async def test_what_was_done_before_a_merge_is_not_taken_back_on_the_one_that_stays(company: Company) -> None:
    """Invariant 27: neither does the head go away, nor is anything written on the tail again."""
    head = await id_of(company.db, HX)
    made = await company.do("lina04", create_customer, NewCustomer("温州双发阀门厂", "王五"))
    pooled, other = await id_of(company.db, "宁波海蓝食品有限公司"), await id_of(company.db, "杭州蓝海机械有限公司")
    await company.do("lina04", claim_customer, pooled)
    await company.do("lina04", claim_customer, other)
    await company.do("lina04", return_customer, other, "无需求")
    for tail in (made.customer.id, pooled, other):
        await company.do("chen01", merge_customers, head, tail)
    with pytest.raises(NotYours, match="已经并入"):
        await company.do("lina04", undo_create, await _latest(company, "customers.create"))
    with pytest.raises(NotReturnable, match="已经并入"):
        await company.do("lina04", undo_claim, {**await _latest(company, "pool.claim"), "customer_id": pooled})
    with pytest.raises(AlreadyClaimed, match="合并或删除"):
        await company.do("lina04", undo_return, await _latest(company, "pool.return"))
    assert (await company.do("lina04", show_customer, head)).customer.owner_id == "lina04"

    def named(tx: Tx) -> int:
        pages = tx.exec(select(OwnerHistory).where(col(OwnerHistory.customer_id).in_([pooled, other])))
        return len(pages.all())

    assert await company.look(named) == 0


async def test_the_owner_who_stays_is_no_member_of_his_own_team(company: Company) -> None:
    head, tail = await id_of(company.db, HX), await id_of(company.db, "上海明德仪器有限公司")
    await company.do("zhao05", add_member, tail, "lina04", may_write=True, until=None)
    await company.do("chen01", merge_customers, head, tail)
    live = await company.look(
        lambda tx: tx.exec(select(TeamMember.user_id).where(col(TeamMember.ended_at).is_(None))).all()
    )
    assert list(live) == []
    await company.do("chen01", undo_merge, {"merge_id": 1})
    assert (await company.do("lina04", show_customer, tail)).member == "write"


async def test_undoing_a_return_asks_whether_there_is_room(company: Company) -> None:
    """Invariant 17: she gave one back, took others, and is full by now."""
    of = await id_of(company.db, HX)
    await company.do("lina04", return_customer, of, "无需求")
    payload = await _latest(company, "pool.return")

    def cap(tx: Tx) -> None:
        pool = read_settings(tx).pool.model_copy(update={"holding_cap": 3}).model_dump()
        write_setting(tx, "pool", pool, by="", now=NOW)

    await company.look(cap)
    await company.do("lina04", claim_customer, await id_of(company.db, "宁波海蓝食品有限公司"))
    with pytest.raises(ClaimLimited, match=r"你 名下已有 3/3 家客户，已满，先退回不跟的，再撤销。"):
        await company.do("lina04", undo_return, payload)
    assert (await _row_of(company, of))["deleted_at"] is None


async def test_the_old_name_finds_the_one_that_stays_and_says_so(company: Company) -> None:
    room = Room(company.db)
    head, tail = await id_of(company.db, HX), await id_of(company.db, HS)
    await company.do("chen01", merge_customers, head, tail)
    for words in (HS, HS.removesuffix("有限公司")):
        told = await room.say("lina04", f"查 {words}")
        assert f"「{HS}」已经并入「{HX}」" in told, words
    assert "已经并入" not in await room.say("lina04", f"查 {HX}")
    assert "已经并入" not in await room.say("zhao05", f"查 {HS}"), "nobody is told of what he does not see"
