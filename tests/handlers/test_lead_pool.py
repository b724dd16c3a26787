"""The pool of leads: who sees what of it, who wins a claim, what a return leaves."""

import asyncio
from datetime import date, timedelta

import pytest
from sqlmodel import col, select

from bot.core.errors import AppError, Forbidden, NotFound
from cards.leadpool import ClaimLeadButton, ReturnLeadButton
from handlers.leadpool import rules
from handlers.leadpool.rules import LeadPolicy, NoLeadPool
from handlers.leadpool.service import Claimed, browse_pool, claim_lead, return_lead
from handlers.leads.rules import ReasonMissing
from handlers.leads.service import show_lead, transfer_lead
from handlers.pool.rules import AlreadyClaimed, ClaimLimited
from handlers.undo.service import NothingToUndo, take_back
from storage import lead_pools
from storage.database import Database
from storage.settings import write_setting
from storage.tables import Audit, LeadOwnerHistory
from tests.support.company import load_company
from tests.support.leadworld import NOBODY, SECRET, XINQIAO, do, lead_company, lead_of, tried
from tests.support.room import NOW, Room

DAY = date(2026, 3, 2)


async def lead_id(database: Database, company: str = NOBODY) -> int:
    return (await lead_of(database, company)).id or 0


async def owners(database: Database, of: int) -> list[tuple[str | None, str]]:
    pages = select(LeadOwnerHistory).where(LeadOwnerHistory.lead_id == of).order_by(col(LeadOwnerHistory.id))
    return await database.system(lambda tx: [(p.owner_id, p.how) for p in tx.exec(pages).all()])


# -- the rule -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "today", "holding", "until", "allowed"),
    [
        (LeadPolicy(), 99, 99, DAY, True),
        (LeadPolicy(claims_per_day=2), 1, 0, None, True),
        (LeadPolicy(claims_per_day=2), 2, 0, None, False),
        (LeadPolicy(claims_per_day=0), 0, 0, None, False),
        (LeadPolicy(holding_cap=2), 0, 1, None, True),
        (LeadPolicy(holding_cap=2), 0, 2, None, False),
        (LeadPolicy(reclaim_after_days=3), 0, 0, DAY - timedelta(days=3), True),
        (LeadPolicy(reclaim_after_days=3), 0, 0, DAY - timedelta(days=2), False),
        (LeadPolicy(reclaim_after_days=3), 0, 0, None, True),
    ],
)
def test_the_limits_at_their_edges(
    policy: LeadPolicy, today: int, holding: int, until: date | None, *, allowed: bool
) -> None:
    if allowed:
        rules.check_claim(policy, claimed_today=today, holding=holding, owned_until=until, today=DAY)
        return
    with pytest.raises(ClaimLimited):
        rules.check_claim(policy, claimed_today=today, holding=holding, owned_until=until, today=DAY)


# -- one wins -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("claimers", [2, 30])
async def test_of_many_at_once_exactly_one_wins_and_the_others_are_told_who_and_when(
    database: Database, claimers: int
) -> None:
    await load_company(database, lead_company())
    of = await lead_id(database)
    who = [("lina04", "zhao05", "zhou06")[n % 3] for n in range(claimers)]
    got = await asyncio.gather(*(tried(database, w, claim_lead, of) for w in who))
    lead = await lead_of(database, NOBODY)
    won = [g for g in got if isinstance(g, Claimed) and not g.mine_already]
    assert len(won) == 1 and lead.owner_id in who
    for person, result in zip(who, got, strict=True):
        if person == lead.owner_id:
            assert isinstance(result, Claimed)  # a second tap is no error
        else:
            assert isinstance(result, AlreadyClaimed)
            name = {"lina04": "李娜", "zhao05": "赵磊", "zhou06": "周敏"}[str(lead.owner_id)]
            assert f"{name} 09:30 领取" in result.text
    assert await owners(database, of) == [(None, "create"), (lead.owner_id, "claim")]
    lines = await database.system(lambda tx: tx.exec(select(Audit).where(Audit.action == "claim.lead")).all())
    assert len(lines) == 1


async def test_by_word_and_by_tap(database: Database) -> None:
    await load_company(database, lead_company())
    room = Room(database)
    shown = await room.say("lina04", "线索公海")
    assert NOBODY in shown and "展会" in shown and "共 1 条" in shown
    assert "老金" not in shown and "13811110003" not in shown and "0003" not in shown
    await room.say("zhao05", "线索公海 展会")
    assert "没有符合" in await room.say("zhao05", "线索公海 老金")  # nothing is found by what is not shown
    [card] = (await room.cards("lina04"))[-1:]
    of = await lead_id(database)
    assert "领取成功" in await room.tap("lina04", card, ClaimLeadButton(lead_id=of))
    assert "已经是你的线索" in await room.tap("lina04", card, ClaimLeadButton(lead_id=of))
    [other] = (await room.cards("zhao05"))[:1]
    told = await room.tap("zhao05", other, ClaimLeadButton(lead_id=of))
    assert "李娜 09:30 领取" in told
    assert "李娜 09:30 领取" in await room.say("zhao05", "领取线索 没人管")
    assert "老金" in await room.say("lina04", "查线索 它")
    assert "李娜" not in await room.say("zhao05", "查线索 没人管的公司")


async def test_a_claim_by_word_shows_the_lead_and_is_taken_back(database: Database) -> None:
    await load_company(database, lead_company())
    room = Room(database)
    said = await room.say("lina04", "领取线索 没人管")
    assert "领取成功" in said and "老金" in said
    assert "线索公海 → 李娜" in said
    assert "恢复原样" in await room.say("lina04", "撤销")
    lead = await lead_of(database, NOBODY)
    assert (lead.owner_id, lead.owner_since) == (None, None)
    assert await owners(database, lead.id or 0) == [(None, "create"), ("lina04", "claim"), (None, "undo")]
    counts = await database.system(lambda tx: lead_pools.count_claims(tx, "lina04", NOW - timedelta(hours=9)))
    assert counts.today == 0
    until = await database.system(lambda tx: lead_pools.last_owned_until(tx, lead.id or 0, "lina04"))
    assert until is None


async def test_a_claim_that_was_worked_on_is_not_taken_back(database: Database) -> None:
    await load_company(database, lead_company())
    room = Room(database)
    await room.say("lina04", "领取线索 没人管")
    claimed = await room.cards("lina04")
    await room.say("lina04", "跟进线索 它 电话聊了需求")
    assert "恢复原样" in await room.say("lina04", "撤销")  # the follow-up
    assert "又改过" in await room.say("lina04", "撤销") and claimed
    assert (await lead_of(database, NOBODY)).owner_id == "lina04"


# -- returned -------------------------------------------------------------------------------------------------------


async def test_a_return_asks_for_its_reason_and_says_so_in_the_history(database: Database) -> None:
    await load_company(database, lead_company())
    room = Room(database)
    await room.say("lina04", "跟进线索 无锡新桥 电话聊了需求 明天再联系")
    assert "为什么退回" in await room.say("lina04", "退回线索 它")
    assert "已退回线索公海" in await room.say("lina04", "联系不上")
    lead = await lead_of(database, XINQIAO)
    assert (lead.owner_id, lead.pool_reason, lead.next_follow_up_at) == (None, "联系不上", None)
    assert "没有找到" in await room.say("lina04", "查线索 无锡新桥")
    assert "无锡新桥" in await room.say("zhao05", "线索公海")
    room.later(minutes=1)
    assert "恢复原样" in await room.say("lina04", "撤销")
    lead = await lead_of(database, XINQIAO)
    assert (lead.owner_id, lead.pool_reason) == ("lina04", "") and lead.next_follow_up_at is not None
    assert [how for _, how in await owners(database, lead.id or 0)] == ["create", "return", "undo"]


async def test_what_somebody_has_claimed_is_not_taken_back(database: Database) -> None:
    await load_company(database, lead_company())
    room = Room(database)
    of = await lead_id(database, XINQIAO)
    await room.say("lina04", f"查线索 {XINQIAO}")
    [card] = (await room.cards("lina04"))[-1:]
    assert "已退回" in await room.tap("lina04", card, ReturnLeadButton(lead_id=of, reason=1))
    assert isinstance(await do(database, "zhao05", claim_lead, of), Claimed)
    assert "又改过" in await room.say("lina04", "撤销")
    assert (await lead_of(database, XINQIAO)).owner_id == "zhao05"


async def test_others_leads_are_returned_by_who_may_and_their_owner_is_told(database: Database) -> None:
    await load_company(database, lead_company())
    of = await lead_id(database, XINQIAO)
    with pytest.raises(NotFound):
        await do(database, "zhao05", return_lead, of, "无需求")
    with pytest.raises(ReasonMissing):
        await do(database, "chen01", return_lead, of, " ")
    await do(database, "chen01", return_lead, of, "无需求")
    room = Room(database)
    await room.collect()
    assert any("退回线索公海" in text for text in room.shown["lina04"])


async def test_limits_hold_for_two_claims_at_once(database: Database) -> None:
    world = lead_company(pool={"leads": True, "lead_claims_per_day": 1})
    world["leads"].append({"company": "第二家没人管"})
    await load_company(database, world)
    ids = [await lead_id(database), await lead_id(database, "第二家没人管")]
    got = await asyncio.gather(*(tried(database, "lina04", claim_lead, i) for i in ids))
    assert sorted(type(g).__name__ for g in got) == ["ClaimLimited", "Claimed"]


# -- who, and whether there is one ------------------------------------------------------------------------------------


async def test_without_the_setting_there_is_none(database: Database) -> None:
    await load_company(database, lead_company(pool={}))
    of = await lead_id(database)
    for use_case, arguments in ((browse_pool, ((), 1)), (claim_lead, (of,)), (return_lead, (of, "无需求"))):
        with pytest.raises(NoLeadPool):
            await do(database, "lina04", use_case, *arguments)
    room = Room(database)
    assert "没有开启线索公海" in await room.say("lina04", "线索公海")
    assert "线索公海" in await room.say("chen01", "公海设置 线索公海 开")
    assert NOBODY in await room.say("lina04", "线索公海")
    await database.system(lambda tx: write_setting(tx, "edition", "free", by="chen01", now=NOW))
    assert "没有开启线索公海" in await room.say("lina04", "线索公海")


async def test_what_never_was_in_the_pool_is_as_if_it_were_not_there(database: Database) -> None:
    await load_company(database, lead_company())
    secret = await lead_id(database, SECRET)
    foreign, absent = [await tried(database, "lina04", claim_lead, i) for i in (secret, 999_999)]
    assert isinstance(foreign, NotFound) and foreign.text == absent.text
    assert SECRET not in (await tried(database, "lina04", return_lead, secret, "无需求")).text


async def test_who_may_not_claim_is_refused(database: Database) -> None:
    world = lead_company()
    world["roles"][0]["functions"] = [f for f in world["roles"][0]["functions"] if not f.startswith("pool:")]
    await load_company(database, world)
    of = await lead_id(database)
    for use_case, arguments in ((browse_pool, ((), 1)), (claim_lead, (of,)), (return_lead, (of, "无需求"))):
        with pytest.raises(Forbidden):
            await do(database, "lina04", use_case, *arguments)


# -- transfer ---------------------------------------------------------------------------------------------------------


async def test_a_transfer_is_taken_back_within_a_day_while_nobody_has_touched_it(database: Database) -> None:
    await load_company(database, lead_company())
    room = Room(database)
    assert "已转给 赵磊" in await room.say("wang03", f"转线索 {XINQIAO} 给 赵磊")
    assert any("转给你负责" in text for text in room.shown["zhao05"])
    assert "恢复原样" in await room.say("wang03", "撤销")
    lead = await lead_of(database, XINQIAO)
    assert lead.owner_id == "lina04"
    assert [o for o, _ in await owners(database, lead.id or 0)] == ["lina04", "zhao05", "lina04"]
    assert any("还是 李娜 负责" in text for text in room.shown["zhao05"])


async def test_a_transferred_lead_that_was_followed_stays_where_it_is(database: Database) -> None:
    await load_company(database, lead_company())
    room = Room(database)
    await room.say("wang03", f"转线索 {XINQIAO} 给 赵磊")
    await room.say("zhao05", f"跟进线索 {XINQIAO} 电话聊了需求")
    assert "又改过" in await room.say("wang03", "撤销")
    assert (await lead_of(database, XINQIAO)).owner_id == "zhao05"


async def test_a_transfer_is_not_taken_back_after_a_day(database: Database) -> None:
    await load_company(database, lead_company())
    room = Room(database)
    of = await lead_id(database, XINQIAO)
    done = await do(database, "wang03", transfer_lead, of, "zhao05")
    room.later(hours=24, seconds=1)
    refused = await tried(database, "wang03", take_back, done.undo_id, at=room.clock.now())
    assert isinstance(refused, NothingToUndo)
    assert isinstance(refused, AppError) and "24 小时" in refused.text
    assert (await do(database, "zhao05", show_lead, of)).lead.owner_id == "zhao05"
