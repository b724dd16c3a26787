"""Opportunities and contracts that go along with their customer to another owner, and come back with it."""

from collections.abc import Sequence
from typing import Any, Final

from bot.context import Context
from bot.core.actor import Permission
from storage import audit, cards, custody, digest
from storage.custody import Going, Kind
from storage.database import Tx
from storage.handovers import REMINDERS

NEEDS: Final[dict[Kind, Permission]] = {
    "opportunity": Permission.OPPORTUNITY_TRANSFER, "contract": Permission.CONTRACT_TRANSFER,
}  # fmt: skip
OWNER = "负责人"  # as audit lines say it


def step_list(tx: Tx, ctx: Context, customer_id: int, owner_id: str) -> list[Going]:
    """What the actor may pass on with the customer: of the kinds whose owner he may change."""
    kinds = [kind for kind, needed in NEEDS.items() if ctx.actor.may(needed)]
    return custody.list_going(tx, customer_id, owner_id, kinds)


def step_hand_on(
    tx: Tx, ctx: Context, going: Sequence[Going], *, people: tuple[str, str], names: tuple[str, str], action: str
) -> list[Going]:
    """`people`, `names`: of giver and receiver; `action`: of the audit lines, before the kind.

    Returns those that went. What was changed since it was looked at stays where it is.
    """
    giver_id, receiver_id = people
    went = []
    for one in going:
        if not custody.hand_on(tx, one, giver_id=giver_id, receiver_id=receiver_id, now=ctx.now):
            continue
        went.append(one)
        subject = f"{one.kind}:{one.id}"
        audit.record(
            tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=f"{action}.{one.kind}", subject=subject,
            name=one.title, changes={OWNER: names},
        )  # fmt: skip
        digest.cancel(tx, subject, rules=REMINDERS, now=ctx.now)
        cards.redraw_others(tx, subject, now=ctx.now)
    return went


def kept(went: Sequence[Going]) -> list[list[Any]]:
    """For an undo: what went, and of which version it is since."""
    return [[one.kind, one.id, one.title, one.version + 1] for one in went]


def taken_up(rows: Sequence[Sequence[Any]]) -> list[Going]:
    """The inverse of `kept`."""
    return [Going(kind, int(key), str(title), int(version)) for kind, key, title, version in rows]


def counts_text(went: Sequence[Going]) -> str:
    """商机 2 个、合同 1 份; empty: none."""
    counts = [(word, sum(one.kind == kind for one in went), unit) for kind, word, unit in
              (("opportunity", "商机", "个"), ("contract", "合同", "份"))]  # fmt: skip
    return "、".join(f"{word} {count} {unit}" for word, count, unit in counts if count)
