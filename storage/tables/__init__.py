"""Every table, so that one import knows the whole schema."""

from sqlmodel import SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

from storage import fields as _fields  # noqa: E402 -- the naming convention must stand before the first table
from storage.scope import Tables  # noqa: E402 -- the naming convention must stand before the first table
from storage.tables.access import (  # noqa: E402
    Role,
    RoleField,
    RoleFunction,
    RoleMember,
    RoleMemberDepartment,
    Secret,
    Setting,
    SetupStamp,
)
from storage.tables.contracts import (  # noqa: E402
    Contract,
    ContractOwner,
    NumberCounter,
    Payment,
    PaymentAllocation,
    PaymentPlan,
)
from storage.tables.crm import (  # noqa: E402
    ClaimCarry,
    ClaimLog,
    Contact,
    Customer,
    FollowUp,
    JoinRequest,
    MergeLog,
    OwnerHistory,
    TeamMember,
)
from storage.tables.custom_fields import CustomField  # noqa: E402
from storage.tables.dialogues import DialogueDraft, Intent  # noqa: E402
from storage.tables.dictionaries import Dictionary, DictionaryValue, FieldDictionary  # noqa: E402
from storage.tables.exchange import Exchange, ExchangeFile, ExchangeRow  # noqa: E402
from storage.tables.flows import (  # noqa: E402
    Flow,
    FlowCopy,
    FlowDelegation,
    FlowLog,
    FlowNode,
    FlowTask,
    FlowVersion,
)
from storage.tables.handover import Departure, Handover, HandoverItem  # noqa: E402
from storage.tables.invoices import Invoice  # noqa: E402
from storage.tables.leads import Lead, LeadFollowUp, LeadOwnerHistory  # noqa: E402
from storage.tables.lines import ContractLine  # noqa: E402
from storage.tables.loads import LoadedRecord  # noqa: E402
from storage.tables.messaging import (  # noqa: E402
    Attachment,
    Audit,
    Card,
    CardSubject,
    Conversation,
    DigestItem,
    Inbox,
    JobRequest,
    JobState,
    Lease,
    Notice,
    Outbox,
    Undo,
    Upload,
)
from storage.tables.opportunities import (  # noqa: E402
    Opportunity,
    OpportunityCompetitor,
    OpportunityLine,
    StageLog,
)
from storage.tables.org import Department, DepartmentLeader, Employee, EmployeeDepartment, SyncRun  # noqa: E402
from storage.tables.sales import (  # noqa: E402
    Competitor,
    Product,
    ProductPrice,
    Stage,
    Target,
)
from storage.tables.scans import ContractScan  # noqa: E402
from storage.tables.search import SavedFilter, SavedFilterShare, SearchEntry  # noqa: E402
from storage.tables.visits import CheckIn, Comment, Visit  # noqa: E402

Tables.collect()
_fields.watch(
    {
        str(model.__tablename__): model
        for model in (
            Customer,
            Contact,
            FollowUp,
            Lead,
            LeadFollowUp,
            Opportunity,
            OpportunityLine,
            Contract,
            ContractLine,
            Payment,
            Product,
            ProductPrice,
            Competitor,
            Comment,
            Visit,
        )
    }
)

__all__ = [
    "Attachment",
    "Audit",
    "Card",
    "CardSubject",
    "CheckIn",
    "ClaimCarry",
    "ClaimLog",
    "Comment",
    "Competitor",
    "Contact",
    "Contract",
    "ContractLine",
    "ContractOwner",
    "ContractScan",
    "Conversation",
    "CustomField",
    "Customer",
    "Department",
    "DepartmentLeader",
    "Departure",
    "DialogueDraft",
    "Dictionary",
    "DictionaryValue",
    "DigestItem",
    "Employee",
    "EmployeeDepartment",
    "Exchange",
    "ExchangeFile",
    "ExchangeRow",
    "FieldDictionary",
    "Flow",
    "FlowCopy",
    "FlowDelegation",
    "FlowLog",
    "FlowNode",
    "FlowTask",
    "FlowVersion",
    "FollowUp",
    "Handover",
    "HandoverItem",
    "Inbox",
    "Intent",
    "Invoice",
    "JobRequest",
    "JobState",
    "JoinRequest",
    "Lead",
    "LeadFollowUp",
    "LeadOwnerHistory",
    "Lease",
    "LoadedRecord",
    "MergeLog",
    "Notice",
    "NumberCounter",
    "Opportunity",
    "OpportunityCompetitor",
    "OpportunityLine",
    "Outbox",
    "OwnerHistory",
    "Payment",
    "PaymentAllocation",
    "PaymentPlan",
    "Product",
    "ProductPrice",
    "Role",
    "RoleField",
    "RoleFunction",
    "RoleMember",
    "RoleMemberDepartment",
    "SavedFilter",
    "SavedFilterShare",
    "SearchEntry",
    "Secret",
    "Setting",
    "SetupStamp",
    "Stage",
    "StageLog",
    "SyncRun",
    "Target",
    "TeamMember",
    "Undo",
    "Upload",
    "Visit",
]
