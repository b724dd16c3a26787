"""Reading the bodies of the card calls, with the refusals of platform.md section 3.2."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.sandbox.errors import PlatformError

MAX_KEY: Final = 100
MAX_TOTAL: Final = 100 * 1024
_SPACES: Final = {
    "IM_ROBOT": ("imRobotOpenSpaceModel", "imRobotOpenDeliverModel"),
    "IM_GROUP": ("imGroupOpenSpaceModel", "imGroupOpenDeliverModel"),
    "IM_SINGLE": ("imSingleOpenSpaceModel", "imSingleOpenDeliverModel"),
    "ONE_BOX": ("topOpenSpaceModel", "topOpenDeliverModel"),
}


@dataclass(frozen=True, slots=True)
class Space:
    """One place to bring a card to, with its two models."""

    type: str
    id: str
    space_model: Mapping[str, Any]
    deliver_model: Mapping[str, Any]


def refuse(code: str, message: str = "") -> PlatformError:
    """A 400 of the card platform."""
    return PlatformError(400, code, message or code)


def track_id(body: Mapping[str, Any]) -> str:
    """The outTrackId of a request: yours, at most 100 characters."""
    value = body.get("outTrackId")
    if value in (None, ""):
        raise refuse("param.outTrackIdEmpty", "outTrackId不能为空")
    if not isinstance(value, str) or len(value) > MAX_KEY:
        raise refuse("param.invalid", "outTrackId不合法：最长100个字符")
    return value


def param_map(holder: Any, where: str) -> dict[str, str] | None:
    """A `{"cardParamMap": {…}}`; None when it is absent. Every value must be a string (section 3.3)."""
    if holder is None:
        return None
    values = holder.get("cardParamMap") if isinstance(holder, Mapping) else None
    if values is None and isinstance(holder, Mapping):
        return None
    if not isinstance(values, Mapping):
        raise refuse("param.invalid", f"{where}.cardParamMap 应为 Map<String,String>")
    for key, value in values.items():
        if not isinstance(value, str):
            kind = type(value).__name__
            raise refuse("param.invalid", f"{where}.cardParamMap.{key} 的值应为字符串，收到 {kind}")
        if len(key.encode()) > MAX_KEY:
            raise refuse("param.invalid", f"{where}.cardParamMap 的键过长：{key[:40]}")
    return dict(values)


def private_maps(body: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """PrivateData by the ids that the request uses."""
    holder = body.get("privateData")
    if holder is None:
        return {}
    if not isinstance(holder, Mapping):
        raise refuse("param.invalid", "privateData 应为对象")
    found = {user: param_map(value, f"privateData.{user}") for user, value in holder.items()}
    return {user: values for user, values in found.items() if values is not None}


def check_size(public: Mapping[str, str] | None, private: Mapping[str, Mapping[str, str]]) -> None:
    """The whole card data may have 100 KB (the guide's limit)."""
    total = len(json.dumps([public, private], ensure_ascii=False).encode())
    if total > MAX_TOTAL:
        raise refuse("param.invalid", f"卡片数据过大：{total} 字节，上限 {MAX_TOTAL}")


def userid_type(body: Mapping[str, Any]) -> int:
    """1: userId (default), 2: unionId; governs every id of the request."""
    value = body.get("userIdType", 1)
    if value not in (1, 2) or isinstance(value, bool):
        raise refuse("param.invalid", "userIdType 只能是 1 或 2")
    return int(value)


def update_options(body: Mapping[str, Any]) -> tuple[bool, bool]:
    """The two ByKey flags, both false by default: full replacement (section 3.4)."""
    options = body.get("cardUpdateOptions") or {}
    if not isinstance(options, Mapping):
        raise refuse("param.invalid", "cardUpdateOptions 应为对象")
    return options.get("updateCardDataByKey") is True, options.get("updatePrivateDataByKey") is True


def spaces_of(body: Mapping[str, Any], robot_code: str) -> list[Space]:
    """The spaces of `openSpaceId` with their models: dtv1.card//IM_ROBOT.<id>[;IM_GROUP.<id>…]."""
    text = body.get("openSpaceId")
    if text in (None, ""):
        raise refuse("param.openSpaceIdEmpty", "openSpaceId不能为空")
    wrong = refuse("param.openSpaceIdInvalid", f"openSpaceId不合法：{str(text)[:80]}")
    if not isinstance(text, str) or len(text) > 1000 or not text.startswith("dtv1.card//"):
        raise wrong
    found: list[Space] = []
    for part in text.removeprefix("dtv1.card//").split(";"):
        kind, _, own = part.partition(".")
        kind = kind.upper()
        if kind not in _SPACES or not own:
            raise wrong
        space_key, deliver_key = _SPACES[kind]
        found.append(
            Space(kind, own, _space_model(body, space_key), _deliver_model(body, deliver_key, kind, robot_code))
        )
    return found


def _space_model(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    model = body.get(key)
    if model is None:
        return {}
    if not isinstance(model, Mapping):
        raise refuse("param.openSpaceModelInvalid", f"{key} 不合法")
    needs_forward = key.startswith("im")
    if needs_forward and not isinstance(model.get("supportForward"), bool):
        raise refuse("param.openSpaceModelInvalid", f"{key}.supportForward 必填")
    return model


def _deliver_model(body: Mapping[str, Any], key: str, kind: str, robot_code: str) -> Mapping[str, Any]:
    model = body.get(key)
    if not isinstance(model, Mapping) or not model:
        raise refuse("param.openDeliverModelEmpty", f"{key} 不能为空")
    code = model.get("robotCode")
    if kind == "IM_GROUP" and not code:
        raise refuse("param.openDeliverModelError", f"{key}.robotCode 必填")
    if code not in (None, "", robot_code):
        raise refuse("param.openDeliverModelError", f"{key}.robotCode 不是本应用的机器人")
    if kind == "IM_ROBOT" and not code and model.get("spaceType") != "IM_ROBOT":
        raise refuse("param.openDeliverModelError", f"{key}.spaceType 应为 IM_ROBOT")
    for name in ("recipients", "userIds"):
        if model.get(name) is not None and not isinstance(model[name], list):
            raise refuse("param.openDeliverModelError", f"{key}.{name} 应为数组")
    return model
