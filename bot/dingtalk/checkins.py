"""签到: what people noted where they were (official document "获取用户签到记录"). Costs one call a page."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.core.clock import BEIJING
from bot.dingtalk.api import DingTalkApi
from bot.dingtalk.errors import DingTalkError
from bot.dingtalk.lenient import as_dict, as_int, as_text, dicts, texts

PEOPLE_PER_CALL: Final = 10
LONGEST_OF_ONE: Final = timedelta(days=10)  # asked for one person
LONGEST_OF_MANY: Final = timedelta(days=1)
PAGE: Final = 100
_PATH: Final = "/topapi/checkin/record/get"


@dataclass(frozen=True, slots=True)
class CheckInRecord:
    """One 签到. Coordinates are GCJ-02, in degrees; None where they were not given."""

    user_id: str
    at: datetime
    lng: float | None
    lat: float | None
    place: str
    remark: str
    visit_user: str  # whom he said he visited: a name, or an external contact's id
    photos: tuple[str, ...]


class CheckIns:
    """Reading records."""

    def __init__(self, api: DingTalkApi) -> None:
        self._api = api

    async def list_records(self, user_ids: tuple[str, ...], first: datetime, last: datetime) -> list[CheckInRecord]:
        """Those of these people between the two moments, page by page.

        Raises:
            ValueError: more than the call takes at once.
        """
        longest = LONGEST_OF_ONE if len(user_ids) == 1 else LONGEST_OF_MANY
        if not 1 <= len(user_ids) <= PEOPLE_PER_CALL or last - first > longest:
            raise ValueError(f"{len(user_ids)} people over {last - first}")
        found: list[CheckInRecord] = []
        cursor = 0
        while True:
            body = {
                "userid_list": ",".join(user_ids), "start_time": _millis(first), "end_time": _millis(last),
                "cursor": cursor, "size": PAGE,
            }  # fmt: skip
            result = as_dict((await self._api.old(_PATH, body, repeatable=True)).get("result")) or {}
            found += [one for row in dicts(result.get("page_list")) if (one := _record(row)) is not None]
            following = as_int(result.get("next_cursor"))
            if not following:
                return found
            if following <= cursor:
                raise DingTalkError("more check-ins are said to follow, but not where")
            cursor = following


def _millis(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _record(row: dict[str, object]) -> CheckInRecord | None:
    user_id, millis = as_text(row.get("userid")), as_int(row.get("checkin_time"))
    if not user_id or millis is None:
        return None
    lng, lat = _degrees(row.get("longitude"), 180), _degrees(row.get("latitude"), 90)
    known = lng is not None and lat is not None
    place, detail = (as_text(row.get(key)) or "" for key in ("place", "detail_place"))
    return CheckInRecord(
        user_id=user_id, at=datetime.fromtimestamp(millis / 1000, tz=BEIJING), lng=lng if known else None,
        lat=lat if known else None, place=detail if place in detail else " ".join(p for p in (place, detail) if p),
        remark=as_text(row.get("remark")) or "", visit_user=as_text(row.get("visit_user")) or "",
        photos=texts(row.get("image_list")),
    )  # fmt: skip


def _degrees(value: object, limit: int) -> float | None:
    """None for what is no place on earth; 0, 0 is what a phone without a position says."""
    try:
        number = float(as_text(value) or "")
    except ValueError:
        return None
    return number if -limit <= number <= limit and number else None
