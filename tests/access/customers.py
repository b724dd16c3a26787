"""Rows of customers and of what is done with them."""

from dataclasses import replace

from sqlmodel import select

from bot.context import Context
from handlers.comments.service import Commented, add_comment
from handlers.customers.creating import NewCustomer
from handlers.followups.service import NewFollowUp
from handlers.visits.reading import Wanted as VisitsWanted
from handlers.visits.service import NewVisit, log_visit
from storage import customers, teams
from storage.tables import Contact
from tests.access.row import ABSENT, ASKED, CONTACTED, LATER, NOW, PLACED, SYSTEM, UNDO, VISIT, P, Row
from tests.support.company import customer_id


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


def _visited(ctx: Context) -> int:
    return log_visit(ctx, NewVisit()).visit_id if ctx.actor.permissions else ABSENT


def _commented(ctx: Context, customer: int) -> Commented:
    ctx.actor = replace(ctx.actor, permissions=ctx.actor.permissions | {P.FOLLOWUP_ADD})
    return add_comment(ctx, customer, "报价单发我看看")


ROWS: dict[str, Row] = {
    "comments.add_comment": Row(P.FOLLOWUP_ADD, lambda f, c, i: f(c, i, "报价单发我看看")),
    "comments.open_form": Row(P.FOLLOWUP_ADD, lambda f, c, i: f(c, i)),
    "comments.show_comment": Row(None, lambda f, c, i: f(c, _commented(c, i).comment_id)),
    "comments.undo_comment": Row(None, lambda f, c, i: f(c, {"comment_id": i}), free=UNDO),
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
    "customers.add_contact": Row(P.CONTACT_ADD, lambda f, c, i: f(c, i, name="陈强", title="", mobile="13812345679")),
    "customers.check_new_name": Row(P.CUSTOMER_ADD, lambda f, c, _: f(c, NewCustomer("新客户某某")), foreign=None),
    "customers.create_customer": Row(
        P.CUSTOMER_ADD, lambda f, c, _: f(c, NewCustomer("新客户某某", "陈强")), foreign=None
    ),
    "customers.show_customer": Row(None, lambda f, c, i: f(c, i)),
    "customers.undo_create": Row(None, lambda f, c, i: f(c, {"customer_id": i}), free=UNDO),
    "editing.edit_customer": Row(P.CUSTOMER_ADD, lambda f, c, i: f(c, i, {"city": "杭州"})),
    "editing.open_form": Row(P.CUSTOMER_ADD, lambda f, c, i: f(c, i)),
    "editing.undo_edit": Row(None, lambda f, c, i: f(c, {}), foreign=None, free=UNDO),
    "filters.find_saved": Row(P.CUSTOMER_VIEW, lambda f, c, _: f(c, "重点"), foreign=None),
    "filters.list_customers": Row(P.CUSTOMER_VIEW, lambda f, c, _: f(c, "制造业 30天未跟进"), foreign=None),
    "filters.list_saved": Row(P.CUSTOMER_VIEW, lambda f, c, _: f(c), foreign=None),
    "filters.remove_filter": Row(P.CUSTOMER_VIEW, lambda f, c, _: f(c, "重点"), foreign=None),
    "filters.save_filter": Row(P.CUSTOMER_VIEW, lambda f, c, _: f(c, "重点", "30天未跟进"), foreign=None),
    "filters.share_filter": Row(P.CUSTOMER_VIEW, lambda f, c, _: f(c, "重点", "销售一部"), foreign=None),
    "filters.undo_remove": Row(None, lambda f, c, _: f(c, {"name": "重点"}), foreign=None, free=UNDO),
    "filters.undo_save": Row(None, lambda f, c, _: f(c, {"name": "重点", "before": None}), foreign=None, free=UNDO),
    "filters.undo_share": Row(None, lambda f, c, _: f(c, {"name": "重点", "shares": []}), foreign=None, free=UNDO),
    "followups.log_follow_up": Row(P.FOLLOWUP_ADD, lambda f, c, i: f(c, i, NewFollowUp("聊了报价"))),
    "followups.plan_next": Row(P.FOLLOWUP_ADD, lambda f, c, i: f(c, i, LATER, timed=True)),
    "followups.undo_follow_up": Row(None, lambda f, c, i: f(c, {"follow_up_id": i}), free=UNDO),
    "merges.merge_customers": Row(P.CUSTOMER_DELETE, lambda f, c, i: f(c, _named(c, "华星电子有限公司"), i)),
    "merges.preview_merge": Row(P.CUSTOMER_DELETE, lambda f, c, i: f(c, _named(c, "华星电子有限公司"), i)),
    "merges.undo_merge": Row(P.CUSTOMER_DELETE, lambda f, c, i: f(c, {"merge_id": ABSENT}), foreign=None, free=UNDO),
    "pool.assign_customer": Row(P.POOL_ASSIGN, lambda f, c, i: f(c, i, "zhao05"), own="宁波海蓝食品有限公司"),
    "pool.browse_pool": Row(P.POOL_VIEW, lambda f, c, _: f(c, "", 1), foreign=None),
    "pool.claim_customer": Row(P.POOL_CLAIM, lambda f, c, i: f(c, i), own="宁波海蓝食品有限公司"),
    "pool.recycle_customer": Row(None, lambda f, c, _: None, foreign=None, free=SYSTEM),
    "pool.recycle_due": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "pool.return_customer": Row(P.POOL_CLAIM, lambda f, c, i: f(c, i, "无需求")),
    "pool.undo_claim": Row(None, lambda f, c, i: None, foreign=None, free=UNDO),
    "pool.undo_return": Row(None, lambda f, c, i: None, foreign=None, free=UNDO),
    "search.customer_of": Row(None, lambda f, c, i: f(c, _contact(c, i)), **CONTACTED),
    "search.search_all": Row(None, lambda f, c, _: f(c, "华东精密"), foreign=None),
    "search.show_record": Row(P.CUSTOMER_VIEW, lambda f, c, i: f(c, "customer", i)),
    "team.add_member": Row(P.CUSTOMER_ADD, lambda f, c, i: f(c, i, "zhao05", may_write=True, until=None)),
    "team.answer_join": Row(P.CUSTOMER_ADD, lambda f, c, i: f(c, i, agree=True), *ASKED),
    "team.ask_to_join": Row(P.FOLLOWUP_ADD, lambda f, c, i: f(c, i), own="上海明德仪器有限公司", seen_by="wang03"),
    "team.end_member": Row(P.CUSTOMER_ADD, lambda f, c, i: f(c, i, _member(c, i, "zhao05"))),
    "team.list_team": Row(None, lambda f, c, i: f(c, i)),
    "team.show_request": Row(P.CUSTOMER_ADD, lambda f, c, i: f(c, i), *ASKED),
    "team.undo_member": Row(None, lambda f, c, i: f(c, {}), foreign=None, free=UNDO),
    "timeline.show_timeline": Row(None, lambda f, c, i: f(c, i)),
    "visits.confirm_visit": Row(P.FOLLOWUP_ADD, lambda f, c, i: f(c, _visited(c), i)),
    "visits.forget_places": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "visits.list_due": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "visits.list_visits": Row(None, lambda f, c, _: f(c, VisitsWanted()), foreign=None),  # one's own, and those below
    "visits.log_visit": Row(P.FOLLOWUP_ADD, lambda f, c, i: f(c, NewVisit("看了设备", customer_id=i))),
    "visits.next_due": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "visits.note_check_in": Row(None, lambda f, c, _: f(c, "lina04", NOW), foreign=None, free=SYSTEM),
    "visits.place_customer": Row(P.FOLLOWUP_ADD, lambda f, c, i: f(c, i), *PLACED),
    "visits.set_aside": Row(P.FOLLOWUP_ADD, lambda f, c, i: f(c, i), *VISIT),
    "visits.show_visit": Row(None, lambda f, c, i: f(c, i), *VISIT),
    "visits.take_records": Row(None, lambda f, c, _: f(c, [], []), foreign=None, free=SYSTEM),
    "visits.try_again": Row(None, lambda f, c, _: f(c, []), foreign=None, free=SYSTEM),
    "visits.undo_place": Row(None, lambda f, c, i: f(c, {"customer_id": i, "was": [None, None, ""]}), free=UNDO),
    "visits.undo_visit": Row(None, lambda f, c, i: f(c, {"visit_id": i, "whole": True}), free=UNDO),
}  # fmt: skip
