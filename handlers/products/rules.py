"""What a product must be. Pure.

Source: manual 3.1; requirements R3.01–R3.04; crm-rules.md R-PROD-1, R-PROD-5.
"""

from dataclasses import dataclass
from decimal import Decimal

from bot.core.errors import InvalidInput, RuleBroken
from bot.core.money import CENT
from bot.language.money import parse_amount

EXAMPLE = "新增产品 ZJ-001 数控主轴 主机 台 12800"
SPEC_WORDS = ("规格", "型号")
LONGEST = 60  # characters of a code or name


class CodeTaken(RuleBroken, code="products.code_taken"):
    """The 编号 is another product's."""


class SameProduct(RuleBroken, code="products.same"):
    """Another product has that name and 规格."""


class ChangedSince(RuleBroken, code="products.changed"):
    """Somebody has changed it after what would be taken back."""


class StillUsed(RuleBroken, code="products.still_used"):
    """Lines were made of it (R-PROD-4)."""


def check_not_same(code: str, name: str, spec: str, other: str) -> None:
    """`other`: the 编号 that name and 规格 are of (R-PROD-1). Raises SameProduct."""
    if code.lower() != other.lower():
        raise SameProduct(
            f"「{f'{name} {spec}'.strip()}」已经有了，编号是 {other}。规格不同就写上规格，"
            f"例如「新增产品 {code} {name} 规格 HSK63 12800」。"
        )


def check_may_remove(code: str, name: str, used: int) -> None:
    """`used`: lines made of it. Raises StillUsed."""
    if used:
        raise StillUsed(f"「{name}」已用在 {used} 行明细里，不能删除；可以「停用产品 {code}」，以后不再可选。")


@dataclass(frozen=True, slots=True)
class NewProduct:
    """What was typed; empty where nothing was."""

    code: str
    name: str
    category: str = ""
    unit: str = ""
    price: Decimal | None = None  # yuan
    spec: str = ""


def read_new_product(words: list[str], *, units: list[str]) -> NewProduct:
    """编号 名称, then 分类, 单位, 单价 and 规格 in any order: a unit is known by its dictionary, a price by being an
    amount, a 规格 by its label.

    Raises:
        InvalidInput: a word is left over.
    """
    spec, words = _take_spec(words)
    code, name, *rest = [*words, "", ""] if len(words) < 2 else words
    price: Decimal | None = None
    category = unit = ""
    for word in filter(None, rest):
        amount = parse_amount(word.removeprefix("单价"))
        if amount is not None and amount.sure and price is None:
            price = amount.value
        elif word in units and not unit:
            unit = word
        elif not category:
            category = word
        elif not unit:
            unit = word
        else:
            raise InvalidInput(f"没认出「{word}」。请写成「{EXAMPLE}」（编号 名称 分类 单位 单价）。")
    return NewProduct(code, name, category, unit, price, spec)


def _take_spec(words: list[str]) -> tuple[str, list[str]]:
    """`规格 HSK63`, `规格：HSK63`: after its label, since anything can be one."""
    for place, word in enumerate(words):
        if place > 1 and word.startswith(SPEC_WORDS):
            said = word.removeprefix("规格").removeprefix("型号").lstrip(":：=")
            taken = 1 if said else 2
            spec = said or "".join(words[place + 1 : place + 2])
            return spec, words[:place] + words[place + taken :]
    return "", words


def check_new_product(new: NewProduct) -> None:
    """Raises InvalidInput that names all that is missing at once, with an example."""
    missing = [
        label
        for label, value in (("编号", new.code), ("名称", new.name), ("单价", new.price))
        if value is None or value == ""
    ]
    if missing:
        raise InvalidInput(f"还差{'、'.join(missing)}。请写成「{EXAMPLE}」（编号 名称 分类 单位 单价）。")
    for label, text in (("编号", new.code), ("名称", new.name), ("规格", new.spec)):
        if len(text) > LONGEST:
            raise InvalidInput(f"{label}太长了，最多 {LONGEST} 个字。")
    check_price(new.price)


def check_price(price: Decimal | None) -> Decimal:
    """Yuan, not negative, at most two decimals. Raises InvalidInput."""
    if price is None:
        raise InvalidInput("没认出单价，例如 12800 或 1.28万。")
    if price < 0 or price != price.quantize(CENT):
        raise InvalidInput("单价不能是负数，最多两位小数，例如 12800.50。")
    return price.quantize(CENT)
