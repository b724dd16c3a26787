"""The forms and their fields: what a dictionary is bound to, and what a role may see or fill in.

One table for every capability that speaks of fields by name: permissions (R-PERM-5), dictionary bindings (R3.64),
import and export columns. Form names are the resources of the contract `world.md`, field names its keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bot.core.actor import RESOURCES, Actor
from bot.core.errors import Forbidden
from bot.core.fields import FieldLevel

Kind = Literal["text", "choice", "phone", "money", "date", "moment", "person", "number"]


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of a form.

    `always`: it names the record, so no role can be kept from it. `column`: its name in the form's table where that
    differs (`class` is a word of Python's).
    """

    name: str
    label: str  # what people read and type
    kind: Kind = "text"
    always: bool = False
    column: str = ""

    @property
    def attribute(self) -> str:
        """The attribute of the form's table that holds it."""
        return self.column or self.name


FORMS: dict[str, tuple[FormField, ...]] = {
    "customer": (
        FormField("name", "客户名称", always=True),
        FormField("class", "客户分类", "choice", column="customer_class"),
        FormField("industry", "客户行业", "choice"),
        FormField("source", "客户来源", "choice"),
        FormField("city", "城市"),
        FormField("phone", "电话", "phone"),
        FormField("credit_code", "信用代码"),
        FormField("remark", "备注"),
    ),
    "contact": (
        FormField("name", "姓名", always=True),
        FormField("title", "职务"),
        FormField("mobile", "手机", "phone"),
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
    ),
    "competitor": (
        FormField("name", "竞争对手", always=True),
        FormField("strengths", "优势"),
        FormField("weaknesses", "劣势"),
        FormField("tactics", "应对策略"),
    ),
}


def form_label(form: str) -> str:
    """客户, 联系人 …"""
    return RESOURCES[form]


def field_of(form: str, name: str) -> FormField | None:
    """By its name in the contract."""
    return next((f for f in FORMS.get(form, ()) if f.name == name), None)


def withheld(actor: Actor, form: str) -> frozenset[str]:
    """The fields the actor may not fill in: a form does not offer them."""
    fields = actor.scope.fields
    return frozenset(
        f.name
        for f in FORMS.get(form, ())
        if fields and not f.always and fields.level(form, f.name) is not FieldLevel.WRITE
    )


def check_may_fill(actor: Actor, form: str, filled: Mapping[str, object]) -> None:
    """Whether the actor may write the fields he gives a value for: by name → value, empty ones do not count.

    Raises:
        Forbidden: names the fields; nothing is dropped silently (R-PERM-5).
    """
    kept = withheld(actor, form)
    refused = [f.label for f in FORMS.get(form, ()) if f.name in kept and filled.get(f.name)]
    if refused:
        raise Forbidden(
            f"你不能填{form_label(form)}的「{'、'.join(refused)}」，去掉后再发一次；需要的话请联系管理员开通。"
        )
