"""Use cases of the public pool: permission, one transaction, the rule, the effect."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import Forbidden, NotFound
from bot.identity import may_be_told
from handlers.pool import rules
from handlers.pool.caps import policy_of, step_check_room
from handlers.pool.claiming import taken, was_known
from handlers.pool.listing import PoolPage, step_list_pool
from handlers.pool.rules import AlreadyClaimed, ClaimFacts, NotInPool, NotReturnable
from handlers.pool.telling import tell
from storage import audit, cards, customers, digest, filters, people, pools, undos
from storage.customers import PAGE
from storage.database import Tx
from storage.pools import Clocked

UNDO = timedelta(minutes=10)
OWNER, POOL = "负责人", "公海"  # as audit lines say it


def subject(customer_id: int | None) -> str:
    """How cards and audit lines name a customer."""
    return f"customer:{customer_id}"


def browse_pool(ctx: Context, text: str = "", page: int | None = None) -> PoolPage:
    """Pool customers that match what was said, five a page. `page`: instead of the one said. Raises Forbidden."""
    ctx.actor.require(Permission.POOL_VIEW)
    with ctx.begin() as tx:
        meaning, found, total = step_list_pool(tx, ctx, text)
        pages = max(1, -(-total // PAGE))
        at = min(max(1, page if page is not None else meaning.page), pages)
        rows = filters.page(tx, meaning.wanted, found, at, PAGE) if total else []
        return PoolPage(rows, meaning, total, at, pages)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A won claim and how to take it back; `mine_already`: the second tap of a double tap."""

    name: str
    undo_id: int | None
    mine_already: bool = False


def claim_customer(ctx: Context, customer_id: int, *, card: str = "") -> Claimed:
    """Makes the actor the owner of a pooled customer; exactly one of many at once wins.

    `card`: the card that was tapped; other cards that show the customer are redrawn.

    Raises:
        Forbidden: the actor may not claim at all.
        NotFound: no such customer.
        AlreadyClaimed, ClaimLimited: as the rules say; the text names who was faster, or the limit.
    """
    ctx.actor.require(Permission.POOL_CLAIM)
    me, now = ctx.actor, ctx.now
    with ctx.begin() as tx:
        pools.lock_claimant(tx, me.user_id)  # first, so that the second tap of two at once sees what the first has won
        holding = pools.holding_of(tx, customer_id)
        known = (holding is not None and holding.owner_id is None) or was_known(tx, customer_id)
        if holding is None or not known:  # both are asked for the same
            raise NotFound(
                "没有找到这个客户，发送「公海」看看现在有哪些。",
                attempt="" if holding is None else subject(customer_id),
            )
        if holding.owner_id == me.user_id:
            return Claimed(customers.access_brief(tx, customer_id).name, None, mine_already=True)
        if holding.owner_id is not None:
            raise taken(tx, ctx, customer_id, holding)
        pooled = customers.find_brief(tx, customer_id)
        if pooled is None:  # on PostgreSQL somebody has committed a claim between the two looks
            raise taken(tx, ctx, customer_id, pools.holding_of(tx, customer_id))
        counts = pools.count_claims(tx, me.user_id, ctx.today)
        until = pools.last_owned_until(tx, customer_id, me.user_id)
        facts = ClaimFacts(counts.total, counts.today, counts.holding, until.date() if until else None)
        rules.check_claim(policy_of(ctx.settings), facts, today=ctx.today)
        if not pools.take(tx, customer_id, me.user_id, how="claim", by=me.user_id, now=now):
            raise taken(tx, ctx, customer_id, pools.holding_of(tx, customer_id))
        undo_id = undos.offer(
            tx, user_id=me.user_id, kind="pool.claim", now=now, lasts=UNDO, text=f"领取 {pooled.name}",
            payload={
                "customer_id": customer_id, "since": now.isoformat(),
                "pooled_at": (pooled.pooled_at or now).isoformat(),
            },
        )  # fmt: skip
        _record(tx, ctx, "claim.customer", customer_id, name=pooled.name, changes={OWNER: (POOL, me.name)})
        cards.redraw_others(tx, subject(customer_id), now=now, but=card)
    return Claimed(pooled.name, undo_id)


def undo_claim(ctx: Context, payload: dict[str, Any]) -> str:
    """Takes a claim back, unless the customer has been worked on since. The undo door has checked whose it is."""
    with ctx.begin() as tx:
        customer_id = int(payload["customer_id"])
        since = datetime.fromisoformat(payload["since"])
        customer = customers.access_customer(tx, customer_id)
        if customer.id != customer_id:
            raise NotReturnable(f"这家已经并入「{customer.name}」了，不能撤销领取。")
        if customer.last_follow_up_at is not None and customer.last_follow_up_at >= since:
            raise NotReturnable(
                f"「{customer.name}」领取后已经跟进过，不能撤销了；不跟的话可以发送「退回 {customer.name}」。"
            )
        pooled_at = datetime.fromisoformat(payload["pooled_at"])
        name = customer.name
        if not pools.give_back(tx, customer_id, ctx.actor.user_id, since=since, pooled_at=pooled_at, now=ctx.now):
            raise NotReturnable(f"「{name}」现在不在你名下，撤销不了。")
        _record(tx, ctx, "undo.claim", customer_id, name=name, changes={OWNER: (ctx.actor.name, POOL)})
        cards.redraw_others(tx, subject(customer_id), now=ctx.now)
    return f"已撤销领取，「{name}」回到公海，不计入领取次数。"


@dataclass(frozen=True, slots=True)
class Returned:
    """A customer given back."""

    name: str
    undo_id: int | None


def return_customer(ctx: Context, customer_id: int, reason: str, *, card: str = "") -> Returned:
    """Puts an owned customer into the pool.

    One's own needs 公海-领取, another's (within the scope) 公海-退回; its owner is told.

    Raises:
        Forbidden, NotFound, NotReturnable.
    """
    with ctx.begin() as tx:
        customer = customers.access_customer(tx, customer_id, lock=True)
        customer_id = customer.id or customer_id  # that of its head, if it was merged
        if customer.owner_id is None:
            raise NotReturnable(f"「{customer.name}」已经在公海里了。")
        own = customer.owner_id == ctx.actor.user_id
        if not (own and ctx.actor.may(Permission.POOL_CLAIM)):
            ctx.actor.require(Permission.POOL_RETURN)
        name, owner_id = customer.name, customer.owner_id
        rules.check_not_locked(name=name, lock_until=customers.lock_of(tx, customer_id), today=ctx.today)
        next_at, timed = pools.plan_of(tx, customer_id)
        undo_payload = {
            "customer_id": customer_id, "owner_id": owner_id,
            "since": customer.owner_since.isoformat() if customer.owner_since else ctx.now.isoformat(),
            "next_at": next_at.isoformat() if next_at else None, "timed": timed,
        }  # fmt: skip
        if not pools.release(tx, customer_id, owner_id, how="return", by=ctx.actor.user_id, now=ctx.now, reason=reason,
                             unless_locked_on=ctx.today):  # fmt: skip
            raise NotReturnable(f"「{name}」锁定着，或刚刚换了负责人，没有退回。")
        undo_id = undos.offer(
            tx,
            user_id=ctx.actor.user_id,
            kind="pool.return",
            payload=undo_payload,
            text=f"退回 {name}",
            now=ctx.now,
            lasts=UNDO,
        )
        _record(
            tx, ctx, "return.customer", customer_id, reason=reason, owner=owner_id, name=name,
            changes={OWNER: (people.name_of(tx, owner_id), POOL)},
        )  # fmt: skip
        if not own:
            text = f"「{name}」已由 {ctx.actor.name} 退回公海，原因：{reason}。"
            tell(
                tx,
                ctx,
                [owner_id],
                title=f"客户退回公海：{name}",
                text=text,
                key=f"returned:{customer_id}:{ctx.now.isoformat()}",
            )
        cards.redraw_others(tx, subject(customer_id), now=ctx.now, but=card)
    return Returned(name, undo_id)


def undo_return(ctx: Context, payload: dict[str, Any]) -> str:
    """Takes a return back, while nobody has claimed the customer. The undo door has checked whose it is.

    Raises:
        NotFound: its owner has left; AlreadyClaimed; ClaimLimited: he holds as many as he may by now.
    """
    with ctx.begin() as tx:
        customer_id, owner_id = int(payload["customer_id"]), str(payload["owner_id"])
        next_at = datetime.fromisoformat(payload["next_at"]) if payload["next_at"] else None
        since = datetime.fromisoformat(payload["since"])
        owner = people.access_active(tx, owner_id).name
        step_check_room(tx, ctx, owner_id, back=True)
        done = pools.regain(
            tx, customer_id, owner_id, since=since, next_at=next_at, timed=bool(payload["timed"]), now=ctx.now
        )
        if not done:
            holding = pools.holding_of(tx, customer_id)
            if holding is None or holding.owner_id is None:
                raise AlreadyClaimed("撤销不了：这家客户之后合并或删除了。")
            who = people.name_of(tx, holding.owner_id)
            raise AlreadyClaimed(f"撤销不了：{rules.taken_text(who, holding.owner_since, ctx.today)}。")
        cards.redraw_others(tx, subject(customer_id), now=ctx.now)
        tx.expire_all()
        name = customers.access_customer(tx, customer_id).name
        _record(tx, ctx, "undo.return", customer_id, name=name, changes={OWNER: (POOL, owner)})
    return f"已撤销，「{name}」还是{'你的客户' if owner_id == ctx.actor.user_id else f' {owner} 的客户'}。"


def assign_customer(ctx: Context, customer_id: int, receiver_id: str) -> str:
    """Gives a pool customer to somebody; no claim for the caps (R3.44). Returns the sentence to say.

    Raises:
        Forbidden, NotFound, NotInPool, ClaimLimited.
    """
    ctx.actor.require(Permission.POOL_ASSIGN)
    with ctx.begin() as tx:
        customer = customers.access_customer(tx, customer_id)
        name, customer_id = customer.name, customer.id or customer_id
        if customer.owner_id is not None:
            who = people.name_of(tx, customer.owner_id)
            raise NotInPool(f"「{name}」由 {who} 负责，不在公海里，不能分配。")
        receiver = people.access_active(tx, receiver_id)
        told = people.name_of(tx, receiver_id)
        if not may_be_told(tx, receiver_id, ctx.settings):
            raise Forbidden(f"{receiver.name} 不在使用范围里，不能分配给这位同事。请换一位，或请管理员开通。")
        pools.lock_claimant(tx, receiver_id)
        counts = pools.count_claims(tx, receiver_id, ctx.today)
        rules.check_receiver(policy_of(ctx.settings), name=told, holding=counts.holding)
        if not pools.take(tx, customer_id, receiver_id, how="assign", by=ctx.actor.user_id, now=ctx.now):
            winner = pools.holding_of(tx, customer_id)
            who = people.name_of(tx, winner.owner_id if winner else None)
            raise AlreadyClaimed(rules.taken_text(who, winner.owner_since if winner else None, ctx.today))
        changes = {OWNER: (POOL, receiver.name)}
        _record(tx, ctx, "assign.customer", customer_id, to=receiver_id, name=name, changes=changes)
        if receiver_id != ctx.actor.user_id:
            text = f"{ctx.actor.name} 把「{name}」分配给你了，发送「查 {name}」看详情。"
            tell(
                tx,
                ctx,
                [receiver_id],
                title=f"新分配的客户：{name}",
                text=text,
                key=f"assigned:{customer_id}:{ctx.now.isoformat()}",
            )
        cards.redraw_others(tx, subject(customer_id), now=ctx.now)
    return f"已把「{name}」分配给 {told}。"


def recycle_due(ctx: Context) -> list[Clocked]:
    """Owned customers whose time without follow-up is over (D2, D3). The free edition has none."""
    days = ctx.settings.pool.return_after_days
    if days is None or not ctx.settings.paid:
        return []
    with ctx.begin() as tx:
        return [c for c in pools.list_clocked(tx) if _due(c, ctx, days)]


def _due(customer: Clocked, ctx: Context, days: int) -> bool:
    if customer.has_contract and not ctx.settings.pool.return_with_contract:
        return False
    clock = rules.return_clock(
        after_days=days, owner_since=customer.owner_since, last_follow_up_at=customer.last_follow_up_at,
        rule_since=ctx.settings.pool_rule_since, today=ctx.today, lock_until=customer.lock_until,
    )  # fmt: skip
    return clock.days_left <= 0


def recycle_customer(ctx: Context, due: Clocked) -> bool:
    """Returns one due customer; a follow-up or a new owner in the meantime wins (R-POOL-12)."""
    days = ctx.settings.pool.return_after_days
    if days is None or not ctx.settings.paid:
        return False
    with ctx.begin() as tx:
        done = pools.release(
            tx, due.id, due.owner_id, how="recycle", by="", now=ctx.now, reason=f"{days} 天未跟进，自动返回公海",
            rule_days=days, unless_followed_since=due.last_follow_up_at or due.owner_since, unless_locked_on=ctx.today,
        )  # fmt: skip
        if not done:
            return False
        _record(
            tx, ctx, "recycle.customer", due.id, owner=due.owner_id, days=days, name=due.name,
            changes={OWNER: (people.name_of(tx, due.owner_id), POOL)},
        )  # fmt: skip
        digest.add(
            tx, user_id=due.owner_id, rule="returned", subject=subject(due.id), cycle=ctx.now.isoformat(), now=ctx.now,
            text=f"「{due.name}」{days} 天未跟进，已自动返回公海",
        )  # fmt: skip
        cards.redraw_others(tx, subject(due.id), now=ctx.now)
    return True


def _record(tx: Tx, ctx: Context, action: str, customer_id: int, **detail: Any) -> None:
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=subject(customer_id), **detail
    )
