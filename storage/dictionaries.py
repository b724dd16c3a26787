"""数据字典: the values a field takes."""

import unicodedata

from sqlalchemy import select as core_select
from sqlmodel import select

from storage.database import Tx
from storage.plain import Plain, given, table_of
from storage.tables import Dictionary, DictionaryValue, FieldDictionary

V, F = table_of(DictionaryValue), table_of(FieldDictionary)
VALUES = Plain(
    core_select(V.c.label)
    .join_from(V, F, F.c.dictionary_id == V.c.dictionary_id)
    .where(F.c.form == given("of_form"), F.c.field == given("of_field"), V.c.enabled)
    .order_by(V.c.position, V.c.id)
)
METHODS = ("电话", "微信", "拜访", "会议", "邮件", "其他")  # 跟进方式 where the company has no such dictionary


METHOD_DICTIONARY = "跟进方式"
MEANINGS = {  # the fields that take a dictionary's values, and the dictionary of that meaning (world.md)
    ("customer", "class"): "客户分类",
    ("customer", "industry"): "客户行业",
    ("customer", "source"): "商机及客户来源",
    ("lead", "source"): "商机及客户来源",
    ("opportunity", "source"): "商机及客户来源",
    ("product", "category"): "产品分类",
    ("product", "unit"): "计量单位",
    ("followup", "method"): METHOD_DICTIONARY,
}


def fold(text: str) -> str:
    """Trimmed, width- and case-folded: how names and labels are compared (R-DICT-1)."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def list_values(tx: Tx, form: str, field: str) -> list[str]:
    """The enabled values of the dictionary a field is bound to, in order; empty: the field is free text."""
    return VALUES.run(tx, of_form=form, of_field=field).scalars()


def list_methods(tx: Tx) -> list[str]:
    """The company's follow-up methods."""
    return list_values(tx, "followup", "method") or list(METHODS)


def get_by_name(tx: Tx, name: str) -> Dictionary | None:
    """A dictionary by its folded name."""
    return tx.exec(select(Dictionary).where(Dictionary.name_key == fold(name))).first()
