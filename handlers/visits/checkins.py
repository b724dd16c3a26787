"""A check-in as it is asked for and as DingTalk's record gives it, and the steps that store it."""

from dataclasses import dataclass
from datetime import datetime

from bot.context import Context
from handlers.visits import rules
from handlers.visits.linking import subject
from storage import audit, cards, visits
from storage.database import Tx

GCJ = "gcj02"  # what DingTalk gives (R-VISIT-4)


@dataclass(frozen=True, slots=True)
class Due:
    """A check-in to be asked for."""

    id: int
    user_id: str
    at: datetime
    tries: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """A record as DingTalk gave it."""

    user_id: str
    at: datetime
    lng: float | None
    lat: float | None
    place: str
    remark: str
    photos: tuple[str, ...] = ()


def step_again(tx: Tx, ctx: Context, due: Due) -> None:
    """Asked for again after a while, or given up."""
    due_at = rules.next_try(due.tries, ctx.now)
    if due_at is None:
        visits.settle_check_ins(tx, [due.id], "gone")
    else:
        visits.postpone(tx, due.id, due_at=due_at)


def step_take(tx: Tx, ctx: Context, record: Fetched) -> bool:
    """Stores it and asks its owner where it was. False: it is there already."""
    row: dict[str, object] = {
        "user_id": record.user_id, "at": record.at, "source": "checkin", "lng": record.lng, "lat": record.lat,
        "coord_sys": GCJ if record.lng is not None else "", "place": record.place[:200],
        "remark": record.remark[: rules.LONGEST], "photos": list(record.photos[:20]), "out_of_range": False,
        "state": "unlinked", "created_at": ctx.now,
    }  # fmt: skip
    visit_id = visits.add_fetched(tx, row)
    if visit_id is None:
        return False
    audit.record(
        tx, at=ctx.now, user_id=record.user_id, via="event", action="log.visit", subject=subject(visit_id),
        name=record.place,
    )  # fmt: skip
    cards.post(
        tx, key=f"visit:{visit_id}", kind="visits.one", state={"visit_id": visit_id}, subjects=(subject(visit_id),),
        user_id=record.user_id, now=ctx.now,
    )  # fmt: skip
    return True
