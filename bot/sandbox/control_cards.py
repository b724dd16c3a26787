"""The control plane's cards: what somebody sees, taps, and trying out templates."""

import uuid
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bot.sandbox.cards import Card, to_param_map
from bot.sandbox.cards_callbacks import Callbacks, Outcome
from bot.sandbox.cards_dynamic import DynamicData
from bot.sandbox.cards_taps import Tapper
from bot.sandbox.control import V1, read_body
from bot.sandbox.errors import ControlError, bad, not_found
from bot.sandbox.state import Sandbox
from bot.sandbox.template_calls import described
from bot.sandbox.templates import Registered, TemplateError, import_export


def shown(sandbox: Sandbox, card: Card, userid: str) -> dict[str, Any]:
    """The contract's card object, with what the page draws added."""
    view = sandbox.cards.view(card, userid)
    form = view.form
    viewer = card.viewers[userid]
    return {
        "out_track_id": card.out_track_id,
        "template": card.template_id,
        "title": view.title,
        "text": view.text,
        "buttons": view.public_buttons(),
        "form": form.public() if form else None,
        "data": card.public_for(userid),
        "private": card.private.get(userid, {}),
        "version": card.version,
        "viewers": list(card.viewers),
        "blocks": view.blocks,
        "link": view.link,
        "local": viewer.local,
        "conversation": viewer.conversation,
    }


def routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """Cards and templates."""
    tapper = Tapper(sandbox)
    dynamic = DynamicData(sandbox, Callbacks(sandbox))
    shelf = sandbox.cards

    def held(out_track_id: str, userid: str) -> Card:
        card = shelf.cards.get(out_track_id)
        if card is None or userid not in card.viewers:
            raise not_found(f"card {out_track_id} for {userid}")
        return card

    async def show(request: web.Request) -> web.Response:
        userid = request.query.get("as", "")
        if not userid:
            raise bad("as is missing")
        card = held(request.match_info["id"], userid)
        await dynamic.pull(card, userid)
        return web.json_response(shown(sandbox, card, userid))

    async def tap(request: web.Request) -> web.Response:
        body = await read_body(request)
        own = request.match_info["id"]
        outcome = await tapper.tap(own, body)
        return web.json_response(result(outcome, own, str(body["as"])))

    def result(outcome: Outcome, out_track_id: str, userid: str) -> dict[str, Any]:
        card = shelf.cards.get(out_track_id)
        seen = shown(sandbox, card, userid) if card is not None and userid in card.viewers else None
        return {
            "status": outcome.status,
            "elapsed_ms": outcome.elapsed_ms,
            "toast": outcome.toast,
            "card": seen,
            **outcome.extra,
        }

    async def leave(request: web.Request) -> web.Response:
        """An addition: the person leaves the chat, what was only filled in is gone (section 3.7)."""
        userid = str((await read_body(request)).get("as") or "")
        card = held(request.match_info["id"], userid)
        viewer = card.viewers[userid]
        viewer.local.clear()
        viewer.menu = None
        return web.json_response(shown(sandbox, card, userid))

    async def warnings(_request: web.Request) -> web.Response:
        return web.json_response({"items": shelf.warnings})

    async def listed(_request: web.Request) -> web.Response:
        rows = [{**_summary(row), "published": row.published, "public": row.public} for row in shelf.templates]
        return web.json_response({"items": rows})

    async def add(request: web.Request) -> web.Response:
        source = await request.text()
        try:
            template = import_export(source)
        except TemplateError as error:
            raise bad(str(error)) from error
        own = request.query.get("id") or shelf.templates.new_id()
        before = shelf.templates.get(own)
        if before is not None and before.published:
            raise ControlError(409, "published", f"the template {own} is published and locked; use another id")
        row = shelf.templates.add(
            Registered(
                id=before.id if before else own,
                name=request.query.get("name") or (before.name if before else own),
                template=template,
                source=source,
                kind=template.kind,
                extend_type=template.extend_type,
                published=request.query.get("publish") in {"1", "true"},
            )
        )
        return web.json_response(_summary(row))

    async def publish(request: web.Request) -> web.Response:
        row = known(request.match_info["id"])
        row.published = True
        return web.json_response(_summary(row))

    def known(template_id: str) -> Registered:
        row = shelf.templates.get(template_id)
        if row is None or row.template is None:
            raise not_found(f"template {template_id}")
        return row

    async def preview(request: web.Request) -> web.Response:
        row = known(request.match_info["id"])
        template = row.template
        assert template is not None
        body = await read_body(request)
        userid = str(body.get("as") or "")
        if sandbox.company.known_person(userid) is None:
            raise not_found(f"person {userid}")
        data, private = body.get("data"), body.get("private")
        for name, value in (("data", data), ("private", private)):
            if value is not None and not isinstance(value, Mapping):
                raise bad(f"{name} must be an object or null")
        mocked = data is None
        public = to_param_map(template.mock.public if data is None else data)
        own = to_param_map((template.mock.private if mocked else {}) if private is None else private)
        card = Card(f"preview-{uuid.uuid4().hex}", row.id, template, "STREAM", "", 1)
        card.public = shelf.fitting(card, public, private=False, overwrite=True)
        shelf.set_private(card, userid, own, by_key=False)
        shelf.cards[card.out_track_id] = card
        local = template.mock.local if mocked else {}
        shelf.hand_out(
            card, [userid], "bot", None, "", "IM_ROBOT",
            local={name: value for name, value in local.items() if name in template.locals},
        )  # fmt: skip
        return web.json_response({"out_track_id": card.out_track_id})

    return [
        web.get(f"{V1}/cards/{{id}}", show), web.post(f"{V1}/cards/{{id}}/tap", tap),
        web.post(f"{V1}/cards/{{id}}/leave", leave), web.get(f"{V1}/card-warnings", warnings),
        web.get(f"{V1}/templates", listed), web.post(f"{V1}/templates", add),
        web.post(f"{V1}/templates/{{id}}/publish", publish), web.post(f"{V1}/templates/{{id}}/preview", preview),
    ]  # fmt: skip


def _summary(row: Registered) -> dict[str, Any]:
    about = described(row)
    template = row.template
    variables = [{**one, "kind": "variable"} for one in about["commonVariableList"]]
    variables += [{**one, "private": False, "kind": "local"} for one in about["localVariableList"]]
    return {
        "id": row.id,
        "name": row.name,
        "type": row.kind,
        "variables": variables,
        "warnings": list(template.warnings) if template else [],
        "mock": {"data": template.mock.public, "private": template.mock.private} if template else None,
    }
