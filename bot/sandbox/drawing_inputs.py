"""Input components that stand alone: text, select, date, checkbox and lists to tick in, told apart by shape."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from bot.sandbox.drawing_actions import Action, params_of, read_action
from bot.sandbox.drawing_fields import Field, FieldError, read_options
from bot.sandbox.drawing_scope import Scope, Turn
from bot.sandbox.expression_values import Value, as_text, number, truthy
from bot.sandbox.templates import Component

_LOCAL_NAMES: Final = ("localVarAction", "localVariable", "singleLocalVariable")


def checklist(node: Component) -> bool:
    """Whether the component is a list of which rows are ticked."""
    return "listData" in node.props and (
        "updateVarValue" in node.props or node.name.lower().startswith(("checkboxlist", "radiolist"))
    )


def single_field(node: Component, scope: Scope, texts: Sequence[str] = ()) -> Field | None:
    """The field of an input component; None for a component that takes no input."""
    props, name = node.props, node.name.lower()
    if checklist(node):
        made = _ticked_list(node, scope, texts)
    elif "options" in props and ("currentIndex" in props or "currentIndexes" in props or "select" in name):
        made = _select(node, scope)
    elif "pickerType" in props or "currentDate" in props or "datepicker" in name or "timepicker" in name:
        made = _date(node, scope)
    elif "tags" in props and ("checkable" in name or "localVariable" in props):
        made = _tags(node, scope)
    elif "checked" in props or name.startswith(("checkbox", "switch")):
        made = _tick(node, scope)
    elif ("currentValue" in props and "placeholder" in props) or name.startswith(("input", "textarea", "numberinput")):
        made = _input(node, scope)
    else:
        return None
    return _named(node, scope, _settled(made, scope))


def _input(node: Component, scope: Scope) -> Field:
    props = node.props
    kind = "number" if "number" in node.name.lower() else "text_area" if props.get("textArea") is True else "text"
    local = local_value(props, scope)
    return Field(
        name="",
        label=scope.text(props.get("label") or (None if props.get("inlineMode") is True else props.get("title"))),
        type=kind,
        value=local if local is not None else scope.text(props.get("currentValue")) or None,
        placeholder=scope.text(props.get("placeholder")) or None,
    )


def _select(node: Component, scope: Scope) -> Field:
    props = node.props
    many = "currentIndexes" in props or "multi" in node.name.lower()
    value = local_value(props, scope)
    if value is None:
        found = scope.value(props.get("currentIndexes" if many else "currentIndex"))
        if many:
            value = {"index": found} if isinstance(found, list) and found else None
        else:
            at = number(found)
            value = {"index": int(at)} if at is not None and at >= 0 else None
    elif number(value) is not None and not many:
        value = {"index": int(number(value) or 0)}
    return Field(
        name="",
        label=scope.text(props.get("label") or props.get("title")),
        type="multi_select" if many else "select",
        value=value,
        placeholder=scope.text(props.get("placeholder")) or None,
        options=read_options(props["options"], scope),
        wire="choices" if many else "choice",
    )


def _date(node: Component, scope: Scope) -> Field:
    props = node.props
    kind = scope.text(props.get("pickerType")).lower()
    local = local_value(props, scope)
    return Field(
        name="",
        label=scope.text(props.get("label") or props.get("title")),
        type=kind if kind in {"date", "time", "datetime"} else "date",
        value=local if local is not None else scope.text(props.get("currentDate")) or None,
        placeholder=scope.text(props.get("placeholder")) or None,
    )


def _tick(node: Component, scope: Scope) -> Field:
    local = local_value(node.props, scope)
    value = local if local is not None else scope.value(node.props.get("checked"))
    return Field(
        name="",
        label=scope.text(node.props.get("label") or node.props.get("text") or node.props.get("title")),
        type="switch" if node.name.lower().startswith("switch") else "checkbox",
        value=truthy(value),
    )


def _tags(node: Component, scope: Scope) -> Field:
    props = node.props
    single = props.get("singleLocalVariable")
    one = isinstance(single, Mapping) and bool(single.get("variable"))
    rows = scope.value(props["tags"])
    label_key, value_key = (scope.text(props.get(key)) for key in ("tagLabelKey", "tagValueKey"))
    if label_key and isinstance(rows, list):
        rows = [
            {"text": row.get(label_key), "value": row.get(value_key or label_key)}
            for row in rows
            if isinstance(row, Mapping)
        ]
    value = local_value(props, scope)
    options = read_options(rows, scope)
    return Field(
        name="",
        label=scope.text(props.get("label") or props.get("title")),
        type="select" if one else "multi_select",
        value=[part for part in value if part != ""] if isinstance(value, list) else value,
        options=options,
        wire="value" if one else "values",
        listed=True,
    )


def _ticked_list(node: Component, scope: Scope, texts: Sequence[str]) -> Field:
    props = node.props
    many = "multi" in node.name.lower()
    data = props["listData"]
    items = scope.value(data)
    items = items if isinstance(items, list) else []
    path = str(data.get("variable") or "") if isinstance(data, Mapping) else ""
    options: list[tuple[Value, str]] = []
    ticked: list[Value] = []
    for at, item in enumerate(items):
        inner = scope.inside(Turn(path, item, at, len(items)))
        value = inner.value(props.get("updateVarValue"))
        if value is None and isinstance(item, Mapping):
            value = item.get("value", at)
        text = texts[at] if at < len(texts) else ""
        options.append((value, text or as_text(item.get("text") if isinstance(item, Mapping) else item)))
        if isinstance(item, Mapping) and item.get("checked") is True:
            ticked.append(value)
    local = local_value(props, scope)
    if local is None:
        local = ticked if many else (ticked[0] if ticked else None)
    return Field(
        name="",
        label=scope.text(props.get("label") or props.get("title")),
        type="multi_select" if many else "select",
        value=local,
        options=tuple(options),
        wire="values" if many else "value",
        listed=True,
    )


def local_target(props: Mapping[str, Any], scope: Scope) -> tuple[str, str, str]:
    """The local variable an input writes to: its name, the key inside a 动态对象, and its declared type."""
    for name in _LOCAL_NAMES:
        target = props.get(name)
        if isinstance(target, Mapping) and target.get("variable"):
            return (
                str(target["variable"]),
                scope.text(props.get("keyOfDynamicObject")),
                str(target.get("varType") or ""),
            )
    return "", "", ""


def local_value(props: Mapping[str, Any], scope: Scope) -> Value:
    """What the person has already filled in here, None when nothing."""
    if props.get("actionType") is not None and props["actionType"] != "setLocalState":
        return None
    variable, key, _ = local_target(props, scope)
    if not variable:
        return None
    value = scope.local.get(variable)
    if key:
        return value.get(key) if isinstance(value, Mapping) else None
    return value


def _settled(made: Field, scope: Scope) -> Field:
    try:
        return replace(made, value=made.sent(made.value))
    except FieldError as error:
        scope.warn(f"the present value of an input has no effect: {error}")
        return replace(made, value=None)


def _named(node: Component, scope: Scope, made: Field) -> Field:
    """Give the field its name and what it does: the component's id, else what it writes or sends."""
    props = node.props
    own = scope.text(props.get("id"))
    action = read_action({"actionType": "setLocalState", **props, **_target_props(props)}, scope, own or "1")
    params = params_of(props.get("params"), scope) if action.kind == "request" else {}
    given = as_text(params.get("name"))
    if given and "value" in params and not own:
        given = f"{given}={as_text(params['value'])}"
    variable, key, _ = local_target(props, scope)
    names = [one for one in (own, given, key, variable) if one]
    return replace(
        made,
        name=names[0] if names else node.id,
        aliases=tuple(dict.fromkeys(names[1:])),
        required=props.get("required") is True,
        required_text=f"请填写{made.label}",
        read_only=scope.text(props.get("status")) in {"disabled", "readOnly"}
        or truthy(scope.value(props.get("disabled"))),
        label_drawn="label" in props,
        action=Action(action.kind, action.props, scope.turns, own or "1"),
        component=own,
    )


def _target_props(props: Mapping[str, Any]) -> dict[str, Any]:
    """The written variable under the one name that actions are read by."""
    if isinstance(props.get("localVarAction"), Mapping) and props["localVarAction"].get("variable"):
        return {}
    for name in _LOCAL_NAMES[1:]:
        target = props.get(name)
        if isinstance(target, Mapping) and target.get("variable"):
            return {"localVarAction": target}
    return {}
