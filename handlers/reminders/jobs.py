"""The clock's turns: customers return to the pool, the morning message, what became of the notices."""

from datetime import datetime

from bot.context import Context
from bot.jobs.spec import Job, Toolbox
from handlers.leadpool import service as leadpool
from handlers.pool.service import recycle_customer, recycle_due
from handlers.reminders import service
from storage import attachments, cards, drafts, exchange, inbox, notices, outbox, scans
from storage.database import Tx


async def recycle(tools: Toolbox) -> str:
    """Each due customer and lead in its own transaction; one that fails does not stop the others."""
    due = await tools.run(recycle_due)
    done = 0
    for customer in due:
        done += await tools.run(recycle_customer, customer)
    leads = await tools.run(leadpool.recycle_due)
    gone = 0
    for lead in leads:
        gone += await tools.run(leadpool.recycle_lead, lead)
    told = f"；线索返回 {gone} 条，到期 {len(leads)} 条" if leads else ""
    return f"返回公海 {done} 家，到期 {len(due)} 家{told}"


async def morning(tools: Toolbox) -> str:
    """Returns what is due first, so that the message tells the truth; then one message per person (D23)."""
    returned = await recycle(tools)
    people = 0
    for owner_id in await tools.run(service.list_owners):
        await tools.run(service.queue_morning, owner_id)
    for user_id in await tools.run(service.list_waiting):
        people += await tools.run(service.send_digest, user_id)
    return f"提醒 {people} 人；{returned}"


async def nudge(tools: Toolbox) -> str:
    """Ten minutes before a contact planned for later the same day, which this morning's message could not know."""
    count = await tools.run(service.queue_nudges)
    return f"提醒 {count} 人"


def next_nudge(ctx: Context, after: datetime) -> datetime | None:
    """When the next such contact is near."""
    return service.next_nudge(ctx, after)


async def notice_fates(tools: Toolbox) -> str:
    """Reads back what became of each notice, once; an administrator is told of those that did not arrive."""
    waiting = await tools.db.read(None, lambda tx: notices.list_to_reconcile(tx, now=tools.clock.now()))
    lost = 0
    for task_id, user_ids in waiting.items():
        fates = await tools.notice_fates(task_id, user_ids)
        now = tools.clock.now()

        def keep(tx: Tx, task_id: str = task_id, fates: dict[str, str] = fates, now: datetime = now) -> int:
            return notices.record_fates(tx, task_id, fates, now=now)

        lost += await tools.db.system(keep)
    told = await tools.run(service.tell_undelivered)
    return f"核对 {len(waiting)} 次通知，未送达 {lost} 人" + ("，已告知管理员" if told else "")


async def prune(tools: Toolbox) -> str:
    """Forgets what nobody will ask for again."""
    now = tools.clock.now()

    def work(tx: Tx) -> int:
        return (
            inbox.prune(tx, now=now)
            + outbox.prune(tx, now=now)
            + cards.prune(tx, now=now)
            + attachments.prune(tx, now=now)
            + drafts.prune(tx, now=now)
            + exchange.prune(tx, now=now)
            + scans.prune(tx, now=now)
        )

    return f"清理 {await tools.db.system(work)} 条"


JOBS = (
    Job("recycle", recycle, lambda _: ("00:10",)),
    Job("morning", morning, lambda settings: (settings.reminders.at,)),
    Job("nudge", nudge, next_due=next_nudge),
    Job("notice-fates", notice_fates, lambda _: ("10:10", "17:40")),
    Job("prune", prune, lambda _: ("03:20",)),
)
