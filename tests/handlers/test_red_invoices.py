"""红冲 and 作废, and their effect on the contract's sums; 抬头 a customer has used (R-INV-1..3, invariants 48, 55)."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlmodel import select

from bot.core.errors import AppError, InvalidInput
from cards.confirming import ConfirmButton
from handlers.approvals.service import set_buyer_details, show_status
from handlers.invoices.drafts import Draft, filled, missing, with_words
from handlers.invoices.reading import read_invoice
from handlers.invoices.rules import InvoiceRefused, OverInvoiced
from handlers.invoices.service import (
    Done,
    NewInvoice,
    apply_invoice,
    find_invoice,
    foresee_red,
    foresee_void,
    issue_invoice,
    prepare,
    red_invoice,
    show_bills,
    void_invoice,
)
from storage.database import Database
from storage.flows import Node
from storage.tables import Notice
from tests.handlers.test_contracts import run
from tests.handlers.test_flows import apply, company, money, says
from tests.support.company import NOW
from tests.support.room import Room

DETAILS = {
    "bank": "工行宁波分行",
    "account": "1202026809014567890",
    "address": "宁波江北路1号",
    "phone": "0574-88886666",
}
NEXT_MONTH = NOW + timedelta(days=31)


async def issued(db: Database, contract: int, amount: int = 50_000, number: str = "12345678") -> int:
    applied = await apply(db, contract, amount)
    await says(db, "qian07", applied.flow_id)
    await run(db, "qian07", issue_invoice, applied.invoice_id, number)
    return applied.invoice_id


async def test_a_red_invoice_takes_back_and_never_more(database: Database) -> None:
    contract = await company(database)
    invoice = await issued(database, contract, 750_000)
    with pytest.raises(OverInvoiced):
        await apply(database, contract, 1)
    done: Done = await run(database, "qian07", red_invoice, invoice, "退货", Decimal(20_000), now=NEXT_MONTH)
    assert "FP-2026-0002" in done.text
    assert (await money(database, contract)).invoiced == Decimal(1_180_000)
    with pytest.raises(InvoiceRefused, match="730,000"):
        await run(database, "qian07", red_invoice, invoice, "退货", Decimal("730000.01"))
    await run(database, "qian07", red_invoice, invoice, "退货")
    assert (await money(database, contract)).invoiced == Decimal(450_000)
    with pytest.raises(InvoiceRefused, match="全部红冲"):
        await run(database, "qian07", red_invoice, invoice, "退货")
    with pytest.raises(InvoiceRefused, match="不能再红冲"):
        await run(database, "qian07", red_invoice, done.invoice_id, "退货")
    with pytest.raises(InvoiceRefused, match="有红冲"):
        await run(database, "qian07", void_invoice, invoice, "开错")
    assert await run(database, "qian07", find_invoice, "FP-2026-0002") == done.invoice_id
    await run(database, "qian07", issue_invoice, done.invoice_id, "87654321")
    rows = (await run(database, "lina04", show_bills, contract)).rows
    assert [r.amount for r in rows if r.red_of == invoice] == [Decimal(-730_000), Decimal(-20_000)]
    await apply(database, contract, 750_000)


async def test_two_at_once_take_back_no_more_than_there_was(database: Database) -> None:
    contract = await company(database)
    invoice = await issued(database, contract)
    done = await asyncio.gather(
        *(run(database, "qian07", red_invoice, invoice, "退货", Decimal(30_000)) for _ in range(3)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Done) for one in done) == 1
    assert (await money(database, contract)).invoiced == Decimal(470_000)


@pytest.mark.parametrize(("reason", "amount"), [("", None), ("退货", Decimal(0)), ("退货", Decimal("0.001"))])
async def test_what_is_wrong_takes_nothing_back(database: Database, reason: str, amount: Decimal | None) -> None:
    contract = await company(database)
    invoice = await issued(database, contract)
    with pytest.raises(InvalidInput):
        await run(database, "qian07", red_invoice, invoice, reason, amount)
    assert (await money(database, contract)).invoiced == Decimal(500_000)


async def test_not_issued_there_is_nothing_to_take_back_and_others_may_not(database: Database) -> None:
    contract = await company(database)
    applied = await apply(database, contract)
    await says(database, "qian07", applied.flow_id)
    with pytest.raises(InvoiceRefused, match="还没有开出来"):
        await run(database, "qian07", red_invoice, applied.invoice_id, "退货")
    with pytest.raises(AppError):
        await run(database, "zhou06", red_invoice, applied.invoice_id, "退货")


async def test_void_in_its_own_month_only(database: Database) -> None:
    contract = await company(database)
    first, second = await issued(database, contract), await issued(database, contract, number="12345679")
    await run(database, "qian07", void_invoice, first, "抬头开错")
    with pytest.raises(InvoiceRefused, match="跨月不能作废"):
        await run(database, "qian07", void_invoice, second, "抬头开错", now=NEXT_MONTH)
    assert (await money(database, contract)).invoiced == Decimal(500_000)


# -- asked back first ----------------------------------------------------------------------------------


async def test_nothing_is_taken_back_before_the_facts_are_confirmed(database: Database) -> None:
    contract = await company(database)
    invoice = await issued(database, contract)
    room = Room(database)
    assert "为什么红冲" in await room.say("qian07", "红冲 FP-1 2万")
    asked = await room.say("qian07", "退了一台")
    for fact in (
        "FP-2026-0001 · 12345678",
        "¥20,000.00（贰万元整）",
        "宁波华东精密机械有限公司",
        "退了一台",
        "已开票相应减少",
    ):
        assert fact in asked
    assert "1,200,000" not in asked and "500,000" not in asked, "the contract's sums are not the cashier's to see"
    assert (await money(database, contract)).invoiced == Decimal(500_000)
    card = (await room.cards("qian07"))[-1]
    again = [await room.tap("qian07", card, ConfirmButton(intent_id=1)) for _ in range(2)]
    assert "已红冲 ¥20,000.00" in again[0] and "没有重复处理" in again[1]
    assert (await money(database, contract)).invoiced == Decimal(480_000)
    assert "已红冲 ¥20,000.00：退了一台" in str(await told(database, "lina04"))
    assert invoice


@pytest.mark.parametrize(
    ("said", "amount", "reason"),
    [
        ("5000 退货", "¥5,000.00", "退货"),
        ("退货 5000", "¥5,000.00", "退货"),
        ("5000，退货", "¥5,000.00", "退货"),
        ("5,000.50 退货", "¥5,000.50", "退货"),
        ("退货 3台", "¥50,000.00", "退货 3台"),
        ("3台退货", "¥50,000.00", "3台退货"),
    ],
)
async def test_a_bare_number_at_an_end_is_how_much(sqlite: Database, said: str, amount: str, reason: str) -> None:
    await issued(sqlite, await company(sqlite))
    asked = await Room(sqlite).say("qian07", f"红冲 FP-1 {said}")
    assert f"红冲金额：{amount}" in asked and f"原因：{reason}  " in asked


async def told(db: Database, who: str) -> list[str]:
    return await db.system(lambda tx: list(tx.exec(select(Notice.text).where(Notice.user_id == who)).all()))


async def test_who_may_see_the_sums_reads_what_becomes_of_them(database: Database) -> None:
    contract = await company(database)
    invoice = await issued(database, contract)
    facts = await run(database, "chen01", foresee_red, invoice, "退货", Decimal(20_000))
    assert facts.sums == ("合同 HT-2025-112 已开票 ¥500,000.00 → ¥480,000.00，还能开 ¥700,000.00 → ¥720,000.00")
    assert (await run(database, "chen01", foresee_void, invoice, "开错")).amount == Decimal(50_000)


async def test_typed_dropped_and_what_has_changed_since(database: Database) -> None:
    contract = await company(database)
    invoice = await issued(database, contract)
    room = Room(database)
    assert "作废金额" in await room.say("qian07", "作废发票 FP-1 抬头开错")
    assert "不办了" in await room.say("qian07", "不")
    assert "红冲金额" in await room.say("qian07", "红冲 FP-1 退货")
    await run(database, "qian07", red_invoice, invoice, "先退一部分", Decimal(10_000))
    assert "还剩的 ¥40,000.00" in await room.say("qian07", "确认"), "not more, and not less than was confirmed"
    assert (await money(database, contract)).invoiced == Decimal(490_000)
    assert "有红冲，不能作废" in await room.say("qian07", "作废发票 FP-1 抬头开错"), "refused before it is asked back"
    for who in ("zhou06", "lina04"):
        assert "权限" in await room.say(who, "红冲 FP-1 退货")


async def test_a_node_that_hides_amount_and_title_is_told_neither(database: Database) -> None:
    """R-APP-7: not in the question, the answer, a refusal or the log."""
    contract = await company(database, [Node("出纳开票", users=("sun08",), hidden=("amount", "title"))])
    applied = await apply(database, contract, "61237.57")
    await says(database, "sun08", applied.flow_id)
    await run(database, "sun08", issue_invoice, applied.invoice_id, "12345678")
    room = Room(database)
    said = await room.say("sun08", "红冲 FP-1 9万 退货") + await room.say("sun08", "红冲 FP-1 1万 退货")
    said += (
        await room.say("sun08", "确认") + await room.say("sun08", "红冲 FP-1 退货") + await room.say("sun08", "确认")
    )
    said += await room.say("sun08", "流程状态 FP-1") + await room.say("sun08", "我处理的")
    assert "已红冲" in said and "FP-2026-0003" in said
    for hidden in ("61,237", "61237", "51,237", "51237"):
        assert hidden not in said, said
    assert "红冲：FP-2026-0002 · 退货" in said and "抬头" not in said
    log = (await run(database, "lina04", show_status, applied.flow_id)).log
    assert "开票金额 ¥51,237.57 → ¥0.00；FP-2026-0003 · 退货" in log[-1].text


# -- titles --------------------------------------------------------------------------------------------


async def test_titles_used_before_are_chosen_with_all_that_belongs_to_them(database: Database) -> None:
    contract = await company(database)
    await apply(database, contract, details=DETAILS)
    await apply_other(database, contract)
    known = await run(database, "lina04", prepare, contract)
    assert [t.name for t in known.titles] == ["华东精密宁波分公司", "宁波华东精密机械有限公司"]
    draft = filled(Draft(contract_id=contract, amount="5", kind="专票"), known)
    assert (draft.title, draft.bank) == ("华东精密宁波分公司", "")
    draft = filled(Draft(contract_id=contract, amount="5", kind="专票", title="机械有限"), known)
    assert (draft.title, draft.bank) == ("宁波华东精密机械有限公司", DETAILS["bank"])
    assert draft.tax_no == known.titles[1].tax_no != ""
    draft = filled(with_words(draft, read_invoice("抬头 新公司")), known)
    assert (draft.title, draft.tax_no, draft.bank) == ("新公司", "", ""), "not the other's number"


async def apply_other(db: Database, contract: int) -> None:
    await run(db, "lina04", apply_invoice, NewInvoice(contract, Decimal(9), "普票", "华东精密宁波分公司", "无税号"))


async def test_where_it_is_required_a_special_invoice_names_bank_account_address_and_phone(database: Database) -> None:
    contract = await company(database)
    await run(database, "chen01", set_buyer_details, on=True)
    with pytest.raises(InvalidInput, match="开户行、银行账号、注册地址、注册电话"):
        await apply(database, contract)
    lacks = missing(Draft(amount="5", kind="专票", title="某某", tax_no="91330100799655058B"), details=True)
    assert lacks == "开户行、银行账号、注册地址、注册电话"
    applied = await apply(database, contract, details=DETAILS)
    fields = (await run(database, "lina04", show_status, applied.flow_id)).fields
    assert fields["开户行"] == DETAILS["bank"]
    await apply_other(database, contract)


def test_details_are_read_from_a_sentence() -> None:
    told = f"开户行 {DETAILS['bank']} 账号 {DETAILS['account']} 地址 {DETAILS['address']} 电话 {DETAILS['phone']}"
    words = read_invoice(f"华兴 5万 专票 {told}")
    assert (words.details, words.rest, words.amount) == (DETAILS, "华兴", Decimal(50_000))
