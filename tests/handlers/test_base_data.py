"""What sentences about products, competitors, stages, targets and the approval's set-up mean: tables and edges."""

from datetime import date
from decimal import Decimal

import pytest

from bot.core.errors import AppError, InvalidInput
from handlers.competitors.rules import StillMet, check_may_remove, read_competitor
from handlers.invoiceflow.rules import field_names, read_node_words
from handlers.products.rules import check_new_product, check_price, read_new_product
from handlers.stages.rules import (
    MustStay,
    StageFact,
    StillUsed,
    check_kind_rate,
    check_may_go,
    check_rate,
    read_stage,
)
from handlers.targets.rules import differing, read_targets, words_of

TODAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("words", "category", "unit", "price"),
    [
        ("A-1 轴承 配件 套 99.5", "配件", "套", "99.50"),
        ("A-1 轴承 99.5 套 配件", "配件", "套", "99.50"),
        ("A-1 轴承 1.28万", "", "", "12800"),
        ("A-1 轴承 套 1,200元", "", "套", "1200"),
        ("A-1 轴承 单价300 配件 个", "配件", "个", "300"),
        ("A-1 轴承 0", "", "", "0"),
    ],
)
def test_a_products_words_are_told_apart(words: str, category: str, unit: str, price: str) -> None:
    new = read_new_product(words.split(), units=["台", "套"])
    check_new_product(new)
    assert (new.code, new.name, new.category, new.unit) == ("A-1", "轴承", category, unit)
    assert new.price == Decimal(price)


@pytest.mark.parametrize(
    ("words", "named"),
    [("", "编号、名称、单价"), ("A-1", "名称、单价"), ("A-1 轴承", "单价"), ("A-1 轴承 配件 套 9 多余", "多余")],
)
def test_a_product_names_all_it_lacks_at_once(words: str, named: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_new_product(read_new_product(words.split(), units=["套"]))
    assert named in refused.value.text


@pytest.mark.parametrize("price", [None, Decimal("-0.01"), Decimal("1.005")])
def test_a_price_is_no_such_thing(price: Decimal | None) -> None:
    with pytest.raises(InvalidInput):
        check_price(price)


@pytest.mark.parametrize(
    ("text", "name", "strengths", "weaknesses", "tactics"),
    [
        ("恒力机床 优势 价格低 劣势 交期长 策略 强调售后", "恒力机床", "价格低", "交期长", "强调售后"),
        ("恒力机床，劣势：交期长，优势：价格低", "恒力机床", "价格低", "交期长", None),
        ("恒力机床优势价格低、品牌老劣势服务差", "恒力机床", "价格低、品牌老", "服务差", None),
        ("恒力机床", "恒力机床", None, None, None),
    ],
)
def test_a_competitor_is_taken_apart(
    text: str, name: str, strengths: str | None, weaknesses: str | None, tactics: str | None
) -> None:
    words = read_competitor(text)
    assert (words.name, words.strengths, words.weaknesses, words.tactics) == (name, strengths, weaknesses, tactics)


def test_a_competitor_needs_a_name_and_stays_where_it_was_met() -> None:
    with pytest.raises(InvalidInput):
        read_competitor("优势 价格低")
    check_may_remove("恒力", 0)
    with pytest.raises(StillMet, match="3 个商机"):
        check_may_remove("恒力", 3)


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("样品测试 40%", ("样品测试", 40)), ("样品测试 赢率40", ("样品测试", 40)), ("样品测试：0％", ("样品测试", 0)),
        ("2期 100", ("2期", 100)),
    ],
)  # fmt: skip
def test_a_stage_has_a_name_and_a_rate(text: str, stage: tuple[str, int]) -> None:
    assert read_stage(text) == stage


@pytest.mark.parametrize(
    "text", ["", "样品测试", "40%", "样品测试 101%", "样品测试 -1%", "样品测试 12.5%", "长" * 21 + " 10%"]
)
def test_a_stage_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_stage(text)


def test_the_last_of_its_kind_stays_and_a_used_stage_is_not_deleted() -> None:
    others = [StageFact("赢单", "won", active=True, used=0), StageFact("旧", "open", active=False, used=0)]
    only = StageFact("接洽", "open", active=True, used=0)
    with pytest.raises(MustStay):
        check_may_go(only, others, deleting=False)
    more = [*others, StageFact("报价", "open", active=True, used=0)]
    check_may_go(only, more, deleting=True)
    used = StageFact("接洽", "open", active=True, used=2)
    check_may_go(used, more, deleting=False)
    with pytest.raises(StillUsed, match="2 个商机"):
        check_may_go(used, more, deleting=True)
    assert check_rate("100%") == 100
    check_kind_rate("open", 33)
    with pytest.raises(InvalidInput):
        check_kind_rate("won", 99)


@pytest.mark.parametrize(
    ("text", "who", "metric", "year", "months"),
    [
        ("李四 合同额 2026年 每月30万", "李四", "contract", 2026, dict.fromkeys(range(1, 13), 300_000)),
        ("李四 2027 回款 每月 12.5万", "李四", "payment", 2027, dict.fromkeys(range(1, 13), 125_000)),
        ("李四 合同额 明年 3月 20万 4月 30万", "李四", "contract", 2027, {3: 200_000, 4: 300_000}),
        ("李明 7月 50万", "李明", "", 2026, {7: 500_000}),
        ("销售一部 回款额 每月40万 12月60万", "销售一部", "payment", 2026,
         dict.fromkeys(range(1, 12), 400_000) | {12: 600_000}),
        ("李四的业绩目标 每个月 3000", "李四", "contract", 2026, dict.fromkeys(range(1, 13), 3000)),
    ],
)  # fmt: skip
def test_a_sentence_about_targets(text: str, who: str, metric: str, year: int, months: dict[int, int]) -> None:
    words = read_targets(text, today=TODAY)
    assert (words.who, words.metric, words.year) == (who, metric, year)
    assert words.months == {m: Decimal(a) for m, a in months.items()}
    assert words_of(words.row()) == words


@pytest.mark.parametrize(
    "text", ["", "李四", "每月30万", "李四 13月 5万", "李四 每月几十万", "李四 每月-5", "李四 1999年 每月5万"]
)
def test_a_target_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_targets(text, today=TODAY)


def test_only_a_batch_asks_before_it_overwrites() -> None:
    """Invariant 91."""
    present = {1: Decimal(5), 2: Decimal(30)}
    batch = read_targets("李四 合同 每月30", today=TODAY)
    assert differing(batch, present) == {1: Decimal(5)}
    assert differing(read_targets("李四 合同 1月30", today=TODAY), present) == {}


@pytest.mark.parametrize(
    ("text", "verb", "node", "names"),
    [
        ("参与者 出纳", "set", "", ("出纳",)),
        ("出纳开票 参与者 出纳、王芳", "set", "出纳开票", ("出纳", "王芳")),
        ("隐藏 合同金额 联系人电话", "hide", "", ("合同金额", "联系人电话")),
        ("节点 财务复核 显示 合同金额", "show", "财务复核", ("合同金额",)),
        ("添加参与者 王芳", "add", "", ("王芳",)),
        ("新增节点 财务复核", "add_node", "", ("财务复核",)),
    ],
)
def test_a_sentence_about_a_node(text: str, verb: str, node: str, names: tuple[str, ...]) -> None:
    words = read_node_words(text)
    assert words is not None
    assert (words.verb, words.node, words.names) == (verb, node, names)


def test_other_sentences_are_not_about_nodes_and_unknown_fields_are_named() -> None:
    assert read_node_words("公海") is None
    with pytest.raises(AppError):
        read_node_words("参与者")
    assert field_names(("合同金额", "抬头", "contact_mobile")) == ("contract_amount", "title", "contact_mobile")
    with pytest.raises(InvalidInput, match="身高"):
        field_names(("合同金额", "身高"))
