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
)
from storage.tables.contracts import Contract, Payment  # noqa: E402
from storage.tables.crm import (  # noqa: E402
    ClaimCarry,
    ClaimLog,
    Contact,
    Customer,
    FollowUp,
    OwnerHistory,
)
from storage.tables.dictionaries import Dictionary, DictionaryValue, FieldDictionary  # noqa: E402
from storage.tables.handover import Departure, Handover, HandoverItem  # noqa: E402
from storage.tables.leads import Lead  # noqa: E402
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
from storage.tables.opportunities import Opportunity, OpportunityCompetitor  # noqa: E402
from storage.tables.org import Department, DepartmentLeader, Employee, EmployeeDepartment, SyncRun  # noqa: E402
from storage.tables.sales import Competitor, FlowNode, Invoice, Product, Stage, Target  # noqa: E402
from storage.tables.search import SavedFilter, SavedFilterShare, SearchEntry  # noqa: E402

Tables.collect()
_fields.watch(
    {
        str(model.__tablename__): model
        for model in (Customer, Contact, FollowUp, Lead, Opportunity, Contract, Payment, Product, Competitor)
    }
)

__all__ = [
    "Attachment",
    "Audit",
    "Card",
    "CardSubject",
    "ClaimCarry",
    "ClaimLog",
    "Competitor",
    "Contact",
    "Contract",
    "Conversation",
    "Customer",
    "Department",
    "DepartmentLeader",
    "Departure",
    "Dictionary",
    "DictionaryValue",
    "DigestItem",
    "Employee",
    "EmployeeDepartment",
    "FieldDictionary",
    "FlowNode",
    "FollowUp",
    "Handover",
    "HandoverItem",
    "Inbox",
    "Invoice",
    "JobRequest",
    "JobState",
    "Lead",
    "Lease",
    "LoadedRecord",
    "Notice",
    "Opportunity",
    "OpportunityCompetitor",
    "Outbox",
    "OwnerHistory",
    "Payment",
    "Product",
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
    "Stage",
    "SyncRun",
    "Target",
    "Undo",
    "Upload",
]
