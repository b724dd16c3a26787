"""May these two customers be made one, which of them stays, and what it says then? Pure.

Source: crm-rules.md R-DUP-4, invariant 27.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from bot.core.errors import InvalidInput, RuleBroken
from bot.core.forms import DOCUMENT, FORMS, FormField

UNDO = timedelta(hours=72)
FOLLOW: Final = {"name": ("name_key", "soft_key", "pinyin", "initials")}  # made from a field, so they go with it
PLACE: Final = ("lng", "lat", "coord_sys")  # where the address is
UNCHOSEN: Final = (*PLACE, "lock_until")  # the lock is its owner's, who stays
Values = Mapping[str, Any]  # a customer's columns


class NotMergeable(RuleBroken, code="merges.not_mergeable"):
    """The text says why, and what would go."""


class ChangedSince(RuleBroken, code="merges.changed_since"):
    """A merge cannot be taken back any more."""


def check_two(*, head: str, same: bool) -> None:
    """Raises NotMergeable."""
    if same:
        raise NotMergeable(f"两边是同一家「{head}」，可能已经合并过了。要合并别的，写两家不同的客户。")


def check_head(*, head: str, tail: str, head_pooled: bool, tail_pooled: bool) -> None:
    """Who has an owner keeps it: an owned customer does not go into one of the pool. Raises NotMergeable."""
    if head_pooled and not tail_pooled:
        raise NotMergeable(
            f"「{head}」在公海里，「{tail}」有人负责，只能并到「{tail}」。发送「合并 {tail} 和 {head}」。"
        )


def mergeable(custom: Iterable[FormField]) -> tuple[FormField, ...]:
    """The fields of a customer of which one of two values stays. `custom`: the company's own."""
    return (*(f for f in FORMS["customer"] if f.name not in UNCHOSEN), *custom)


def said(values: Values, one: FormField) -> str:
    """What a customer says in that field; "" for nothing."""
    stored = values[DOCUMENT].get(one.name) if one.custom else values[one.attribute]
    return str(stored or "")


def filled(head: Values, tail: Values, fields: Iterable[FormField]) -> list[FormField]:
    """Fields in which only the disappearing one says something."""
    return [f for f in fields if said(tail, f) and not said(head, f)]


def differing(head: Values, tail: Values, fields: Iterable[FormField]) -> list[FormField]:
    """Fields in which both say something, and not the same."""
    return [f for f in fields if said(head, f) and said(tail, f) and said(head, f) != said(tail, f)]


@dataclass(frozen=True, slots=True)
class Combined:
    """What the one that stays says from now on, as far as that is new."""

    columns: dict[str, Any] = field(default_factory=dict)
    custom: dict[str, str] = field(default_factory=dict)  # the company's own fields, by name


def combine(head: Values, tail: Values, fields: Collection[FormField], chosen: Collection[str]) -> Combined:
    """Empty fields are filled; of `chosen` the disappearing one's value is taken, of all others the present one stays.

    Values of the company's own fields that are out of use go along where nothing stands (R-DUP-4).
    """
    taken = [*filled(head, tail, fields), *(f for f in differing(head, tail, fields) if f.name in chosen)]
    new = Combined()
    for one in taken:
        if one.custom:
            new.custom[one.name] = said(tail, one)
            continue
        for column in (one.attribute, *FOLLOW.get(one.name, ())):
            new.columns[column] = tail[column]
    new.custom.update({name: value for name, value in tail[DOCUMENT].items() if name not in head[DOCUMENT]})
    if _place_goes(head, tail, "address" in chosen and "address" in new.columns):
        new.columns.update({column: tail[column] for column in PLACE})
    return new


def _place_goes(head: Values, tail: Values, other_address: bool) -> bool:
    """Coordinates are those of the address that stays."""
    if other_address or tail["lng"] is None:
        return other_address
    return head["lng"] is None and head["address"] in ("", tail["address"])


def chosen_fields(words: str, labels: Mapping[str, str]) -> list[str]:
    """`用另一家的 城市、电话`: the fields named. `labels`: label → field, of those that differ.

    Raises:
        InvalidInput: with what differs.
    """
    chosen = []
    for word in (w for w in words.replace("、", " ").replace("，", " ").replace(",", " ").split() if w):
        fitting = [name for label, name in labels.items() if word in (label, label.removeprefix("客户"))]
        if not fitting:
            some = "、".join(labels) or "没有不一样的"
            raise InvalidInput(f"没认出「{word[:20]}」。两家不一样的有：{some}。例如「确认合并 用另一家的 城市」。")
        chosen += fitting
    return chosen
