"""A form's own fields as cards and answers show them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FormCount:
    """A form in the list of forms."""

    form: str
    label: str
    active: int
    disabled: int


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One of the company's fields in words."""

    name: str
    label: str
    detail: str  # 金额 · 必填 · 3 条记录有值
    required: bool
    active: bool
    first: bool  # nothing stands above it


@dataclass(frozen=True, slots=True)
class FormSheet:
    """A page of a form's own and added fields."""

    form: str
    label: str
    built_in: tuple[str, ...]
    rows: tuple[FieldLine, ...]
    total: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class Changed:
    """A change that is done, now → new, and how to take it back (None: nothing changed)."""

    form: str
    text: str
    undo_id: int | None = None
    page: int = 1  # where the changed field stands
