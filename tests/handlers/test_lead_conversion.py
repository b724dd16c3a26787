"""What becomes of leads that are converted at the same moment, and of a conversion that is taken back."""

import asyncio
from typing import Any

import pytest
from sqlmodel import col, select

from bot.core.errors import AppError
from handlers.customers.creating import NewCustomer
from handlers.customers.rules import Duplicate, MaybeDuplicate
from handlers.customers.service import create_customer
from handlers.leads.converting import Converted
from handlers.leads.rules import ChangedSince
from handlers.leads.service import convert_lead, log_follow_up
from handlers.undo.service import NothingToUndo, take_back
from storage.database import Database
from storage.tables import Contact, Customer, FollowUp, Lead, Opportunity
from tests.support.company import load_company
from tests.support.leadworld import XINQIAO, do, lead_company, lead_of, tried
from tests.support.room import Room

ONE = "温州百川五金有限公司"


def two_leads(first: str, second: str, owners: tuple[str, str] = ("lina04", "lina04"), **more: str) -> dict[str, Any]:
    world = lead_company()
    world["leads"] = [
        {"company": first, "contact": "陈一", "mobile": "13811110011", "owner": owners[0]},
        {"company": second, "contact": "陈二", "mobile": more.get("mobile", "13811110012"), "owner": owners[1]},
    ]
    return world


async def ids_of(database: Database) -> list[int]:
    rows = await database.system(lambda tx: tx.exec(select(Lead.id).order_by(col(Lead.id))).all())
    return [i or 0 for i in rows]


async def living(database: Database, model: type[Any]) -> int:
    query = select(model).where(model.deleted_at.is_(None))
    return len(await database.system(lambda tx: tx.exec(query).all()))


@pytest.mark.parametrize("second", [ONE, "温州 百川五金 有限公司", "（温州）百川五金有限公司"])
async def test_two_leads_of_one_company_at_once_become_one_customer(database: Database, second: str) -> None:
    """D18: the second is merged into what the first has become, or is asked about; never two unasked."""
    await load_company(database, two_leads(ONE, second))
    before = await living(database, Customer)
    one, other = await ids_of(database)
    done = await asyncio.gather(*(tried(database, "lina04", convert_lead, i) for i in (one, other)))
    assert await living(database, Customer) == before + 1
    first = next(d for d in done if isinstance(d, Converted) and not d.merged)
    rest = next(d for d in done if d is not first)
    if isinstance(rest, Converted):
        assert rest.merged and rest.customer_id == first.customer_id
        people = await database.system(lambda tx: tx.exec(select(Contact.name, Contact.customer_id)).all())
        assert {n for n, c in people if c == first.customer_id} == {"陈一", "陈二"}
    else:
        assert isinstance(rest, MaybeDuplicate)


async def test_two_owners_leads_of_one_company_at_once_leave_one_customer(database: Database) -> None:
    await load_company(database, two_leads(ONE, ONE, ("lina04", "zhou06")))
    before = await living(database, Customer)
    one, other = await ids_of(database)
    done = await asyncio.gather(
        tried(database, "lina04", convert_lead, one), tried(database, "zhou06", convert_lead, other)
    )
    assert sorted(type(d).__name__ for d in done) == ["Converted", "Duplicate"]
    refusal = next(d for d in done if isinstance(d, Duplicate))
    assert "已经有这家客户" in refusal.text and ONE not in refusal.text
    assert await living(database, Customer) == before + 1
    states = await database.system(lambda tx: sorted(tx.exec(select(Lead.state)).all()))
    assert states == ["converted", "new"]  # the other one's lead is open still


async def test_two_leads_with_one_number_at_once_are_not_two_customers_unasked(database: Database) -> None:
    await load_company(database, two_leads(ONE, "金华新百川", mobile="13811110011"))
    before = await living(database, Customer)
    one, other = await ids_of(database)
    done = await asyncio.gather(*(tried(database, "lina04", convert_lead, i) for i in (one, other)))
    assert sorted(type(d).__name__ for d in done) == ["Converted", "MaybeDuplicate"]
    assert await living(database, Customer) == before + 1


async def test_a_conversion_and_a_creation_by_hand_at_once_leave_one_customer(database: Database) -> None:
    await load_company(database, two_leads(ONE, "另一家"))
    before = await living(database, Customer)
    one, _ = await ids_of(database)
    done = await asyncio.gather(
        tried(database, "lina04", convert_lead, one),
        tried(database, "lina04", create_customer, NewCustomer(ONE, contact="王五")),
    )
    assert sum(not isinstance(d, AppError) for d in done) >= 1
    assert await living(database, Customer) == before + 1


# -- taken back -----------------------------------------------------------------------------------------------------


async def test_a_conversion_is_taken_back_with_what_it_made(database: Database) -> None:
    await load_company(database, lead_company())
    room = Room(database)
    await room.say("lina04", f"跟进线索 {XINQIAO} 电话聊了需求 下周三再联系")
    before = (await lead_of(database, XINQIAO)).next_follow_up_at
    counts = [await living(database, m) for m in (Customer, Opportunity, Contact)]
    said = await room.say("lina04", f"转客户并建商机 {XINQIAO}")
    assert "商机已建" in said and "撤销" in said
    assert "恢复原样，客户也撤销了" in await room.say("lina04", "撤销")
    lead = await lead_of(database, XINQIAO)
    assert (lead.state, lead.converted_customer_id, lead.converted_opportunity_id) == ("following", None, None)
    assert lead.next_follow_up_at == before
    assert [await living(database, m) for m in (Customer, Opportunity, Contact)] == counts
    assert "商机已建" in await room.say("lina04", f"转客户并建商机 {XINQIAO}")  # and once more


async def test_a_merge_into_a_customer_is_taken_back_from_it(database: Database) -> None:
    await load_company(database, lead_company())
    room = Room(database)
    await room.say("lina04", "跟进 华兴科技 电话聊了报价")
    await room.say("lina04", "新建线索 华兴科技有限公司 老周 13877770000")
    await room.say("lina04", "跟进线索 它 电话聊了需求 明天再联系")

    async def facts() -> tuple[Any, ...]:
        query = select(Customer).where(Customer.name == "华兴科技有限公司")
        found: Customer = await database.system(lambda tx: tx.exec(query).one())
        people = await living(database, Contact)
        return found.last_follow_up_at, found.next_follow_up_at, people, await living(database, FollowUp)

    before = await facts()
    assert "并入原有客户" in await room.say("lina04", "线索转客户 华兴科技有限公司")
    assert await facts() != before
    assert "撤回" in await room.say("lina04", "撤销")
    assert await facts() == before
    assert (await lead_of(database, "华兴科技有限公司")).state == "following"


@pytest.mark.parametrize(
    "work",
    ["跟进 {} 电话聊了报价", "联系人 {} 王五 13812345670", "改 {} 城市 无锡", "新建商机 {} 5万", "评论 {} 寄样品"],
)
async def test_what_was_worked_on_is_not_taken_back(database: Database, work: str) -> None:
    await load_company(database, lead_company())
    room = Room(database)
    done = await do(database, "lina04", convert_lead, (await lead_of(database, XINQIAO)).id)
    await room.say("lina04", work.format(XINQIAO))
    refused = await tried(database, "lina04", take_back, done.undo_id, at=room.clock.now())
    assert isinstance(refused, ChangedSince)
    assert (await lead_of(database, XINQIAO)).state == "converted"


async def test_it_is_not_taken_back_after_ten_minutes(database: Database) -> None:
    await load_company(database, lead_company())
    room = Room(database)
    done = await do(database, "lina04", convert_lead, (await lead_of(database, XINQIAO)).id)
    room.later(minutes=10, seconds=1)
    assert isinstance(await tried(database, "lina04", take_back, done.undo_id, at=room.clock.now()), NothingToUndo)


# -- reminded -------------------------------------------------------------------------------------------------------


async def test_a_timed_contact_is_told_ten_minutes_before(database: Database) -> None:
    await load_company(database, lead_company())
    room = Room(database)
    await room.say("lina04", f"跟进线索 {XINQIAO} 电话聊了需求 今天下午3点再打")
    room.later(hours=5, minutes=15)
    await room.morning()
    assert not any("快到了" in text for text in room.shown["lina04"])
    room.later(minutes=6)
    await room.morning()
    told = [text for text in room.shown["lina04"] if "快到了" in text or "下次跟进" in text]
    assert len([t for t in told if "线索 无锡新桥" in t]) >= 1
    before = len(room.shown["lina04"])
    await room.morning()
    assert len(room.shown["lina04"]) == before  # once


async def test_one_that_is_followed_again_is_not_told_of_any_more(database: Database) -> None:
    await load_company(database, lead_company())
    room = Room(database)
    of = (await lead_of(database, XINQIAO)).id
    await room.say("lina04", f"跟进线索 {XINQIAO} 电话聊了需求 今天下午3点再打")
    room.later(hours=5, minutes=10)
    await do(database, "lina04", log_follow_up, of, "提前聊过了", at=room.clock.now())
    room.later(minutes=11)
    before = len(room.shown["lina04"])
    await room.morning()
    assert len(room.shown["lina04"]) == before
