"""What a sentence says of a product on an opportunity or a contract. Pure."""

import re
from decimal import Decimal
from typing import Final

from bot.core.errors import InvalidInput

QUANTITY: Final = re.compile(r"(?<![\w-])(\d+(?:\.\d+)?)\s*(?![\d.]*折)([^\d\s折]{0,4})(?=\s|$)", re.ASCII)
FOLD: Final = re.compile(r"(\d{1,2}(?:\.\d{1,2})?)\s*折")
ADD: Final = re.compile(r"(?:加|添加|增加)产品\s*(?P<rest>.+)")
REMOVE: Final = re.compile(r"(?:删|删除|去掉)产品\s*(?P<rest>.+)")


def read_line(said: str) -> tuple[str, Decimal, Decimal]:
    """`ZJ-001 2台 9折`: the product, how many, percent off. Raises InvalidInput."""
    product, _, more = said.strip().partition(" ")
    cut = FOLD.search(more)
    discount = Decimal(0)
    if cut is not None:
        share = Decimal(cut[1])
        discount = 100 - (share if share > 10 else share * 10)
        more = f"{more[: cut.start()]} {more[cut.end() :]}"
    quantity = QUANTITY.search(f" {more}")
    if more.strip() and quantity is None:
        raise InvalidInput(f"没认出数量「{more.strip()}」，例如「加产品 {product} 2台 9折」。")
    if quantity is not None:
        behind = f" {more}"[quantity.end() :].strip(" ，,、;；。")
        if behind:  # a second product is not dropped in silence
            raise InvalidInput(f"一次加一个产品，还没有加：剩下的「{behind}」请另发一条「加产品 …」。")
    return product, Decimal(quantity[1]) if quantity else Decimal(1), discount
