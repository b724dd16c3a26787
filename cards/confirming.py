"""The summary of something that moves money, and the one tap that does it (D19)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardView
from bot.language.money import in_words, show_money


class ConfirmButton(Button):
    """「登记合同」: does what the summary says."""

    action: ClassVar[str] = "confirming.do"
    intent_id: int


class DropButton(Button):
    """「不登记了」."""

    action: ClassVar[str] = "confirming.drop"
    intent_id: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What its author is shown before it is done. `verb`: the button, a verb and its object (登记合同)."""

    title: str
    verb: str
    fields: tuple[tuple[str, str], ...] = ()
    amount: Decimal | None = None  # in yuan; shown in figures and in words
    amount_label: str = "金额"
    warnings: tuple[str, ...] = ()  # what he should look at twice

    def row(self) -> dict[str, Any]:
        """JSON."""
        amount = None if self.amount is None else f"{self.amount:f}"
        return {
            "title": self.title, "verb": self.verb, "fields": [list(pair) for pair in self.fields], "amount": amount,
            "amount_label": self.amount_label, "warnings": list(self.warnings),
        }  # fmt: skip

    @classmethod
    def read(cls, row: dict[str, Any]) -> "Summary":
        """The inverse of `row`."""
        return cls(
            title=row["title"], verb=row["verb"], fields=tuple((label, text) for label, text in row["fields"]),
            amount=None if row["amount"] is None else Decimal(row["amount"]), amount_label=row["amount_label"],
            warnings=tuple(row["warnings"]),
        )  # fmt: skip


def money_text(amount: Decimal) -> str:
    """¥300,000.00（叁拾万元整）."""
    return f"{show_money(amount)}（{in_words(amount)}）"


def summary_card(summary: Summary, *, state: str, buttons: Sequence[CardButton] = ()) -> CardView:
    """`state`: what became of it, empty while it waits."""
    fields = [(label, escape(text)) for label, text in summary.fields]
    if summary.amount is not None:
        fields.insert(0, (summary.amount_label, money_text(summary.amount)))
    body = "\n".join(escape(line) for line in summary.warnings)
    return CardView(
        f"请核对：{summary.title}" if not state else summary.title, tags=(state or "待你确认",), body=body,
        fields=tuple(fields), buttons=tuple(buttons),
    )  # fmt: skip


def summary_buttons(summary: Summary, intent_id: int) -> list[CardButton]:
    """One tap does it, the other lets it be."""
    return [
        CardButton(summary.verb, ConfirmButton(intent_id=intent_id), style="primary", typed="确认"),
        CardButton("不办了", DropButton(intent_id=intent_id), typed="取消"),
    ]
