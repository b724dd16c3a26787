"""What a person does with a card: press, fill, choose; also a client that cheats or has not redrawn yet.

The contract's `POST /cards/{out_track_id}/tap`. Local steps (setLocalState, toasts, menus) send no frame.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from bot.sandbox.cards import Card, Menu, Viewer
from bot.sandbox.cards_callbacks import Callbacks, Outcome
from bot.sandbox.drawing import View
from bot.sandbox.drawing_actions import (
    Action,
    Button,
    action_ids_of,
    chain_id,
    chain_of,
    link_of,
    params_of,
    read_action,
    said_by,
    sent_by,
    step_place,
)  # fmt: skip
from bot.sandbox.drawing_fields import Field, FieldError, Form
from bot.sandbox.drawing_inputs import local_target
from bot.sandbox.drawing_scope import Scope
from bot.sandbox.errors import ControlError, bad, not_found
from bot.sandbox.expression_values import as_text
from bot.sandbox.robot import bot_payload
from bot.sandbox.state import Sandbox

_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})


class Tapper:
    """Acts for people on the cards of one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._shelf = sandbox.cards
        self._callbacks = Callbacks(sandbox)

    async def tap(self, out_track_id: str, body: Mapping[str, Any]) -> Outcome:
        """One tap as the contract describes it."""
        userid = body.get("as")
        if not isinstance(userid, str) or not userid:
            raise bad("as is missing")
        card = self._shelf.cards.get(out_track_id)
        if body.get("force") is True:
            return await self._forced(card, out_track_id, userid, body)
        if self._sandbox.company.known_person(userid) is None:
            raise not_found(f"person {userid}")
        viewer = card.viewers.get(userid) if card else None
        if card is None or viewer is None:
            raise not_found(f"card {out_track_id} for {userid}")
        form = body.get("form")
        if form is not None and not isinstance(form, Mapping):
            raise bad("form must be an object of field names and values")
        if body.get("button") is not None:
            return await self._press(card, viewer, str(body["button"]), form or {}, body)
        if form is None:
            raise bad("give button or form")
        return await self._submit(card, viewer, dict(form), stale=body.get("stale") is True)

    async def _forced(self, card: Card | None, out_track_id: str, userid: str, body: Mapping[str, Any]) -> Outcome:
        action_ids, params = body.get("action_ids", []), body.get("params", {})
        if not isinstance(action_ids, list) or not isinstance(params, Mapping):
            raise bad("force takes action_ids (a list) and params (an object)")
        return await self._callbacks.fire(card, out_track_id, userid, action_ids, params, forced=True)

    # -- buttons ----------------------------------------------------------------------------------------------

    async def _press(
        self, card: Card, viewer: Viewer, button_id: str, form: Mapping[str, Any], body: Mapping[str, Any]
    ) -> Outcome:
        stale = body.get("stale") is True
        view = self._shelf.view(card, viewer.userid)
        button = next((one for one in view.pressable if one.id == button_id), None)
        if button is None:
            target = _form_named(view, button_id)
            if target is not None:
                return await self._submit_form(card, viewer, target, form, stale=stale)
            single = next((one for one in view.loose if button_id in (one.name, *one.aliases)), None)
            if single is not None:
                return await self._fill(card, viewer, [(single, body.get("value"))])
            remembered = self._shelf.seen(card, viewer, button_id)
            if remembered is None:
                raise not_found(f"button {button_id} on this card")
            return await self._gone(card, viewer, remembered, stale=stale)
        if button.disabled:
            return await self._gone(card, viewer, button, stale=stale)
        viewer.menu = None
        if form:
            pairs = [(_field(view.loose, name), value) for name, value in form.items()]
            filled = await self._fill(card, viewer, pairs)
            if filled.status != "ok":
                return filled
        return await self._act(card, viewer, button.action)

    async def _gone(self, card: Card, viewer: Viewer, button: Button, *, stale: bool) -> Outcome:
        """A button that is gone or disabled by now: nothing, or the frame all the same."""
        if not stale:
            return Outcome("disabled")
        if button.action.kind != "request":
            ids, params = list(button.action_ids), dict(button.params)
            if not ids:
                return Outcome("disabled")
            return await self._callbacks.fire(card, card.out_track_id, viewer.userid, ids, params)
        return await self._request(card, viewer, button.action, list(button.action_ids), dict(button.params))

    # -- forms and fields -------------------------------------------------------------------------------------

    async def _submit(self, card: Card, viewer: Viewer, given: dict[str, Any], *, stale: bool) -> Outcome:
        view = self._shelf.view(card, viewer.userid)
        form = view.form
        if form is None:
            raise ControlError(409, "no_form", "this card shows no form to this person")
        if not form.loose:
            return await self._submit_form(card, viewer, form, given, stale=stale)
        pairs = [(_field(form.fields, name), value) for name, value in given.items()]
        if any(one.read_only for one, _ in pairs) or (form.disabled and form.button and not stale):
            return Outcome("disabled")
        requests = any(one.action is not None and one.action.kind == "request" for one, _ in pairs)
        if not requests and (missing := _missing(form.fields, {one.name: value for one, value in pairs})):
            return Outcome("refused", toast=missing)
        filled = await self._fill(card, viewer, pairs)
        if requests or not form.button or filled.status != "ok":
            return filled
        button = next((one for one in self._shelf.view(card, viewer.userid).pressable if one.id == form.button), None)
        return await self._act(card, viewer, button.action) if button else filled

    async def _submit_form(
        self, card: Card, viewer: Viewer, form: Form, given: Mapping[str, Any], *, stale: bool
    ) -> Outcome:
        if form.disabled and not stale:
            return Outcome("disabled")
        values: dict[str, Any] = {one.name: one.value for one in form.fields}
        for name, value in given.items():
            one = _field(form.fields, name)
            sent = _sent(one, value)
            if (one.read_only or one.hidden) and sent != one.value:
                raise bad(f"the field {name} cannot be changed by a person; use force to cheat")
            values[name] = sent
        missing = _missing(form.fields, values)
        if missing:
            return Outcome("refused", toast=missing)
        filled = {name: value for name, value in values.items() if value not in _EMPTY or value is False}
        scope = self._scope(card, viewer, form.action)
        params = {**params_of(form.action.props.get("params"), scope), "form": filled}
        return await self._request(card, viewer, form.action, action_ids_of(form.action, scope), params)

    async def _fill(self, card: Card, viewer: Viewer, pairs: list[tuple[Field, Any]]) -> Outcome:
        """Change input components: those that only keep a local value first, then those that call back."""
        outcome = Outcome()
        sent = [(one, _sent(one, value)) for one, value in pairs]
        for one, value in sent:
            if one.read_only:
                return Outcome("disabled")
            if one.action is not None and one.action.kind == "local":
                self._keep(viewer, one, value, self._scope(card, viewer, one.action))
        for one, value in sent:
            if one.action is not None and one.action.kind == "request":
                scope = self._scope(card, viewer, one.action)
                params = params_of(one.action.props.get("params"), scope)
                key = one.component or as_text(params.get("name")) or "checked"
                outcome = await self._request(
                    card, viewer, one.action, action_ids_of(one.action, scope), {**params, key: value}
                )
            elif one.action is not None and one.action.kind == "chain":
                outcome = await self._act(card, viewer, one.action)
        return outcome

    def _keep(self, viewer: Viewer, one: Field, value: Any, scope: Scope) -> None:
        assert one.action is not None
        variable, key, kind = local_target(one.action.props, scope)
        if (isinstance(value, Mapping) and kind == "number") or (isinstance(value, Mapping) and kind == "numberArray"):
            value = value.get("index")
        elif isinstance(value, Mapping) and kind in {"string", "stringArray"}:
            value = value.get("value")
        if key:
            held = viewer.local.get(variable)
            viewer.local[variable] = {**(held if isinstance(held, dict) else {}), key: value}
        else:
            viewer.local[variable] = value

    # -- reactions --------------------------------------------------------------------------------------------

    def _scope(self, card: Card, viewer: Viewer, action: Action, event: Mapping[str, Any] | None = None) -> Scope:
        """The person's present data, at the place of the tree where the action was drawn."""
        return replace(self._shelf.view(card, viewer.userid).scope, turns=action.turns, event=event)

    async def _act(
        self, card: Card, viewer: Viewer, action: Action, event: Mapping[str, Any] | None = None, place: str = ""
    ) -> Outcome:
        scope = self._scope(card, viewer, action, event)
        if action.kind == "request":
            ids, params = sent_by(action, scope)
            return await self._request(card, viewer, action, ids, params)
        if action.kind == "chain":
            place = place or str(action.props.get("place") or "")
            return await self._chain(card, viewer, action, chain_of(action.props.get("events")), event, place)
        if action.kind == "local":
            self._set_local(viewer, action, scope)
        elif action.kind == "toast":
            return Outcome(toast=scope.text(action.props.get("toastContent")))
        elif action.kind == "copy":
            value = action.props.get("copyValue") or action.props.get("copyVariable")
            return Outcome(extra={"copied": scope.text(value)})
        elif action.kind == "menu":
            viewer.menu = _menu(action, scope, [], place)
        elif action.kind == "says":
            return await self._say(viewer, said_by(link_of(action.props, scope)) or "")
        elif action.kind == "url":
            return Outcome(extra={"opened": link_of(action.props, scope)})
        return Outcome()

    async def _say(self, viewer: Viewer, text: str) -> Outcome:
        """A dtmd link: the person says the text where the card stands."""
        payload = bot_payload(self._sandbox, {"from": viewer.userid, "to": viewer.conversation, "text": text})
        await self._sandbox.switchboard.bot(payload, viewer.userid)
        return Outcome(extra={"said": text})

    def _set_local(self, viewer: Viewer, action: Action, scope: Scope) -> None:
        variable, key, kind = local_target(action.props, scope)
        target = action.props.get("updateTargetVariable")
        if not variable and isinstance(target, Mapping):
            variable = str(target.get("variable") or "")
        name = {"number": "numberLocalValue", "boolean": "booleanLocalValue"}.get(kind, "stringLocalValue")
        value = scope.value(action.props.get(name))
        if value is None and action.props.get("updateTargetValue"):
            value = scope.value(action.props["updateTargetValue"])
        if key:
            held = viewer.local.get(variable)
            viewer.local[variable] = {**(held if isinstance(held, dict) else {}), key: value}
        elif variable:
            viewer.local[variable] = value

    async def _request(
        self, card: Card, viewer: Viewer, action: Action, ids: list[str], params: Mapping[str, Any]
    ) -> Outcome:
        """Send a callback; toasts only where a success condition is configured (section 3.5)."""
        outcome = await self._callbacks.fire(card, card.out_track_id, viewer.userid, ids, params)
        condition = action.props.get("successCondition")
        judged = isinstance(condition, Mapping) and bool(condition.get("conditions"))
        scope = self._scope(card, viewer, action, outcome.event)
        if outcome.status == "ok":
            if judged:
                name = "successToast" if scope.holds(condition) else "failureToast"
                outcome.toast = scope.text(action.props.get(name)) or None
        elif outcome.status == "late" and judged:
            outcome.toast = scope.text(action.props.get("failureToast")) or outcome.toast
        return outcome

    async def _chain(
        self,
        card: Card,
        viewer: Viewer,
        action: Action,
        steps: list[Mapping[str, Any]],
        event: Mapping[str, Any] | None,
        place: str,
    ) -> Outcome:
        """Run an event chain's steps in order, each with its callbacks; the last word shown wins."""
        total = Outcome()
        for at, step in enumerate(steps):
            props = step.get("event")
            if not isinstance(props, Mapping):
                continue
            own = step_place(place, at)
            scope = self._scope(card, viewer, action, event)
            inner = read_action({**props, "enableClickEvent": True}, scope, chain_id(own))
            callbacks = step.get("callbacks")
            if inner.kind == "menu":
                viewer.menu = _menu(inner, scope, callbacks, own)
                continue
            outcome = await self._act(card, viewer, inner, event, own)
            if isinstance(callbacks, Mapping):
                branch = callbacks.get("success" if outcome.status == "ok" else "failure")
                after = await self._branches(card, viewer, action, branch, {**(event or {}), **outcome.event}, own)
                outcome.toast = after.toast or outcome.toast
                outcome.extra |= after.extra
            total = _joined(total, outcome)
        return total

    async def _branches(
        self, card: Card, viewer: Viewer, action: Action, branch: Any, event: Mapping[str, Any], place: str
    ) -> Outcome:
        total = Outcome()
        for one in chain_of(branch):
            scope = self._scope(card, viewer, action, event)
            side = "leftEvent" if scope.holds(one.get("condition")) else "rightEvent"
            steps = chain_of(one.get(side)) if side in one or "leftEvent" in one else [one]
            total = _joined(
                total, await self._chain(card, viewer, action, steps, event, f"{place}_callback".strip("_"))
            )
        return total


def _joined(first: Outcome, second: Outcome) -> Outcome:
    """Two steps as one: the worse status, the later words."""
    return Outcome(
        second.status if first.status == "ok" else first.status,
        first.elapsed_ms + second.elapsed_ms,
        second.toast or first.toast,
        {**first.event, **second.event},
        {**first.extra, **second.extra},
    )


def _form_named(view: View, name: str) -> Form | None:
    return next((one for one in view.forms if not one.loose and name in (one.id, one.submit)), None)


def _field(fields: tuple[Field, ...] | list[Field], name: str) -> Field:
    for one in fields:
        if one.name == name:
            return one
    for one in fields:
        if name in one.aliases:
            return one
    raise bad(f"the card shows no field {name}; it has {', '.join(one.name for one in fields) or 'none'}")


def _sent(one: Field, value: Any) -> Any:
    try:
        return one.sent(value)
    except FieldError as error:
        raise bad(str(error)) from error


def _missing(fields: tuple[Field, ...], values: Mapping[str, Any]) -> str | None:
    """The words shown for the first required field left empty."""
    for one in fields:
        value = values.get(one.name, one.value)
        if one.required and not one.hidden and (value in _EMPTY or (one.type == "checkbox" and value is False)):
            return one.required_text
    return None


def _menu(action: Action, scope: Scope, callbacks: Any, place: str) -> Menu:
    """The options that a 动作面板 or 下拉菜单 opens with."""
    rows = next(
        (
            rows
            for name in ("selectOptions", "actionSheetActions", "actionSheetList", "actionSheetOptions", "actions")
            if isinstance(rows := scope.value(action.props.get(name)), list)
        ),
        [],
    )
    options: list[tuple[str, Action]] = []
    for at, row in enumerate(rows):
        if not isinstance(row, Mapping):
            continue
        words = scope.text(row.get("text") or row.get("label") or row.get("title") or row.get("name"))
        value = scope.value(row.get("value"))
        steps = callbacks[at] if isinstance(callbacks, list) and at < len(callbacks) else None
        own = f"{place}_{at}".strip("_")
        if steps is not None:
            made = Action("chain", {"events": steps, "place": own}, action.turns, chain_id(own))
        elif "actionType" in row:
            made = read_action(row, scope, chain_id(own))
        elif action.props.get("selectActionType") == "request":
            made = Action(
                "request", action.props, action.turns, action.fallback_id, {"select": {"index": at, "value": value}}
            )
        else:
            props = {
                "actionType": "setLocalState",
                "localVarAction": action.props.get("selectDataKey"),
                "stringLocalValue": {"type": "fixed", "value": {"type": "fixed", "value": as_text(value)}},
            }
            made = read_action(props, scope, chain_id(own))
        options.append((words, made))
    return Menu(tuple(options), place)
