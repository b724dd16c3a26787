"""Use cases of merging two customers."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.forms import FormField, check_may_fill, withheld
from bot.language.phones import mask
from handlers.customfields.values import texts_of
from handlers.merges import rules
from handlers.merges.rules import UNDO, ChangedSince, NotMergeable, Values
from handlers.pool.caps import step_room
from handlers.pool.telling import tell
from storage import audit, cards, chains, custom_fields, customers, digest, merges, people, undos
from storage.chains import Hanging
from storage.customers import SameKey
from storage.database import Tx
from storage.handovers import REMINDERS
from storage.tables import Customer


@dataclass(frozen=True, slots=True)
class Difference:
    """A field in which both say something else, as the actor sees it."""

    name: str
    label: str
    head: str
    tail: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a merge would do."""

    head_id: int
    tail_id: int
    head: str
    tail: str
    head_owner: str  # empty: in the pool
    tail_owner: str
    head_has: Hanging
    tail_has: Hanging
    filled: list[str]  # labels of the head's empty fields that the tail fills
    differing: list[Difference]  # of which the actor chooses one
    swappable: bool


def preview_merge(ctx: Context, head_id: int, tail_id: int) -> Preview:
    """Changes nothing. An owned one stays rather than one of the pool. Raises Forbidden, NotFound, NotMergeable."""
    ctx.actor.require(Permission.CUSTOMER_DELETE)
    with ctx.begin() as tx:
        head, tail = _both(tx, head_id, tail_id)
        if head.owner_id is None and tail.owner_id is not None:
            head, tail = tail, head
        names = people.names_of(tx, [head.owner_id, tail.owner_id])
        fields = rules.mergeable(custom_fields.list_custom(tx, "customer"))
        ours, theirs = _seen(head, fields), _seen(tail, fields)
        kept = withheld(ctx.actor, "customer", {"customer": fields})
        unlike = [f for f in rules.differing(ours, theirs, fields) if f.name not in kept]
        own, other = (_texts(tx, unlike, values) for values in (ours, theirs))
        return Preview(
            head.id or 0, tail.id or 0, head.name, tail.name, names.get(head.owner_id or "", ""),
            names.get(tail.owner_id or "", ""), chains.hanging(tx, head.id or 0), chains.hanging(tx, tail.id or 0),
            [f.label for f in rules.filled(ours, theirs, fields)],
            [Difference(f.name, f.label, own[f.name], other[f.name]) for f in unlike],
            (head.owner_id is None) == (tail.owner_id is None),
        )  # fmt: skip


def _seen(customer: Customer, fields: Collection[FormField]) -> Values:
    return {f.attribute: getattr(customer, f.attribute) for f in fields} | {"custom": customer.custom}


def _texts(tx: Tx, fields: Collection[FormField], values: Values) -> dict[str, str]:
    """In words, by the fields' names."""
    ours = {f.name: rules.said(values, f) for f in fields if not f.custom}
    return ours | texts_of(tx, [f for f in fields if f.custom], values["custom"])


def _both(tx: Tx, head_id: int, tail_id: int) -> tuple[Customer, Customer]:
    head, tail = customers.access_customer(tx, head_id), customers.access_customer(tx, tail_id)
    rules.check_two(head=head.name, same=head.id == tail.id)
    return head, tail


@dataclass(frozen=True, slots=True)
class Merged:
    """Two are one; `again`: they were already (the second tap of a double tap)."""

    customer_id: int
    name: str
    text: str
    undo_id: int | None = None


def merge_customers(
    ctx: Context, head_id: int, tail_id: int, *, chosen: Collection[str] = (), card: str = ""
) -> Merged:  # fmt: skip
    """Everything of the tail's hangs on the head afterwards; both owners are told.

    What the head lacks it takes from the tail, whoever may read it. `chosen`: fields in which the tail's value stays
    although the head has another; the value that does not stay is kept by the audit line.

    Raises:
        Forbidden: also for a chosen field that the actor may not fill in; NotFound, NotMergeable.
    """
    ctx.actor.require(Permission.CUSTOMER_DELETE)
    with ctx.begin() as tx:
        merges.lock_both(tx, head_id, tail_id)
        head, tail = _both(tx, head_id, tail_id)
        fields = rules.mergeable(custom_fields.list_custom(tx, "customer"))
        check_may_fill(ctx.actor, "customer", dict.fromkeys(chosen, True), {"customer": fields})
        names = (head.name, tail.name)
        owners = [o for o in (head.owner_id, tail.owner_id) if o is not None]
        rules.check_head(
            head=names[0], tail=names[1], head_pooled=head.owner_id is None, tail_pooled=tail.owner_id is None
        )
        has = chains.hanging(tx, tail_id)
        digest.cancel(tx, f"customer:{tail_id}", rules=REMINDERS, now=ctx.now)
        ours, theirs = merges.true_values(tx, head_id), merges.true_values(tx, tail_id)
        new = rules.combine(ours, theirs, fields, chosen)
        try:
            log = merges.merge(
                tx, ours, theirs, columns=new.columns, custom=new.custom, by=ctx.actor.user_id, now=ctx.now
            )
        except SameKey as twin:
            raise NotMergeable(f"「{names[0]}」和「{names[1]}」有不能并存的记录，没有合并，请找管理员。") from twin
        undo_id = undos.offer(
            tx, user_id=ctx.actor.user_id, kind="merges.merge", text=f"合并 {names[1]} 到 {names[0]}", now=ctx.now,
            lasts=UNDO, payload={"merge_id": log.id},
        )  # fmt: skip
        told = {"合并": (names[1], names[0])} | _told(tx, ours, theirs, fields, chosen)
        _record(tx, ctx, "merge.customers", head_id, names[0], told, log.id)
        kept = names[1] if "name" in chosen else names[0]
        tell(
            tx, ctx, sorted(set(owners)), title=f"客户合并：{kept}", key=f"merged:{log.id}",
            text=f"{ctx.actor.name} 把「{names[1]}」并入了「{names[0]}」，记录都在「{kept}」下面。",
        )  # fmt: skip
        for one in (head_id, tail_id):
            cards.redraw_others(tx, f"customer:{one}", now=ctx.now, but=card)
        return Merged(head_id, kept, f"已把「{names[1]}」并入「{names[0]}」：{counts_text(has)}。", undo_id)


def _told(
    tx: Tx, head: Values, tail: Values, fields: Collection[FormField], chosen: Collection[str]
) -> dict[str, tuple[str, str]]:
    """What the head says anew; of what does not stay, what it was and what stands in its place."""
    told: dict[str, tuple[str, str]] = {}
    own, other = (_texts(tx, fields, values) for values in (head, tail))
    for one in rules.filled(head, tail, fields):
        told[one.label] = ("", _outline(one, other[one.name]))
    for one in rules.differing(head, tail, fields):
        was, now = _outline(one, own[one.name]), _outline(one, other[one.name])
        if one.name in chosen:
            told[one.label] = (was, now)
        elif one.name != "name":  # who was merged stands in the line anyway
            told[f"{tail['name']} {one.label}"] = (now, was)
    return told


def _outline(one: FormField, text: str) -> str:
    """As an audit line keeps it."""
    return mask(text) if one.kind == "phone" and text else text


def undo_merge(ctx: Context, payload: dict[str, Any]) -> str:
    """They are two again; what came since stays with the head. The undo door has checked whose it is.

    Raises:
        Forbidden, ChangedSince.
        ClaimLimited: who had the other one holds as many as he may by now.
    """
    ctx.actor.require(Permission.CUSTOMER_DELETE)
    with ctx.begin() as tx:
        log = merges.get(tx, int(payload["merge_id"]))
        if log is None or log.undone_at is not None:
            raise ChangedSince("这次合并已经撤销过了。")
        head_id, tail_id = log.head_id, log.tail_id
        owner_id = merges.true_values(tx, tail_id)["owner_id"]
        room = step_room(tx, ctx, owner_id) if owner_id is not None else None  # people before customers
        merges.lock_both(tx, head_id, tail_id)
        if customers.find_head(tx, head_id) is not None:
            raise ChangedSince("合并后的客户又并入了另一家，先撤销后面那次合并。")
        customers.access_customer(tx, head_id)
        if room is not None:
            room.check(back=True)
        try:
            merges.take_back(tx, log, ctx.now)
        except SameKey as twin:
            raise ChangedSince("原来那家的名称或信用代码已经被别的客户用了，不能撤销。") from twin
        names = customers.names_of(tx, [head_id, tail_id])
        _record(tx, ctx, "undo.merge", head_id, names[head_id], {"合并": (names[head_id], names[tail_id])}, log.id)
        for one in (head_id, tail_id):
            cards.redraw_others(tx, f"customer:{one}", now=ctx.now)
        return f"已撤销合并，「{names[tail_id]}」和「{names[head_id]}」又是两家了。"


def counts_text(has: Hanging) -> str:
    """联系人 2 · 跟进 5 · 商机 1 · 合同 0 · 回款 0."""
    return (
        f"联系人 {has.contacts} · 跟进 {has.follow_ups} · 商机 {has.opportunities} · 合同 {has.contracts} · "
        f"回款 {has.payments}"
    )


def _record(
    tx: Tx, ctx: Context, action: str, customer_id: int, name: str, changes: Mapping[str, tuple[str, str]],
    merge_id: int | None,
) -> None:  # fmt: skip
    own = {f.label: f.name for f in custom_fields.list_custom(tx, "customer")}
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=f"customer:{customer_id}",
        name=name, changes=dict(changes), merge=merge_id, fields=own,
    )  # fmt: skip
