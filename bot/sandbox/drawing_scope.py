"""What a component can see while it is drawn: data of both kinds, local state, expressions, loop elements.

Everything dynamic in an export is an object with a `type`: texts with `${…}`, values that are fixed or bound,
conditions. They are read here by that shape (platform.md section 3.8), independent of the component.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from bot.sandbox.expression_values import Value, as_text, localized, order, same, truthy, walk
from bot.sandbox.expressions import ExpressionError, evaluate
from bot.sandbox.templates import Template

_PLACEHOLDER: Final = re.compile(r"\$\{([^{}]*)\}")
_HEAD: Final = re.compile(r"^[^.\[]+")
_DEPTH: Final = 12
_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Turn:
    """One element of a loop that is being drawn; `path` is the list's path without indexes."""

    path: str
    item: Value
    index: int
    count: int = 0


@dataclass(frozen=True, slots=True)
class Scope:
    """One viewer's data at one place of the tree."""

    template: Template
    public: Mapping[str, Value]
    private: Mapping[str, Value]
    local: Mapping[str, Value]
    turns: tuple[Turn, ...] = ()
    event: Mapping[str, Value] | None = None
    warnings: list[str] = field(default_factory=list)
    depth: int = 0

    def inside(self, turn: Turn) -> "Scope":
        """The scope of one element of a loop."""
        return replace(self, turns=(*self.turns, turn))

    def item(self, depth: int) -> tuple[Value, int]:
        """The element (and index) of the innermost loop, or of one further out."""
        if depth < len(self.turns):
            turn = self.turns[-1 - depth]
            return turn.item, turn.index
        return None, 0

    def variable(self, path: str) -> Value:
        """The value of a bound variable: an element of a running loop, or local, expression, private, public.

        A private variable without a value falls back to the public data (docs `variable-type`).
        """
        path = path.strip()
        if not path:
            return None
        found = _HEAD.match(path)
        head = found[0] if found else ""
        if head == "loop" and self.turns:
            return walk(self.turns[-1].item, path[len(head) :])
        if head == "event":
            return walk(self.event, path[len(head) :])
        bare = re.sub(r"\[\d+\]", "[]", path)
        for turn in reversed(self.turns):
            if bare.startswith(turn.path + "[]"):
                steps = turn.path.count("[]") + 1
                cut = [step.end() for step in re.finditer(r"\[\d+\]", path)][steps - 1]
                return walk(turn.item, path[cut:])
        return walk(self._named(head), path[len(head) :])

    def _named(self, name: str) -> Value:
        if name in self.template.expressions and name not in self.template.variables:
            return self.expression(self.template.expressions[name])
        if name in self.template.locals:
            return self.local.get(name)
        variable = self.template.variables.get(name)
        if variable is None or variable.private:
            found = self.private.get(name)
            if found is not None and found != "":
                return found
        if name in self.public:
            return self.public[name]
        return self.local.get(name) if variable is None else None

    def expression(self, text: str) -> Value:
        """The value of an expression; None and a warning when it cannot be read."""
        if self.depth > _DEPTH:
            self.warn(f"expression refers to itself: {text}")
            return None
        try:
            return evaluate(text, replace(self, depth=self.depth + 1))
        except ExpressionError as error:
            self.warn(f"expression {text!r}: {error}")
            return None

    def warn(self, message: str) -> None:
        """Record what a person looking at the template should know, once."""
        if message not in self.warnings:
            self.warnings.append(message)

    def fill(self, text: str) -> str:
        """The text with every `${…}` replaced."""
        return _PLACEHOLDER.sub(lambda found: as_text(self._placeholder(found[1])), text)

    def _placeholder(self, inner: str) -> Value:
        inner = inner.strip()
        if re.fullmatch(r"[\w$.\[\]\u4e00-\u9fff-]+", inner):
            return self.variable(inner)
        return self.expression(inner)

    def value(self, dynamic: Any) -> Value:
        """The value of any dynamic object, of a plain JSON value as it is."""
        if isinstance(dynamic, str):
            return self.fill(dynamic) if "${" in dynamic else dynamic
        if not isinstance(dynamic, Mapping):
            return dynamic
        kind = str(dynamic.get("type") or "")
        if "defaultLang" in dynamic or (not kind and localized(dynamic) is not None):
            return self.value(localized(dynamic))
        if kind == "dynamicString" or "content" in dynamic:
            content = dynamic.get("content")
            return self.value(localized(content) if isinstance(content, Mapping) else content)
        if kind == "dynamicVisible":
            return self.visible(dynamic)
        how = dynamic.get("valueType")
        if how == "eventData" or kind == "eventData":
            return walk(self.event, "." + str(dynamic.get("eventData") or ""))
        if how == "condition":
            return self.holds(dynamic.get("condition"))
        if how == "variable" or (how is None and isinstance(dynamic.get("variable"), str)):
            return self.variable(str(dynamic.get("variable") or ""))
        if how == "expression":
            return self.expression(str(dynamic.get("expression") or dynamic.get("value") or ""))
        if "value" in dynamic:
            return self.value(dynamic["value"])
        return None if kind else dict(dynamic)

    def text(self, dynamic: Any) -> str:
        """The same as drawn text."""
        return as_text(self.value(dynamic))

    def visible(self, dynamic: Any) -> bool:
        """Whether a `visible` property lets its component be drawn; absent means yes."""
        if dynamic is None:
            return True
        if not isinstance(dynamic, Mapping):
            return truthy(self.value(dynamic))
        how = dynamic.get("valueType")
        if how == "condition":
            return self.holds(dynamic.get("condition"))
        if how == "variable":
            return truthy(self.variable(str(dynamic.get("variable") or "")))
        return dynamic.get("value") is not False

    def holds(self, condition: Any) -> bool:
        """Whether a condition group is met; an empty group is."""
        if not isinstance(condition, Mapping):
            return True
        parts = condition.get("conditions")
        if not isinstance(parts, list):
            return self._met(condition) if "op" in condition else True
        results = [
            self.holds(part) if "conditions" in part else self._met(part) for part in parts if isinstance(part, Mapping)
        ]
        if not results:
            return True
        return any(results) if condition.get("op") == "or" else all(results)

    def _met(self, part: Mapping[str, Any]) -> bool:
        left = self._left(part)
        right = part.get("value")
        if part.get("valueType") == "variable":
            right = self.variable(str(part.get("valueVariable") or part.get("value") or ""))
        elif part.get("valueType") == "eventData":
            right = walk(self.event, "." + str(part.get("value") or ""))
        return self._compare(str(part.get("op") or ""), left, self.value(right))

    def _left(self, part: Mapping[str, Any]) -> Value:
        if part.get("type") == "eventData" or "eventData" in part:
            return walk(self.event, "." + str(part.get("eventData") or part.get("variable") or ""))
        if str(part.get("type")) in {"env", "platform", "client"}:
            return "pc"
        return self.variable(str(part.get("variable") or ""))

    def _compare(self, op: str, left: Value, right: Value) -> bool:
        name = op.lower().replace("_", "")
        if name.startswith("length"):
            size = len(left) if isinstance(left, (list, str, Mapping)) else 0
            return self._compare(name.removeprefix("length"), size, right)
        if name in {"equal", "equals", "eq", "=="}:
            return same(left, right)
        if name in {"notequal", "notequals", "neq", "ne", "!="}:
            return not same(left, right)
        if name == "istrue":
            return truthy(left)
        if name == "isfalse":
            return not truthy(left)
        if name in {"isempty", "empty", "isnull"}:
            return left in _EMPTY
        if name in {"isnotempty", "notempty", "isnotnull"}:
            return left not in _EMPTY
        for names, sign in _ORDERS:
            if name in names:
                return order(left, right, sign)
        if name in {"contain", "contains", "include", "includes", "notcontain", "notcontains", "notinclude"}:
            held = any(same(one, right) for one in left) if isinstance(left, list) else as_text(right) in as_text(left)
            return held != name.startswith("not")
        if name in {"in", "notin"}:
            choices = right if isinstance(right, list) else as_text(right).split(",")
            return any(same(left, one) for one in choices) != (name == "notin")
        if name == "startswith":
            return as_text(left).startswith(as_text(right))
        if name == "endswith":
            return as_text(left).endswith(as_text(right))
        self.warn(f"unknown condition {op!r}, taken as met")
        return True


_ORDERS: Final[tuple[tuple[frozenset[str], str], ...]] = (
    (frozenset({"greater", "greaterthan", "gt", ">", "more"}), ">"),
    (frozenset({"greaterequal", "greaterthanequal", "greaterorequal", "greaterthanorequal", "gte", ">="}), ">="),
    (frozenset({"less", "lessthan", "lt", "<"}), "<"),
    (frozenset({"lessequal", "lessthanequal", "lessorequal", "lessthanorequal", "lte", "<="}), "<="),
)
