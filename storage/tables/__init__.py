"""Every table, so that one import knows the whole schema."""

from sqlmodel import SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

from storage import fields as _fields
from storage.scope import Tables
from storage.tables.access import (
    Role,
    RoleField,
    RoleFunction,
    RoleMember,
    RoleMemberDepartment,
    Secret,
    Setting,
)
from storage.tables.contracts import Contract, Payment
from storage.tables.crm import (
    ClaimCarry,
    ClaimLog,
    Contact,
    Customer,
    FollowUp,
    OwnerHistory,
)
from storage.tables.dictionaries import Dictionary, DictionaryValue, FieldDictionary
from storage.tables.exchange import Exchange, ExchangeFile, ExchangeRow
from storage.tables.handover import Departure, Handover, HandoverItem
from storage.tables.leads import Lead
from storage.tables.loads import LoadedRecord
from storage.tables.messaging import (
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
from storage.tables.opportunities import Opportunity, OpportunityCompetitor
from storage.tables.org import Department, DepartmentLeader, Employee, EmployeeDepartment, SyncRun
from storage.tables.sales import Competitor, FlowNode, Invoice, Product, Stage, Target

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
    "Exchange",
    "ExchangeFile",
    "ExchangeRow",
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
    "Secret",
    "Setting",
    "Stage",
    "SyncRun",
    "Target",
    "Undo",
    "Upload",
]
