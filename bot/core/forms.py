"""The forms and their fields: what a dictionary is bound to, and what a role may see or fill in.

One table for every capability that speaks of fields by name: permissions (R-PERM-5), dictionary bindings (R3.64),
import and export columns. Form names are the resources of the contract `world.md`, field names its keys.

A company adds fields of its own to the main forms (R5.11): `storage.custom_fields.forms_of` gives this table with
theirs behind ours. Functions that speak of fields take that table; without it they know ours alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from bot.core.actor import RESOURCES, Actor
from bot.core.errors import Forbidden
from bot.core.fields import FieldLevel

Kind = Literal["text", "choice", "phone", "money", "date", "moment", "person", "number"]

DOCUMENT: Final = "custom"  # the column of a form's table that holds what the company has added, by its fields' names
CUSTOM_FORMS: Final = ("customer", "contact", "lead", "opportunity", "contract", "payment", "product")
CUSTOM_KINDS: Final[Mapping[Kind, str]] = {
    "text": "文本", "number": "数字", "money": "金额", "date": "日期", "choice": "选项", "person": "人员",
}  # fmt: skip
NAME: Final = re.compile(rf"(?P<kind>{'|'.join(CUSTOM_KINDS)})_[0-9a-f]{{4}}")


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of a form.

    `always`: it names the record, so no role can be kept from it. `column`: its name in the form's table where that
    differs (`class` is a word of Python's). `custom`: the company has added it; its values stand in the table's
    column `custom`, under `name`. `required`: a new record needs it.
    """

    name: str
    label: str  # what people read and type
    kind: Kind = "text"
    always: bool = False
    column: str = ""
    custom: bool = False
    required: bool = False

    @property
    def attribute(self) -> str:
        """The attribute of the form's table that holds it."""
        return DOCUMENT if self.custom else self.column or self.name


FORMS: dict[str, tuple[FormField, ...]] = {
    "customer": (
        FormField("name", "客户名称", always=True),
        FormField("short_name", "简称"),
        FormField("class", "客户分类", "choice", column="customer_class"),
        FormField("industry", "客户行业", "choice"),
        FormField("source", "客户来源", "choice"),
        FormField("city", "城市"),
        FormField("phone", "电话", "phone"),
        FormField("credit_code", "信用代码"),
        FormField("region", "省份"),
        FormField("address", "地址"),
        FormField("website", "网址"),
        FormField("lng", "经度", "number"),
        FormField("lat", "纬度", "number"),
        FormField("coord_sys", "坐标系"),
        FormField("lock_until", "锁定到", "date"),
        FormField("remark", "备注"),
    ),
    "contact": (
        FormField("name", "姓名", always=True),
        FormField("title", "职务"),
        FormField("mobile", "手机", "phone"),
        FormField("phone", "座机", "phone"),
        FormField("wechat", "微信"),
    ),
    "followup": (
        FormField("method", "跟进方式", "choice"),
        FormField("content", "跟进内容"),
        FormField("at", "跟进时间", "moment", always=True),
        FormField("next_at", "下次跟进", "moment"),
    ),
    "lead": (
        FormField("company", "公司", always=True),
        FormField("contact", "联系人"),
        FormField("mobile", "手机", "phone"),
        FormField("source", "线索来源", "choice"),
        FormField("remark", "备注"),
    ),
    "opportunity": (
        FormField("name", "商机名称", always=True),
        FormField("amount", "商机金额", "money"),
        FormField("source", "商机来源", "choice"),
        FormField("expected_on", "预计成交", "date"),
    ),
    "contract": (
        FormField("no", "合同编号", always=True, column="number"),
        FormField("name", "合同名称"),
        FormField("amount", "合同金额", "money"),
        FormField("discount", "整单折扣", "number"),
        FormField("signed_on", "签订日期", "date"),
        FormField("starts_on", "开始日期", "date"),
        FormField("ends_on", "到期日期", "date"),
    ),
    "payment": (
        FormField("amount", "回款金额", "money"),
        FormField("on", "回款日期", "date", column="paid_on"),
        FormField("method", "回款方式"),
    ),
    "product": (
        FormField("code", "产品编号", always=True),
        FormField("name", "产品名称", always=True),
        FormField("category", "产品分类", "choice"),
        FormField("unit", "计量单位", "choice"),
        FormField("price", "单价", "money"),
        FormField("spec", "规格"),
        FormField("description", "描述"),
    ),
    "competitor": (
        FormField("name", "竞争对手", always=True),
        FormField("strengths", "优势"),
        FormField("weaknesses", "劣势"),
        FormField("tactics", "应对策略"),
    ),
}


Forms = Mapping[str, tuple[FormField, ...]]


def form_label(form: str) -> str:
    """客户, 联系人 …"""
    return RESOURCES[form]


def field_of(form: str, name: str, forms: Forms = FORMS) -> FormField | None:
    """By its name in the contract, or by the one a field of the company's was given."""
    return next((f for f in forms.get(form, ()) if f.name == name), None)


def custom_kind(name: str) -> Kind | None:
    """Of which kind a company's field is, by its name alone, so that whoever must cut its values needs to know no
    more; None: the name is none of theirs.
    """
    found = NAME.fullmatch(name)
    return None if found is None else next(kind for kind in CUSTOM_KINDS if kind == found["kind"])


def withheld(actor: Actor, form: str, forms: Forms = FORMS) -> frozenset[str]:
    """The fields the actor may not fill in: a form does not offer them."""
    fields = actor.scope.fields
    return frozenset(
        f.name
        for f in forms.get(form, ())
        if fields and not f.always and fields.level(form, f.name) is not FieldLevel.WRITE
    )


def check_may_fill(actor: Actor, form: str, filled: Mapping[str, object], forms: Forms = FORMS) -> None:
    """Whether the actor may write the fields he gives a value for: by name → value, empty ones do not count.

    Raises:
        Forbidden: names the fields; nothing is dropped silently (R-PERM-5).
    """
    kept = withheld(actor, form, forms)
    refused = [f.label for f in forms.get(form, ()) if f.name in kept and filled.get(f.name)]
    if refused:
        raise Forbidden(
            f"你不能填{form_label(form)}的「{'、'.join(refused)}」，去掉后再发一次；需要的话请联系管理员开通。"
        )
