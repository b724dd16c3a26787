"""数据字典: the values a field takes."""

import unicodedata

from sqlmodel import col, select

from storage.database import Tx
from storage.tables import Dictionary, DictionaryValue, FieldDictionary

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
    query = (
        select(DictionaryValue.label)
        .join(FieldDictionary, col(FieldDictionary.dictionary_id) == col(DictionaryValue.dictionary_id))
        .where(FieldDictionary.form == form, FieldDictionary.field == field, col(DictionaryValue.enabled))
        .order_by(col(DictionaryValue.position), col(DictionaryValue.id))
    )
    return list(tx.exec(query).all())


def list_methods(tx: Tx) -> list[str]:
    """The company's follow-up methods."""
    return list_values(tx, "followup", "method") or list(METHODS)


def get_by_name(tx: Tx, name: str) -> Dictionary | None:
    """A dictionary by its folded name."""
    return tx.exec(select(Dictionary).where(Dictionary.name_key == fold(name))).first()
