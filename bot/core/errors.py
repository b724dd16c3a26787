"""Refusals we expect. Each is safe to show to the person who asked; all else is a bug."""

from typing import Any, ClassVar


class AppError(Exception):
    """Base of all expected refusals: `code` for machines, `text` (Chinese, with a next step) for people.

    `card`: painter and state of a card that says the text and offers the next step on a button.
    """

    code: ClassVar[str] = "refused"
    card: tuple[str, dict[str, Any]] | None = None

    def __init_subclass__(cls, *, code: str) -> None:
        cls.code = code

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class NotFound(AppError, code="not_found"):
    """No such thing, or not yours to see: the two look the same on purpose (R-PERM-6).

    `attempt`: the object, where it is there but not the asker's to see: for the audit, never for the answer.
    """

    def __init__(self, text: str, *, attempt: str = "") -> None:
        super().__init__(text)
        self.attempt = attempt


class SeveralPeople(NotFound, code="several_people"):
    """Colleagues share the name that was said. In chat the desk asks which; `options` can be said in its place."""

    def __init__(self, name: str, options: list[str]) -> None:
        super().__init__(f"有好几位「{name}」：{'、'.join(options)}。请写成其中一个再说一次。")
        self.name, self.options = name, options


class Forbidden(AppError, code="forbidden"):
    """The actor may see this but not do it."""


class InvalidInput(AppError, code="invalid_input"):
    """What was typed or sent cannot be read."""


class RuleBroken(AppError, code="rule_broken"):
    """A business rule says no."""


class Stranger(AppError, code="stranger"):
    """Who asks is no active employee, or is outside the app's usage scope: one polite sentence, no data."""
