"""Who is asking, what they may do, and whose rows they may see.

Function names: the contract `world.md`, section "Function names".
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from bot.core.errors import Forbidden
from bot.core.fields import ALL_FIELDS, FieldRights


class Permission(StrEnum):
    """`<resource>:<action>`, alphabetical. Grants live in storage, never in code."""

    APPROVAL_HANDLE = "approval:handle"
    COMPETITOR_ADD = "competitor:add"
    COMPETITOR_DELETE = "competitor:delete"
    COMPETITOR_EDIT = "competitor:edit"
    COMPETITOR_EXPORT = "competitor:export"
    COMPETITOR_IMPORT = "competitor:import"
    COMPETITOR_VIEW = "competitor:view"
    CONTACT_ADD = "contact:add"
    CONTACT_DELETE = "contact:delete"
    CONTACT_EDIT = "contact:edit"
    CONTACT_EXPORT = "contact:export"
    CONTACT_IMPORT = "contact:import"
    CONTACT_VIEW = "contact:view"
    CONTRACT_ADD = "contract:add"
    CONTRACT_DELETE = "contract:delete"
    CONTRACT_EDIT = "contract:edit"
    CONTRACT_EXPORT = "contract:export"
    CONTRACT_IMPORT = "contract:import"
    CONTRACT_TRANSFER = "contract:transfer"
    CONTRACT_VIEW = "contract:view"
    CONTRACT_VOID = "contract:void"
    CUSTOMER_ADD = "customer:add"
    CUSTOMER_DELETE = "customer:delete"
    CUSTOMER_EDIT = "customer:edit"
    CUSTOMER_EXPORT = "customer:export"
    CUSTOMER_IMPORT = "customer:import"
    CUSTOMER_TRANSFER = "customer:transfer"
    CUSTOMER_VIEW = "customer:view"
    FOLLOWUP_ADD = "followup:add"
    FOLLOWUP_DELETE = "followup:delete"
    FOLLOWUP_EDIT = "followup:edit"
    FOLLOWUP_VIEW = "followup:view"
    INVOICE_APPLY = "invoice:apply"
    INVOICE_VIEW = "invoice:view"
    INVOICE_VOID = "invoice:void"
    LEAD_ADD = "lead:add"
    LEAD_DELETE = "lead:delete"
    LEAD_EDIT = "lead:edit"
    LEAD_EXPORT = "lead:export"
    LEAD_IMPORT = "lead:import"
    LEAD_TRANSFER = "lead:transfer"
    LEAD_VIEW = "lead:view"
    OPPORTUNITY_ADD = "opportunity:add"
    OPPORTUNITY_DELETE = "opportunity:delete"
    OPPORTUNITY_EDIT = "opportunity:edit"
    OPPORTUNITY_EXPORT = "opportunity:export"
    OPPORTUNITY_IMPORT = "opportunity:import"
    OPPORTUNITY_TRANSFER = "opportunity:transfer"
    OPPORTUNITY_VIEW = "opportunity:view"
    PAYMENT_ADD = "payment:add"
    PAYMENT_DELETE = "payment:delete"
    PAYMENT_EDIT = "payment:edit"
    PAYMENT_EXPORT = "payment:export"
    PAYMENT_IMPORT = "payment:import"
    PAYMENT_VIEW = "payment:view"
    PAYMENT_VOID = "payment:void"
    POOL_ASSIGN = "pool:assign"
    POOL_CLAIM = "pool:claim"
    POOL_RETURN = "pool:return"
    POOL_VIEW = "pool:view"
    PRODUCT_ADD = "product:add"
    PRODUCT_DELETE = "product:delete"
    PRODUCT_EDIT = "product:edit"
    PRODUCT_EXPORT = "product:export"
    PRODUCT_IMPORT = "product:import"
    PRODUCT_VIEW = "product:view"
    REPORT_EXPORT = "report:export"
    REPORT_VIEW = "report:view"
    TARGET_IMPORT = "target:import"
    TARGET_SET = "target:set"
    TARGET_VIEW = "target:view"


RESOURCES = {
    "approval": "审批", "competitor": "竞争对手", "contact": "联系人", "contract": "合同", "customer": "客户",
    "followup": "跟进", "invoice": "开票", "lead": "线索", "opportunity": "商机", "payment": "回款",
    "pool": "公海", "product": "产品", "report": "报表", "target": "目标",
}  # fmt: skip
ACTIONS = {
    "add": "新增", "apply": "申请", "assign": "分配", "claim": "领取", "delete": "删除", "edit": "编辑",
    "export": "导出", "handle": "处理", "import": "导入", "return": "退回", "set": "设置",
    "transfer": "更换负责人", "view": "查看", "void": "作废",
}  # fmt: skip


def permission_name(permission: Permission) -> str:
    """As people read it: 公海-领取."""
    resource, _, action = permission.value.partition(":")
    return f"{RESOURCES[resource]}-{ACTIONS[action]}"


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows are visible.

    Own rows always; besides, rows owned by anybody in `departments` (sub-departments already
    included; None: everybody's), and rows without an owner (the pool) when `pool` is set; on `day` (Beijing) besides
    the customers of whose team the person is, with what hangs on them (None: of no team).

    Besides: how much of their fields. `fields`: what roles keep back; `pool_masked`: of a customer in the pool only
    what one may know before claiming it (D14); `lead_pool`: open leads without an owner are a pool's too, of whom
    likewise (R-LEAD-6).
    """

    user_id: str
    departments: frozenset[int] | None = frozenset()
    pool: bool = False
    fields: FieldRights = ALL_FIELDS
    pool_masked: bool = True
    lead_pool: bool = False
    day: date | None = None


# jobs, sync, command line: sees every row whole
SYSTEM = Scope(user_id="", departments=None, pool=True, pool_masked=False)


@dataclass(frozen=True, slots=True)
class Actor:
    """One person (or job) for the length of one request."""

    user_id: str
    name: str
    permissions: frozenset[Permission]
    scope: Scope
    admin: bool = False  # application administrator (settings.admins)
    department_ids: frozenset[int] = field(default_factory=frozenset)
    doorway: str = ""  # not inside yet: the one thing this person may do (bot.identity: OPENING, VACANT)

    def may(self, permission: Permission) -> bool:
        """Whether `require` would pass."""
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raises Forbidden, naming the missing function, unless the actor holds `permission`."""
        if permission not in self.permissions:
            raise Forbidden(f"你没有「{permission_name(permission)}」的权限，需要的话请联系管理员开通。")

    def require_admin(self) -> None:
        """Raises Forbidden unless the actor is an application administrator."""
        if not self.admin:
            raise Forbidden("这是管理员的功能，需要的话请联系管理员。")


SYSTEM_ACTOR = Actor(user_id="", name="系统", permissions=frozenset(Permission), scope=SYSTEM, admin=True)
