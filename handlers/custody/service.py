"""Use cases about a customer as a whole: 更换负责人, 锁定, 删除."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.identity import may_be_told
from bot.language.show import show_date
from handlers.custody import along, rules
from handlers.custody.rules import ChangedSince, HangsOn, NotTransferable
from handlers.customers.standing import require_any, step_may_write
from handlers.pool.caps import step_room
from handlers.pool.telling import tell
from storage import audit, cards, chains, customers, digest, people, pools, teams, undos
from storage.customers import SameKey
from storage.database import Tx
from storage.handovers import REMINDERS
from storage.tables import Customer

UNDO = timedelta(minutes=10)
UNDO_TRANSFER = timedelta(hours=24)
OWNER = "负责人"  # as audit lines say it


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, in words, and how to take it back."""

    customer_id: int
    name: str
    text: str
    undo_id: int | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """What would go along with a customer."""

    customer_id: int
    name: str
    receiver: str
    opportunities: list[str]
    contracts: list[str]  # their numbers


def preview_transfer(ctx: Context, customer_id: int, receiver_id: str) -> Transfer:
    """Changes nothing: whether there is anything to ask. Raises Forbidden, NotFound."""
    ctx.actor.require(Permission.CUSTOMER_TRANSFER)
    with ctx.begin() as tx:
        customer = customers.access_customer(tx, customer_id)
        of = customer.id or 0
        going = along.step_list(tx, ctx, of, customer.owner_id) if customer.owner_id is not None else []
        return Transfer(
            of, customer.name, people.access_active(tx, receiver_id).name,
            [one.title for one in going if one.kind == "opportunity"],
            [one.title for one in going if one.kind == "contract"],
        )  # fmt: skip


def transfer_customer(ctx: Context, customer_id: int, receiver_id: str, *, with_deals: bool = False) -> Done:
    """Another owner; contacts follow (R-CONT-6), both are told.

    `with_deals`: its open opportunities and running contracts that the giver has go along, as far as the actor may
    change their owners; nothing of them changes but the owner (R-HAND-2).

    Raises:
        Forbidden, NotFound, NotTransferable, ClaimLimited: the receiver's holdings are at the cap.
    """
    ctx.actor.require(Permission.CUSTOMER_TRANSFER)
    with ctx.begin() as tx:
        room = step_room(tx, ctx, receiver_id)  # people are locked before customers, everywhere
        customer = customers.access_customer(tx, customer_id, lock=True)
        name, giver_id, of = customer.name, customer.owner_id, customer.id or 0
        if giver_id is None:
            raise NotTransferable(f"「{name}」在公海里，发送「分配 {name} 给 同事」。")
        receiver = people.access_active(tx, receiver_id).name
        told = may_be_told(tx, receiver_id, ctx.settings)
        rules.check_receiver(name=receiver, receiver_id=receiver_id, owner_id=giver_id, told=told)
        room.check()
        member = teams.find_member(tx, of, receiver_id)
        since = customer.owner_since or ctx.now
        moved = pools.transfer(
            tx, of, giver_id=giver_id, receiver_id=receiver_id, since=ctx.now, how="transfer", by=ctx.actor.user_id,
            now=ctx.now,
        )  # fmt: skip
        if not moved:
            raise NotTransferable(f"「{name}」刚刚换了负责人，没有转。")
        giver = people.name_of(tx, giver_id)
        going = along.step_list(tx, ctx, of, giver_id) if with_deals else []
        went = along.step_hand_on(
            tx, ctx, going, people=(giver_id, receiver_id), names=(giver, receiver), action="transfer"
        )
        deals = f"，{along.counts_text(went)}一起" if went else ""
        undo_id = undos.offer(
            tx, user_id=ctx.actor.user_id, kind="custody.transfer", text=f"{name} 转给 {receiver}", now=ctx.now,
            lasts=UNDO_TRANSFER,
            payload={
                "customer_id": of, "giver_id": giver_id, "receiver_id": receiver_id, "since": since.isoformat(),
                "at": ctx.now.isoformat(), "member": member is not None, "along": along.kept(went),
            },
        )  # fmt: skip
        digest.cancel(tx, f"customer:{of}", rules=REMINDERS, now=ctx.now)
        _record(tx, ctx, "transfer.customer", of, name, {OWNER: (giver, receiver)})
        mark = ctx.now.isoformat()
        tell(
            tx, ctx, [receiver_id], title=f"转给你的客户：{name}", key=f"transfer-to:{of}:{mark}",
            text=f"{ctx.actor.name} 把「{name}」转给你负责（原来是 {giver}{deals}），发送「查 {name}」看详情。",
        )  # fmt: skip
        tell(
            tx, ctx, [giver_id], title=f"转走的客户：{name}", key=f"transfer-from:{of}:{mark}",
            text=f"{ctx.actor.name} 把「{name}」转给 {receiver} 负责了{deals}。",
        )  # fmt: skip
        cards.redraw_others(tx, f"customer:{of}", now=ctx.now)
        return Done(of, name, f"「{name}」已由 {giver} 转给 {receiver}{deals}。", undo_id)


def undo_transfer(ctx: Context, payload: dict[str, Any]) -> str:
    """Back to the former owner, unless the new one has worked on it. The undo door has checked whose it is.

    What went along comes back too, but for what was changed since: that is named.

    Raises:
        NotFound, ChangedSince; ClaimLimited: the former owner holds as many as he may by now.
    """
    with ctx.begin_beyond_sight("who gave it away takes it back, though he sees it no more") as tx:
        of, at = int(payload["customer_id"]), datetime.fromisoformat(payload["at"])
        giver_id, receiver_id = str(payload["giver_id"]), str(payload["receiver_id"])
        room = step_room(tx, ctx, giver_id)
        customer = customers.access_customer(tx, of, lock=True)
        name, receiver = customer.name, people.name_of(tx, receiver_id)
        if customer.owner_id != receiver_id or customer.owner_since != at:
            raise ChangedSince(f"「{name}」之后又换过负责人，不能撤销了。")
        if customer.last_follow_up_at is not None and customer.last_follow_up_at > at:
            raise ChangedSince(f"「{name}」转给 {receiver} 以后已经跟进过，不能撤销了。")
        giver = people.access_active(tx, giver_id).name
        room.check(back=True)
        pools.transfer(
            tx, of, giver_id=receiver_id, receiver_id=giver_id, since=datetime.fromisoformat(payload["since"]),
            how="undo", by=ctx.actor.user_id, now=ctx.now, reason="撤销转交",
        )  # fmt: skip
        if payload["member"]:
            pools.give_place_back(tx, of, receiver_id, at=at)
        going = along.taken_up(payload.get("along", ()))  # one from before deals could go along
        back = along.step_hand_on(
            tx, ctx, going, people=(receiver_id, giver_id), names=(receiver, giver), action="undo"
        )
        digest.cancel(tx, f"customer:{of}", rules=REMINDERS, now=ctx.now)
        _record(tx, ctx, "undo.transfer", of, name, {OWNER: (receiver, giver)})
        tell(
            tx, ctx, [receiver_id, giver_id], title=f"转交撤销了：{name}",
            key=f"transfer-undo:{of}:{ctx.now.isoformat()}",
            text=f"{ctx.actor.name} 撤销了转交，「{name}」还是 {giver} 负责。",
        )  # fmt: skip
        cards.redraw_others(tx, f"customer:{of}", now=ctx.now)
        left = "、".join(one.title for one in going if one not in back)
        return f"已撤销，「{name}」还是 {giver} 负责。" + (f"{left} 之后改过，没有一起转回。" if left else "")


def delete_customer(ctx: Context, customer_id: int) -> Done:
    """Gone from every list, with its contacts; what it was stays on record. Raises Forbidden, NotFound, StillUsed."""
    ctx.actor.require(Permission.CUSTOMER_DELETE)
    with ctx.begin() as tx:
        customer = customers.access_customer(tx, customer_id, lock=True)
        of, name, owner_id = customer.id or 0, customer.name, customer.owner_id
        hangs = chains.hanging(tx, of)
        rules.check_delete(name, HangsOn(hangs.opportunities, hangs.contracts, hangs.payments))
        customers.remove_customer(tx, customer, ctx.now)
        digest.cancel(tx, f"customer:{of}", rules=REMINDERS, now=ctx.now)
        undo_id = undos.offer(
            tx, user_id=ctx.actor.user_id, kind="custody.delete", text=f"删除客户 {name}", now=ctx.now, lasts=UNDO,
            payload={"customer_id": of, "at": ctx.now.isoformat()},
        )  # fmt: skip
        _record(tx, ctx, "delete.customer", of, name, {"客户": (name, "")})
        if owner_id is not None:
            tell(
                tx, ctx, [owner_id], title=f"客户删除：{name}", key=f"deleted:{of}:{ctx.now.isoformat()}",
                text=f"{ctx.actor.name} 删除了「{name}」。",
            )  # fmt: skip
        cards.redraw_others(tx, f"customer:{of}", now=ctx.now)
        return Done(of, name, f"已删除「{name}」。", undo_id)


def undo_delete(ctx: Context, payload: dict[str, Any]) -> str:
    """The customer is there again, if its owner has room for it. The undo door has checked whose it is.

    Raises:
        ChangedSince: another one has its name or code by now; ClaimLimited.
    """
    with ctx.begin() as tx:
        of = int(payload["customer_id"])
        try:
            owner_id = customers.restore_customer(tx, of, datetime.fromisoformat(payload["at"]))
        except SameKey as twin:
            raise ChangedSince("已经有同名或同信用代码的客户了，不能撤销删除。") from twin
        customer = customers.access_customer(tx, of)
        if owner_id is not None and ctx.settings.paid and ctx.settings.pool.holding_cap is not None:
            _check_room_after(tx, ctx, owner_id)
        _record(tx, ctx, "undo.delete_customer", of, customer.name, {"客户": ("", customer.name)})
        cards.redraw_others(tx, f"customer:{of}", now=ctx.now)
        return f"已撤销删除，「{customer.name}」恢复了。"


def lock_customer(ctx: Context, customer_id: int, until: date | None, *, card: str = "") -> Done:
    """Kept from the pool until that day, included (R-POOL-16). For who may write on it.

    Raises:
        Forbidden, NotFound, NotYours, InvalidInput: the day; NotLockable: the cap; ChangedSince: another owner.
    """
    require_any(ctx.actor, Permission.CUSTOMER_ADD, Permission.CUSTOMER_EDIT)
    last = rules.check_lock_until(until, ctx.today)
    with ctx.begin() as tx:
        owner_id = customers.access_brief(tx, customer_id).owner_id
        if owner_id is not None:
            pools.lock_claimant(tx, owner_id)
        customer, was = _lockable(tx, ctx, customer_id)
        of, name = customer.id or 0, customer.name
        if customer.owner_id != owner_id:
            raise ChangedSince(f"「{name}」刚刚换了负责人，没有锁定，核对后再发一次。")
        if was == last:
            return Done(of, name, f"没有变化，「{name}」已经锁定到 {show_date(last, ctx.today)}。")
        if was is None and ctx.settings.paid:
            assert owner_id is not None
            rules.check_lock_cap(ctx.settings.pool.lock_cap, pools.count_locked(tx, owner_id, ctx.today))
        undo_id = _set_lock(tx, ctx, customer, last, text=f"锁定 {name}", was=was, card=card)
        return Done(of, name, f"已锁定「{name}」到 {show_date(last, ctx.today)}，期间不会返回公海。", undo_id)


def unlock_customer(ctx: Context, customer_id: int, *, card: str = "") -> Done:
    """The clock of the pool counts again; a full day is left at least. Raises Forbidden, NotFound, NotYours."""
    require_any(ctx.actor, Permission.CUSTOMER_ADD, Permission.CUSTOMER_EDIT)
    with ctx.begin() as tx:
        customer, was = _lockable(tx, ctx, customer_id)
        of, name = customer.id or 0, customer.name
        if was is None:
            return Done(of, name, f"「{name}」没有锁定。")
        ended = ctx.today - timedelta(days=1)
        undo_id = _set_lock(tx, ctx, customer, ended, text=f"解锁 {name}", was=was, card=card)
        return Done(of, name, f"已解锁「{name}」，又按公海规则计算了。", undo_id)


def undo_lock(ctx: Context, payload: dict[str, Any]) -> str:
    """The lock is as it was. The undo door has checked whose it is."""
    with ctx.begin() as tx:
        customer, _ = _lockable(tx, ctx, int(payload["customer_id"]))
        now = customers.lock_of(tx, customer.id or 0)
        if (now.isoformat() if now else "") != payload["after"]:
            raise ChangedSince(f"「{customer.name}」的锁定之后又改过，不能撤销了。")
        was = date.fromisoformat(payload["before"]) if payload["before"] else None
        customers.set_lock(tx, customer.id or 0, was, ctx.now)
        told = (str(now) if now and now >= ctx.today else "", str(was) if was and was >= ctx.today else "")
        _record(tx, ctx, "lock.customer", customer.id or 0, customer.name, {"锁定到": told})
        cards.redraw_others(tx, f"customer:{customer.id}", now=ctx.now)
        return f"已撤销，「{customer.name}」{f'锁定到 {told[1]}' if told[1] else '没有锁定'}。"


def _lockable(tx: Tx, ctx: Context, customer_id: int) -> tuple[Customer, date | None]:
    """The customer, and its lock's last day while it lasts."""
    customer = customers.access_customer(tx, customer_id, lock=True)
    step_may_write(tx, ctx, customer, Permission.CUSTOMER_EDIT)
    locked = customers.lock_of(tx, customer.id or 0)
    return customer, locked if locked is not None and locked >= ctx.today else None


def _set_lock(tx: Tx, ctx: Context, customer: Customer, last: date, *, text: str, was: date | None, card: str) -> int:
    of = customer.id or 0
    former = customers.lock_of(tx, of)
    customers.set_lock(tx, of, last, ctx.now)
    told = (str(was) if was else "", str(last) if last >= ctx.today else "")
    _record(tx, ctx, "lock.customer" if last >= ctx.today else "unlock.customer", of, customer.name, {"锁定到": told})
    digest.cancel(tx, f"customer:{of}", rules=("returns_soon",), now=ctx.now)
    cards.redraw_others(tx, f"customer:{of}", now=ctx.now, but=card)
    return undos.offer(
        tx, user_id=ctx.actor.user_id, kind="custody.lock", text=text, now=ctx.now, lasts=UNDO,
        payload={"customer_id": of, "before": former.isoformat() if former else "", "after": last.isoformat()},
    )  # fmt: skip


def _check_room_after(tx: Tx, ctx: Context, owner_id: str) -> None:
    """As `Room.check`, when the customer is his again already."""
    cap = ctx.settings.pool.holding_cap
    holding = pools.count_held(tx, owner_id)
    if cap is not None and holding > cap:
        raise ChangedSince(f"{people.name_of(tx, owner_id)} 名下已满（{cap} 家），不能撤销删除。")


def _record(
    tx: Tx, ctx: Context, action: str, customer_id: int, name: str, changes: dict[str, tuple[str, str]]
) -> None:
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=f"customer:{customer_id}",
        name=name, changes=changes,
    )  # fmt: skip
