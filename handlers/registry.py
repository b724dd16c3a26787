"""Everything the bot answers to, named one by one: the table of contents of the house."""

from bot.dispatch import Router
from bot.jobs.spec import Job
from handlers.administrators import chat as administrators_chat
from handlers.approvals import chat as approvals_chat
from handlers.approvals import jobs as approvals_jobs
from handlers.approvals import taps as approvals_taps
from handlers.audit import chat as audit_chat
from handlers.audit import taps as audit_taps
from handlers.comments import chat as comments_chat
from handlers.comments import taps as comments_taps
from handlers.competitors import chat as competitors_chat
from handlers.competitors import taps as competitors_taps
from handlers.confirming import chat as confirming_chat
from handlers.confirming import taps as confirming_taps
from handlers.contacts import chat as contacts_chat
from handlers.contacts import taps as contacts_taps
from handlers.contracts import chat as contracts_chat
from handlers.contracts import jobs as contracts_jobs
from handlers.contracts import taps as contracts_taps
from handlers.contractscans import chat as contractscans_chat
from handlers.contractscans import taps as contractscans_taps
from handlers.custody import chat as custody_chat
from handlers.custody import taps as custody_taps
from handlers.customers import chat as customers_chat
from handlers.customers import taps as customers_taps
from handlers.customfields import chat as customfields_chat
from handlers.customfields import taps as customfields_taps
from handlers.dictionaries import chat as dictionaries_chat
from handlers.dictionaries import taps as dictionaries_taps
from handlers.drafts import chat as drafts_chat
from handlers.editing import chat as editing_chat
from handlers.editing import taps as editing_taps
from handlers.exchange import chat as exchange_chat
from handlers.exchange import jobs as exchange_jobs
from handlers.exchange import taps as exchange_taps
from handlers.filters import chat as filters_chat
from handlers.filters import taps as filters_taps
from handlers.followups import chat as followups_chat
from handlers.followups import taps as followups_taps
from handlers.forecast import chat as forecast_chat
from handlers.handover import chat as handover_chat
from handlers.handover import jobs as handover_jobs
from handlers.handover import taps as handover_taps
from handlers.help import chat as help_chat
from handlers.home import chat as home_chat
from handlers.home import taps as home_taps
from handlers.invoiceflow import chat as invoiceflow_chat
from handlers.invoiceflow import taps as invoiceflow_taps
from handlers.invoices import chat as invoices_chat
from handlers.invoices import taps as invoices_taps
from handlers.leadpool import chat as leadpool_chat
from handlers.leadpool import taps as leadpool_taps
from handlers.leads import chat as leads_chat
from handlers.leads import taps as leads_taps
from handlers.merges import chat as merges_chat
from handlers.merges import taps as merges_taps
from handlers.opening import chat as opening_chat
from handlers.opening import taps as opening_taps
from handlers.opportunities import chat as opportunities_chat
from handlers.opportunities import taps as opportunities_taps
from handlers.opportunitylines import chat as opportunitylines_chat
from handlers.opportunitylines import taps as opportunitylines_taps
from handlers.org import chat as org_chat
from handlers.org import events as org_events
from handlers.org import jobs as org_jobs
from handlers.org import taps as org_taps
from handlers.paymentplans import chat as paymentplans_chat
from handlers.paymentplans import taps as paymentplans_taps
from handlers.payments import chat as payments_chat
from handlers.payments import taps as payments_taps
from handlers.pool import chat as pool_chat
from handlers.pool import taps as pool_taps
from handlers.products import chat as products_chat
from handlers.products import taps as products_taps
from handlers.reminders import jobs as reminders_jobs
from handlers.revisions import chat as revision_chat
from handlers.revisions import taps as revision_taps
from handlers.rivals import chat as rivals_chat
from handlers.rivals import taps as rivals_taps
from handlers.roles import chat as roles_chat
from handlers.roles import taps as roles_taps
from handlers.rolesheets import chat as rolesheets_chat
from handlers.rolesheets import taps as rolesheets_taps
from handlers.search import chat as search_chat
from handlers.search import taps as search_taps
from handlers.settings import chat as settings_chat
from handlers.settings import jobs as settings_jobs
from handlers.settings import taps as settings_taps
from handlers.stages import chat as stages_chat
from handlers.stages import taps as stages_taps
from handlers.targets import chat as targets_chat
from handlers.targets import taps as targets_taps
from handlers.team import chat as team_chat
from handlers.team import taps as team_taps
from handlers.timeline import chat as timeline_chat
from handlers.timeline import taps as timeline_taps
from handlers.todo import chat as todo_chat
from handlers.todo import events as todo_events
from handlers.todo import taps as todo_taps
from handlers.undo import chat as undo_chat
from handlers.undo import taps as undo_taps
from handlers.visits import chat as visits_chat
from handlers.visits import events as visits_events
from handlers.visits import jobs as visits_jobs
from handlers.visits import taps as visits_taps

ROUTERS: tuple[Router, ...] = (
    administrators_chat.router,
    approvals_chat.router,
    approvals_taps.router,
    audit_chat.router,
    audit_taps.router,
    comments_chat.router,
    comments_taps.router,
    competitors_chat.router,
    competitors_taps.router,
    confirming_chat.router,
    confirming_taps.router,
    contacts_chat.router,
    contacts_taps.router,
    custody_chat.router,
    custody_taps.router,
    contracts_chat.router,
    contracts_taps.router,
    contractscans_chat.router,
    contractscans_taps.router,
    customers_chat.router,
    customers_taps.router,
    customfields_chat.router,
    customfields_taps.router,
    dictionaries_chat.router,
    dictionaries_taps.router,
    drafts_chat.router,
    editing_chat.router,
    editing_taps.router,
    filters_chat.router,
    filters_taps.router,
    followups_chat.router,
    followups_taps.router,
    handover_chat.router,
    handover_taps.router,
    help_chat.router,
    home_chat.router,
    home_taps.router,
    invoiceflow_chat.router,
    invoiceflow_taps.router,
    invoices_chat.router,
    invoices_taps.router,
    leadpool_chat.router,
    leadpool_taps.router,
    leads_chat.router,
    leads_taps.router,
    merges_chat.router,
    merges_taps.router,
    opening_chat.router,
    opening_taps.router,
    opportunities_chat.router,
    opportunities_taps.router,
    opportunitylines_chat.router,
    opportunitylines_taps.router,
    rivals_chat.router,
    rivals_taps.router,
    forecast_chat.router,
    org_chat.router,
    org_taps.router,
    paymentplans_chat.router,
    paymentplans_taps.router,
    payments_chat.router,
    payments_taps.router,
    pool_chat.router,
    pool_taps.router,
    roles_chat.router,
    roles_taps.router,
    products_chat.router,
    products_taps.router,
    stages_chat.router,
    stages_taps.router,
    team_chat.router,
    team_taps.router,
    targets_chat.router,
    targets_taps.router,
    rolesheets_chat.router,
    rolesheets_taps.router,
    search_chat.router,
    search_taps.router,
    settings_chat.router,
    settings_taps.router,
    timeline_chat.router,
    timeline_taps.router,
    revision_chat.router,
    revision_taps.router,
    todo_chat.router,
    todo_taps.router,
    undo_chat.router,
    undo_taps.router,
    visits_chat.router,
    visits_taps.router,
    exchange_chat.router,  # last: it takes the tables that nobody else knows
    exchange_taps.router,
)
JOBS: tuple[Job, ...] = (
    *approvals_jobs.JOBS,
    *contracts_jobs.JOBS,
    *exchange_jobs.JOBS,
    *handover_jobs.JOBS,
    *org_jobs.JOBS,
    *reminders_jobs.JOBS,
    *settings_jobs.JOBS,
    *visits_jobs.JOBS,
)
ON_EVENT = org_events.apply
ON_EVENTS = {  # what is not the address book's
    visits_events.CHECK_IN: visits_events.apply,
    todo_events.UPDATED: todo_events.apply,
}
ON_NEWCOMER = org_events.meet
