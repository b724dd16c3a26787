"""The card builder's expression language: variables, operators and its small function library.

Sources: `expList[].expContent` of the builder's exports (platform.md section 3.8) and the docs page
`variable-type`; the function names that no export uses follow the compiled widget's names.
"""

import re
from dataclasses import dataclass
from typing import Final, Protocol

from bot.sandbox.expression_functions import FUNCTIONS
from bot.sandbox.expression_values import (
    Value,
    arithmetic,
    as_text,
    element,
    number,
    order,
    same,
    truthy,
    walk,
)

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<number>\d+(?:\.\d+)?)
    | (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    | (?P<name>[A-Za-z_$\u4e00-\u9fff][\w$\u4e00-\u9fff]*)
    | (?P<op>===|!==|==|!=|<=|>=|&&|\|\||[-+*/%!<>?:()\[\],.])
    )""",
    re.VERBOSE,
)
_LITERALS: Final[dict[str, Value]] = {"true": True, "false": False, "null": None, "undefined": None}


class ExpressionError(ValueError):
    """The text is no expression of this language; the message says where reading stopped."""


class Names(Protocol):
    """What an expression can see."""

    def variable(self, path: str) -> Value:
        """The value of `name.field[0].field`, None when there is none."""

    def item(self, depth: int) -> tuple[Value, int]:
        """The element and its index of the loop being drawn; depth 0 is the innermost."""


@dataclass(slots=True)
class _Reader:
    """A recursive-descent evaluator; small enough that no syntax tree is worth keeping."""

    tokens: list[tuple[str, str]]
    names: Names
    at: int = 0

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self, *wanted: str) -> str | None:
        if self.at < len(self.tokens):
            kind, text = self.tokens[self.at]
            if kind == "op" and text in wanted:
                self.at += 1
                return text
        return None

    def need(self, wanted: str) -> None:
        if self.take(wanted) is None:
            raise ExpressionError(f"expected {wanted!r} before {self.peek() or 'the end'!r}")

    def ternary(self) -> Value:
        condition = self.any_of()
        if self.take("?") is None:
            return condition
        left = self.ternary()
        self.need(":")
        right = self.ternary()
        return left if truthy(condition) else right

    def any_of(self) -> Value:
        value = self.all_of()
        while self.take("||"):
            right = self.all_of()
            value = value if truthy(value) else right
        return value

    def all_of(self) -> Value:
        value = self.compared()
        while self.take("&&"):
            right = self.compared()
            value = right if truthy(value) else value
        return value

    def compared(self) -> Value:
        value = self.summed()
        while op := self.take("===", "!==", "==", "!=", "<=", ">=", "<", ">"):
            right = self.summed()
            if op in {"==", "==="}:
                value = same(value, right)
            elif op in {"!=", "!=="}:
                value = not same(value, right)
            else:
                value = order(value, right, op)
        return value

    def summed(self) -> Value:
        value = self.multiplied()
        while op := self.take("+", "-"):
            right = self.multiplied()
            value = arithmetic(op, value, right)
        return value

    def multiplied(self) -> Value:
        value = self.unary()
        while op := self.take("*", "/", "%"):
            right = self.unary()
            value = arithmetic(op, value, right)
        return value

    def unary(self) -> Value:
        if self.take("!"):
            return not truthy(self.unary())
        if self.take("-"):
            return arithmetic("-", 0, self.unary())
        return self.postfix()

    def postfix(self) -> Value:
        if self.at >= len(self.tokens):
            raise ExpressionError("the expression ends too early")
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return self.steps(number(text))
        if kind == "string":
            return self.steps(re.sub(r"\\(.)", r"\1", text[1:-1]))
        if kind == "name":
            if text in _LITERALS:
                return _LITERALS[text]
            if self.take("("):
                return self.steps(self.call(text, self.arguments(")")))
            return self.path(text)
        if text == "(":
            value = self.ternary()
            self.need(")")
            return self.steps(value)
        if text == "[":
            return self.steps(self.arguments("]"))
        raise ExpressionError(f"unexpected {text!r}")

    def arguments(self, closing: str) -> list[Value]:
        values: list[Value] = []
        if self.take(closing):
            return values
        while True:
            values.append(self.ternary())
            if self.take(","):
                continue
            self.need(closing)
            return values

    def path(self, name: str) -> Value:
        """A variable with its literal steps, so that the scope sees the whole path."""
        text = name
        while self.at + 1 < len(self.tokens):
            if self.peek() == "." and self.tokens[self.at + 1][0] == "name":
                text += "." + self.tokens[self.at + 1][1]
                self.at += 2
            elif (
                self.peek() == "["
                and self.tokens[self.at + 1][0] == "number"
                and self.at + 2 < len(self.tokens)
                and self.tokens[self.at + 2][1] == "]"
            ):
                text += f"[{self.tokens[self.at + 1][1]}]"
                self.at += 3
            else:
                break
        return self.steps(self.names.variable(text))

    def steps(self, value: Value) -> Value:
        while True:
            if self.take("["):
                key = self.ternary()
                self.need("]")
                value = element(value, key)
            elif self.peek() == "." and self.at + 1 < len(self.tokens):
                self.at += 1
                value = element(value, self.tokens[self.at][1])
                self.at += 1
            else:
                return value

    def call(self, name: str, values: list[Value]) -> Value:
        lowered = name.lower()
        if lowered in {"subdata", "parentsubdata"}:
            item, _ = self.names.item(1 if lowered.startswith("parent") else 0)
            return walk(item, as_text(values[0])) if values else item
        if lowered in {"subdataindex", "parentsubdataindex"}:
            return self.names.item(1 if lowered.startswith("parent") else 0)[1]
        function = FUNCTIONS.get(lowered)
        if function is None:
            raise ExpressionError(f"no function {name!r}")
        try:
            return function(*values)
        except (TypeError, IndexError, ArithmeticError) as error:
            raise ExpressionError(f"{name}: {error}") from error


def evaluate(text: str, names: Names) -> Value:
    """The value of one expression. Raises ExpressionError when it cannot be read."""
    tokens: list[tuple[str, str]] = []
    at = 0
    stripped = text.rstrip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if match is None:
            raise ExpressionError(f"cannot read {stripped[at : at + 20]!r}")
        tokens.append((str(match.lastgroup), match.group(str(match.lastgroup))))
        at = match.end()
    reader = _Reader(tokens, names)
    value = reader.ternary()
    if reader.at != len(tokens):
        raise ExpressionError(f"left over: {reader.peek()!r}")
    return value
