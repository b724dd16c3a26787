"""How far is a visit from a customer, and which may be meant? Pure. Source: crm-rules.md 1.24 (R-VISIT-1..8)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import asin, cos, radians, sin, sqrt
from typing import Final

from bot.core.errors import RuleBroken

EARTH_M: Final = 6_371_000
DEGREE_M: Final = 111_195  # of latitude
WAITS: Final = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
TOGETHER: Final = timedelta(seconds=5)  # check-ins of so short a while are asked for in one call
SLACK: Final = timedelta(minutes=2)  # by which a record's time may differ from its event's
EMPTY: Final = frozenset(
    {"", "拜访", "到访", "走访", "上门", "签到", "外勤", "打卡", "到了", "客户拜访", "拜访客户", "在", "到"}
)
LONGEST: Final = 2000  # characters


class BadVisit(RuleBroken, code="visits.bad"):
    """The visit cannot be so; the text says why."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in degrees, and the system they are in."""

    lng: float
    lat: float
    coord_sys: str


def spot_of(lng: float | None, lat: float | None, coord_sys: str) -> Spot | None:
    """None: the place is not known."""
    return None if lng is None or lat is None else Spot(lng, lat, coord_sys)


def distance_m(one: Spot | None, other: Spot | None) -> int | None:
    """Metres on the sphere; None where a place is not known or they are in different systems."""
    if one is None or other is None or one.coord_sys != other.coord_sys:
        return None
    north, east = radians(other.lat - one.lat), radians(other.lng - one.lng)
    half = sin(north / 2) ** 2 + cos(radians(one.lat)) * cos(radians(other.lat)) * sin(east / 2) ** 2
    return round(2 * EARTH_M * asin(sqrt(min(1.0, half))))


def box(spot: Spot, metres: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """The degrees (longitude, latitude) that hold everything nearer than that."""
    high = metres / DEGREE_M * 1.01
    wide = high / max(cos(radians(min(89.0, abs(spot.lat) + high))), 0.01)
    return (spot.lng - wide, spot.lng + wide), (spot.lat - high, spot.lat + high)


def is_out_of_range(distance: int | None, near_m: int) -> bool:
    """Flagged, not refused (R-VISIT-3); a distance nobody knows is no reason. `near_m`: 外勤设置."""
    return distance is not None and distance > near_m


@dataclass(frozen=True, slots=True)
class Near:
    """A customer that may be meant. `named`: the remark says its name."""

    customer_id: int
    distance_m: int | None
    named: bool = False


def in_order(found: Iterable[Near]) -> list[Near]:
    """Those named first, then the nearest (R-VISIT-2)."""
    return sorted(found, key=lambda n: (not n.named, n.distance_m is None, n.distance_m or 0, n.customer_id))


def says_something(remark: str) -> bool:
    """Whether it is worth a follow-up (R-VISIT-5): more than that somebody was there."""
    return remark.strip(" 。.!！,，、~～") not in EMPTY


def check_remark(remark: str) -> None:
    """Raises BadVisit if nobody would read it."""
    if len(remark) > LONGEST:
        raise BadVisit(f"内容太长了（{len(remark)} 字），请分成几条，每条不超过 {LONGEST} 字。")


def next_try(tries: int, now: datetime) -> datetime | None:
    """When a record that cannot be seen yet is asked for again; None: never."""
    return now + WAITS[tries] if tries < len(WAITS) else None


def distance_text(metres: int | None) -> str:
    """120 米, 2.3 公里."""
    if metres is None:
        return ""
    return f"{metres} 米" if metres < 1000 else f"{metres / 1000:.1f} 公里"
