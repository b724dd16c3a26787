"""What happens when somebody touches a component, read from its properties (platform.md sections 3.5, 3.7, 3.8)."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from bot.sandbox.drawing_scope import Scope, Turn

_SAYS: Final = "dtmd://dingtalkclient/sendMessage"
_LOCAL: Final = {"setLocalState", "updateLocalData", "localUpdate"}


@dataclass(frozen=True, slots=True)
class Action:
    """A component's configured reaction; evaluated again when it runs, with the loop elements of its drawing.

    `kind`: request | url | says | local | chain | menu | toast | copy | none. `fallback_id` is the actionId that
    the compiled widget sends when none is configured.
    """

    kind: str
    props: Mapping[str, Any]
    turns: tuple[Turn, ...] = ()
    fallback_id: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def calls_back(self) -> bool:
        """Whether running it may send a frame."""
        return self.kind in {"request", "chain", "menu"}


@dataclass(frozen=True, slots=True)
class Button:
    """Something to press, as the contract lists it (sandbox-api.md), with what pressing it does."""

    id: str
    text: str
    row: str | None
    disabled: bool
    url: str | None
    says: str | None
    action_ids: tuple[str, ...]
    params: Mapping[str, Any]
    action: Action

    def public(self) -> dict[str, Any]:
        """The contract's object."""
        return {
            "id": self.id,
            "text": self.text,
            "row": self.row,
            "disabled": self.disabled,
            "url": self.url,
            "says": self.says,
            "action_ids": list(self.action_ids),
            "params": dict(self.params),
        }


def link_of(props: Mapping[str, Any], scope: Scope) -> str | None:
    """The address that a component opens on a desktop client."""
    names = ("pcUrl", "url", "iosUrl", "androidUrl") if props.get("urlType") == "multi" else (
        "url", "pcUrl", "iosUrl", "androidUrl"
    )  # fmt: skip
    for name in names:
        text = scope.text(props.get(name)).strip()
        if text:
            return text
    return None


def said_by(url: str | None) -> str | None:
    """The text that a dtmd link makes the person say (section 2.5), None for any other link."""
    if not url or not url.startswith(_SAYS):
        return None
    return (parse_qs(urlsplit(url).query, keep_blank_values=True).get("content") or [""])[0]


def params_of(rows: Any, scope: Scope) -> dict[str, Any]:
    """The 回传参数 with their values: fixed ones as typed, bound ones with the variable's JSON value."""
    values: dict[str, Any] = {}
    if isinstance(rows, Mapping):
        return {str(name): scope.value(value) for name, value in rows.items()}
    for row in rows if isinstance(rows, list) else []:
        name = scope.text(row.get("name")) if isinstance(row, Mapping) else ""
        if not name:
            continue
        if row.get("type") == "variable" or row.get("valueType") == "variable":
            value = scope.variable(str(row.get("variable") or ""))
        else:
            value = scope.value(row.get("value"))
        if value is not None:
            values[name] = value
    return values


def action_ids_of(action: Action, scope: Scope) -> list[str]:
    """What `actionIds` carries: the configured actionId, else the component's id."""
    return [scope.text(action.props.get("actionId")) or action.fallback_id]


def read_action(props: Mapping[str, Any], scope: Scope, fallback_id: str) -> Action:
    """The reaction that a component's properties describe; kind none when it has none."""
    if props.get("enableClickEvent") is False:
        return Action("none", props, scope.turns, fallback_id)
    kind = str(props.get("actionType") or "")
    if kind == "dynamicEvent":
        return _dynamic_event(props, scope, fallback_id)
    found = "none"
    if kind in {"request", "callback"}:
        found = "request"
    elif kind in {"url", "openLink", "link"}:
        link = link_of(props, scope)
        found = "none" if link is None else "url" if said_by(link) is None else "says"
    elif kind in _LOCAL:
        target = props.get("localVarAction") or props.get("updateTargetVariable")
        found = "local" if isinstance(target, Mapping) and target.get("variable") else "none"
    elif kind == "eventChain":
        found = "chain" if props.get("events") else "none"
    elif kind == "select" or kind in {"actionSheet", "actionsheet"}:
        found = "menu"
    elif kind in {"confirm", "confirmBox", "dialog"}:
        return _confirmed(props, scope, fallback_id)
    elif kind == "toast":
        found = "toast" if scope.text(props.get("toastContent")) else "none"
    elif kind == "copy":
        found = "copy"
    return Action(found, props, scope.turns, fallback_id)


def _dynamic_event(props: Mapping[str, Any], scope: Scope, fallback_id: str) -> Action:
    """An event that the data describe: `{"type": "openLink", "params": {"url"}}` or a request."""
    event = scope.value(props.get("dynamicEventVar"))
    if not isinstance(event, Mapping):
        return Action("none", props, scope.turns, fallback_id)
    inner = event.get("params") if isinstance(event.get("params"), Mapping) else {}
    assert isinstance(inner, Mapping)
    kind = str(event.get("type") or "")
    if kind in {"openLink", "url", "link"}:
        made: dict[str, Any] = {"actionType": "url", "url": inner.get("url") or inner.get("pcUrl")}
    elif kind == "toast":
        made = {"actionType": "toast", "toastContent": inner.get("text") or inner.get("content")}
    else:
        made = {
            "actionType": "request",
            "actionId": inner.get("actionId") or "",
            "params": inner.get("params") or {},
        }
    return read_action(made, scope, fallback_id)


def _confirmed(props: Mapping[str, Any], scope: Scope, fallback_id: str) -> Action:
    """A confirm box: pressing the button stands for pressing it and then its confirming answer."""
    prefix = "confirmOkReqAction"
    if props.get("confirmOkAction") in {"url", "openLink"}:
        made: dict[str, Any] = {"actionType": "url", "url": props.get("confirmOkUrl") or props.get("url")}
    elif props.get("confirmOkAction") == "none":
        made = {"actionType": "none"}
    else:
        made = {
            "actionType": "request",
            "actionId": props.get(prefix + "ActionId") or props.get("actionId"),
            "params": props.get(prefix + "Params") or props.get("params"),
            "successToast": props.get(prefix + "Toast") or props.get("successToast"),
            "failureToast": props.get("failureToast"),
            "successCondition": props.get("successCondition"),
        }
    return read_action(made, scope, fallback_id)


def sent_by(action: Action, scope: Scope) -> tuple[list[str], dict[str, Any]]:
    """The actionIds and params a press would send; the first request of an event chain stands for the chain."""
    if action.kind == "request":
        return action_ids_of(action, scope), {**params_of(action.props.get("params"), scope), **action.extra}
    if action.kind == "chain":
        place = str(action.props.get("place") or "")
        for at, step in enumerate(chain_of(action.props.get("events"))):
            event = step.get("event")
            if isinstance(event, Mapping) and event.get("actionType") == "request":
                inner = Action("request", event, action.turns, chain_id(step_place(place, at)))
                return sent_by(inner, scope)
    return [], {}


def chain_of(steps: Any) -> list[Mapping[str, Any]]:
    """The steps of an event chain or of one of its branches."""
    if isinstance(steps, Mapping):
        return [steps]
    return [step for step in steps if isinstance(step, Mapping)] if isinstance(steps, list) else []


def chain_id(place: str) -> str:
    """The id that the compiled widget gives to a chain's request without actionId."""
    return f"main_{place}" if place else "main"


def step_place(place: str, at: int) -> str:
    """Where a step stands: the first of the outermost chain has no number (`main`), as in compiled widgets."""
    if place:
        return f"{place}_{at}"
    return str(at) if at else ""


def fingerprint(*parts: Any) -> str:
    """Six letters that tell equal buttons of a list apart and stay the same while their parameters do."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, default=str)
    return f"{zlib.crc32(text.encode()):08x}"[:6]
