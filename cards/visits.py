"""The cards of 外勤: what their buttons carry and what they show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardRow, CardView
from cards.paging import turns


class HereButton(Button):
    """「是这家」."""

    action: ClassVar[str] = "visits.here"
    visit_id: int
    customer_id: int


class OtherButton(Button):
    """「换一家」: shows what else it may be."""

    action: ClassVar[str] = "visits.other"
    visit_id: int


class AsideButton(Button):
    """「不关联」."""

    action: ClassVar[str] = "visits.aside"
    visit_id: int


class PlaceButton(Button):
    """「记为客户位置」."""

    action: ClassVar[str] = "visits.place"
    visit_id: int


class VisitPageButton(Button):
    """Another page of a list."""

    action: ClassVar[str] = "visits.page"
    page: int


class OpenVisitButton(Button):
    """「关联客户」 in a list: opens the visit."""

    action: ClassVar[str] = "visits.open"
    visit_id: int


@dataclass(frozen=True, slots=True)
class VisitSheet:
    """One visit in words. `choices`: customers it may have been at: id, name, what tells it apart."""

    title: str
    tags: tuple[str, ...] = ()
    place: str = ""
    remark: str = ""
    customer: str = ""
    distance: str = ""
    photos: int = 0
    body: str = ""
    choices: tuple[tuple[int, str, str], ...] = ()


def visit_card(sheet: VisitSheet, visit_id: int, buttons: Sequence[CardButton]) -> CardView:
    """One visit."""
    fields = [("客户", sheet.customer)] if sheet.customer else []
    if sheet.distance:
        fields.append(("距客户", sheet.distance))
    if sheet.place:
        fields.append(("地点", escape(sheet.place)))
    if sheet.remark:
        fields.append(("内容", escape(sheet.remark)))
    if sheet.photos:
        fields.append(("照片", f"{sheet.photos} 张，在钉钉「签到」里看"))
    rows = tuple(
        CardRow(
            escape(name), detail, "",
            (CardButton("是这家", HereButton(visit_id=visit_id, customer_id=i), typed=name),),
        )
        for i, name, detail in sheet.choices
    )  # fmt: skip
    return CardView(
        sheet.title, tags=sheet.tags, body=sheet.body, fields=tuple(fields), rows=rows, buttons=tuple(buttons)
    )


def visit_list(title: str, rows: Sequence[CardRow], *, total: int, page: int, pages: int, empty: str) -> CardView:
    """A list with its total."""
    if not rows:
        return CardView(title, body=empty)
    buttons = turns(page, pages, lambda to: VisitPageButton(page=to))
    shown = f"（第 {page}/{pages} 页）" if pages > 1 else ""
    return CardView(title, body=f"共 {total} 次{shown}", rows=tuple(rows), buttons=tuple(buttons))
