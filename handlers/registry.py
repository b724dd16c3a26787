"""Everything the bot answers to, named one by one: the table of contents of the house."""

from bot.dispatch import Router
from bot.jobs.spec import Job
from handlers.administrators import chat as administrators_chat
from handlers.audit import chat as audit_chat
from handlers.audit import taps as audit_taps
from handlers.competitors import chat as competitors_chat
from handlers.competitors import taps as competitors_taps
from handlers.customers import chat as customers_chat
from handlers.customers import taps as customers_taps
from handlers.dictionaries import chat as dictionaries_chat
from handlers.dictionaries import taps as dictionaries_taps
from handlers.filters import chat as filters_chat
from handlers.filters import taps as filters_taps
from handlers.followups import chat as followups_chat
from handlers.followups import taps as followups_taps
from handlers.handover import chat as handover_chat
from handlers.handover import jobs as handover_jobs
from handlers.handover import taps as handover_taps
from handlers.help import chat as help_chat
from handlers.home import chat as home_chat
from handlers.home import taps as home_taps
from handlers.invoices import chat as invoices_chat
from handlers.invoices import taps as invoices_taps
from handlers.opening import chat as opening_chat
from handlers.opening import taps as opening_taps
from handlers.org import chat as org_chat
from handlers.org import events as org_events
from handlers.org import jobs as org_jobs
from handlers.org import taps as org_taps
from handlers.pool import chat as pool_chat
from handlers.pool import taps as pool_taps
from handlers.products import chat as products_chat
from handlers.products import taps as products_taps
from handlers.reminders import jobs as reminders_jobs
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
from handlers.undo import chat as undo_chat
from handlers.undo import taps as undo_taps

ROUTERS: tuple[Router, ...] = (
    administrators_chat.router,
    audit_chat.router,
    audit_taps.router,
    competitors_chat.router,
    competitors_taps.router,
    customers_chat.router,
    customers_taps.router,
    dictionaries_chat.router,
    dictionaries_taps.router,
    filters_chat.router,
    filters_taps.router,
    followups_chat.router,
    followups_taps.router,
    handover_chat.router,
    handover_taps.router,
    help_chat.router,
    home_chat.router,
    home_taps.router,
    invoices_chat.router,
    invoices_taps.router,
    opening_chat.router,
    opening_taps.router,
    org_chat.router,
    org_taps.router,
    pool_chat.router,
    pool_taps.router,
    roles_chat.router,
    roles_taps.router,
    products_chat.router,
    products_taps.router,
    stages_chat.router,
    stages_taps.router,
    targets_chat.router,
    targets_taps.router,
    rolesheets_chat.router,
    rolesheets_taps.router,
    search_chat.router,
    search_taps.router,
    settings_chat.router,
    settings_taps.router,
    undo_chat.router,
    undo_taps.router,
)
JOBS: tuple[Job, ...] = (*handover_jobs.JOBS, *org_jobs.JOBS, *reminders_jobs.JOBS, *settings_jobs.JOBS)
ON_EVENT = org_events.apply
ON_NEWCOMER = org_events.meet
