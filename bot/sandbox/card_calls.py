"""The card calls of the platform: create, deliver, update, stream (platform.md sections 3.2–3.6)."""

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from bot.sandbox.auth import body_of, require_app
from bot.sandbox.cards import Card
from bot.sandbox.cards_dynamic import sources_of
from bot.sandbox.cards_requests import (
    Space,
    check_size,
    param_map,
    private_maps,
    refuse,
    spaces_of,
    track_id,
    update_options,
    userid_type,
)  # fmt: skip
from bot.sandbox.clock import iso
from bot.sandbox.company_records import Person
from bot.sandbox.errors import PlatformError
from bot.sandbox.robot import new_send
from bot.sandbox.state import Sandbox

WRITE: Final = "Card.Instance.Write"
STREAM: Final = "Card.Streaming.Write"
_CLOSED: Final = (
    ("POST", "/v1.0/im/v1.0/robot/interactiveCards/send"),
    ("PUT", "/v1.0/im/robots/interactiveCards"),
    ("POST", "/v1.0/im/interactiveCards/send"),
    ("PUT", "/v1.0/im/interactiveCards"),
    ("POST", "/v1.0/im/interactiveCards/templates/send"),
)


class CardOffice:
    """What the calls do, on one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._shelf = sandbox.cards

    def userid(self, given: str, kind: int) -> str:
        """The userId behind an id of a request; an unknown unionId stays as it is."""
        if kind == 2:
            person = self._sandbox.company.person_by_unionid(given)
            return person.userid if person else given
        return given

    def person(self, given: str, kind: int) -> Person | None:
        """The employee behind an id of a request."""
        company = self._sandbox.company
        return company.person_by_unionid(given) if kind == 2 else company.person(given)

    def create(self, body: Mapping[str, Any]) -> Card:
        """A new card from a request, not yet on the shelf."""
        if not body:
            raise refuse("param.empty", "参数不能为空")
        own = track_id(body)
        template_id = body.get("cardTemplateId")
        if not isinstance(template_id, str) or not template_id:
            raise refuse("param.cardTemplateIdEmpty", "cardTemplateId不能为空")
        registered = self._shelf.registered(template_id)
        if registered is None or registered.template is None:
            raise refuse("param.templateNotExist", f"卡片模板不存在：{template_id}")
        if not registered.published:
            raise refuse("param.templateUnpublished", f"卡片模板未发布：{template_id}")
        kind = userid_type(body)
        creator = body.get("userId")
        if creator is not None and (not isinstance(creator, str) or self.person(creator, kind) is None):
            raise refuse("param.userIdNotExist", f"用户不存在：{creator}")
        callback, route = self._callback(body)
        public = param_map(body.get("cardData"), "cardData")
        if public is None:
            raise refuse("param.cardPublicDataEmpty", "cardData.cardParamMap不能为空")
        private = {self.userid(user, kind): data for user, data in private_maps(body).items()}
        check_size(public, private)
        if own in self._shelf.cards:
            raise refuse("param.cardAlreadyExist", f"卡片已存在：{own}")
        card = Card(own, registered.id, registered.template, callback, route, kind)
        card.public = self._shelf.fitting(card, public, private=False, overwrite=True)
        for user, data in private.items():
            self._shelf.set_private(card, user, data, by_key=False)
        card.sources = sources_of(body)
        card.spaces = {key: body[key] for key in body if key.endswith("SpaceModel")}
        return card

    def _callback(self, body: Mapping[str, Any]) -> tuple[str, str]:
        kind = body.get("callbackType") or ""
        route = body.get("callbackRouteKey") or ""
        if kind not in {"", "STREAM", "HTTP"}:
            raise refuse("param.invalid", "callbackType 只能是 STREAM 或 HTTP")
        if kind == "HTTP" and route not in self._shelf.routes:
            raise refuse("param.invalid", f"callbackRouteKey 未注册：{route}")
        return str(kind), str(route)

    def deliver(self, card: Card, spaces: list[Space], kind: int, raw: Any) -> list[dict[str, Any]]:
        """Bring a card to spaces; one result each, a failure is no error (section 3.2)."""
        results = []
        for space in spaces:
            holders, conversation, error = self._holders(space, kind)
            carrier = ""
            if not error:
                title = _last_message(space.space_model or card.spaces.get(f"{_MODEL[space.type]}OpenSpaceModel"))
                items = self._shelf.hand_out(card, holders, conversation, raw, title, space.type)
                carrier = new_send(self._sandbox, None if conversation == "bot" else conversation, items)
                extension = space.deliver_model.get("extension")
                card.extension = dict(extension) if isinstance(extension, Mapping) else card.extension
            results.append(
                {
                    "spaceType": space.type, "spaceId": space.id, "success": not error, "carrierId": carrier,
                    "errorMsg": error,
                }
            )  # fmt: skip
        return results

    def _holders(self, space: Space, kind: int) -> tuple[list[str], str, str]:
        company = self._sandbox.company
        if space.type == "IM_ROBOT":
            person = self.person(space.id, kind)
            if person is None:
                return [], "", f"user not exist: {space.id}"
            if not company.person_readable(person):
                return [], "", f"user is out of the visible scope of the app: {space.id}"
            return [person.userid], "bot", ""
        group = company.groups.get(space.id)
        if group is None:
            return [], "", f"conversation not exist: {space.id}"
        named = space.deliver_model.get("recipients") or space.deliver_model.get("userIds")
        if named:
            wanted = {self.userid(str(one), kind) for one in named}
            return [one for one in group.members if one in wanted], group.id, ""
        return list(group.members), group.id, ""

    async def update(self, body: Mapping[str, Any]) -> None:
        """`PUT /v1.0/card/instances`."""
        card = self.card(body)
        public = param_map(body.get("cardData"), "cardData")
        kind = userid_type(body)
        private = {self.userid(user, kind): data for user, data in private_maps(body).items()}
        if not public and not any(private.values()):
            raise refuse("param.cardDataAndPrivateDataBothEmpty", "cardData和privateData不能同时为空")
        by_key, private_by_key = update_options(body)
        check_size({**card.public, **(public or {})} if by_key else public, {**card.private, **private})
        if len(private) > 50:
            self._shelf.warn(card.out_track_id, "more than 50 people's private data in one update")
        await self._flag(card)
        self._shelf.update(
            card, public if body.get("cardData") is not None else None, private,
            by_key=by_key, private_by_key=private_by_key,
        )  # fmt: skip

    async def _flag(self, card: Card) -> None:
        """Note an update inside the card's own callback (behaviour 28).

        An answer that is already on the wire counts as given, hence the short look back.
        """
        if card.unanswered:
            await asyncio.sleep(0.03)
        if card.unanswered:
            self._sandbox.violations.add(
                {
                    "at": iso(self._sandbox.clock.now()), "rule": "card-update-inside-callback",
                    "out_track_id": card.out_track_id,
                    "message": "PUT /v1.0/card/instances while a callback of the same card is unanswered",
                }
            )  # fmt: skip

    def card(self, body: Mapping[str, Any]) -> Card:
        """The card a request names."""
        card = self._shelf.cards.get(track_id(body))
        if card is None:
            raise refuse("param.cardNotExist", f"卡片不存在：{body.get('outTrackId')}")
        return card

    def stream(self, body: Mapping[str, Any]) -> None:
        """`PUT /v1.0/card/streaming`: the typewriter update (section 3.6)."""
        for name, code in (("guid", "guidEmpty"), ("key", "keyEmpty")):
            if not isinstance(body.get(name), str) or not body[name]:
                raise refuse(f"param.stream.{code}", f"{name}不能为空")
        own, key, content = body.get("outTrackId"), body["key"], body.get("content")
        card = self._shelf.cards.get(str(own or ""))
        if card is None:
            raise refuse("param.stream.outTrackId", "card is not exist")
        if body.get("isError") is not True and (not isinstance(content, str) or not content):
            raise refuse("param.stream.contentEmpty", "content不能为空")
        if not card.template.streaming:
            raise refuse("param.invalid", "该模板不支持流式更新")
        variable = card.template.variables.get(key)
        if body.get("isFull") is not True and (variable is None or variable.kind == "markdown"):
            raise refuse("param.stream.isFull", "markdown变量的isFull必须为true")
        if isinstance(content, str) and len(content.encode()) > 1024:
            raise refuse("param.stream.content", "content is too large")
        if body["guid"] in card.guids:
            return
        card.guids.add(body["guid"])
        text = content if isinstance(content, str) else card.public.get(key, "")
        if body.get("isFull") is not True:
            text = card.public.get(key, "") + text
        status = "5" if body.get("isError") is True else "3" if body.get("isFinalize") is True else "2"
        self._shelf.update(card, {key: text, "flowStatus": status}, {}, by_key=True, private_by_key=True)

    def register(self, body: Mapping[str, Any]) -> dict[str, str]:
        """`POST /v1.0/card/callbacks/register`: an HTTP address under a route key (section 3.5)."""
        key, url = body.get("callbackRouteKey"), body.get("callbackUrl")
        if not isinstance(key, str) or not key or not isinstance(url, str) or not url.startswith("http"):
            raise refuse("param.invalid", "callbackRouteKey 和 callbackUrl 必填")
        if key not in self._shelf.routes or body.get("forceUpdate") is True:
            self._shelf.routes[key] = {
                "apiSecret": str(body.get("apiSecret") or secrets.token_hex(16)),
                "callbackUrl": url,
            }
        return self._shelf.routes[key]


_MODEL: Final = {"IM_ROBOT": "imRobot", "IM_GROUP": "imGroup", "IM_SINGLE": "imSingle", "ONE_BOX": "top"}


def _last_message(model: Any) -> str:
    texts = model.get("lastMessageI18n") if isinstance(model, Mapping) else None
    return str(texts.get("ZH_CN") or next(iter(texts.values()), "")) if isinstance(texts, Mapping) else ""


def routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """All card calls, and the closed ones of the generations before (behaviour 31)."""
    office = CardOffice(sandbox)
    shelf = sandbox.cards

    async def body(request: web.Request, permission: str = WRITE) -> dict[str, Any]:
        require_app(sandbox, request, permission)
        return await body_of(request)

    def fine(result: Any) -> web.Response:
        return web.json_response({"success": True, "result": result})

    async def create(request: web.Request) -> web.Response:
        card = office.create(await body(request))
        shelf.cards[card.out_track_id] = card
        return fine(card.out_track_id)

    async def deliver(request: web.Request) -> web.Response:
        row = await body(request)
        card = office.card(row)
        spaces = spaces_of(row, sandbox.app.client_id)
        return fine(office.deliver(card, spaces, userid_type({"userIdType": card.userid_type, **row}), row))

    async def create_and_deliver(request: web.Request) -> web.Response:
        row = await body(request)
        card = office.create(row)
        spaces = spaces_of(row, sandbox.app.client_id)
        shelf.cards[card.out_track_id] = card
        results = office.deliver(card, spaces, card.userid_type, row)
        return fine({"outTrackId": card.out_track_id, "deliverResults": results})

    async def update(request: web.Request) -> web.Response:
        await office.update(await body(request))
        return fine(True)

    async def add_spaces(request: web.Request) -> web.Response:
        row = await body(request)
        card = office.card(row)
        models = {key: value for key, value in row.items() if key.endswith("OpenSpaceModel")}
        if not models or not all(isinstance(one, Mapping) for one in models.values()):
            raise refuse("param.openSpaceModelInvalid", "没有场域模型")
        card.spaces.update(models)
        return fine(True)

    async def stream(request: web.Request) -> web.Response:
        office.stream(await body(request, STREAM))
        return fine(True)

    async def register(request: web.Request) -> web.Response:
        return fine(office.register(await body(request)))

    async def close_top(request: web.Request) -> web.Response:
        row = await body(request)
        card = office.card(row)
        for viewer in list(card.viewers.values()):
            if viewer.space == "ONE_BOX" and row.get("openConversationId") in (None, "", viewer.conversation):
                del card.viewers[viewer.userid]
        return fine(True)

    async def closed(request: web.Request) -> web.Response:
        await body(request, "")
        raise PlatformError(
            403, "Forbidden.AccessDenied.AccessTokenPermissionDenied", "暂不支持新增申请：该接口已对新应用关闭",
            accessdenieddetail={"requiredScopes": ["qyapi_chat_group"]},
        )  # fmt: skip

    base = "/v1.0/card/instances"
    return [
        web.post(base, create), web.post(f"{base}/deliver", deliver),
        web.post(f"{base}/createAndDeliver", create_and_deliver), web.put(base, update),
        web.put(f"{base}/spaces", add_spaces), web.put("/v1.0/card/streaming", stream),
        web.post("/v1.0/card/callbacks/register", register), web.post("/v1.0/card/tops/close", close_top),
        *(web.route(method, path, closed) for method, path in _CLOSED),
    ]  # fmt: skip
