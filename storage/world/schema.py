"""The sections `settings` and below of a world file, as they are read (contract world.md, version 1).

Reading is strict: unknown keys, numbers in quotes, money without two decimals, moments without an offset are
refused with the path of the place. `null` for an optional key is the same as its absence. Besides the
contract's keys a customer may have `city`, `phone`, `credit_code` and `remark`, and a contact `wechat`.
"""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.core.actor import Permission
from storage.settings import (
    INTERNAL,
    ApprovalSettings,
    CompanySettings,
    PoolSettings,
    ReminderSettings,
    UsageScope,
)
from storage.world.values import (
    AwareMoment,
    Day,
    Label,
    Money,
    Month,
    Name,
    NextContact,
    Text,
    WorldError,
    world_error,
)

__all__ = ["HIDEABLE", "SECTIONS", "World", "WorldError", "read_world", "sections_of"]

UPPER = frozenset({"version", "now", "company", "app", "departments", "users", "groups", "address_book_scope"})
HIDEABLE = (
    "customer", "contract_no", "contract_amount", "amount", "invoice_type", "title", "tax_no", "remark",
    "contact_name", "contact_mobile", "invoiced_amount", "paid_amount", "applicant",
)  # fmt: skip
ZERO = Decimal("0.00")


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DictionaryRecord(_Record):
    """数据字典, its values in order."""

    name: Name
    values: list[Label] = []


class BindingRecord(_Record):
    """Which dictionary a form's field takes its values from."""

    form: Name
    field: Name
    dictionary: Name


class StageRecord(_Record):
    """销售阶段."""

    name: Name
    win_rate: int = Field(default=0, ge=0, le=100)
    kind: Literal["open", "won", "lost"] = "open"
    rotten_days: int | None = Field(default=None, ge=1, le=999)


class ProductRecord(_Record):
    """产品."""

    code: Name
    name: Name
    category: Text = ""
    unit: Text = ""
    price: Money = ZERO


class CompetitorRecord(_Record):
    """竞争对手."""

    name: Name
    strengths: Text = ""
    weaknesses: Text = ""
    tactics: Text = ""


class MemberRecord(_Record):
    """A person in a role, with the 服务部门 of that membership."""

    user: Name
    departments: list[int] = []


class RoleRecord(_Record):
    """角色."""

    name: Name
    data_scope: Literal["self", "departments", "all"] = "self"
    level: Literal["normal", "advanced"] = "normal"
    functions: list[Permission] = []
    members: list[MemberRecord] = []


class LeadRecord(_Record):
    """线索."""

    company: Name
    contact: Text = ""
    mobile: Text = ""
    source: Text = ""
    owner: Name | None = None
    state: Literal["open", "new", "following", "interested", "converted", "invalid"] = "open"


class ContactRecord(_Record):
    """联系人."""

    name: Name
    title: Text = ""
    mobile: Text = ""
    wechat: Text = ""
    main: bool = False


class FollowUpRecord(_Record):
    """跟进; `by` may have left long ago. `next_at` may be a day or a moment."""

    by: Name
    at: AwareMoment
    method: Text = ""
    content: Text = ""
    next_at: NextContact | None = None


class CustomerRecord(_Record):
    """客户; without `owner` in the pool, since `pooled_on`."""

    name: Name
    category: Text = Field(default="", alias="class")
    industry: Text = ""
    source: Text = ""
    city: Text = ""
    phone: Text = ""
    credit_code: Text = ""
    remark: Text = ""
    owner: Name | None = None
    owner_since: Day | None = None
    pooled_on: Day | None = None
    created_on: Day | None = None
    contacts: list[ContactRecord] = []
    follow_ups: list[FollowUpRecord] = []


class ClaimRecord(_Record):
    """Claims a person made before the world begins."""

    user: Name
    count: int = Field(ge=0)


class OpportunityRecord(_Record):
    """商机; without `stage` in the first open one. `created_on`: also the day it came into that stage."""

    name: Name
    customer: Name
    amount: Money = ZERO
    stage: Text = ""
    source: Text = ""
    owner: Name | None = None
    expected_on: Day | None = None
    created_on: Day | None = None  # and in its stage since then; None: the moment of the load
    competitors: list[Name] = []


class InvoicedRecord(_Record):
    """An invoice issued before the world begins."""

    amount: Money
    on: Day


class PaymentRecord(_Record):
    """回款."""

    amount: Money
    on: Day
    method: Text = ""


class ContractRecord(_Record):
    """合同."""

    no: Name
    customer: Name
    owner: Name | None = None
    amount: Money = ZERO
    signed_on: Day | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None
    state: Literal["draft", "effective", "void"] = "draft"
    invoiced: list[InvoicedRecord] = []
    payments: list[PaymentRecord] = []


class TargetRecord(_Record):
    """销售目标 of a person or a department; `monthly` fills all twelve, `months` sets single ones."""

    user: Name | None = None
    department: int | None = None
    metric: Literal["contract", "payment"]
    year: int = Field(ge=2000, le=2100)
    monthly: Money | None = None
    months: dict[Month, Money] = {}

    def amounts(self) -> dict[int, Decimal]:
        """Month → yuan."""
        every = {} if self.monthly is None else dict.fromkeys(range(1, 13), self.monthly)
        return every | {int(month): amount for month, amount in self.months.items()}


class ParticipantsRecord(_Record):
    """Who may decide at a node."""

    roles: list[Name] = []
    users: list[Name] = []


class NodeRecord(_Record):
    """One node of the invoice approval."""

    name: Name
    participants: ParticipantsRecord = ParticipantsRecord()
    hidden_fields: list[Name] = []


class FlowRecord(_Record):
    """开票审批."""

    nodes: list[NodeRecord] = []


class World(_Record):
    """The sections of the CRM. None: absent, left as it is."""

    settings: CompanySettings | None = None
    dictionaries: list[DictionaryRecord] = []
    field_dictionaries: list[BindingRecord] = []
    stages: list[StageRecord] = []
    products: list[ProductRecord] = []
    competitors: list[CompetitorRecord] = []
    roles: list[RoleRecord] = []
    leads: list[LeadRecord] = []
    customers: list[CustomerRecord] = []
    claims: list[ClaimRecord] = []
    opportunities: list[OpportunityRecord] = []
    contracts: list[ContractRecord] = []
    targets: list[TargetRecord] = []
    invoice_flow: FlowRecord | None = None


SECTIONS = tuple(World.model_fields)


def read_world(document: object) -> World:
    """Reads the CRM's sections of a parsed world file; those above `settings` are known by name only.

    Raises:
        WorldError: with the path of the first unknown key or unreadable value.
    """
    if not isinstance(document, Mapping):
        raise WorldError("", "世界文件应该是一个 JSON 对象。")
    for key in document:
        if key not in UPPER and key not in World.model_fields:
            raise WorldError(str(key), "不认识这个键")
    if document.get("version", 1) != 1 or isinstance(document.get("version"), bool):
        raise WorldError("version", "只认识版本 1")
    settings = document.get("settings")
    if isinstance(settings, Mapping):
        for name in INTERNAL & settings.keys():
            raise WorldError(f"settings.{name}", "不认识这个键")
    try:
        return World.model_validate_json(json.dumps(sections_of(document)), strict=True)
    except ValidationError as error:
        raise world_error(error) from None


def sections_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """The present sections of the CRM as they stand in the file, without explicit nulls of known keys."""
    return {name: _without_nulls(document[name]) for name in SECTIONS if document.get(name) is not None}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_nulls(one) if isinstance(one, dict) else one for one in value]
    if isinstance(value, dict):
        return {k: _without_nulls(one) for k, one in value.items() if one is not None or k not in _KEYS}
    return value


def _keys(model: type[BaseModel]) -> Iterable[str]:
    return (field.alias or name for name, field in model.model_fields.items())


_MODELS: tuple[type[BaseModel], ...] = (
    *_Record.__subclasses__(),
    *(CompanySettings, UsageScope, PoolSettings, ReminderSettings, ApprovalSettings),
)
_KEYS = {key for model in _MODELS for key in _keys(model)}
