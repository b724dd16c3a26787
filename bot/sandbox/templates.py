"""Card templates: reading the card builder's export files, and the registry with publishing.

The export format is platform.md section 3.8: four top-level keys, `editorData` a JSON string that holds the
component tree, the variables (public, private, local, expressions) and the builder's mock data. Nothing here
knows a file by its name: any export of the same builder can be read.
"""

import json
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_ARRAY_TYPES: Final = frozenset({"array", "loopArray", "objectArray", "selectOptions", "stringArray", "numberArray"})
_OBJECT_TYPES: Final = frozenset(
    {"object", "chart", "table", "form", "user", "userInfo", "dynamicObject", "dynamicEvent", "map"}
)


class TemplateError(ValueError):
    """The text is no export of the card builder; the message says what is wrong and where."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One declared variable; `kind` is the builder's type name (string, number, loopArray …)."""

    name: str
    kind: str
    private: bool = False

    def read(self, text: str) -> tuple[bool, Any]:
        """The value of a cardParamMap text, and whether it has this variable's type (section 3.3)."""
        if self.kind == "boolean":
            return text in {"true", "false"}, text == "true"
        if self.kind == "number":
            return _number(text)
        if self.kind in _OBJECT_TYPES:
            return _json(text, dict)
        if self.kind in _ARRAY_TYPES or self.kind.endswith("Array"):
            fits, value = _json(text, list)
            return fits and _members_fit(self.kind, value), value
        return True, text


def _number(text: str) -> tuple[bool, Any]:
    try:
        return True, int(text)
    except ValueError:
        try:
            value = float(text)
        except ValueError:
            return False, None
        return value == value and abs(value) != float("inf"), value  # noqa: PLR0124 -- the test for NaN


def _json(text: str, shape: type) -> tuple[bool, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return False, None
    return isinstance(value, shape), value


def _members_fit(kind: str, value: list[Any]) -> bool:
    if kind == "numberArray":
        return all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in value)
    if kind == "booleanArray":
        return all(isinstance(one, bool) for one in value)
    if kind == "loopArray":
        return all(isinstance(one, dict) for one in value)
    return True


@dataclass(frozen=True, slots=True)
class Component:
    """A node of the tree as the builder wrote it; `props` are read by their shape."""

    name: str
    id: str
    props: dict[str, Any]
    children: tuple["Component", ...] = ()
    title: str = ""
    shown: bool = True

    def walk(self) -> Iterator["Component"]:
        """This component and everything inside it, in reading order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Mock:
    """The builder's trial data, as JSON values."""

    public: dict[str, Any] = field(default_factory=dict)
    private: dict[str, Any] = field(default_factory=dict)
    local: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Template:
    """What a card looks like: the tree, its variables and its expressions.

    `painter` names a built-in public template of the official SDK that has no component tree. `repeated_ids` are
    button ids that the tree uses more than once.
    """

    roots: tuple[Component, ...] = ()
    variables: Mapping[str, Variable] = field(default_factory=dict)
    locals: Mapping[str, Variable] = field(default_factory=dict)
    expressions: Mapping[str, str] = field(default_factory=dict)
    kind: str = "im"
    extend_type: str = "NORMAL"
    mock: Mock = field(default_factory=Mock)
    warnings: tuple[str, ...] = ()
    painter: str = ""
    repeated_ids: frozenset[str] = frozenset()

    @property
    def streaming(self) -> bool:
        """Whether the streaming call may be used on it (section 3.6: streaming-enabled AI templates)."""
        return self.extend_type == "AI"


def import_export(source: str | bytes | Mapping[str, Any]) -> Template:
    """Read one export file.

    Raises:
        TemplateError: not JSON, keys missing, or `editorData` without a component tree.
    """
    top = _parsed(source, "the file")
    if "editorData" not in top:
        if "schema" not in top:
            raise TemplateError(
                "no card export: the key editorData is missing (expected mode, type, editorData, widgetInfo)"
            )
        top = {"editorData": top}
    editor = _parsed(top["editorData"], "editorData")
    if top.get("mode", "card") != "card":
        raise TemplateError(f"mode is {top['mode']!r}, expected 'card'")
    schema = _parsed(editor.get("schema") or {}, "editorData.schema")
    trees = schema.get("componentsTree")
    if isinstance(trees, Mapping):
        trees = [trees]
    if not isinstance(trees, list) or not trees:
        raise TemplateError("editorData.schema.componentsTree is missing or empty")
    warnings: list[str] = []
    mock = editor.get("mockData") if isinstance(editor.get("mockData"), Mapping) else {}
    extension = editor.get("extension")
    roots = tuple(_component(tree, f"componentsTree[{at}]") for at, tree in enumerate(trees))
    return Template(
        roots=roots,
        repeated_ids=_repeated(roots),
        variables=_variables(editor.get("variableList"), "variableList", warnings),
        locals=_variables(editor.get("localList"), "localList", warnings),
        expressions=_expressions(editor.get("expList"), warnings),
        kind=str(top.get("type") or "im"),
        extend_type=str((extension or {}).get("extendType") or "NORMAL")
        if isinstance(extension, Mapping)
        else "NORMAL",
        mock=Mock(*(_mapping(mock, key) for key in ("cardData", "cardPrivateData", "localData"))),
        warnings=tuple(warnings),
    )


def _parsed(value: Any, where: str) -> dict[str, Any]:
    if isinstance(value, (str, bytes)):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise TemplateError(f"{where} is no JSON: {error}") from error
    if not isinstance(value, Mapping):
        raise TemplateError(f"{where} is no JSON object")
    return dict(value)


def _mapping(holder: Any, key: str) -> dict[str, Any]:
    value = holder.get(key) if isinstance(holder, Mapping) else None
    return dict(value) if isinstance(value, Mapping) else {}


def _component(node: Any, where: str) -> Component:
    if not isinstance(node, Mapping) or not isinstance(node.get("componentName"), str):
        raise TemplateError(f"{where}: no component (componentName is missing)")
    children = node.get("children") or []
    if isinstance(children, Mapping):
        children = [children]
    props = node.get("props")
    return Component(
        name=node["componentName"],
        id=str(node.get("id") or where),
        props=dict(props) if isinstance(props, Mapping) else {},
        children=tuple(
            _component(child, f"{where}.children[{at}]")
            for at, child in enumerate(children if isinstance(children, list) else [])
            if isinstance(child, Mapping)
        ),
        title=node["title"] if isinstance(node.get("title"), str) else "",
        shown=node.get("hidden") is not True and node.get("condition") is not False,
    )


def component_of(node: Mapping[str, Any]) -> Component:
    """A component that hangs outside the children, as in a slot property."""
    return _component(node, "slot")


def _repeated(roots: tuple[Component, ...]) -> frozenset[str]:
    """The button ids that occur more than once in the tree."""
    counts: Counter[str] = Counter()
    for root in roots:
        for node in root.walk():
            buttons = node.props.get("buttons")
            rows = buttons.get("list") if isinstance(buttons, Mapping) else buttons
            for props in [node.props, *(rows if isinstance(rows, list) else [])]:
                if isinstance(props, Mapping) and props.get("actionType") not in (None, "url", "none"):
                    action_id = props.get("actionId")
                    text = action_id.get("content") if isinstance(action_id, Mapping) else action_id
                    counts[str(text or (props.get("id") if props is not node.props else "") or node.name)] += 1
    return frozenset(one for one, count in counts.items() if count > 1) | {"grid"}


def _variables(rows: Any, where: str, warnings: list[str]) -> dict[str, Variable]:
    found: dict[str, Variable] = {}
    for at, row in enumerate(rows if isinstance(rows, list) else []):
        name = (row.get("name") or row.get("id")) if isinstance(row, Mapping) else None
        if not isinstance(name, str):
            warnings.append(f"{where}[{at}]: no name, left out")
            continue
        found[name] = Variable(name, str(row.get("type") or "string"), row.get("private") is True)
    return found


def _expressions(rows: Any, warnings: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for at, row in enumerate(rows if isinstance(rows, list) else []):
        name = (row.get("name") or row.get("id")) if isinstance(row, Mapping) else None
        if not isinstance(name, str) or not isinstance(row.get("expContent"), str):
            warnings.append(f"expList[{at}]: no name or no expContent, left out")
            continue
        found[name] = row["expContent"]
    return found


@dataclass(slots=True)
class Registered:
    """A template of this app: an unpublished one can be edited, a published one is locked."""

    id: str
    name: str
    template: Template | None = None
    source: str = ""
    kind: str = "im"
    extend_type: str = "NORMAL"
    published: bool = False
    public: bool = False


class TemplateBook:
    """The app's templates by id."""

    def __init__(self) -> None:
        self._rows: dict[str, Registered] = {}

    def __iter__(self) -> Iterator[Registered]:
        return iter(self._rows.values())

    def get(self, template_id: str) -> Registered | None:
        """The template of this id, with or without the suffix `.schema`."""
        return self._rows.get(template_id) or self._rows.get(template_id + ".schema")

    def add(self, row: Registered) -> Registered:
        """Put a template under its id, replacing what was there."""
        self._rows[row.id] = row
        return row

    def new_id(self) -> str:
        """An id as the platform gives them: every import yields a new one (section 3.8)."""
        return f"{uuid.uuid4()}.schema"

    def remove(self, template_id: str) -> bool:
        """Forget a template; False when there was none."""
        row = self.get(template_id)
        return row is not None and self._rows.pop(row.id, None) is not None
