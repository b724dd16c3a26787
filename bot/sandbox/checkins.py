"""签到: people check in on their phones; the app is told by an event and reads the record (an addition of ours).

The event carries who and when alone; the rest is asked for with `topapi/checkin/record/get` (official documents:
"用户签到", "获取用户签到记录"): at most ten people a call, one person over at most ten days, several over at most one,
a hundred records a page. What is said to be refused without a code is refused as any wrong parameter is.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from aiohttp import web

from bot.sandbox import events
from bot.sandbox.auth import body_of, require_oapi
from bot.sandbox.control import V1, read_body
from bot.sandbox.errors import bad, not_found
from bot.sandbox.state import Sandbox
from bot.sandbox.wire import comma_list, integer, invalid_parameter, oapi_ok

PATH: Final = "/topapi/checkin/record/get"
PERMISSION: Final = "qyapi_base"
PEOPLE: Final = 10
PAGE: Final = 100
DAY_MS: Final = 86_400_000
KEYS: Final = {"as", "latitude", "longitude", "place", "detail_place", "remark", "visit_user", "images"}


@dataclass(frozen=True, slots=True)
class Record:
    """One check-in, as DingTalk keeps it."""

    userid: str
    millis: int
    longitude: str
    latitude: str
    place: str
    detail_place: str
    remark: str
    visit_user: str
    images: list[str]
    at: datetime  # `millis` may lie ahead of it: no two of one person have the same

    def row(self) -> dict[str, Any]:
        """As the call answers it; what is empty is left out, coordinates are texts."""
        row: dict[str, Any] = {
            "userid": self.userid, "checkin_time": self.millis, "longitude": self.longitude, "latitude": self.latitude,
            "place": self.place, "detail_place": self.detail_place, "remark": self.remark,
        }  # fmt: skip
        return row | ({"image_list": self.images} if self.images else {}) | (
            {"visit_user": self.visit_user} if self.visit_user else {}
        )  # fmt: skip


def _book(sandbox: Sandbox) -> list[Record]:
    book: list[Record] = sandbox.memory.setdefault("checkins", [])
    return book


def _readable(sandbox: Sandbox) -> list[Record]:
    """Reads may lag behind what happened (knob `read_delay_seconds`)."""
    newest = sandbox.clock.now() - timedelta(seconds=sandbox.knobs.read_delay_seconds)
    return [one for one in _book(sandbox) if one.at <= newest]


def _coordinate(body: dict[str, Any], name: str, limit: int) -> str:
    value = body.get(name)
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError as wrong:
            raise bad(f"{name}: a number") from wrong
    if isinstance(value, bool) or not isinstance(value, int | float) or not -limit <= value <= limit:
        raise bad(f"{name}: a number from -{limit} to {limit}")
    return f"{value:.6f}"


def _words(body: dict[str, Any], name: str) -> str:
    value = body.get(name) or ""
    if not isinstance(value, str):
        raise bad(f"{name}: a text")
    return value


def routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """The call, and `POST /sandbox/v1/checkins` with which a person checks in."""

    async def read(request: web.Request) -> web.Response:
        require_oapi(sandbox, request, PERMISSION)
        body = await body_of(request)
        people = comma_list(body, "userid_list")
        if not 1 <= len(people) <= PEOPLE:
            raise invalid_parameter("userid_list")
        first, last = integer(body, "start_time"), integer(body, "end_time")
        if last < first or last - first > DAY_MS * (10 if len(people) == 1 else 1):
            raise invalid_parameter("end_time")
        cursor, size = integer(body, "cursor"), integer(body, "size")
        if cursor < 0:
            raise invalid_parameter("cursor")
        if not 1 <= size <= PAGE:
            raise invalid_parameter("size")
        found = [r.row() for r in _readable(sandbox) if r.userid in people and first <= r.millis <= last]
        following = cursor + size if cursor + size < len(found) else None
        return oapi_ok(result={"page_list": found[cursor : cursor + size], "next_cursor": following})

    async def check_in(request: web.Request) -> web.Response:
        body = await read_body(request)
        if unknown := set(body) - KEYS:
            raise bad(f"{unknown.pop()}: 不认识这个键")
        userid = body.get("as")
        if not isinstance(userid, str) or sandbox.company.person(userid) is None:
            raise not_found(f"person {userid}")
        images = body.get("images") or []
        if not isinstance(images, list) or not all(isinstance(one, str) for one in images):
            raise bad("images: a list of addresses")
        millis = sandbox.clock.millis()
        while any(one.userid == userid and one.millis == millis for one in _book(sandbox)):
            millis += 1
        place = _words(body, "place")
        record = Record(
            userid, millis, _coordinate(body, "longitude", 180), _coordinate(body, "latitude", 90), place,
            _words(body, "detail_place") or place, _words(body, "remark"), _words(body, "visit_user"), images,
            sandbox.clock.now(),
        )  # fmt: skip
        _book(sandbox).append(record)
        if request.query.get("silent", "") not in {"1", "true"}:
            events.checked_in(sandbox, userid, millis)
        return web.json_response(record.row())

    return [web.post(PATH, read), web.post(f"{V1}/checkins", check_in)]
