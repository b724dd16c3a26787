"""Rows of leads and opportunities."""

from decimal import Decimal

from handlers.leads.steps import NewLead
from handlers.opportunities.fields import NewOpportunity
from storage.leads import LeadFilter
from storage.opportunities import OpportunityFilter
from tests.access.row import CHANCE, LEAD, LOST, NOW, POOLED_LEAD, SYSTEM, UNDO, P, Row

ROWS: dict[str, Row] = {
    "leadpool.browse_pool": Row(P.POOL_VIEW, lambda f, c, _: f(c, (), 1), foreign=None),
    "leadpool.claim_lead": Row(P.POOL_CLAIM, lambda f, c, i: f(c, i), *POOLED_LEAD, also=(P.LEAD_VIEW,)),
    "leadpool.list_pooled": Row(P.POOL_CLAIM, lambda f, c, _: f(c), foreign=None),
    "leadpool.recycle_due": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "leadpool.recycle_lead": Row(None, lambda f, c, _: None, foreign=None, free=SYSTEM),
    "leadpool.return_lead": Row(P.POOL_CLAIM, lambda f, c, i: f(c, i, "无需求"), *LEAD),
    "leadpool.show_pool": Row(None, lambda f, c, _: f(c, [], ()), foreign=None),  # a card that may hang in a group
    "leads.convert_lead": Row(P.LEAD_ADD, lambda f, c, i: f(c, i), *LEAD),
    "leads.create_lead": Row(P.LEAD_ADD, lambda f, c, _: f(c, NewLead("杭州某某贸易")), foreign=None),
    "leads.delete_lead": Row(P.LEAD_DELETE, lambda f, c, i: f(c, i), *LEAD),
    "leads.list_leads": Row(P.LEAD_VIEW, lambda f, c, _: f(c, LeadFilter()), foreign=None),
    "leads.list_named": Row(P.LEAD_VIEW, lambda f, c, _: f(c), foreign=None),
    "leads.log_follow_up": Row(P.FOLLOWUP_ADD, lambda f, c, i: f(c, i, "聊了需求"), *LEAD),
    "leads.set_state": Row(P.LEAD_ADD, lambda f, c, i: f(c, i, "interested"), *LEAD),
    "leads.show_lead": Row(P.LEAD_VIEW, lambda f, c, i: f(c, i), *LEAD),
    "leads.transfer_lead": Row(P.LEAD_TRANSFER, lambda f, c, i: f(c, i, "zhao05"), *LEAD),
    "leads.undo_change": Row(P.LEAD_ADD, lambda f, c, i: f(c, {"id": i, "before": None}), *LEAD, free=UNDO),
    "leads.undo_convert": Row(P.LEAD_ADD, lambda f, c, i: f(c, {"id": i}), *LEAD, free=UNDO),
    "leads.update_lead": Row(P.LEAD_ADD, lambda f, c, i: f(c, i, {"remark": "要两台"}), *LEAD),
    "opportunities.change_stage": Row(P.OPPORTUNITY_ADD, lambda f, c, i: f(c, i, "报价"), *CHANCE),
    "opportunities.create_opportunity": Row(P.OPPORTUNITY_ADD, lambda f, c, i: f(c, NewOpportunity(i, "二期"))),
    "opportunities.delete_opportunity": Row(P.OPPORTUNITY_DELETE, lambda f, c, i: f(c, i), *CHANCE),
    "opportunities.list_named": Row(P.OPPORTUNITY_VIEW, lambda f, c, _: f(c), foreign=None),
    "opportunities.list_open_stages": Row(P.OPPORTUNITY_VIEW, lambda f, c, _: f(c), foreign=None),
    "opportunities.list_opportunities": Row(
        P.OPPORTUNITY_VIEW, lambda f, c, _: f(c, OpportunityFilter()), foreign=None
    ),
    "opportunities.list_rivals": Row(P.OPPORTUNITY_VIEW, lambda f, c, i: f(c, i), *CHANCE),
    "opportunities.reopen_opportunity": Row(P.OPPORTUNITY_EDIT, lambda f, c, i: f(c, i), *LOST),
    "opportunities.show_opportunity": Row(P.OPPORTUNITY_VIEW, lambda f, c, i: f(c, i), *CHANCE),
    "opportunities.stale_since": Row(P.OPPORTUNITY_VIEW, lambda f, c, _: f(c), foreign=None),
    "opportunities.transfer_opportunity": Row(P.OPPORTUNITY_TRANSFER, lambda f, c, i: f(c, i, "zhao05"), *CHANCE),
    "opportunities.undo_change": Row(
        P.OPPORTUNITY_ADD, lambda f, c, i: f(c, {"id": i, "before": None}), *CHANCE, free=UNDO
    ),
    "opportunities.undo_transfer": Row(None, lambda f, c, i: f(c, {"id": i}), *CHANCE, free=UNDO),
    "opportunities.update_opportunity": Row(
        P.OPPORTUNITY_ADD, lambda f, c, i: f(c, i, {"expected_on": NOW.date()}), *CHANCE
    ),
    "opportunitylines.add_line": Row(
        P.OPPORTUNITY_ADD, lambda f, c, i: f(c, i, "Z-9", Decimal(1), Decimal(0)), *CHANCE
    ),
    "opportunitylines.list_offered": Row(P.OPPORTUNITY_ADD, lambda f, c, _: f(c), foreign=None),
    "opportunitylines.remove_line": Row(P.OPPORTUNITY_ADD, lambda f, c, i: f(c, i, "Z-9"), *CHANCE),
    "rivals.list_win_rates": Row(P.OPPORTUNITY_VIEW, lambda f, c, _: f(c), foreign=None),
    "rivals.meet_competitor": Row(
        P.OPPORTUNITY_ADD, lambda f, c, i: f(c, i, "海天", note="价低"), *CHANCE, also=(P.COMPETITOR_VIEW,)
    ),
    "rivals.part_competitor": Row(
        P.OPPORTUNITY_ADD, lambda f, c, i: f(c, i, "海天"), *CHANCE, also=(P.COMPETITOR_VIEW,)
    ),
}  # fmt: skip
