"""Use cases of the leads' pool."""

from dataclasses import dataclass

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import NotFound
from handlers.customers.standing import require_any
from handlers.leadpool import rules
from handlers.leadpool.clock import clock_of
from handlers.leadpool.rules import LeadPolicy, NotReturnable
from handlers.leads.rules import POOL, check_open, check_reason
from handlers.leads.steps import record_of
from handlers.leads.undoing import step_offer
from handlers.pool.rules import AlreadyClaimed, taken_text
from handlers.pool.telling import tell
from storage import cards, digest, lead_plans, lead_pools, leads, people, pools
from storage.database import Tx
from storage.lead_plans import ClockedLead
from storage.lead_pools import PAGE, LeadCounts, PoolLead
from storage.settings import CompanySettings

OWNER = "负责人"  # as audit lines say it


def policy_of(settings: CompanySettings) -> LeadPolicy:
    """The limits in force."""
    pool = settings.pool
    return LeadPolicy(pool.lead_claims_per_day, pool.lead_holding_cap, pool.reclaim_after_days)


def subject(lead_id: int) -> str:
    """How cards and audit lines name a lead."""
    return f"lead:{lead_id}"


@dataclass(frozen=True, slots=True)
class PoolPage:
    """One page of the pool."""

    rows: list[PoolLead]
    total: int
    pages: int


def browse_pool(ctx: Context, words: tuple[str, ...], page: int) -> PoolPage:
    """Leads of nobody that match all words, five a page. Raises Forbidden, NoLeadPool."""
    _require_pool(ctx, Permission.POOL_VIEW)
    with ctx.begin() as tx:
        total = lead_pools.count_pooled(tx, words)
        pages = max(1, -(-total // PAGE))
        return PoolPage(lead_pools.list_pooled(tx, words, page=min(max(1, page), pages)), total, pages)


@dataclass(frozen=True, slots=True)
class Shown:
    """The leads a card was drawn with, as they stand now."""

    rows: list[PoolLead]
    owners: dict[str, str]
    total: int
    claimed: str  # how many today; empty: for nobody in particular


def show_pool(ctx: Context, ids: list[int], words: tuple[str, ...]) -> Shown:
    """For a card that may hang in a group. Raises NoLeadPool."""
    rules.check_on(on=ctx.settings.lead_pool)
    with ctx.begin() as tx:
        rows = lead_pools.list_by_ids(tx, ids)
        claimed = ""
        if ctx.actor.user_id and ctx.actor.may(Permission.POOL_CLAIM):
            claimed = rules.claimed_line(_counts(tx, ctx).today, policy_of(ctx.settings))
        owners = people.names_of(tx, [r.owner_id for r in rows])
        return Shown(rows, owners, lead_pools.count_pooled(tx, words), claimed)


def list_pooled(ctx: Context) -> tuple[list[PoolLead], list[PoolLead]]:
    """Those that may be meant by somebody who claims: in the pool, and taken from it today. Raises as `browse_pool`."""
    _require_pool(ctx, Permission.POOL_CLAIM)
    with ctx.begin() as tx:
        midnight = ctx.now.replace(hour=0, minute=0, second=0, microsecond=0)
        return lead_pools.list_pooled(tx, size=20000), lead_pools.list_taken(tx, since=midnight)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A won claim and how to take it back; `mine_already`: the second tap of a double tap."""

    lead_id: int
    company: str
    undo_id: int | None
    mine_already: bool = False


def claim_lead(ctx: Context, lead_id: int, *, card: str = "") -> Claimed:
    """Makes the actor the owner of a lead in the pool; exactly one of many at once wins.

    `card`: the card that was tapped; other cards that show the lead are redrawn.

    Raises:
        Forbidden, NoLeadPool.
        NotFound: no such lead, or one that never was in the pool.
        AlreadyClaimed, ClaimLimited: the text names who was faster and when, or the limit.
    """
    _require_pool(ctx, Permission.POOL_CLAIM)
    me, now = ctx.actor, ctx.now
    with ctx.begin() as tx:
        pools.lock_claimant(tx, me.user_id)  # first, so that the second tap of two at once sees what the first has won
        found = lead_pools.get(tx, lead_id)
        if found is None:
            raise NotFound("没有找到这条线索，发送「线索公海」看看现在有哪些。")
        if found.owner_id == me.user_id:
            return Claimed(lead_id, found.company, None, mine_already=True)
        if found.owner_id is not None:
            raise _taken(tx, ctx, lead_id)
        counts = _counts(tx, ctx)
        until = lead_pools.last_owned_until(tx, lead_id, me.user_id)
        rules.check_claim(
            policy_of(ctx.settings), claimed_today=counts.today, holding=counts.holding,
            owned_until=until.date() if until else None, today=ctx.today,
        )  # fmt: skip
        before = leads.picture(tx, lead_id)
        if not lead_pools.take(tx, lead_id, me.user_id, now=now):
            raise _taken(tx, ctx, lead_id)
        lead_pools.turn_page(tx, lead_id, me.user_id, how="claim", by=me.user_id, now=now, since=found.since)
        record_of(tx, ctx, "claim.lead", lead_id, found.company, changes={OWNER: (POOL, me.name)})
        undo_id = step_offer(tx, ctx, lead_id, before, f"领取线索 {found.company}", version=int(before["version"]) + 1)
        cards.redraw_others(tx, subject(lead_id), now=now, but=card)
        return Claimed(lead_id, found.company, undo_id)


def _taken(tx: Tx, ctx: Context, lead_id: int) -> AlreadyClaimed:
    """What the loser is told: who, when, and what to do next."""
    winner = next(iter(lead_pools.list_by_ids(tx, [lead_id])), None)
    if winner is None or winner.owner_id is None:
        return AlreadyClaimed("这条线索刚刚不在线索公海里了，发送「线索公海」看看别的。")
    told = taken_text(people.name_of(tx, winner.owner_id), winner.owner_since, ctx.today)
    return AlreadyClaimed(f"线索「{winner.company}」{told}，发送「线索公海」看看别的。")


@dataclass(frozen=True, slots=True)
class Returned:
    """A lead given back."""

    company: str
    reason: str
    undo_id: int


def return_lead(ctx: Context, lead_id: int, reason: str, *, card: str = "") -> Returned:
    """Puts an open lead into the pool, with the reason.

    One's own needs 公海-领取, another's (within the scope) 公海-退回; its owner is told.

    Raises:
        Forbidden, NoLeadPool, NotFound, Over, ReasonMissing, NotReturnable.
    """
    require_any(ctx.actor, Permission.POOL_CLAIM, Permission.POOL_RETURN)
    rules.check_on(on=ctx.settings.lead_pool)
    with ctx.begin() as tx:
        lead = leads.access_lead(tx, lead_id, lock=True)
        company, owner_id = lead.company, lead.owner_id
        if owner_id is None:
            raise NotReturnable(f"线索「{company}」已经在线索公海里了。")
        own = owner_id == ctx.actor.user_id
        if not (own and ctx.actor.may(Permission.POOL_CLAIM)):
            ctx.actor.require(Permission.POOL_RETURN)
        check_open(company, lead.state)
        why = check_reason(company, reason, returned=True)
        before = leads.picture(tx, lead_id)
        since = lead.owner_since or lead.created_at
        if not lead_pools.release(tx, lead_id, owner_id, reason=why, now=ctx.now):
            raise NotReturnable(f"线索「{company}」刚刚换了负责人，没有退回。")
        lead_pools.turn_page(
            tx, lead_id, None, how="return", by=ctx.actor.user_id, now=ctx.now, reason=why, was=owner_id, since=since
        )
        digest.cancel(tx, subject(lead_id), rules=("next_follow_up",), now=ctx.now)
        changes = {OWNER: (people.name_of(tx, owner_id), POOL)}
        record_of(tx, ctx, "return.lead", lead_id, company, changes=changes, reason=why)
        undo_id = step_offer(tx, ctx, lead_id, before, f"退回线索 {company}", version=int(before["version"]) + 1)
        if not own:
            tell(
                tx, ctx, [owner_id], title=f"线索退回公海：{company}",
                key=f"lead-returned:{lead_id}:{ctx.now.isoformat()}",
                text=f"线索「{company}」已由 {ctx.actor.name} 退回线索公海，原因：{why}。",
            )  # fmt: skip
        cards.redraw_others(tx, subject(lead_id), now=ctx.now, but=card)
        tx.expire_all()
        return Returned(company, why, undo_id)


def recycle_due(ctx: Context) -> list[ClockedLead]:
    """Open leads whose time without follow-up is over."""
    if ctx.settings.lead_return_days is None:
        return []
    with ctx.begin() as tx:
        return [one for one in lead_plans.list_clocked(tx) if _is_due(ctx, one)]


def _is_due(ctx: Context, lead: ClockedLead) -> bool:
    clock = clock_of(ctx.settings, lead.owner_since, lead.last_follow_up_at, ctx.today)
    return clock is not None and clock.days_left <= 0


def recycle_lead(ctx: Context, due: ClockedLead) -> bool:
    """Returns one due lead; a follow-up, a conversion or a new owner in the meantime wins (R-POOL-12)."""
    days = ctx.settings.lead_return_days
    if days is None:
        return False
    with ctx.begin() as tx:
        why = f"{days} 天未跟进，自动返回线索公海"
        if not lead_pools.release(
            tx, due.id, due.owner_id, reason=why, now=ctx.now, unless_worked_since=due.worked_at
        ):  # fmt: skip
            return False
        lead_pools.turn_page(
            tx, due.id, None, how="recycle", by="", now=ctx.now, reason=why, was=due.owner_id, since=due.owner_since,
            rule_days=days,
        )  # fmt: skip
        digest.cancel(tx, subject(due.id), rules=("next_follow_up", "returns_soon"), now=ctx.now)
        changes = {OWNER: (people.name_of(tx, due.owner_id), POOL)}
        record_of(tx, ctx, "recycle.lead", due.id, due.company, changes=changes, reason=why)
        digest.add(
            tx, user_id=due.owner_id, rule="returned", subject=subject(due.id), cycle=ctx.now.isoformat(), now=ctx.now,
            text=f"线索「{due.company}」{days} 天未跟进，已自动返回线索公海",
        )  # fmt: skip
        cards.redraw_others(tx, subject(due.id), now=ctx.now)
    return True


def _require_pool(ctx: Context, permission: Permission) -> None:
    ctx.actor.require(permission)
    ctx.actor.require(Permission.LEAD_VIEW)
    rules.check_on(on=ctx.settings.lead_pool)


def _counts(tx: Tx, ctx: Context) -> LeadCounts:
    midnight = ctx.now.replace(hour=0, minute=0, second=0, microsecond=0)
    return lead_pools.count_claims(tx, ctx.actor.user_id, midnight)
