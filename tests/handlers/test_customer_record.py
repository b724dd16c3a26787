"""A customer's fields, contacts, lock, transfer, deletion and merge: rules and 1, 2, 11, 17, 27, 43, 90, 95 of 4.4."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func as sa_func
from sqlalchemy import select as core_select
from sqlmodel import col, func, select

from bot.context import Context, make_context
from bot.core.actor import SYSTEM_ACTOR
from bot.core.errors import AppError, Forbidden, InvalidInput, NotFound
from bot.identity import identify
from handlers.contacts.rules import NotAbove, check_above
from handlers.contacts.service import delete_contact, edit_contact, set_main, switch_contact, undo_edit
from handlers.contracts.service import transfer_contract
from handlers.custody.rules import NotLockable, StillUsed
from handlers.custody.service import (
    delete_customer,
    lock_customer,
    preview_transfer,
    transfer_customer,
    undo_delete,
    undo_transfer,
    unlock_customer,
)
from handlers.customers.creating import NewCustomer
from handlers.customers.rules import Duplicate, NotYours
from handlers.customers.service import add_contact, create_customer, show_customer
from handlers.customers.views import paint_customer
from handlers.editing import rules as editing_rules
from handlers.editing.rules import ChangedSince, Stale, read_edit
from handlers.editing.service import edit_customer, open_form
from handlers.editing.service import undo_edit as undo_customer_edit
from handlers.followups.service import NewFollowUp, log_follow_up
from handlers.merges.service import merge_customers, preview_merge, undo_merge
from handlers.pool.rules import ClaimLimited, Locked
from handlers.pool.service import browse_pool, recycle_customer, recycle_due, return_customer
from handlers.team.service import add_member, answer_join, ask_to_join
from handlers.timeline.service import show_timeline
from storage import merges
from storage.database import Database, Tx
from storage.settings import read_settings, write_setting
from storage.tables import (
    Audit,
    Contact,
    Contract,
    Customer,
    FollowUp,
    JoinRequest,
    Lead,
    Notice,
    Opportunity,
    Outbox,
    OwnerHistory,
    Payment,
    Role,
    RoleFunction,
    TeamMember,
    Undo,
)
from tests.support.company import NOW, id_of, load_company
from tests.support.world import small_world

HX, HS = "华兴科技有限公司", "华星电子有限公司"
ALL = {"unscoped": "a test looks at everything"}


class Company:
    """People doing things at a moment, in a small company with opportunities, contracts and payments."""

    def __init__(self, db: Database) -> None:
        self.db, self.now = db, NOW

    async def do(self, who: str, use_case: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        def work(tx: Tx) -> Any:
            settings = read_settings(tx)
            actor = SYSTEM_ACTOR if not who else identify(tx, who, settings)
            ctx: Context = make_context(tx, actor, self.now, settings, "chat")
            return use_case(ctx, *arguments, **more)

        return await self.db.unit(None, work)

    async def look(self, work: Callable[[Tx], Any]) -> Any:
        return await self.db.system(work)

    async def last_undo(self) -> dict[str, Any]:
        payload: dict[str, Any] = await self.look(
            lambda tx: dict(tx.exec(select(Undo).order_by(col(Undo.id).desc())).first().payload)  # type: ignore[union-attr]
        )
        return payload


def world_with_deals(**settings: Any) -> dict[str, Any]:
    world = small_world(**settings)
    world["stages"] = [{"name": "初步接洽", "win_rate": 10, "kind": "open"}]
    for one in world["customers"]:
        if one["name"] == HS:
            one["contacts"] = [{"name": "周涛", "mobile": "13700001111", "main": True}]
            one["follow_ups"] = [
                {"by": "lina04", "at": "2026-02-27T10:00:00+08:00", "method": "电话", "content": "要样品"}
            ]
            one["city"] = "苏州"
    world["opportunities"] = [
        {"name": "一期", "customer": name, "owner": "lina04", "amount": "300.00", "stage": "初步接洽"}
        for name in (HX, HS)
    ]
    world["contracts"] = [
        {
            "no": f"HT-{n}", "customer": name, "owner": "lina04", "amount": "100.00", "state": state,
            "payments": [{"amount": "40.00", "on": "2026-02-20", "method": "转账"}],
        }
        for n, (name, state) in enumerate(((HS, "effective"), (HS, "draft")), start=1)
    ]  # fmt: skip
    return world


@pytest.fixture
async def company(database: Database) -> Company:
    await load_company(database, world_with_deals())
    return Company(database)


# -- fields ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "whose", "changes"),
    [
        ("华兴 城市 杭州", "华兴", {"city": "杭州"}),
        ("华兴 行业 制造业 来源 展会", "华兴", {"industry": "制造业", "source": "展会"}),
        ("华兴的城市改成杭州", "华兴", {"city": "杭州"}),
        ("华兴 备注 清空", "华兴", {"remark": ""}),
        ("华兴 备注 <清空>", "华兴", {"remark": ""}),
        ("华兴 地址：滨江区 江南大道 1 号，网址 www.huaxing.com", "华兴",
         {"address": "滨江区 江南大道 1 号", "website": "www.huaxing.com"}),
        ("城市 杭州", "", {"city": "杭州"}),
        ("Tesla Motors 城市 上海", "Tesla Motors", {"city": "上海"}),
    ],
)  # fmt: skip
def test_what_a_sentence_about_fields_says(said: str, whose: str, changes: dict[str, str]) -> None:
    words = read_edit(said)
    assert words is not None
    assert (words.whose, dict(words.changes)) == (whose, changes)


@pytest.mark.parametrize("said", ["华兴", "华兴科技地址公司", "杭州电话设备厂 你好"])
def test_a_name_is_no_field(said: str) -> None:
    assert read_edit(said) is None


@given(st.text(max_size=60))
def test_any_sentence_is_read_or_refused(said: str) -> None:
    try:
        words = read_edit(said)
    except InvalidInput:
        return
    assert words is None or all(field in editing_rules.editable() for field in words.changes)


async def test_an_edit_is_told_and_taken_back(company: Company) -> None:
    of = await id_of(company.db, HX)
    done = await company.do("lina04", edit_customer, of, {"city": "杭州", "source": "展会"})
    assert done.lines == ["城市 （空） → 杭州", "客户来源 （空） → 展会"]
    payload = await company.last_undo()
    assert "改回" in await company.do("lina04", undo_customer_edit, payload)
    row = await company.look(lambda tx: tx.get(Customer, of))
    assert (row.city, row.source) == ("", "")
    await company.do("lina04", edit_customer, of, {"city": "宁波"})
    with pytest.raises(ChangedSince):
        await company.do("lina04", undo_customer_edit, {**payload, "after": {"city": "杭州"}})


async def test_a_form_on_an_old_version_says_who_changed_what(company: Company) -> None:
    of = await id_of(company.db, HX)
    form = await company.do("lina04", open_form, of)
    await company.do("wang03", edit_customer, of, {"city": "宁波"})
    with pytest.raises(Stale, match=r"王强 .* 城市 （空） → 宁波"):
        await company.do("lina04", edit_customer, of, {"city": "杭州"}, version=form.version)
    again = await company.do("lina04", open_form, of)
    assert {name: value for name, _, value in again.fields}["city"] == "宁波"
    await company.do("lina04", edit_customer, of, {"city": "杭州"}, version=again.version)


async def test_a_new_name_meets_the_same_duplicate_rules(company: Company) -> None:
    """D18, R-DUP-3, invariant 90: a hard key is refused, a likeness asked, masked; one's own old name is no twin."""
    of = await id_of(company.db, HX)
    for twin in (HS, "华星电子有限责任公司", "（华星电子）有限公司"):
        with pytest.raises(Duplicate):
            await company.do("lina04", edit_customer, of, {"name": twin}, anyway=True)
    with pytest.raises(Duplicate) as foreign:  # invariant 90
        await company.do("lina04", edit_customer, of, {"name": "深圳创想电子有限公司"})
    assert "深圳创想" not in foreign.value.text and "13700007777" not in foreign.value.text
    await company.do("lina04", edit_customer, of, {"name": "华兴科技有限责任公司"})
    found = await company.do("lina04", show_customer, of)
    assert found.customer.name == "华兴科技有限责任公司"


async def test_who_may_edit(company: Company) -> None:
    of, foreign = await id_of(company.db, HX), await id_of(company.db, "深圳创想电子有限公司")
    with pytest.raises(NotFound):
        await company.do("lina04", edit_customer, foreign, {"city": "深圳"})
    with pytest.raises(NotFound):
        await company.do("zhou06", edit_customer, of, {"city": "深圳"})
    await company.do("lina04", add_member, of, "zhou06", may_write=False, until=None)
    with pytest.raises(NotYours) as refusal:
        await company.do("zhou06", edit_customer, of, {"city": "深圳"})
    assert refusal.value.card is not None and refusal.value.card[0] == "team.ask"
    with pytest.raises(NotYours):
        await company.do("zhou06", log_follow_up, of, NewFollowUp("聊了"))
    await company.do("lina04", add_member, of, "zhou06", may_write=True, until=date(2026, 3, 4))
    await company.do("zhou06", edit_customer, of, {"city": "深圳"})
    await company.do("zhou06", log_follow_up, of, NewFollowUp("聊了"))
    company.now += timedelta(days=2)  # the last day, included
    await company.do("zhou06", log_follow_up, of, NewFollowUp("又聊了"))
    company.now += timedelta(days=1)
    with pytest.raises(NotFound):
        await company.do("zhou06", log_follow_up, of, NewFollowUp("还聊"))
    with pytest.raises(AppError):  # only the owner, or who may change owners, decides about the team
        await company.do("wang03", add_member, of, "zhao05", may_write=True, until=None)


async def test_asking_the_owner_is_answered_once_and_told_back(company: Company) -> None:
    of = await id_of(company.db, HX)
    assert "已请 李娜" in await company.do("wang03", ask_to_join, of)
    assert "不用重复" in await company.do("wang03", ask_to_join, of)
    request = await company.look(lambda tx: tx.exec(select(JoinRequest)).one())
    with pytest.raises(NotYours):
        await company.do("wang03", answer_join, request.id, agree=True)
    assert "加为协作人" in await company.do("lina04", answer_join, request.id, agree=True)
    with pytest.raises(AppError, match="没有重复处理"):
        await company.do("lina04", answer_join, request.id, agree=False)
    members = await company.look(lambda tx: tx.exec(select(TeamMember)).all())
    assert [(m.user_id, m.may_write) for m in members] == [("wang03", True)]
    told = await company.look(lambda tx: [n.user_id for n in tx.exec(select(Notice)).all()])
    assert "wang03" in told
    cards = await company.look(lambda tx: [o for o in tx.exec(select(Outbox)).all() if o.key.startswith("join:")])
    assert len(cards) == 1


# -- contacts ----------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), max_size=20))
def test_reporting_lines_never_close(wishes: list[tuple[int, int]]) -> None:
    """R-CONT-4."""
    above: dict[int, int | None] = {}
    for contact, boss in wishes:
        try:
            check_above(contact, boss, above)
        except NotAbove:
            continue
        above[contact] = boss
    for start in above:
        seen: set[int] = set()
        one: int | None = start
        while one is not None:
            assert one not in seen
            seen.add(one)
            one = above.get(one)


@pytest.mark.parametrize("seed", range(3))
async def test_there_is_at_most_one_main_contact(company: Company, seed: int) -> None:
    """R-CONT-5, whatever is done in whatever order."""
    rng, of = random.Random(seed), await id_of(company.db, HX)
    for n in range(3):
        await company.do("lina04", add_contact, of, name=f"张{n}", title="", mobile="")

    def mains(tx: Tx) -> int:
        query = select(func.count()).select_from(Contact).where(Contact.customer_id == of, col(Contact.main))
        return tx.exec(query).one()

    def ids(tx: Tx) -> list[int]:
        return [c.id or 0 for c in tx.exec(select(Contact).where(Contact.customer_id == of)).all()]

    for _ in range(25):
        contact = rng.choice(await company.look(ids))
        act: Any = rng.choice(
            [
                (set_main,),
                (set_main,),
                (switch_contact, "离职"),
                (switch_contact, ""),
                (edit_contact, {"title": "总监"}),
            ]
        )
        try:
            done = await company.do("lina04", act[0], contact, *act[1:])
            if done.undo_id and rng.random() < 0.4:
                await company.do("lina04", undo_edit, await company.last_undo())
        except AppError:
            continue
        assert await company.look(mains) <= 1


async def test_a_contact_that_is_named_is_not_deleted(company: Company) -> None:
    """R-CONT-3: who reports to him would be left in the air."""
    of = await id_of(company.db, HX)
    await company.do("lina04", add_contact, of, name="王芳", title="", mobile="")
    strong, fang = await company.look(
        lambda tx: [c.id for c in tx.exec(select(Contact).where(Contact.customer_id == of).order_by(Contact.id)).all()]  # type: ignore[arg-type]
    )
    await company.do("lina04", edit_contact, fang, {"reports_to": "陈强"})
    with pytest.raises(AppError, match="不能删除"):
        await company.do("chen01", delete_contact, strong)
    with pytest.raises(Forbidden):
        await company.do("lina04", delete_contact, fang)
    await company.do("chen01", delete_contact, fang)
    await company.do("chen01", delete_contact, strong)


# -- lock, transfer, deletion --------------------------------------------------------------------------


async def test_a_locked_customer_never_returns(company: Company) -> None:
    """Invariant 11, R-POOL-16: not by hand, not by the job; unlocked, a full day is left."""
    of = await id_of(company.db, HX)
    due_anyhow = NOW + timedelta(days=40)
    await company.do("lina04", lock_customer, of, date(2026, 4, 10))
    with pytest.raises(Locked, match="锁定到 4月10日"):
        await company.do("lina04", return_customer, of, "无需求")
    company.now = due_anyhow
    due = await company.do("", recycle_due)
    assert of not in [c.id for c in due] and due
    await company.do("lina04", unlock_customer, of)
    assert of not in [c.id for c in await company.do("", recycle_due)]
    company.now += timedelta(days=1)
    assert of not in [c.id for c in await company.do("", recycle_due)]
    company.now += timedelta(days=1)
    (late,) = [c for c in await company.do("", recycle_due) if c.id == of]
    await company.do("lina04", lock_customer, of, None)  # while the job runs
    assert not await company.do("", recycle_customer, late)


async def test_how_many_may_be_locked_and_how_long(company: Company) -> None:
    await company.look(
        lambda tx: write_setting(
            tx, "pool", read_settings(tx).pool.model_copy(update={"lock_cap": 1}).model_dump(), by="", now=NOW
        )
    )
    one, other = await id_of(company.db, HX), await id_of(company.db, HS)
    await company.do("lina04", lock_customer, one, None)
    with pytest.raises(NotLockable, match="1/1"):
        await company.do("lina04", lock_customer, other, None)
    await company.do("lina04", lock_customer, one, date(2026, 3, 20))  # the same one is changed
    for day in (date(2026, 3, 1), date(2027, 3, 1)):
        with pytest.raises(AppError):
            await company.do("lina04", lock_customer, one, day)


async def test_a_transfer_is_told_kept_and_taken_back(company: Company) -> None:
    of = await id_of(company.db, HX)
    with pytest.raises(Forbidden):
        await company.do("lina04", transfer_customer, of, "zhao05")
    done = await company.do("chen01", transfer_customer, of, "zhao05")
    assert "转给 赵磊" in done.text
    with pytest.raises(NotFound):
        await company.do("lina04", show_customer, of)
    assert (await company.do("zhao05", show_customer, of)).contacts  # R-CONT-6
    told = await company.look(lambda tx: {n.user_id for n in tx.exec(select(Notice)).all()})
    assert {"lina04", "zhao05"} <= told
    await company.do("chen01", undo_transfer, await company.last_undo())
    assert (await company.do("lina04", show_customer, of)).customer.owner_since < NOW


def _deals(tx: Tx) -> dict[str, tuple[str | None, Any]]:
    """Owner and what must not change with it, by name."""
    found: dict[str, tuple[str | None, Any]] = {
        f"商机 {o.name}": (o.owner_id, (o.stage_id, o.amount, o.result, o.created_at, o.stage_since))
        for o in tx.exec(select(Opportunity).join(Customer).where(Customer.name == HS)).all()
    }
    for c in tx.exec(select(Contract)).all():
        found[c.number] = (c.owner_id, (c.state, c.amount, c.signed_on, c.created_at))
    return found


async def test_opportunities_and_contracts_go_along_if_asked(company: Company) -> None:
    """R-HAND-2: nothing of them changes but the owner, each with its line; and all come back together."""
    of = await id_of(company.db, HS)
    before = await company.look(_deals)
    shown = await company.do("chen01", preview_transfer, of, "zhao05")
    assert (shown.opportunities, shown.contracts) == (["一期"], ["HT-1", "HT-2"])
    await company.do("chen01", transfer_customer, of, "zhao05")
    assert await company.look(_deals) == before, "not asked for"
    await company.do("chen01", undo_transfer, await company.last_undo())
    company.now += timedelta(minutes=1)
    done = await company.do("chen01", transfer_customer, of, "zhao05", with_deals=True)
    assert done.text == f"「{HS}」已由 李娜 转给 赵磊，商机 1 个、合同 2 份一起。"
    after = await company.look(_deals)
    assert {owner for owner, _ in after.values()} == {"zhao05"}
    assert [kept for _, kept in after.values()] == [kept for _, kept in before.values()]

    def lines(tx: Tx) -> list[str]:
        wanted = col(Audit.action).in_(("transfer.opportunity", "transfer.contract"))
        return [a.name for a in tx.exec(select(Audit).where(wanted).order_by(col(Audit.id))).all()]

    assert await company.look(lines) == ["一期", "HT-1", "HT-2"]
    payload = await company.last_undo()
    changed = await company.look(lambda tx: tx.exec(select(Contract).where(Contract.number == "HT-2")).one())
    await company.do("chen01", transfer_contract, changed.id, "zhou06")
    said = await company.do("chen01", undo_transfer, payload)
    assert said == f"已撤销，「{HS}」还是 李娜 负责。HT-2 之后改过，没有一起转回。"
    owners = {name: owner for name, (owner, _) in (await company.look(_deals)).items()}
    assert owners == {"商机 一期": "lina04", "HT-1": "lina04", "HT-2": "zhou06"}


async def test_undoing_a_transfer_asks_whether_there_is_room(company: Company) -> None:
    of = await id_of(company.db, HX)
    await company.do("chen01", transfer_customer, of, "zhao05")
    payload = await company.last_undo()

    def cap(tx: Tx) -> None:
        pool = read_settings(tx).pool.model_copy(update={"holding_cap": 2}).model_dump()
        write_setting(tx, "pool", pool, by="", now=NOW)

    await company.look(cap)
    with pytest.raises(ClaimLimited, match=r"李娜 名下已有 2/2 家客户，已满，先请 李娜 退回一家，再撤销。"):
        await company.do("chen01", undo_transfer, payload)
    assert (await company.do("zhao05", show_customer, of)).customer.owner_id == "zhao05"


async def test_every_way_to_an_owner_meets_the_cap(company: Company) -> None:
    """Invariant 17: create, transfer, un-delete; lina owns four, zhao one."""
    of = await id_of(company.db, HX)
    spare = await company.do("lina04", create_customer, NewCustomer("杭州新远航贸易", "陈强"))
    await company.do("chen01", delete_customer, spare.customer.id)
    deletion = await company.last_undo()

    def cap(tx: Tx) -> None:
        pool = read_settings(tx).pool.model_copy(update={"holding_cap": 1}).model_dump()
        write_setting(tx, "pool", pool, by="", now=NOW)

    await company.look(cap)
    with pytest.raises(ClaimLimited):
        await company.do("lina04", create_customer, NewCustomer("杭州又一家贸易", "陈强"))
    with pytest.raises(ClaimLimited):
        await company.do("chen01", transfer_customer, of, "zhao05")
    with pytest.raises(AppError, match="名下已满"):
        await company.do("chen01", undo_delete, deletion)


async def test_a_customer_with_business_is_not_deleted(company: Company) -> None:
    used, of = await id_of(company.db, HS), await id_of(company.db, "宁波华东精密机械有限公司")
    with pytest.raises(StillUsed, match="1 个商机、2 份合同、2 笔回款"):
        await company.do("chen01", delete_customer, used)
    await company.do("chen01", delete_customer, of)
    with pytest.raises(NotFound):
        await company.do("lina04", show_customer, of)
    await company.do("chen01", undo_delete, await company.last_undo())
    assert (await company.do("lina04", show_customer, of)).contacts


# -- the pool's list -----------------------------------------------------------------------------------


async def test_the_pool_is_filtered_by_field_and_by_word(company: Company) -> None:
    """R4.07, R4.09: one way with the other lists; what the pool does not show (D14) is no condition."""

    def fill(tx: Tx) -> None:
        for name, city, kind in (
            ("宁波海蓝食品有限公司", "宁波", "重点客户"), ("苏州远航贸易有限公司", "宁波市", "普通客户"),
            ("绍兴越达纺织有限公司", "绍兴", "重点客户"),
        ):  # fmt: skip
            row = tx.exec(select(Customer).where(Customer.name == name)).one()
            row.city, row.customer_class, row.source = city, kind, "展会"
            tx.add(row)

    await company.look(fill)

    async def names(text: str) -> set[str]:
        page = await company.do("lina04", browse_pool, text)
        assert page.total == len(page.customers) or page.total > 5
        return {c.name[:4] for c in page.customers}

    assert await names("城市=宁波") == {"宁波海蓝", "苏州远航"}
    assert await names("城市=宁波 等级重点") == {"宁波海蓝"}
    assert await names("宁波 食品") == {"宁波海蓝"}
    assert await names("不要食品 重点") == {"绍兴越达"}
    assert await names("展会") == set(), "where it came from is not shown before it is claimed"
    assert (await company.do("lina04", browse_pool, "来源 展会")).meaning.unknown == ("来源 展会",)
    whole = await company.do("lina04", browse_pool)
    assert (whole.total, whole.pages) == (7, 2)
    second = await company.do("lina04", browse_pool, "第2页")
    assert len(second.customers) == 2 and not {c.id for c in second.customers} & {c.id for c in whole.customers}
    ordered = (await company.do("lina04", browse_pool, "按名称")).customers
    assert [c.pinyin for c in ordered] == sorted(c.pinyin for c in ordered)


# -- merge ---------------------------------------------------------------------------------------------


def _totals(tx: Tx, ids: list[int]) -> list[int]:
    def count(model: Any, where: Any) -> int:
        return int(
            tx.execute(core_select(sa_func.count()).select_from(model).where(where), execution_options=ALL).scalar_one()
        )

    contracts = core_select(col(Contract.id)).where(col(Contract.customer_id).in_(ids))
    return [
        count(Contact, col(Contact.customer_id).in_(ids)), count(FollowUp, col(FollowUp.customer_id).in_(ids)),
        count(Opportunity, col(Opportunity.customer_id).in_(ids)), count(Contract, col(Contract.customer_id).in_(ids)),
        count(Payment, col(Payment.contract_id).in_(contracts)),
        count(OwnerHistory, col(OwnerHistory.customer_id).in_(ids)),
    ]  # fmt: skip


def _still_named(tx: Tx, tail: int) -> list[str]:
    """Foreign keys of the schema that point to it (invariant 27)."""
    found = []
    for table, column in merges.references():
        query = core_select(sa_func.count()).select_from(table).where(column == tail)
        if tx.execute(query, execution_options=ALL).scalar_one():
            found.append(f"{table.name}.{column.name}")
    return found


async def test_after_a_merge_nothing_points_to_the_tail(company: Company) -> None:
    """Invariants 1, 2, 27, 43, 95; and 72 hours to take it back."""
    head, tail = await id_of(company.db, HX), await id_of(company.db, HS)
    await company.do("lina04", add_member, head, "zhao05", may_write=False, until=None)
    await company.do("lina04", add_member, tail, "zhao05", may_write=True, until=None)
    await company.do("lina04", add_member, tail, "zhou06", may_write=True, until=None)
    before = await company.look(lambda tx: _totals(tx, [head, tail]))
    assert not (await company.do("lina04", show_customer, head)).chain.closed
    shown = await company.do("chen01", preview_merge, head, tail)
    assert (shown.tail_has.contracts, shown.tail_has.payments, shown.filled) == (2, 2, ["城市"])
    done = await company.do("chen01", merge_customers, head, tail)
    assert done.customer_id == head
    assert len(merges.references()) >= 6, "the walk finds nothing: the test is broken"
    assert await company.look(lambda tx: _still_named(tx, tail)) == []
    assert await company.look(lambda tx: _totals(tx, [head])) == before

    def whole(tx: Tx) -> None:
        row = tx.get_one(Customer, head)
        pages = tx.exec(select(OwnerHistory).where(OwnerHistory.customer_id == head)).all()
        assert [p.owner_id for p in pages if p.to_at is None] == [row.owner_id] == ["lina04"]
        entries = tx.exec(select(FollowUp).where(FollowUp.customer_id == head)).all()
        assert row.last_follow_up_at == max(e.at for e in entries)
        mains = tx.exec(select(Contact).where(Contact.customer_id == head, col(Contact.main))).all()
        assert [c.name for c in mains] == ["陈强"]
        names = [o.name for o in tx.exec(select(Opportunity).where(Opportunity.customer_id == head)).all()]
        assert len(set(names)) == 2

    await company.look(whole)
    old = await company.do("lina04", show_customer, tail)  # an old card leads to the head
    assert old.customer.id == head and old.chain.closed
    await company.do("lina04", log_follow_up, tail, NewFollowUp("合并后聊了"))
    assert (await company.do("zhou06", show_customer, head)).member == "write"
    story = await company.do("lina04", show_timeline, head)
    assert story.total > 5
    company.now += timedelta(hours=71)
    await company.do("chen01", undo_merge, {"merge_id": 1})
    after = await company.look(lambda tx: [_totals(tx, [i]) for i in (head, tail)])
    assert [sum(pair) for pair in zip(*after, strict=True)] == [before[0], before[1] + 1, *before[2:]]
    two = await company.do("lina04", show_customer, tail)
    assert two.customer.name == HS and two.chain.closed and [c.main for c in two.contacts] == [True]
    one = await company.do("lina04", show_customer, head)
    assert not one.chain.closed and one.customer.city == "" and one.timeline_total == 1
    assert [o.name for o in await company.look(
        lambda tx: list(tx.exec(select(Opportunity).where(Opportunity.customer_id == tail)).all())
    )] == ["一期"]  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
async def test_any_chain_of_merges_keeps_every_record(company: Company, seed: int) -> None:
    """Invariant 27 for merges of merges, and back: nothing is lost, nothing points to what is gone."""
    rng = random.Random(seed)
    rows = await company.look(lambda tx: [(c.id or 0, c.owner_id) for c in tx.exec(select(Customer)).all()])
    ids = [i for i, _ in rows]
    before = await company.look(lambda tx: _totals(tx, ids))
    alive, done = list(ids), []
    for _ in range(6):
        head, tail = rng.sample(alive, 2)
        try:
            await company.do("chen01", merge_customers, head, tail)
        except AppError:
            continue
        alive.remove(tail)
        done.append(tail)
        for gone in done:
            assert await company.look(partial(_still_named, tail=gone)) == []
            assert (await company.do("chen01", show_customer, gone)).customer.id in alive
        assert await company.look(lambda tx: _totals(tx, alive)) == before
    assert done
    for number in range(len(done), 0, -1):
        await company.do("chen01", undo_merge, {"merge_id": number})

    def two_again(tx: Tx) -> None:
        found = {c.id: c for c in tx.exec(select(Customer)).all()}
        assert set(found) == set(ids)
        for key, owner in rows:
            assert found[key].owner_id == owner
            pages = tx.exec(select(OwnerHistory).where(OwnerHistory.customer_id == key)).all()
            assert [p.owner_id for p in pages if p.to_at is None] == [owner]
        assert [_totals(tx, [i]) for i in ids] and _totals(tx, ids) == before

    await company.look(two_again)


async def test_who_has_an_owner_does_not_go_into_the_pool_by_a_merge(company: Company) -> None:
    pooled, owned = await id_of(company.db, "宁波海蓝食品有限公司"), await id_of(company.db, HX)
    with pytest.raises(AppError, match="只能并到"):
        await company.do("chen01", merge_customers, pooled, owned)
    shown = await company.do("chen01", preview_merge, pooled, owned)
    assert (shown.head_id, shown.swappable) == (owned, False)
    with pytest.raises(AppError, match="同一家"):
        await company.do("chen01", merge_customers, owned, owned)


# -- the chain and its rights ---------------------------------------------------------------------------


async def test_figures_follow_functions(company: Company) -> None:
    """R4.03: without 商机-查看 and the like there are no counts; 已成交 follows the contract's state (invariant 43)."""
    of = await id_of(company.db, HS)
    seller = (await company.do("lina04", show_customer, of)).chain
    assert (seller.opportunities, seller.contracts, seller.payments, seller.closed) == (None, None, None, True)
    admin = (await company.do("chen01", show_customer, of)).chain
    assert admin.opportunities.count == 1 and admin.contracts.count == 1 and str(admin.payments.amount) == "40.00"

    def void(tx: Tx) -> None:
        for row in tx.exec(select(Contract)).all():
            row.state = "void"
            tx.add(row)

    await company.look(void)
    assert not (await company.do("lina04", show_customer, of)).chain.closed
    kinds = {e.kind for e in (await company.do("lina04", show_timeline, of)).entries}
    assert not kinds & {"opportunity", "contract", "payment"}
    kinds = {e.kind for e in (await company.do("chen01", show_timeline, of)).entries}
    assert kinds & {"opportunity", "contract", "payment"}


async def test_the_lead_it_came_from_is_named_to_who_may_see_it(company: Company) -> None:
    """R4.02: the chain begins with the lead; without 线索-查看, or outside one's scope, it is not there."""
    of = await id_of(company.db, HX)

    def convert(tx: Tx) -> None:
        tx.add(
            Lead(company="华兴机电", owner_id="zhao05", state="converted", converted_customer_id=of,
                 converted_at=NOW - timedelta(days=3), created_at=NOW - timedelta(days=9))
        )  # fmt: skip
        role = tx.exec(select(Role).where(Role.name == "业务员")).one()
        tx.add(RoleFunction(role_id=role.id or 0, function="lead:view"))

    async def card(who: str) -> str:
        return str(await company.do(who, lambda ctx: paint_customer({"customer_id": of}, ctx)))

    assert "来源线索" not in await card("chen01")
    await company.look(convert)
    assert "华兴机电（2月27日 由 赵磊 转成客户）" in await card("chen01")
    assert "华兴机电" not in await card("wang03"), "may see no leads"
    assert "华兴机电" not in await card("lina04"), "sees her own leads only"


async def test_every_change_is_on_record(company: Company) -> None:
    of = await id_of(company.db, HX)
    await company.do("lina04", edit_customer, of, {"phone": "0571-88886666"})
    line = await company.look(lambda tx: tx.exec(select(Audit).where(Audit.action == "edit.customer")).one())
    assert line.detail["changes"] == {"电话": ["", "057****6666"]} or "88886666" not in str(line.detail)
