"""Whom an invoice is made out to: what must be known, and what earlier applications bring (R-INV-2, R-INV-6)."""

import json
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import select

from bot.core.errors import AppError, InvalidInput
from bot.dispatch import CardView
from cards.renderers import OwnTemplateRenderer
from handlers.approvals.service import set_buyer_details
from handlers.invoices.buyers import NO_TAX_NO, check_tax_no, is_person, is_rewritten, needs_tax_no
from handlers.invoices.drafts import Draft, draft_of, filled, from_form, missing, with_words
from handlers.invoices.reading import details_text, read_invoice, without_correction
from handlers.invoices.rules import FieldKept
from handlers.invoices.service import NewInvoice, apply_invoice, issue_invoice, prepare, red_invoice
from handlers.invoices.views import paint_new
from handlers.revisions.service import resubmit, return_to_applicant
from storage.database import Database, Tx
from storage.flows import Node
from storage.tables import Customer, Invoice
from tests.handlers.test_contracts import run
from tests.handlers.test_flows import apply, company, says, task_of
from tests.handlers.test_revisions import edit, invoice
from tests.support.flows import TAX_NO
from tests.support.room import Room

OTHER_NO = "91510100MA6CLHR35U"
DETAILS = {"bank": "工行宁波分行", "account": "1202026809014567890", "address": "江北路1号", "phone": "0574-88886666"}
FIRM, BRANCH = "宁波华东精密机械有限公司", "宁波华东精密机械有限公司杭州分公司"


# -- rules ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "person"),
    [
        ("张三", True), ("欧阳明日", True), ("李四（个人）", True), ("个人", True), ("阿依古丽·买买提", True),
        ("华兴科技", False), ("喆堃科技", False), ("宁波海蓝", False), ("王府酒店", False), ("李记商行", False),
        ("宁波市第一医院", False), ("税务局", False), ("Siemens AG", False), ("周村镇人民政府", False),
        ("高新学校", False),
    ],
)  # fmt: skip
def test_a_person_is_told_from_a_firm(title: str, person: bool) -> None:
    assert is_person(title) is person
    assert needs_tax_no(title, "普票") is not person
    assert needs_tax_no(title, "专票")


@pytest.mark.parametrize(
    ("said", "kind", "title", "kept"),
    [
        (TAX_NO.lower(), "专票", FIRM, TAX_NO), ("9133 0100 7996 5505 8b", "普票", FIRM, TAX_NO),
        ("330100799655058", "普票", FIRM, "330100799655058"), (NO_TAX_NO, "普票", "宁波市教育局", NO_TAX_NO),
        ("没有", "普票", "ACME Ltd", NO_TAX_NO), ("", "普票", "张三", ""),
    ],
)  # fmt: skip
def test_a_tax_number_in_its_one_form(said: str, kind: str, title: str, kept: str) -> None:
    assert check_tax_no(said, kind, title) == kept


@pytest.mark.parametrize(
    ("said", "kind", "title", "told"),
    [
        ("", "普票", FIRM, "无税号"), ("", "专票", "张三", "开专票要写税号"), (NO_TAX_NO, "专票", FIRM, "一定要有税号"),
        (TAX_NO[:-1] + "X", "普票", FIRM, "校验位"), ("12345678", "普票", FIRM, "8 位"),
    ],
)  # fmt: skip
def test_what_is_no_tax_number_is_refused_with_what_to_do(said: str, kind: str, title: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        check_tax_no(said, kind, title)


def test_a_name_written_better_is_the_same_buyer() -> None:
    assert is_rewritten("宁波华东精密机械有限公司", "华东精密机械")
    assert is_rewritten("喆堃科技（成都）有限公司", "喆堃科技")
    assert not is_rewritten("深圳创想电子有限公司", "宁波华东精密机械有限公司")


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("不对，是4.85万", {"amount": Decimal(48_500)}), ("不是6%，是13%", {"rate": Decimal(13)}),
        ("税率6个点", {"rate": Decimal(6)}), ("百分之六", {"rate": Decimal(6)}),
        ("抬头改成华兴科技（杭州）有限公司", {"title": "华兴科技（杭州）有限公司"}),
        ("抬头不对，应该是华兴科技", {"title": "华兴科技"}),
        ("抬头 用友网络 5万", {"title": "用友网络", "amount": Decimal(50_000)}),
        ("抬头 ACME Trading Co., Ltd. 5万", {"title": "ACME Trading Co., Ltd.", "amount": Decimal(50_000)}),
        (f"税号改成{TAX_NO.lower()}", {"tax_no": TAX_NO}), ("税号 没有", {"tax_no": NO_TAX_NO}),
        ("普票 个人", {"kind": "普票", "tax_no": NO_TAX_NO}), ("不要专票", {"kind": "普票"}),
        ("不要普票，要专票", {"kind": "专票"}),
        ("邮箱改成 cw@a.cn 备注改成加急", {"email": "cw@a.cn", "remark": "加急"}),
        ("湖北专用汽车 5万 普票", {"rest": "湖北专用汽车", "amount": Decimal(50_000), "kind": "普票"}),
        ("备注 写合同号，加急 邮箱 a@b.cn", {"remark": "写合同号，加急", "email": "a@b.cn"}),
        ("专票 普票", {"doubts": ["专票还是普票"]}), ("6% 13%", {"doubts": ["6%、13%"]}),
    ],
)  # fmt: skip
def test_what_a_sloppy_sentence_says(said: str, heard: dict[str, Any]) -> None:
    words = read_invoice(without_correction(said))
    assert {n: v for n in words.__slots__ if (v := getattr(words, n))} == heard


def test_all_that_is_missing_is_asked_for_at_once() -> None:
    assert missing(Draft(amount="5", title=FIRM), details=False) == "专票还是普票、税号（没有就写「无税号」）"
    assert (
        missing(Draft(amount="5", title=FIRM, kind="专票"), details=True)
        == "税号、开户行、银行账号、注册地址、注册电话"
    )
    assert missing(Draft(amount="5", title="张三", kind="普票"), details=True) == ""
    assert missing(Draft(amount="5", title=FIRM, kind="普票", tax_no=NO_TAX_NO), details=True) == ""


# -- what an earlier application brings ----------------------------------------------------------------


async def applied(db: Database, contract: int, title: str, tax_no: str, kind: str = "专票", **more: Any) -> int:
    new = NewInvoice(contract, Decimal(9), kind, title, tax_no, Decimal(13), **more)
    return int((await run(db, "lina04", apply_invoice, new)).invoice_id)


async def draft(db: Database, contract: int, said: str = "", of: Draft | None = None) -> Draft:
    known = await run(db, "lina04", prepare, contract)
    return filled(with_words(of or Draft(contract_id=contract, amount="5"), read_invoice(said)), known)


async def test_each_title_brings_what_belongs_to_it(database: Database) -> None:
    contract = await company(database)
    await applied(database, contract, FIRM, TAX_NO, details=DETAILS, email="a@firm.cn")
    await applied(database, contract, BRANCH, OTHER_NO, "普票", email="b@branch.cn")
    last = await draft(database, contract)
    assert (last.title, last.tax_no, last.kind, last.rate, last.email) == (
        BRANCH,
        OTHER_NO,
        "普票",
        "13",
        "b@branch.cn",
    )
    first = draft_of((await draft(database, contract, f"抬头 {FIRM}", last)).row())
    assert (first.tax_no, first.kind, first.email, first.details) == (TAX_NO, "专票", "a@firm.cn", DETAILS)
    said = await draft(
        database, contract, f"抬头 {BRANCH}", await draft(database, contract, "专票 邮箱 me@a.cn", first)
    )
    assert (said.tax_no, said.kind, said.email, said.bank) == (OTHER_NO, "专票", "me@a.cn", ""), "what was said stays"
    new = await draft(database, contract, "抬头 宁波新厂", first)
    assert (new.tax_no, new.bank, new.kind) == ("", "", "普票"), "nobody else's number; the customer's usual kind"


async def test_what_was_refused_or_taken_back_is_not_what_the_next_is_filled_from(database: Database) -> None:
    contract = await company(database)
    good = await apply(database, contract, details=DETAILS, email="a@firm.cn")
    await says(database, "qian07", good.flow_id)
    await run(database, "qian07", issue_invoice, good.invoice_id, "12345678")
    wrong = await apply(database, contract, 9)
    await says(database, "qian07", wrong.flow_id, agree=False, comment="开户行漏了")
    await run(database, "qian07", red_invoice, good.invoice_id, "退货", Decimal(1))
    filled_in = await draft(database, contract)
    assert (filled_in.email, filled_in.details) == ("a@firm.cn", DETAILS)


async def test_refused_it_is_better_than_nothing(database: Database) -> None:
    contract = await company(database)
    wrong = await apply(database, contract, details=DETAILS)
    await says(database, "qian07", wrong.flow_id, agree=False, comment="金额不符")
    assert (await draft(database, contract)).bank == DETAILS["bank"]


async def test_the_customers_own_name_comes_with_its_credit_code(database: Database) -> None:
    contract = await company(database)

    def know(tx: Tx) -> None:
        tx.exec(select(Customer).where(Customer.name == FIRM)).one().credit_code = TAX_NO

    await database.system(know)
    assert (await draft(database, contract)).tax_no == TAX_NO
    await applied(database, contract, "深圳创想电子有限公司", OTHER_NO)
    assert (await draft(database, contract, f"抬头 {FIRM}")).tax_no == TAX_NO


async def test_a_firm_needs_its_number_on_either_kind(database: Database) -> None:
    contract = await company(database)
    with pytest.raises(InvalidInput, match="无税号"):
        await applied(database, contract, FIRM, "", "普票")
    await applied(database, contract, "张三", "", "普票")
    kept = await applied(database, contract, "宁波市教育局", "无税号", "普票")
    assert (await invoice(database, kept))["tax_no"] == NO_TAX_NO
    assert (await draft(database, contract)).tax_no == NO_TAX_NO, "said once"
    special = await draft(database, contract, "专票")
    assert special.tax_no == "" and missing(special, details=False) == "税号"


# -- changed on its way --------------------------------------------------------------------------------

NODE = Node("出纳开票", users=("qian07",), editable=("title", "tax_no", "bank", "invoice_type", "remark"))


@pytest.mark.parametrize(
    ("given", "title", "tax_no"),
    [
        ({"title": "宁波华东精密机械股份有限公司"}, "宁波华东精密机械股份有限公司", TAX_NO),
        ({"title": "成都新厂", "tax_no": OTHER_NO}, "成都新厂", OTHER_NO),
        ({"title": "张三", "kind": "普票"}, "张三", ""),
        ({"title": "宁波市教育局", "kind": "普票", "tax_no": "无税号"}, "宁波市教育局", NO_TAX_NO),
        ({"title": "成都新厂", "tax_no": TAX_NO}, "成都新厂", TAX_NO),
    ],
)  # fmt: skip
async def test_a_title_is_changed_with_its_number(
    database: Database, given: dict[str, str], title: str, tax_no: str
) -> None:
    made = await apply(database, await company(database, [NODE]))
    await edit(database, "qian07", made.flow_id, **given)
    now = await invoice(database, made.invoice_id)
    assert (now["title"], now["tax_no"]) == (title, tax_no)


@pytest.mark.parametrize(
    ("editable", "given", "refusal", "told"),
    [
        (NODE.editable, {"title": "成都新厂"}, InvalidInput, "连税号一起写"),
        (("title",), {"title": "成都新厂"}, InvalidInput, "退回申请人"),
        (("title",), {"tax_no": ""}, FieldKept, "税号"),
        (NODE.editable, {"tax_no": ""}, InvalidInput, "税号"),
        (NODE.editable, {"tax_no": "无税号"}, InvalidInput, "税号"),
        (NODE.editable, {"kind": "普票", "tax_no": ""}, InvalidInput, "无税号"),
    ],
)  # fmt: skip
async def test_no_invoice_goes_out_with_anothers_number_or_none(
    database: Database, editable: tuple[str, ...], given: dict[str, str], refusal: type[AppError], told: str
) -> None:
    made = await apply(database, await company(database, [NODE.with_(editable=editable)]))
    before = await invoice(database, made.invoice_id)
    with pytest.raises(refusal, match=told):
        await edit(database, "qian07", made.flow_id, **given)
    assert await invoice(database, made.invoice_id) == before


async def test_an_old_application_without_a_number_is_not_asked_for_it_by_who_changes_something_else(
    database: Database,
) -> None:
    made = await apply(database, await company(database, [NODE]))

    def as_before_the_rule(tx: Tx) -> None:
        query = select(Invoice).where(Invoice.id == made.invoice_id)
        row = tx.exec(query, execution_options={"unscoped": "a test looks at everything"}).one()
        row.kind, row.tax_no = "普票", ""

    await database.system(as_before_the_rule)
    await edit(database, "qian07", made.flow_id, remark="加急", title=FIRM, tax_no="", kind="普票")
    assert (await invoice(database, made.invoice_id))["remark"] == "加急"


async def test_the_applicant_names_a_title_used_before_and_its_bank_comes_along(database: Database) -> None:
    contract = await company(database, [NODE])
    await applied(database, contract, BRANCH, OTHER_NO, details=DETAILS)
    made = await apply(database, contract)
    await run(database, "qian07", return_to_applicant, await task_of(database, made.flow_id, "qian07"), "抬头不对")
    mine = await task_of(database, made.flow_id, "lina04")
    assert "开户行" in (await run(database, "lina04", resubmit, mine, {"title": BRANCH})).text
    now = await invoice(database, made.invoice_id)
    assert (now["tax_no"], now["bank"]) == (OTHER_NO, DETAILS["bank"])


async def test_where_the_bank_is_required_a_change_to_a_special_invoice_asks_for_it(database: Database) -> None:
    contract = await company(database, [NODE])
    made = await applied(database, contract, FIRM, TAX_NO, "普票")
    await run(database, "chen01", set_buyer_details, on=True)
    with pytest.raises(InvalidInput, match="开户行"):
        await edit(database, "qian07", 1, kind="专票")
    await edit(database, "qian07", 1, remark="加急")
    assert (await invoice(database, made))["remark"] == "加急"


# -- in conversation -----------------------------------------------------------------------------------


async def test_what_is_said_at_any_moment_is_kept(database: Database) -> None:
    await company(database)
    room = Room(database)

    async def say(*texts: str) -> str:
        said = ""
        for text in texts:
            said = await room.say("lina04", text)
        return said

    asked = await say("给宁波华东开1.2万普票")
    assert "还差：税号（没有就写「无税号」）" in asked and "12000" in asked
    assert "校验位不对" in await say(f"税号 {TAX_NO[:-1]}X")
    ready = await say(f"税号 {TAX_NO.lower()}")
    assert TAX_NO in ready and "¥12,000.00" in ready and "接着发" not in ready
    special = await say("不要普票，要专票")
    assert "专票" in special and "不用就直接提交" in special
    assert "¥48,500.00" in await say("不对，是4.85万")
    assert "专票 6%" in await say("税率6个点")
    asked = await say("抬头改成宁波新厂")
    assert "还差：税号" in asked and "改成" not in asked
    assert "普票 无税号" in await say("税号 没有"), "a 专票 has one"
    assert "无税号" in await say("普票，税号没有")
    assert "FP-2026-0001" in await say("好的，提交吧")
    kept = await invoice(database, 2)
    assert (kept["title"], kept["tax_no"], kept["kind"], kept["amount"]) == ("宁波新厂", NO_TAX_NO, "普票", 48_500)


async def test_before_it_is_clear_whose_it_is_and_after_the_question_is_too_old(database: Database) -> None:
    await company(database)
    room = Room(database)
    assert "哪一家" in await room.say("lina04", "开票 华兴")
    assert "记下了" in await room.say("lina04", f"5万 专票 税号 {TAX_NO}")
    await room.say("lina04", f"开票 宁波华东 5万 专票 税号 {TAX_NO}")
    room.later(minutes=11)
    again = await room.say("lina04", "普票")
    assert "接着刚才的开票申请" in again and "普票" in again and "¥50,000.00" in again
    room.later(minutes=11)
    assert "接着" not in await room.say("zhou06", "普票"), "nobody else's draft"


# -- on the form ---------------------------------------------------------------------------------------


async def form_of(db: Database, contract: int, **known: str) -> CardView:
    state = {"draft": Draft(contract_id=contract, amount="5", **known).row()}  # type: ignore[arg-type]
    view: CardView = await run(db, "lina04", lambda ctx: paint_new(state, ctx))
    return view


async def test_the_form_asks_for_all_the_issue_names_whatever_was_used_before(database: Database) -> None:
    """DingTalk takes a kilobyte: what is minor is left out first."""
    contract = await company(database)
    for title, tax_no in ((FIRM, TAX_NO), (BRANCH, OTHER_NO), (FIRM, TAX_NO)):
        view = await form_of(database, contract, title=title, tax_no=tax_no, kind="专票")
        assert view.form is not None
        drawn = json.loads(OwnTemplateRenderer("own").private(view)["form"])["fields"]
        asked = {field["name"] for field in drawn}
        assert {"contract", "amount", "kind", "rate", "title", "tax_no", "email", "remark"} <= asked
        await applied(database, contract, title, tax_no, details=DETAILS)


async def test_a_title_is_chosen_on_the_form_or_written_anew(database: Database) -> None:
    contract = await company(database)
    await applied(database, contract, FIRM, TAX_NO, details=DETAILS, email="a@firm.cn")
    branch = await applied(database, contract, BRANCH, OTHER_NO, email="b@branch.cn")
    view = await form_of(database, contract, title="宁波新厂", kind="普票")
    assert view.form is not None
    saved = next(f for f in view.form.fields if f.name == "saved")
    assert saved.value is None, "a title nobody used is none of them, and the form can be handed in"

    async def handed_in(of: Draft, **form: str) -> Draft:
        given: Draft = await run(database, "lina04", lambda ctx: from_form(of, form, ctx))
        return filled(given, await run(database, "lina04", prepare, contract))

    first = await draft(database, contract, f"抬头 {FIRM}")
    as_it_was = {"kind": first.kind, "rate": first.rate, "title": FIRM, "tax_no": TAX_NO, "email": first.email,
                 "buyer": details_text(first.details)}  # fmt: skip
    other = await handed_in(first, **as_it_was, saved=str(branch))
    assert (other.title, other.tax_no, other.email, other.bank) == (BRANCH, OTHER_NO, "b@branch.cn", "")
    mended = await handed_in(first, **as_it_was | {"title": "宁波华东精密机械股份有限公司", "tax_no": OTHER_NO.lower()})
    assert (mended.tax_no, mended.bank) == (OTHER_NO, DETAILS["bank"])
    with pytest.raises(InvalidInput, match="重新选"):
        await handed_in(first, **as_it_was, saved="999")
