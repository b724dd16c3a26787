"""Who may do what, as one table over every use case of `handlers/*/service.py` (house 4.6).

A use case that is not in the table fails. For each row: without the permission → Forbidden; for an object outside
the scope → NotFound, exactly as for one that does not exist.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import select

import handlers
from bot.context import Context, make_context
from bot.core.actor import Actor, Permission
from bot.core.clock import BEIJING
from bot.core.errors import Forbidden, NotFound
from bot.core.tabular import Sheet
from bot.dispatch import Button
from bot.identity import identify
from cards.contacts import ContactsButton
from cards.custody import TransferButton
from cards.customers import FollowButton, OpenButton, TimelineButton
from cards.customfields import FormsButton, OpenFormButton, SwitchFieldButton
from cards.editing import EditAnywayButton, EditButton
from cards.followups import MoveNextButton
from cards.invoiceflow import TryFlowButton
from cards.merges import MergeButton
from cards.pool import AskReturnButton, ClaimButton, PoolPageButton, ReturnButton
from cards.roles import (
    DeleteRoleButton,
    OpenRoleButton,
    RemoveMemberButton,
    RoleFieldButton,
    RoleFunctionButton,
    RoleLevelButton,
    RoleScopeButton,
    RolesPageButton,
)
from cards.search import OpenRecordButton
from cards.team import AskJoinButton, TeamButton
from cards.timeline import HistoryButton
from handlers.audit.rules import Wanted as AuditWanted
from handlers.comments.service import Commented, add_comment
from handlers.competitors.rules import CompetitorWords
from handlers.contractlines.service import LineChange
from handlers.contracts.making import NewContract
from handlers.customers.creating import NewCustomer
from handlers.exchange.kinds import Wanted as ExportWanted
from handlers.flows.rules import Step
from handlers.followups.service import NewFollowUp
from handlers.handover.parties import Wanted
from handlers.invoiceflow.rules import NodeWords
from handlers.invoiceflow.service import Trial
from handlers.invoices.service import NewInvoice
from handlers.leads.steps import NewLead
from handlers.opening.rules import ScopeWish
from handlers.opportunities.fields import NewOpportunity
from handlers.payments.making import NewPayment
from handlers.targets.rules import read_targets
from handlers.visits.reading import Wanted as VisitsWanted
from handlers.visits.service import NewVisit, log_visit
from storage import customers, roles, scans, teams
from storage.contracts import ContractFilter
from storage.database import Database, Tx
from storage.leads import LeadFilter
from storage.opportunities import OpportunityFilter
from storage.payments import PaymentFilter
from storage.settings import read_settings
from storage.tables import Contact, Contract, Flow, FlowTask, FlowVersion, Invoice, Payment, Product, SyncRun
from tests.support.company import customer_id, id_of, load_company
from tests.support.room import Room

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=BEIJING)
LATER = NOW + timedelta(days=3)
ABSENT = 999_999


@dataclass(frozen=True)
class Row:
    """One use case: whom it needs, and how it is called for an object."""

    needs: Permission | str | None  # "admin", or None: everybody in scope may
    call: Callable[[Callable[..., Any], Context, int], Any]
    own: str = "宁波华东精密机械有限公司"  # lina's: the object she may act on
    foreign: str | None = "深圳创想电子有限公司"  # another team's; None: no object
    free: str = ""  # why it is no door of its own
    seen_by: str = "lina04"  # who acts on `own`


def _named(c: Context, name: str) -> int:
    with c.begin() as tx:
        return customer_id(tx, name)


def _contact(c: Context, of: int) -> int:
    """The customer's first contact."""
    with c.begin() as tx:
        query = select(Contact.id).where(Contact.customer_id == of)
        return tx.exec(query, execution_options={"unscoped": "a test names its objects"}).first() or ABSENT


def _member(c: Context, of: int, user_id: str) -> str:
    """Puts somebody into the team first."""
    with c.begin() as tx:
        if customers.list_by_ids(tx, [of]):
            teams.put_member(tx, customer_id=of, user_id=user_id, may_write=True, until=None, by="", now=NOW)
    return user_id


P = Permission
CONTACTED: Any = {"own": "华兴科技有限公司", "foreign": "深圳创想电子有限公司"}
SYSTEM = "called by jobs with the system actor only"
OWN_IMPORT = "an import is its sender's alone, and its kind's function is asked for: test_exchange.py"
UNDO = "called by the undo door, which has checked whose it is"
DEAL, DRAFT = ("HT-LINA", "HT-ZHOU"), ("HD-LINA", "HD-ZHOU")  # contracts and their payments, made when asked for
PAID, VOIDED = ("HK-LINA", "HK-ZHOU"), ("HV-LINA", "HV-ZHOU")
SCAN = ("HS-LINA", "HS-ZHOU")
APPLIED, TASK, BILL = ("FL-LINA", "FL-ZHOU"), ("FT-LINA", "FT-ZHOU"), ("FI-LINA", "FI-ZHOU")  # flow, task, invoice
TABLE: dict[str, Row] = {
    "administrators.add_administrator": Row("admin", lambda f, c, _: f(c, "zhao05"), foreign=None),
    "administrators.list_administrators": Row("admin", lambda f, c, _: f(c), foreign=None),
    "administrators.remove_administrator": Row("admin", lambda f, c, _: f(c, "chen01"), foreign=None),
    "administrators.take_over": Row("admin", lambda f, c, _: f(c), foreign=None),
    "approvals.find_number": Row(None, lambda f, c, _: f(c, "FP-0001"), foreign=None),
    "approvals.find_task": Row(None, lambda f, c, _: f(c, "FP-0001"), foreign=None),
    "approvals.list_flows": Row(None, lambda f, c, _: f(c, "started"), foreign=None),  # one's own
    "approvals.next_late": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "approvals.remind_late": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "approvals.set_confirm_above": Row("admin", lambda f, c, _: f(c, Decimal(50_000)), foreign=None),
    "approvals.set_dingtalk_todo": Row("admin", lambda f, c, _: f(c, on=True), foreign=None),
    "approvals.set_urge_gap": Row("admin", lambda f, c, _: f(c, 20), foreign=None),
    "approvals.show_status": Row(None, lambda f, c, i: f(c, i), *APPLIED),
    "approvals.show_task": Row(None, lambda f, c, i: f(c, i), *TASK),
    "audit.export_audit": Row("admin", lambda f, c, _: f(c, AuditWanted()), foreign=None),
    "audit.read_query": Row("admin", lambda f, c, _: f(c, "李娜 本周"), foreign=None),
    "audit.show_audit": Row("admin", lambda f, c, _: f(c, AuditWanted()), foreign=None),
    "comments.add_comment": Row(P.FOLLOWUP_ADD, lambda f, c, i: f(c, i, "报价单发我看看")),
    "comments.open_form": Row(P.FOLLOWUP_ADD, lambda f, c, i: f(c, i)),
    "comments.show_comment": Row(None, lambda f, c, i: f(c, _commented(c, i).comment_id)),
    "comments.undo_comment": Row(None, lambda f, c, i: f(c, {"comment_id": i}), free=UNDO),
    "competitors.add_competitor": Row(
        P.COMPETITOR_ADD, lambda f, c, _: f(c, CompetitorWords("某某机床")), foreign=None
    ),
    "competitors.edit_competitor": Row(
        P.COMPETITOR_EDIT, lambda f, c, _: f(c, CompetitorWords("某某机床", "快")), foreign=None
    ),
    "competitors.list_competitors": Row(P.COMPETITOR_VIEW, lambda f, c, _: f(c), foreign=None),
    "competitors.remove_competitor": Row(P.COMPETITOR_DELETE, lambda f, c, _: f(c, "某某机床"), foreign=None),
    "competitors.show_competitor": Row(P.COMPETITOR_VIEW, lambda f, c, _: f(c, "某某机床"), foreign=None),
    "competitors.switch_competitor": Row(
        P.COMPETITOR_EDIT, lambda f, c, _: f(c, "某某机床", active=False), foreign=None
    ),
    "competitors.undo_change": Row(
        P.COMPETITOR_EDIT, lambda f, c, _: f(c, {"name": "某某", "before": {"active": 1}, "after": {"active": 0}}),
        foreign=None,
    ),
    # its author's alone (tests/handlers/test_confirming.py), and what its confirmer needs
    "confirming.confirm_intent": Row(None, lambda f, c, i: f(c, i), foreign=None),
    "confirming.drop_intent": Row(None, lambda f, c, i: f(c, i), foreign=None),
    "confirming.propose": Row(None, lambda f, c, _: None, foreign=None),  # after a capability has checked it
    "confirming.show_intent": Row(None, lambda f, c, i: f(c, i), foreign=None),
    "contacts.delete_contact": Row(P.CONTACT_DELETE, lambda f, c, i: f(c, _contact(c, i)), **CONTACTED),
    "contacts.edit_contact": Row(P.CONTACT_ADD, lambda f, c, i: f(c, _contact(c, i), {"title": "总监"}), **CONTACTED),
    "contacts.list_contacts": Row(None, lambda f, c, i: f(c, i)),
    "contacts.set_main": Row(P.CONTACT_ADD, lambda f, c, i: f(c, _contact(c, i)), **CONTACTED),
    "contacts.show_contact": Row(None, lambda f, c, i: f(c, _contact(c, i)), **CONTACTED),
    "contacts.switch_contact": Row(P.CONTACT_ADD, lambda f, c, i: f(c, _contact(c, i), "离职"), **CONTACTED),
    "contacts.undo_delete": Row(None, lambda f, c, i: f(c, {}), foreign=None, free=UNDO),
    "contacts.undo_edit": Row(None, lambda f, c, i: f(c, {}), foreign=None, free=UNDO),
    "custody.delete_customer": Row(P.CUSTOMER_DELETE, lambda f, c, i: f(c, i)),
    "custody.lock_customer": Row(P.CUSTOMER_ADD, lambda f, c, i: f(c, i, None)),
    "custody.preview_transfer": Row(P.CUSTOMER_TRANSFER, lambda f, c, i: f(c, i, "zhao05")),
    "custody.transfer_customer": Row(P.CUSTOMER_TRANSFER, lambda f, c, i: f(c, i, "zhao05")),
    "custody.undo_delete": Row(None, lambda f, c, i: f(c, {}), foreign=None, free=UNDO),
    "custody.undo_lock": Row(None, lambda f, c, i: f(c, {}), foreign=None, free=UNDO),
    "custody.undo_transfer": Row(None, lambda f, c, i: f(c, {}), foreign=None, free=UNDO),
    "custody.unlock_customer": Row(P.CUSTOMER_ADD, lambda f, c, i: f(c, i)),
    "contractlines.change_line": Row(P.CONTRACT_ADD, lambda f, c, i: f(c, i, _sold(c), Decimal("12800.00")), *DEAL),
    "contractlines.reckon_line": Row(P.CONTRACT_ADD, lambda f, c, i: f(c, i, _sold(c)), *DEAL),
    "contractlines.undo_lines": Row(None, lambda f, c, i: f(c, {"contract_id": i}), *DEAL, free=UNDO),
    "contractscans.add_scan": Row(P.CONTRACT_ADD, lambda f, c, i: f(c, i, "", b"%PDF-1"), *DEAL),
    "contractscans.likely_contract": Row(None, lambda f, c, i: f(c, i), foreign=None),  # of those in scope
    "contractscans.list_scans": Row(None, lambda f, c, i: f(c, i), *DEAL),
    "contractscans.remove_scan": Row(P.CONTRACT_ADD, lambda f, c, i: f(c, i), *SCAN),
    "contractscans.send_scan": Row(None, lambda f, c, i: f(c, i), *SCAN),
    "contractscans.undo_scan": Row(None, lambda f, c, i: f(c, {"contract_id": i}), *DEAL, free=UNDO),
    "contracts.create_contract": Row(P.CONTRACT_ADD, lambda f, c, i: f(c, NewContract(i, Decimal(9)))),
    "contracts.delete_contract": Row(P.CONTRACT_DELETE, lambda f, c, i: f(c, i), *DRAFT),
    "contracts.edit_contract": Row(P.CONTRACT_ADD, lambda f, c, i: f(c, i, {"name": "维保"}), *DEAL),
    "contracts.end_past": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "contracts.list_contracts": Row(P.CONTRACT_VIEW, lambda f, c, _: f(c, ContractFilter()), foreign=None),
    "contracts.move_contract": Row(P.CONTRACT_ADD, lambda f, c, i: f(c, i, "ended"), *DEAL),
    "contracts.prepare": Row(P.CONTRACT_ADD, lambda f, c, i: f(c, i)),
    "contracts.show_contract": Row(None, lambda f, c, i: f(c, i), *DEAL),
    "contracts.transfer_contract": Row(P.CONTRACT_TRANSFER, lambda f, c, i: f(c, i, "zhao05"), *DEAL),
    "contracts.undo_create": Row(None, lambda f, c, i: f(c, {"contract_id": i}), *DEAL, free=UNDO),
    "contracts.undo_edit": Row(None, lambda f, c, i: f(c, {"contract_id": i}), *DEAL, free=UNDO),
    "contracts.undo_move": Row(None, lambda f, c, i: f(c, {"contract_id": i}), *DEAL, free=UNDO),
    "contracts.undo_transfer": Row(None, lambda f, c, i: f(c, {"contract_id": i}), *DEAL, free=UNDO),
    "customers.add_contact": Row(P.CONTACT_ADD, lambda f, c, i: f(c, i, name="陈强", title="", mobile="13812345679")),
    "customers.check_new_name": Row(P.CUSTOMER_ADD, lambda f, c, _: f(c, NewCustomer("新客户某某")), foreign=None),
    "customers.create_customer": Row(
        P.CUSTOMER_ADD, lambda f, c, _: f(c, NewCustomer("新客户某某", "陈强")), foreign=None
    ),
    "customers.show_customer": Row(None, lambda f, c, i: f(c, i)),
    "customers.undo_create": Row(None, lambda f, c, i: f(c, {"customer_id": i}), free=UNDO),
    "customfields.add_field": Row("admin", lambda f, c, _: f(c, "customer", "年采购额", "money"), foreign=None),
    "customfields.find_field": Row("admin", lambda f, c, _: f(c, "客户 年采购额"), foreign=None),
    "customfields.list_forms": Row("admin", lambda f, c, _: f(c), foreign=None),
    "customfields.move_field": Row("admin", lambda f, c, _: f(c, "customer", "money_0001", up=True), foreign=None),
    "customfields.read_new_field": Row("admin", lambda f, c, _: f(c, "客户 年采购额 金额"), foreign=None),
    "customfields.rename_field": Row(
        "admin", lambda f, c, _: f(c, "customer", "money_0001", "年采购预算"), foreign=None
    ),
    "customfields.require_field": Row(
        "admin", lambda f, c, _: f(c, "customer", "money_0001", required=True), foreign=None
    ),
    "customfields.show_form": Row("admin", lambda f, c, _: f(c, "customer"), foreign=None),
    "customfields.switch_field": Row(
        "admin", lambda f, c, _: f(c, "customer", "money_0001", active=False), foreign=None
    ),
    "customfields.undo_change": Row("admin", lambda f, c, _: f(c, {"form": "customer"}), foreign=None),
    "dictionaries.add_values": Row("admin", lambda f, c, _: f(c, 1, "抖音"), foreign=None),
    "dictionaries.bind_field": Row("admin", lambda f, c, _: f(c, ("customer", "source"), 1), foreign=None),
    "dictionaries.correct_label": Row("admin", lambda f, c, _: f(c, 1, "重点客户", "大客户"), foreign=None),
    "dictionaries.create_dictionary": Row("admin", lambda f, c, _: f(c, "颜色", "红;绿"), foreign=None),
    "dictionaries.delete_dictionary": Row("admin", lambda f, c, _: f(c, 1), foreign=None),
    "dictionaries.edit_dictionary": Row("admin", lambda f, c, _: f(c, 1, "红;绿"), foreign=None),
    "dictionaries.find_dictionary": Row("admin", lambda f, c, _: f(c, "来源"), foreign=None),
    "dictionaries.find_field": Row("admin", lambda f, c, _: f(c, "客户 来源"), foreign=None),
    "dictionaries.find_value": Row("admin", lambda f, c, _: f(c, "展会"), foreign=None),
    "dictionaries.list_dictionaries": Row("admin", lambda f, c, _: f(c), foreign=None),
    "dictionaries.refuse_rename": Row("admin", lambda f, c, _: f(c, 1), foreign=None),
    "dictionaries.show_dictionary": Row("admin", lambda f, c, _: f(c, 1), foreign=None),
    "dictionaries.split_name": Row("admin", lambda f, c, _: f(c, "来源 添加 抖音"), foreign=None),
    "dictionaries.switch_value": Row("admin", lambda f, c, _: f(c, 2, "展会", on=False), foreign=None),
    "dictionaries.switch_value_by_id": Row("admin", lambda f, c, _: f(c, 1, 1, on=False), foreign=None),
    "dictionaries.undo_change": Row("admin", lambda f, c, _: f(c, "edit", {}), foreign=None, free=UNDO),
    "filters.find_saved": Row(P.CUSTOMER_VIEW, lambda f, c, _: f(c, "重点"), foreign=None),
    "filters.list_customers": Row(P.CUSTOMER_VIEW, lambda f, c, _: f(c, "制造业 30天未跟进"), foreign=None),
    "filters.list_saved": Row(P.CUSTOMER_VIEW, lambda f, c, _: f(c), foreign=None),
    "filters.remove_filter": Row(P.CUSTOMER_VIEW, lambda f, c, _: f(c, "重点"), foreign=None),
    "filters.save_filter": Row(P.CUSTOMER_VIEW, lambda f, c, _: f(c, "重点", "30天未跟进"), foreign=None),
    "filters.share_filter": Row(P.CUSTOMER_VIEW, lambda f, c, _: f(c, "重点", "销售一部"), foreign=None),
    "filters.undo_remove": Row(None, lambda f, c, _: f(c, {"name": "重点"}), foreign=None, free=UNDO),
    "filters.undo_save": Row(None, lambda f, c, _: f(c, {"name": "重点", "before": None}), foreign=None, free=UNDO),
    "filters.undo_share": Row(None, lambda f, c, _: f(c, {"name": "重点", "shares": []}), foreign=None, free=UNDO),
    "drafts.drop_drafts": Row(None, lambda f, c, _: f(c, "bot", None), foreign=None),
    "drafts.list_drafts": Row(None, lambda f, c, _: f(c, "bot"), foreign=None),
    "drafts.take_up": Row(None, lambda f, c, _: f(c, "bot", None), foreign=None),
    "drafts.undo_drop": Row(None, lambda f, c, _: None, foreign=None, free=UNDO),
    "editing.edit_customer": Row(P.CUSTOMER_ADD, lambda f, c, i: f(c, i, {"city": "杭州"})),
    "editing.open_form": Row(P.CUSTOMER_ADD, lambda f, c, i: f(c, i)),
    "editing.undo_edit": Row(None, lambda f, c, i: f(c, {}), foreign=None, free=UNDO),
    "exchange.choose_kind": Row(P.CUSTOMER_IMPORT, lambda f, c, _: f(c, ABSENT, "customers"), foreign=None),
    "exchange.drop_import": Row(None, lambda f, c, _: f(c, ABSENT), foreign=None, free=OWN_IMPORT),
    "exchange.export_records": Row(P.CUSTOMER_EXPORT, lambda f, c, _: f(c, "customers", ExportWanted()), foreign=None),
    "exchange.latest": Row(None, lambda f, c, _: f(c), foreign=None, free="one's own import, or none"),
    "exchange.map_columns": Row(None, lambda f, c, _: f(c, ABSENT, {0: "name"}), foreign=None, free=OWN_IMPORT),
    "exchange.run_import": Row(None, lambda f, c, _: f(c, ABSENT), foreign=None, free=OWN_IMPORT),
    "exchange.send_problems": Row(None, lambda f, c, _: f(c, ABSENT), foreign=None, free=OWN_IMPORT),
    "exchange.send_template": Row(P.CUSTOMER_IMPORT, lambda f, c, _: f(c, "customers"), foreign=None),
    "exchange.set_blank_owner": Row(None, lambda f, c, _: f(c, ABSENT, to_pool=True), foreign=None, free=OWN_IMPORT),
    "exchange.show_import": Row(None, lambda f, c, _: f(c, ABSENT), foreign=None, free=OWN_IMPORT),
    "exchange.start_import": Row(
        P.CUSTOMER_IMPORT, lambda f, c, _: f(c, "客户.xlsx", Sheet(("客户名称",)), kind="customers"), foreign=None
    ),
    "exchange.undo_import": Row(None, lambda f, c, _: f(c, {"exchange_id": ABSENT}), foreign=None, free=UNDO),
    "followups.log_follow_up": Row(P.FOLLOWUP_ADD, lambda f, c, i: f(c, i, NewFollowUp("聊了报价"))),
    "followups.plan_next": Row(P.FOLLOWUP_ADD, lambda f, c, i: f(c, i, LATER, timed=True)),
    "followups.undo_follow_up": Row(None, lambda f, c, i: f(c, {"follow_up_id": i}), free=UNDO),
    "forecast.forecast": Row(P.OPPORTUNITY_VIEW, lambda f, c, _: f(c), foreign=None),
    "handover.announce_departures": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "handover.find_people": Row("admin", lambda f, c, _: f(c, "李娜", giver=True), foreign=None),
    "handover.hand_over": Row(
        "admin", lambda f, c, _: f(c, Wanted("lina04", "zhao05", ("customer",)), shown={"customer": 3}), foreign=None
    ),
    "handover.last_handover": Row("admin", lambda f, c, _: f(c, "lina04"), foreign=None),
    "handover.list_givers": Row("admin", lambda f, c, _: f(c), foreign=None),
    "handover.next_announcement": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "handover.nothing_text": Row("admin", lambda f, c, _: f(c, Wanted("lina04", "zhao05")), foreign=None),
    "handover.preview": Row("admin", lambda f, c, _: f(c, Wanted("lina04", "zhao05")), foreign=None),
    "handover.restore_roles": Row("admin", lambda f, c, _: f(c, "lina04"), foreign=None),
    "handover.show_handover": Row("admin", lambda f, c, i: f(c, i), foreign=None),
    "handover.show_person": Row("admin", lambda f, c, _: f(c, "lina04"), foreign=None),
    "handover.show_returned": Row("admin", lambda f, c, _: f(c, "lina04"), foreign=None),
    "handover.undo_handover": Row("admin", lambda f, c, i: f(c, {"handover_id": i}), foreign=None),
    "help.administrators": Row(None, lambda f, c, _: f(c), foreign=None),
    "home.show_today": Row(None, lambda f, c, _: f(c), foreign=None),
    "flows.add_signer": Row(None, lambda f, c, i: f(c, i, "zhao05"), *TASK),
    "flows.adjust": Row("admin", lambda f, c, i: f(c, i, "出差", user_id="zhao05"), foreign=None),
    "flows.cancel": Row(None, lambda f, c, i: f(c, i), *APPLIED),
    "flows.decide": Row(None, lambda f, c, i: f(c, i, agree=True), *TASK),
    "flows.delegate": Row(None, lambda f, c, _: f(c, "zhao05", NOW.date(), NOW.date()), foreign=None),
    "flows.end_delegation": Row(None, lambda f, c, _: f(c), foreign=None),
    "flows.send_back": Row(None, lambda f, c, i: f(c, i, "再核一下"), *TASK),
    "flows.transfer": Row(None, lambda f, c, i: f(c, i, "zhao05"), *TASK),
    "flows.urge": Row(None, lambda f, c, i: f(c, i), *APPLIED),
    "invoiceflow.change_flow": Row("admin", lambda f, c, _: f(c, NodeWords("hide", "", ("合同金额",))), foreign=None),
    "invoiceflow.show_flow": Row("admin", lambda f, c, _: f(c), foreign=None),
    "invoiceflow.try_flow": Row("admin", lambda f, c, i: f(c, Trial(i, Decimal(50))), *DEAL),
    "invoiceflow.undo_flow": Row("admin", lambda f, c, _: f(c, {}), foreign=None),
    "invoices.access_applied": Row(P.INVOICE_APPLY, lambda f, c, i: f(c, i), "FA-LINA", "FA-ZHOU"),
    "invoices.apply_invoice": Row(
        P.INVOICE_APPLY, lambda f, c, i: f(c, NewInvoice(i, Decimal(9), "普票", "华兴科技有限公司")), *DEAL
    ),
    "invoices.candidates": Row(P.INVOICE_APPLY, lambda f, c, i: f(c, i)),
    "invoices.find_invoice": Row(None, lambda f, c, _: f(c, "FP-0001"), foreign=None),
    "invoices.issue_invoice": Row(None, lambda f, c, i: f(c, i, "12345678"), *BILL),
    "invoices.prepare": Row(P.INVOICE_APPLY, lambda f, c, i: f(c, i), *DEAL),
    "invoices.show_bills": Row(None, lambda f, c, i: f(c, i), *DEAL),
    "invoices.void_invoice": Row(P.INVOICE_VOID, lambda f, c, i: f(c, i, "抬头开错"), *BILL),
    "leadpool.browse_pool": Row(P.POOL_VIEW, lambda f, c, _: f(c, (), 1), foreign=None),
    "leadpool.claim_lead": Row(P.POOL_CLAIM, lambda f, c, _: f(c, ABSENT), foreign=None),
    "leadpool.list_pooled": Row(P.POOL_CLAIM, lambda f, c, _: f(c), foreign=None),
    "leadpool.return_lead": Row(P.POOL_CLAIM, lambda f, c, _: f(c, ABSENT, "无需求"), foreign=None),
    "leadpool.show_pool": Row(None, lambda f, c, _: f(c, [], ()), foreign=None),  # a card that may hang in a group
    "leads.convert_lead": Row(P.LEAD_ADD, lambda f, c, i: f(c, ABSENT), foreign=None),
    "leads.create_lead": Row(P.LEAD_ADD, lambda f, c, _: f(c, NewLead("杭州某某贸易")), foreign=None),
    "leads.delete_lead": Row(P.LEAD_DELETE, lambda f, c, i: f(c, ABSENT), foreign=None),
    "leads.list_leads": Row(P.LEAD_VIEW, lambda f, c, _: f(c, LeadFilter()), foreign=None),
    "leads.list_named": Row(P.LEAD_VIEW, lambda f, c, _: f(c), foreign=None),
    "leads.log_follow_up": Row(P.FOLLOWUP_ADD, lambda f, c, i: f(c, ABSENT, "聊了需求"), foreign=None),
    "leads.set_state": Row(P.LEAD_ADD, lambda f, c, i: f(c, ABSENT, "interested"), foreign=None),
    "leads.show_lead": Row(P.LEAD_VIEW, lambda f, c, i: f(c, ABSENT), foreign=None),
    "leads.transfer_lead": Row(P.LEAD_TRANSFER, lambda f, c, i: f(c, ABSENT, "zhao05"), foreign=None),
    "leads.undo_change": Row(P.LEAD_ADD, lambda f, c, _: f(c, {"id": ABSENT, "before": None}), foreign=None),
    "leads.undo_convert": Row(P.LEAD_ADD, lambda f, c, _: f(c, {"id": ABSENT}), foreign=None),
    "leads.update_lead": Row(P.LEAD_ADD, lambda f, c, i: f(c, ABSENT, {"remark": "要两台"}), foreign=None),
    "merges.merge_customers": Row(P.CUSTOMER_DELETE, lambda f, c, i: f(c, _named(c, "华星电子有限公司"), i)),
    "merges.preview_merge": Row(P.CUSTOMER_DELETE, lambda f, c, i: f(c, _named(c, "华星电子有限公司"), i)),
    "merges.undo_merge": Row(P.CUSTOMER_DELETE, lambda f, c, i: f(c, {"merge_id": ABSENT}), foreign=None, free=UNDO),
    "opening.agree": Row("admin", lambda f, c, _: f(c), foreign=None),
    "opening.open_app": Row("admin", lambda f, c, _: f(c), foreign=None),
    "opening.set_usage_scope": Row("admin", lambda f, c, _: f(c, ScopeWish("all")), foreign=None),
    "opening.show_opening": Row("admin", lambda f, c, _: f(c), foreign=None),
    "opportunities.change_stage": Row(P.OPPORTUNITY_ADD, lambda f, c, i: f(c, ABSENT, "报价"), foreign=None),
    "opportunities.create_opportunity": Row(
        P.OPPORTUNITY_ADD, lambda f, c, _: f(c, NewOpportunity(ABSENT, "二期")), foreign=None
    ),
    "opportunities.delete_opportunity": Row(P.OPPORTUNITY_DELETE, lambda f, c, i: f(c, ABSENT), foreign=None),
    "opportunities.list_rivals": Row(P.OPPORTUNITY_VIEW, lambda f, c, i: f(c, ABSENT), foreign=None),
    "opportunities.stale_since": Row(P.OPPORTUNITY_VIEW, lambda f, c, _: f(c), foreign=None),
    "opportunities.undo_transfer": Row(None, lambda f, c, i: f(c, {"id": ABSENT}), foreign=None, free=UNDO),
    "opportunities.list_named": Row(P.OPPORTUNITY_VIEW, lambda f, c, _: f(c), foreign=None),
    "opportunities.list_open_stages": Row(P.OPPORTUNITY_VIEW, lambda f, c, _: f(c), foreign=None),
    "opportunities.list_opportunities": Row(
        P.OPPORTUNITY_VIEW, lambda f, c, _: f(c, OpportunityFilter()), foreign=None
    ),
    "opportunities.reopen_opportunity": Row(P.OPPORTUNITY_EDIT, lambda f, c, i: f(c, ABSENT), foreign=None),
    "opportunities.show_opportunity": Row(P.OPPORTUNITY_VIEW, lambda f, c, i: f(c, ABSENT), foreign=None),
    "opportunities.transfer_opportunity": Row(
        P.OPPORTUNITY_TRANSFER, lambda f, c, i: f(c, ABSENT, "zhao05"), foreign=None
    ),
    "opportunities.undo_change": Row(
        P.OPPORTUNITY_ADD, lambda f, c, _: f(c, {"id": ABSENT, "before": None}), foreign=None
    ),
    "opportunities.update_opportunity": Row(
        P.OPPORTUNITY_ADD, lambda f, c, i: f(c, ABSENT, {"amount": Decimal(1)}), foreign=None
    ),
    "opportunitylines.list_offered": Row(P.OPPORTUNITY_ADD, lambda f, c, _: f(c), foreign=None),
    "opportunitylines.add_line": Row(
        P.OPPORTUNITY_ADD, lambda f, c, i: f(c, ABSENT, "Z-9", Decimal(1), Decimal(0)), foreign=None
    ),
    "opportunitylines.remove_line": Row(P.OPPORTUNITY_ADD, lambda f, c, i: f(c, ABSENT, "Z-9"), foreign=None),
    "org.ask_credentials": Row(None, lambda f, c, _: f(c, "chen01"), foreign=None, free=SYSTEM),
    "org.decide_removals": Row("admin", lambda f, c, _: f(c, agree=True), foreign=None),
    "org.find_departments": Row("admin", lambda f, c, _: f(c, "销售一部"), foreign=None),
    "org.note_met": Row(None, lambda f, c, _: f(c, "lina04"), foreign=None, free=SYSTEM),
    "org.note_progress": Row(None, lambda f, c, _: f(c, 1, 1, 2), foreign=None, free=SYSTEM),
    "org.request_sync": Row("admin", lambda f, c, _: f(c), foreign=None),
    "org.show_guide": Row("admin", lambda f, c, _: f(c), foreign=None),
    "org.show_org": Row("admin", lambda f, c, _: f(c), foreign=None),
    "org.show_request": Row("admin", lambda f, c, _: f(c, 1), foreign=None),
    "org.store_credentials": Row("admin", lambda f, c, _: f(c, "dingapp", "a secret of the app"), foreign=None),
    "paymentplans.allocate_payment": Row(P.PAYMENT_ADD, lambda f, c, i: f(c, i, []), *PAID),
    "paymentplans.list_overdue": Row(P.PAYMENT_VIEW, lambda f, c, _: f(c), foreign=None),
    "paymentplans.set_plans": Row(P.PAYMENT_ADD, lambda f, c, i: f(c, i, (), 2), *DEAL),
    "paymentplans.show_allocation": Row(None, lambda f, c, i: f(c, i), *PAID),
    "paymentplans.show_plans": Row(None, lambda f, c, i: f(c, i), *DEAL),
    "paymentplans.undo_allocate": Row(None, lambda f, c, i: f(c, {"payment_id": i}), *PAID, free=UNDO),
    "paymentplans.undo_plans": Row(None, lambda f, c, i: f(c, {"contract_id": i}), *DEAL, free=UNDO),
    "payments.brief": Row(P.PAYMENT_ADD, lambda f, c, i: f(c, i), *DEAL),
    "payments.candidates": Row(P.PAYMENT_ADD, lambda f, c, i: f(c, i)),
    "payments.create_payment": Row(P.PAYMENT_ADD, lambda f, c, i: f(c, NewPayment(i, Decimal(9))), *DEAL),
    "payments.delete_payment": Row(P.PAYMENT_DELETE, lambda f, c, i: f(c, i), *VOIDED),
    "payments.edit_payment": Row(P.PAYMENT_ADD, lambda f, c, i: f(c, i, {"method": "现金"}), *PAID),
    "payments.find_payment": Row(None, lambda f, c, i: f(c, "HK-2026-0001"), foreign=None),
    "payments.list_payments": Row(P.PAYMENT_VIEW, lambda f, c, _: f(c, PaymentFilter()), foreign=None),
    "payments.prepare": Row(P.PAYMENT_ADD, lambda f, c, i: f(c, i, Decimal(9), None, None), *DEAL),
    "payments.set_over_collect": Row("admin", lambda f, c, _: f(c, allow=True), foreign=None),
    "payments.show_payment": Row(None, lambda f, c, i: f(c, i), *PAID),
    "payments.undo_create": Row(None, lambda f, c, i: f(c, {"payment_id": i}), *PAID, free=UNDO),
    "payments.undo_edit": Row(None, lambda f, c, i: f(c, {"payment_id": i}), *PAID, free=UNDO),
    "payments.undo_void": Row(None, lambda f, c, i: f(c, {"payment_id": i}), *PAID, free=UNDO),
    "payments.void_payment": Row(P.PAYMENT_VOID, lambda f, c, i: f(c, i, "登错"), *PAID),
    "pool.assign_customer": Row(P.POOL_ASSIGN, lambda f, c, i: f(c, i, "zhao05"), own="宁波海蓝食品有限公司"),
    "pool.browse_pool": Row(P.POOL_VIEW, lambda f, c, _: f(c, "", 1), foreign=None),
    "pool.claim_customer": Row(P.POOL_CLAIM, lambda f, c, i: f(c, i), own="宁波海蓝食品有限公司", foreign=None),
    "pool.recycle_customer": Row(None, lambda f, c, _: None, foreign=None, free=SYSTEM),
    "pool.recycle_due": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "pool.return_customer": Row(P.POOL_CLAIM, lambda f, c, i: f(c, i, "无需求")),
    "pool.undo_claim": Row(None, lambda f, c, i: None, foreign=None, free=UNDO),
    "pool.undo_return": Row(None, lambda f, c, i: None, foreign=None, free=UNDO),
    "products.add_product": Row(P.PRODUCT_ADD, lambda f, c, _: f(c, ["Z-9", "轴", "9"]), foreign=None),
    "products.edit_product": Row(P.PRODUCT_EDIT, lambda f, c, _: f(c, "Z-9", "单价", "10"), foreign=None),
    "products.fill_product": Row(P.PRODUCT_EDIT, lambda f, c, _: f(c, "Z-9", {}), foreign=None),
    "products.list_products": Row(P.PRODUCT_VIEW, lambda f, c, _: f(c), foreign=None),
    "products.remove_product": Row(P.PRODUCT_DELETE, lambda f, c, _: f(c, "Z-9"), foreign=None),
    "products.show_product": Row(P.PRODUCT_VIEW, lambda f, c, _: f(c, "Z-9"), foreign=None),
    "products.switch_product": Row(P.PRODUCT_EDIT, lambda f, c, _: f(c, "Z-9", enabled=False), foreign=None),
    "products.undo_add": Row(P.PRODUCT_ADD, lambda f, c, _: f(c, {"code": "X"}), foreign=None),
    "products.undo_fill": Row(P.PRODUCT_EDIT, lambda f, c, _: f(c, {"code": "X"}), foreign=None),
    "products.undo_remove": Row(P.PRODUCT_DELETE, lambda f, c, _: f(c, {"product": {}}), foreign=None),
    "products.undo_edit": Row(P.PRODUCT_EDIT, lambda f, c, _: f(c, {"code": "X"}), foreign=None),
    "reminders.list_lost": Row("admin", lambda f, c, _: f(c), foreign=None),
    "reminders.todo_refusal": Row("admin", lambda f, c, _: f(c), foreign=None),
    "reminders.list_owners": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "reminders.list_waiting": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "reminders.next_nudge": Row(None, lambda f, c, _: f(c, NOW), foreign=None, free=SYSTEM),
    "reminders.queue_morning": Row(None, lambda f, c, _: f(c, "lina04"), foreign=None, free=SYSTEM),
    "reminders.queue_nudges": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "reminders.send_digest": Row(None, lambda f, c, _: f(c, "lina04"), foreign=None, free=SYSTEM),
    "reminders.tell_administrators": Row(None, lambda f, c, _: None, foreign=None, free=SYSTEM),
    "reminders.tell_administrators_now": Row(None, lambda f, c, _: None, foreign=None, free=SYSTEM),
    "reminders.tell_undelivered": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "rolesheets.check_sheet": Row("admin", lambda f, c, _: f(c, "角色.xlsx", Sheet(("角色",))), foreign=None),
    "rolesheets.export_roles": Row("admin", lambda f, c, _: f(c), foreign=None),
    "rolesheets.import_roles": Row("admin", lambda f, c, _: f(c, ABSENT, ""), foreign=None),
    "rolesheets.look_again": Row("admin", lambda f, c, _: f(c, ABSENT), foreign=None),
    "rolesheets.send_template": Row("admin", lambda f, c, _: f(c), foreign=None),
    "rivals.meet_competitor": Row(P.OPPORTUNITY_ADD, lambda f, c, i: f(c, ABSENT, "海天"), foreign=None),
    "rivals.list_win_rates": Row(P.OPPORTUNITY_VIEW, lambda f, c, _: f(c), foreign=None),
    "rivals.part_competitor": Row(P.OPPORTUNITY_ADD, lambda f, c, i: f(c, ABSENT, "海天"), foreign=None),
    "roles.add_members": Row("admin", lambda f, c, _: f(c, 2, "周敏"), foreign=None),
    "roles.change_functions": Row("admin", lambda f, c, _: f(c, 2, ["pool:view"], give=False), foreign=None),
    "roles.copy_role": Row("admin", lambda f, c, _: f(c, 2, "电销"), foreign=None),
    "roles.create_role": Row("admin", lambda f, c, _: f(c, "电销"), foreign=None),
    "roles.delete_role": Row("admin", lambda f, c, _: f(c, 2), foreign=None),
    "roles.explain_person": Row("admin", lambda f, c, _: f(c, "周敏"), foreign=None),
    "roles.explain_unseen": Row("admin", lambda f, c, _: f(c, "周敏", "华兴", None), foreign=None),
    "roles.list_advanced": Row("admin", lambda f, c, _: f(c), foreign=None),
    "roles.list_all": Row("admin", lambda f, c, _: f(c), foreign=None),
    "roles.meant": Row("admin", lambda f, c, _: f(c, "业务员"), foreign=None),
    "roles.remove_members": Row("admin", lambda f, c, _: f(c, 2, "周敏"), foreign=None),
    "roles.rename_role": Row("admin", lambda f, c, _: f(c, 2, "电销"), foreign=None),
    "roles.serve": Row("admin", lambda f, c, _: f(c, 2, "周敏", "销售二部"), foreign=None),
    "roles.set_advanced": Row("admin", lambda f, c, _: f(c, "customer", "删除"), foreign=None),
    "roles.set_data_scope": Row("admin", lambda f, c, _: f(c, 2, "all"), foreign=None),
    "roles.set_fields": Row("admin", lambda f, c, _: f(c, 2, "customer", [], None), foreign=None),
    "roles.set_level": Row("admin", lambda f, c, _: f(c, 2, "advanced"), foreign=None),
    "roles.show_role": Row("admin", lambda f, c, _: f(c, 2), foreign=None),
    "roles.undo_advanced": Row("admin", lambda f, c, _: f(c, {"form": "customer"}), foreign=None),
    "roles.undo_change": Row("admin", lambda f, c, _: f(c, {"before": None, "after": None}), foreign=None),
    "roles.weigh_deletion": Row("admin", lambda f, c, _: f(c, 2), foreign=None),
    "stages.set_rotten": Row("admin", lambda f, c, _: f(c, "报价", 14), foreign=None),
    "stages.add_stage": Row("admin", lambda f, c, _: f(c, "样品", 10), foreign=None),
    "stages.list_stages": Row("admin", lambda f, c, _: f(c), foreign=None),
    "stages.move_stage": Row("admin", lambda f, c, _: f(c, "甲", "乙", behind=True), foreign=None),
    "stages.rate_stage": Row("admin", lambda f, c, _: f(c, "甲", 10), foreign=None),
    "stages.remove_stage": Row("admin", lambda f, c, _: f(c, "甲"), foreign=None),
    "stages.rename_stage": Row("admin", lambda f, c, _: f(c, "甲", "乙"), foreign=None),
    "stages.switch_stage": Row("admin", lambda f, c, _: f(c, "甲", active=False), foreign=None),
    "stages.undo_change": Row("admin", lambda f, c, _: f(c, {}), foreign=None),
    "targets.list_targets": Row(None, lambda f, c, _: f(c, 2026), foreign=None),  # one's own
    "targets.set_targets": Row(
        P.TARGET_SET, lambda f, c, _: f(c, read_targets("李娜 合同额 3月1万", today=NOW.date())), foreign=None
    ),
    "targets.undo_set": Row(P.TARGET_SET, lambda f, c, _: f(c, {}), foreign=None),
    "search.customer_of": Row(None, lambda f, c, _: f(c, ABSENT), foreign=None),
    "search.search_all": Row(None, lambda f, c, _: f(c, "华东精密"), foreign=None),
    "search.show_record": Row(P.CUSTOMER_VIEW, lambda f, c, i: f(c, "customer", i)),
    "settings.change_pool": Row("admin", lambda f, c, _: f(c, {"claim_cap": 5}), foreign=None),
    "settings.change_reminders": Row("admin", lambda f, c, _: f(c, {"not_followed_days": 5}), foreign=None),
    "settings.change_visits": Row("admin", lambda f, c, _: f(c, {"near_m": 800}), foreign=None),
    "settings.request_self_check": Row("admin", lambda f, c, _: f(c), foreign=None),
    "settings.set_edition": Row("admin", lambda f, c, _: f(c, "free"), foreign=None),
    "settings.set_quiet_hours": Row("admin", lambda f, c, _: f(c, ("21:00", "08:00")), foreign=None),
    "settings.show_menu": Row("admin", lambda f, c, _: f(c), foreign=None),
    "settings.show_topic": Row("admin", lambda f, c, _: f(c, "pool"), foreign=None),
    "settings.undo_change": Row(
        "admin", lambda f, c, _: f(c, {"name": "edition", "before": "free", "after": "paid", "text": ""}), foreign=None
    ),
    "team.add_member": Row(P.CUSTOMER_ADD, lambda f, c, i: f(c, i, "zhao05", may_write=True, until=None)),
    "team.answer_join": Row(P.CUSTOMER_ADD, lambda f, c, _: f(c, ABSENT, agree=True), foreign=None),
    "team.ask_to_join": Row(P.FOLLOWUP_ADD, lambda f, c, i: f(c, i), own="上海明德仪器有限公司", seen_by="wang03"),
    "team.end_member": Row(P.CUSTOMER_ADD, lambda f, c, i: f(c, i, _member(c, i, "zhao05"))),
    "team.list_team": Row(None, lambda f, c, i: f(c, i)),
    "team.show_request": Row(P.CUSTOMER_ADD, lambda f, c, _: f(c, ABSENT), foreign=None),
    "team.undo_member": Row(None, lambda f, c, i: f(c, {}), foreign=None, free=UNDO),
    "timeline.show_timeline": Row(None, lambda f, c, i: f(c, i)),
    "todo.agree_all": Row(None, lambda f, c, i: f(c, [i]), foreign=None),  # another's is told as absent: test_todo.py
    "todo.list_waiting": Row(None, lambda f, c, _: f(c), foreign=None),  # one's own
    "todo.show_todo": Row(None, lambda f, c, _: f(c), foreign=None),  # one's own
    "undo.take_back": Row(None, lambda f, c, i: f(c, i), foreign=None),
    "visits.confirm_visit": Row(P.FOLLOWUP_ADD, lambda f, c, i: f(c, _visited(c), i)),
    "visits.forget_places": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "visits.list_due": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "visits.list_visits": Row(None, lambda f, c, _: f(c, VisitsWanted()), foreign=None),  # one's own, and those below
    "visits.log_visit": Row(P.FOLLOWUP_ADD, lambda f, c, i: f(c, NewVisit("看了设备", customer_id=i))),
    "visits.next_due": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "visits.note_check_in": Row(None, lambda f, c, _: f(c, "lina04", NOW), foreign=None, free=SYSTEM),
    "visits.place_customer": Row(P.FOLLOWUP_ADD, lambda f, c, i: f(c, i), foreign=None),
    "visits.set_aside": Row(P.FOLLOWUP_ADD, lambda f, c, i: f(c, i), foreign=None),
    "visits.show_visit": Row(None, lambda f, c, i: f(c, i), foreign=None),
    "visits.take_records": Row(None, lambda f, c, _: f(c, [], []), foreign=None, free=SYSTEM),
    "visits.try_again": Row(None, lambda f, c, _: f(c, []), foreign=None, free=SYSTEM),
    "visits.undo_place": Row(None, lambda f, c, i: f(c, {"customer_id": i, "was": [None, None, ""]}), free=UNDO),
    "visits.undo_visit": Row(None, lambda f, c, i: f(c, {"visit_id": i, "whole": True}), free=UNDO),
}  # fmt: skip


def _visited(ctx: Context) -> int:
    return log_visit(ctx, NewVisit()).visit_id if ctx.actor.permissions else ABSENT


def _sold(ctx: Context) -> LineChange:
    with ctx.begin() as tx:
        tx.add(Product(code="ZJ-1", name="数控主轴", price=Decimal(12800)))
        tx.flush()
    return LineChange("ZJ-1")


def _commented(ctx: Context, customer: int) -> Commented:
    ctx.actor = replace(ctx.actor, permissions=ctx.actor.permissions | {P.FOLLOWUP_ADD})
    return add_comment(ctx, customer, "报价单发我看看")


def use_cases() -> dict[str, Callable[..., Any]]:
    """Every public function of a `service.py` whose first argument is the context."""
    found: dict[str, Callable[..., Any]] = {}
    for module_info in pkgutil.iter_modules(handlers.__path__):
        if not module_info.ispkg:
            continue
        try:
            module = importlib.import_module(f"handlers.{module_info.name}.service")
        except ModuleNotFoundError:
            continue
        for name, function in inspect.getmembers(module, inspect.isfunction):
            first = next(iter(inspect.signature(function).parameters), "")
            if function.__module__ == module.__name__ and first == "ctx" and not name.startswith("_"):
                found[f"{module_info.name}.{name}"] = function
    return found


def test_every_use_case_is_in_the_table() -> None:
    found = use_cases()
    assert len(found) > 20, "the search finds nothing: the test is broken"
    assert set(found) == set(TABLE)


async def _do(db: Database, name: str, who: str, wanted: str | int, *, without: bool = False) -> Any:
    row, function = TABLE[name], use_cases()[name]

    def work(tx: Tx) -> Any:
        settings = read_settings(tx)
        actor = identify(tx, who, settings)
        if without:
            actor = _stripped(actor)
        else:
            actor = replace(
                actor, permissions=actor.permissions | _granted(row), admin=actor.admin or row.needs == "admin"
            )
        ctx = make_context(tx, actor, NOW, settings, "chat")
        object_id = wanted if isinstance(wanted, int) else object_called(tx, wanted)
        return row.call(function, ctx, object_id)

    return await db.unit(None, work)


def object_called(tx: Tx, name: str) -> int:
    """The id of a customer, or of a contract, payment, scan, application, task or invoice by its number."""
    if name[:3] not in ("HT-", "HD-", "HK-", "HV-", "HS-", "FL-", "FT-", "FI-", "FA-"):
        return customer_id(tx, name)
    owner = {"LINA": "lina04", "ZHOU": "zhou06"}[name[3:]]
    customer = customer_id(tx, "华兴科技有限公司" if owner == "lina04" else FOREIGN)
    contract = Contract(
        number=f"HT-{name[3:]}", customer_id=customer, amount=Decimal(100), owner_id=owner, created_at=NOW,
        state="draft" if name.startswith("HD-") else "effective",
    )  # fmt: skip
    tx.add(contract)
    tx.flush()
    if name.startswith("HS-"):
        return scans.add_scan(
            tx, contract.id or 0, name="正本.pdf", kind="pdf", content=b"%PDF-1", by=owner, now=NOW
        )  # fmt: skip
    if name.startswith("F"):
        return _applied(tx, name[:3], owner, contract.id or 0)
    payment = Payment(contract_id=contract.id or 0, number=f"HK-{name[3:]}", amount=Decimal(10), paid_on=NOW.date())
    payment.voided_at = NOW if name.startswith("HV-") else None
    tx.add(payment)
    tx.flush()
    found = contract.id if name[:3] in ("HT-", "HD-") else payment.id
    assert found is not None
    return found


def _applied(tx: Tx, kind: str, owner: str, contract: int) -> int:
    """An application of the owner's; or one of somebody else's that waits for him, or that he has agreed to."""
    starter = owner if kind in ("FL-", "FA-") else "wang03"
    invoice = Invoice(
        contract_id=contract, number="FP-0001", amount=Decimal(9), kind="普票", applied_by=starter,
        state="approved" if kind == "FI-" else "pending", title="某某",
    )  # fmt: skip
    nodes = [Step("复核").row(), Step("出纳开票", users=(owner,)).row()]
    version = FlowVersion(form="invoice", number=1, nodes=nodes, created_at=NOW)
    tx.add_all([invoice, version])
    tx.flush()
    flow = Flow(
        form="invoice", record_id=invoice.id or 0, number="FP-0001", version_id=version.id or 0, starter_id=starter,
        node=1, entry=2, started_at=NOW, state="approved" if kind == "FI-" else "running",
    )  # fmt: skip
    tx.add(flow)
    tx.flush()
    earlier = FlowTask(flow_id=flow.id or 0, node=0, entry=1, user_id="chen01", state="transferred", closed_by="chen01")
    state = "agreed" if kind == "FI-" else "open"
    holder = "chen01" if kind == "FL-" else owner
    task = FlowTask(flow_id=flow.id or 0, node=1, entry=2, user_id=holder, state=state, opened_at=NOW)
    task.closed_by = owner if kind == "FI-" else ""
    tx.add_all([earlier, task])
    tx.flush()
    return {"FL-": flow.id, "FT-": task.id, "FI-": invoice.id, "FA-": invoice.id}[kind] or 0


def _granted(row: Row) -> frozenset[Permission]:
    return frozenset({row.needs} if isinstance(row.needs, Permission) else set())


def _stripped(actor: Actor) -> Actor:
    return replace(actor, permissions=frozenset(), admin=False)


GUARDED = [n for n, r in TABLE.items() if r.needs is not None]
SCOPED = [n for n, r in TABLE.items() if r.foreign is not None and not r.free]


@pytest.mark.parametrize("name", GUARDED)
async def test_without_the_permission_it_is_forbidden(database: Database, name: str) -> None:
    await load_company(database)
    with pytest.raises(Forbidden):
        await _do(database, name, "lina04", TABLE[name].own, without=True)


@pytest.mark.parametrize("name", SCOPED)
async def test_outside_the_scope_is_as_if_it_were_not_there(database: Database, name: str) -> None:
    """Invariant 29."""
    await load_company(database)
    row = TABLE[name]
    assert row.foreign is not None
    with pytest.raises(NotFound) as foreign:
        await _do(database, name, "lina04", row.foreign)
    with pytest.raises(NotFound) as absent:
        await _do(database, name, "lina04", ABSENT)
    assert foreign.value.text == absent.value.text


@pytest.mark.parametrize("name", SCOPED)
async def test_outside_the_scope_costs_what_absence_costs(sqlite: Database, name: str) -> None:
    """The time an answer takes tells nothing either: both are refused after the same statements, but for one look-up
    that tells the audit of an attempt.
    """
    await load_company(sqlite)
    row = TABLE[name]
    assert row.foreign is not None
    foreign_name = row.foreign
    foreign = await sqlite.system(lambda tx: object_called(tx, foreign_name))
    assert 0 <= await _statements(sqlite, name, foreign) - await _statements(sqlite, name, ABSENT) <= 1


async def _statements(db: Database, name: str, object_id: int) -> int:
    seen: list[str] = []

    def watch(tx: Tx) -> None:
        connection: Any = tx.connection().connection.dbapi_connection
        connection.set_trace_callback(seen.append)

    def done(tx: Tx) -> None:
        connection: Any = tx.connection().connection.dbapi_connection
        connection.set_trace_callback(None)

    await db.system(watch)  # there is one connection that writes
    with pytest.raises(NotFound):
        await _do(db, name, "lina04", object_id)
    await db.system(done)
    assert seen, "the watch sees nothing: the test is broken"
    return len([s for s in seen if s.split(" ", 1)[0].upper() in ("SELECT", "INSERT", "UPDATE", "DELETE")])


FOREIGN, NOWHERE = "深圳创想电子有限公司", "深圳想创电子有限公司"  # another team's, and one that there is not
SENTENCES = (
    "查 {}", "{}", "客户 {}", "我的客户 {}", "跟进 {} 电话聊了报价，下周三再打", "联系人 {}",
    "联系人 {} 王五 13812345670", "下次 {} 下周三", "退回 {} 无需求", "跟进记录 {}", "为什么我看不到 {}", "公海 {}",
    "搜 {}", "筛选 {}",
    "改 {} 城市 杭州", "补充信息 {}", "{} 的联系人", "给 {} 加协作人 赵磊", "协作人 {}", "{} 时间线", "锁定 {}",
    "把 {} 转给 赵磊", "删除客户 {}", "合并 华兴科技 和 {}", "申请协作 {}",
    "评论 {} 寄样品",
)  # fmt: skip


@pytest.mark.parametrize("sentence", SENTENCES)
async def test_a_foreign_name_is_answered_as_one_that_there_is_not(database: Database, sentence: str) -> None:
    """Text and counts, in words, for a person who may do everything but is outside the scope."""
    await load_company(database)
    await database.system(_widen)
    room = Room(database)
    await room.say("lina04", "公海")  # so that both are asked from the same state
    foreign = await room.say("lina04", sentence.format(FOREIGN))
    await room.say("lina04", "公海")
    absent = await room.say("lina04", sentence.format(NOWHERE))
    assert _without(foreign, FOREIGN) == _without(absent, NOWHERE)


def _widen(tx: Tx) -> None:
    """业务员 holds every function, and sees his own records only."""
    role = roles.find_by_name(tx, "业务员")
    assert role is not None
    roles.write_role(tx, role, replace(role, functions=frozenset(p.value for p in Permission), level="advanced"))


def _without(text: str, name: str) -> str:
    shown = text.replace(name, "X").replace(name.removesuffix("公司"), "X")
    return re.sub(r"dc-[0-9a-f]{40}", "", shown)


TAPS: dict[str, Callable[[int], Button]] = {
    "open": lambda i: OpenButton(customer_id=i),
    "timeline": lambda i: TimelineButton(customer_id=i),
    "follow": lambda i: FollowButton(customer_id=i),
    "move": lambda i: MoveNextButton(customer_id=i, day="2026-03-09"),
    "ask return": lambda i: AskReturnButton(customer_id=i),
    "return": lambda i: ReturnButton(customer_id=i, reason="重复"),
    "open record": lambda i: OpenRecordButton(kind="customer", record_id=i),
    "edit": lambda i: EditButton(customer_id=i),
    "edit anyway": lambda i: EditAnywayButton(customer_id=i),
    "contacts": lambda i: ContactsButton(customer_id=i),
    "the story": lambda i: HistoryButton(customer_id=i),
    "the team": lambda i: TeamButton(customer_id=i),
    "ask to join": lambda i: AskJoinButton(customer_id=i),
    "transfer": lambda i: TransferButton(customer_id=i, receiver_id="zhao05", with_deals=True),
    "merge": lambda i: MergeButton(head_id=i, tail_id=i),
}


@pytest.mark.parametrize("name", TAPS)
async def test_a_forged_tap_on_a_foreign_customer_is_answered_as_on_none(database: Database, name: str) -> None:
    """Invariant 29."""
    await load_company(database)
    await database.system(_widen)
    foreign = await id_of(database, FOREIGN)
    answers = []
    room = Room(database)
    for customer in (foreign, ABSENT):
        await room.say("lina04", "我的客户")
        (card,) = (await room.cards("lina04"))[-1:]
        answers.append(await room.tap("lina04", card, TAPS[name](customer)))
    assert answers[0] == answers[1]
    assert FOREIGN not in answers[0]


# -- role × use case × door --------------------------------------------------------------------------

DOORS: dict[str, tuple[Permission | str, str, Callable[[int], Button] | None]] = {
    # what it needs, how it is said, how it is tapped
    "see another's customer": (P.CUSTOMER_VIEW, "查 上海明德仪器有限公司", lambda i: OpenButton(customer_id=i)),
    "list customers": (P.CUSTOMER_VIEW, "客户", None),
    "create a customer": (P.CUSTOMER_ADD, "新建客户 杭州新远航贸易 陈强 13812340000", None),
    "add a contact": (P.CONTACT_ADD, "联系人 华东精密 王五 13812340001", None),
    "log a follow-up": (P.FOLLOWUP_ADD, "跟进 华东精密 电话聊了报价", lambda i: FollowButton(customer_id=i)),
    "plan the next contact": (
        P.FOLLOWUP_ADD, "下次 华东精密 下周三", lambda i: MoveNextButton(customer_id=i, day="2026-03-09"),
    ),
    "change a field": (P.CUSTOMER_ADD, "改 华东精密 城市 杭州", lambda i: EditButton(customer_id=i)),
    "lock": (P.CUSTOMER_ADD, "锁定 华东精密", None),
    "a team": (P.CUSTOMER_ADD, "给 华东精密 加协作人 赵磊", None),
    "transfer": (P.CUSTOMER_TRANSFER, "把 上海明德 转给 王强", None),
    "merge two": (P.CUSTOMER_DELETE, "合并 华兴科技 和 华星电子", None),
    "browse the pool": (P.POOL_VIEW, "公海", lambda _: PoolPageButton(page=1)),
    "claim": (P.POOL_CLAIM, "领取 宁波海蓝", lambda i: ClaimButton(customer_id=i)),
    "assign": (P.POOL_ASSIGN, "分配 宁波海蓝 给 赵磊", None),
    "the roles": ("admin", "角色权限", lambda _: RolesPageButton(page=1)),
    "one role": ("admin", "角色 业务员", lambda _: OpenRoleButton(role_id=2)),
    "a role's members": ("admin", "角色 业务员 添加 王强", lambda _: RemoveMemberButton(role_id=2, user_id="lina04")),
    "a role's functions": (
        "admin", "角色 业务员 添加功能 公海-全部",
        lambda _: RoleFunctionButton(role_id=2, function="pool:assign", give=1),
    ),
    "a role's scope": ("admin", "角色 业务员 数据权限 全部", lambda _: RoleScopeButton(role_id=2, data_scope="all")),
    "a role's level": ("admin", "角色 业务员 操作权限 高级", lambda _: RoleLevelButton(role_id=2, level="advanced")),
    "a role's fields": (
        "admin", "字段权限 业务员 客户 电话 隐藏",
        lambda _: RoleFieldButton(role_id=2, form="customer", field="phone", level="hidden"),
    ),
    "delete a role": ("admin", "删除角色 业务员", lambda _: DeleteRoleButton(role_id=2)),
    "advanced operations": ("admin", "高级操作 客户 删除", None),
    "sync": ("admin", "同步组织", None),
    "the organisation": ("admin", "组织机构", None),
    "lost notices": ("admin", "通知状态", None),
    "add a product": (P.PRODUCT_ADD, "新增产品 Z-1 底座 300", None),
    "the products": (P.PRODUCT_VIEW, "产品", None),
    "edit a product": (P.PRODUCT_EDIT, "修改产品 Z-1 单价 310", None),
    "add a competitor": (P.COMPETITOR_ADD, "新增竞争对手 大明机床 优势 价格低", None),
    "the competitors": (P.COMPETITOR_VIEW, "竞争对手", None),
    "edit a competitor": (P.COMPETITOR_EDIT, "修改竞争对手 大明机床 优势 交期短", None),
    "delete a competitor": (P.COMPETITOR_DELETE, "删除竞争对手 大明机床", None),
    "set a target": (P.TARGET_SET, "设目标 李娜 合同额 3月1万", None),
    "the stages": ("admin", "销售阶段", None),
    "add a stage": ("admin", "新增阶段 样品测试 20%", None),
    "the approval": ("admin", "开票审批设置", None),
    "the approval's dry run": ("admin", "开票审批试跑 华东精密 5万", lambda _: TryFlowButton()),
    "the dictionaries": ("admin", "数据字典", None),
    "add a dictionary": ("admin", "新建字典 付款方式 月结;现款", None),
    "bind a dictionary": ("admin", "绑定字典 客户 来源 客户分类", None),
    "the fields": ("admin", "字段 客户", lambda _: OpenFormButton(form="customer")),
    "add a field": ("admin", "新增字段 客户 年采购额 金额", lambda _: FormsButton()),
    "change a form's field": (
        "admin", "修改字段 客户 年采购额 必填",
        lambda _: SwitchFieldButton(form="customer", name="money_0001", active=False),
    ),
    "the audit": ("admin", "操作记录", None),
    "export the audit": ("admin", "导出操作记录 本周", None),
    "export the roles": ("admin", "导出角色", None),
    "administration": ("admin", "后台管理", None),
    "the pool's rules": ("admin", "公海设置 领取上限 5", None),
    "the reminders' rules": ("admin", "提醒规则 未跟进 9天", None),
    "the usage scope": ("admin", "使用范围 全部员工", None),
    "an administrator": ("admin", "添加管理员 李娜", None),
    "the template": (P.CUSTOMER_IMPORT, "客户导入模板", None),
    "import": (P.PRODUCT_IMPORT, "导入产品", None),
    "export": (P.CUSTOMER_EXPORT, "导出 我的客户", None),
    "hand over": ("admin", "交接 赵磊 给 李娜 全部", None),
    "departures": ("admin", "交接任务", None),
}  # fmt: skip
ROLES: dict[str, frozenset[Permission]] = {
    "nobody's": frozenset(),
    "reader": frozenset({P.CUSTOMER_VIEW, P.CONTACT_VIEW, P.FOLLOWUP_VIEW, P.POOL_VIEW}),
    "seller": frozenset({P.CUSTOMER_VIEW, P.CUSTOMER_ADD, P.CONTACT_ADD, P.FOLLOWUP_ADD, P.POOL_VIEW, P.POOL_CLAIM}),
    "everything": frozenset(P),
}
REFUSED = re.compile("没有「[^」]*」的权限|这是管理员的功能|没有找到")


@pytest.mark.parametrize("role", ROLES)
async def test_every_door_asks_for_the_function(sqlite: Database, role: str) -> None:
    """A sentence and a tap are let in by the same functions; a refusal changes nothing."""
    await load_company(sqlite)

    def prepare(tx: Tx) -> None:
        tx.add(SyncRun(kind="full", status="ok", started_at=NOW, finished_at=NOW))
        sheet = roles.find_by_name(tx, "业务员")
        assert sheet is not None
        names = frozenset(p.value for p in ROLES[role])
        roles.write_role(tx, sheet, replace(sheet, functions=names, data_scope="all", level="advanced"))

    await sqlite.system(prepare)
    own, pooled, others = [
        await id_of(sqlite, n) for n in ("宁波华东精密机械有限公司", "宁波海蓝食品有限公司", "上海明德仪器有限公司")
    ]
    room = Room(sqlite)
    for door, (needs, sentence, button) in DOORS.items():
        allowed = needs in ROLES[role]  # nobody of these roles is an administrator
        before = await sqlite.system(_rights)
        said = await room.say("lina04", sentence)
        assert bool(REFUSED.search(said)) != allowed, (role, door, said)
        if button is not None:
            target = {"claim": pooled, "see another's customer": others}.get(door, own)
            room.later(minutes=1)
            await room.say("lina04", "今天")
            tapped = await room.tap("lina04", (await room.cards("lina04"))[-1], button(target))
            assert bool(REFUSED.search(tapped)) != allowed or (door == "claim" and allowed), (role, door, tapped)
        if needs == "admin":
            assert await sqlite.system(_rights) == before, (role, door)


def _rights(tx: Tx) -> list[Any]:
    lines = roles.list_roles(tx)
    return [(sheet := roles.read_role(tx, line.id)) and sheet.to_json() for line in lines] + [read_settings(tx)]


@pytest.mark.parametrize("name", SCOPED)
async def test_within_scope_and_permission_it_works(database: Database, name: str) -> None:
    await load_company(database)
    await _do(database, name, TABLE[name].seen_by, TABLE[name].own)
