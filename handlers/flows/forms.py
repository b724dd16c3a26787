"""The forms that have a flow. The engine knows what stands here of them and nothing else; a form joins by `join`."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

from bot.context import Context
from bot.dispatch import Button, FormField
from storage.database import Tx


class Form(Protocol):
    """What the engine asks of a form. Every call is inside the caller's transaction.

    Records are read whole, whoever asks: a participant's right to them is his task (R-APP-8), and what of them is
    shown is cut by the engine to the fields his node lets him see.
    """

    name: str  # invoice: of `FlowNode.form`
    label: str  # 开票申请
    default_node: str
    fields: Mapping[str, str]  # name → label, in the order they are shown
    editable: Collection[str]  # of which a node may let its participants change some; the applicant given it back, all
    applied: Collection[str]  # those the applicant has given: for him, and for whose scope covers the record

    def values(self, tx: Tx, record_id: int) -> Mapping[str, Any]:
        """Every field; sums as Decimal."""
        ...

    def texts(self, values: Mapping[str, Any]) -> Mapping[str, str]:
        """The same as people read it; an empty text is not shown."""
        ...

    def amount(self, values: Mapping[str, Any]) -> Decimal | None:
        """What the two-step confirm is measured by; None: nothing."""
        ...

    def amounts(self, tx: Tx, record_ids: Collection[int]) -> Mapping[int, Decimal]:
        """The same of several, by record; of the field `amount`, for who may see that."""
        ...

    def in_sight(self, tx: Tx, ctx: Context, record_id: int) -> bool:
        """Whether the asker's own scope covers the record."""
        ...

    def subjects(self, tx: Tx, record_id: int) -> Sequence[str]:
        """What cards of the record show besides the flow."""
        ...

    def approve(self, tx: Tx, ctx: Context, record_id: int) -> None:
        """The effect, with the limits checked anew; raises what the approver is told, and nothing is approved."""
        ...

    def asks(self, tx: Tx, record_id: int, fields: Collection[str]) -> Sequence[FormField]:
        """These fields as a card asks for them, with what they are now; of one field there may be several."""
        ...

    def read(self, text: str) -> Mapping[str, str]:
        """A sentence's values by the names `asks` gives them; empty: it says nothing of the kind."""
        ...

    def edit(self, tx: Tx, ctx: Context, record_id: int, given: Mapping[str, str], allowed: Collection[str]) -> None:
        """What was given, by the names of `asks`, is applied for from now on; the limits are checked anew.

        Raises what the editor is told, FlowRefused for a field that is not `allowed`; then nothing has changed.
        """
        ...

    def again(self, record_id: int) -> Button | None:
        """What opens a new application filled from this one, for its applicant; None: there is no such thing."""
        ...

    def then(self, tx: Tx, record_id: int) -> str:
        """What its last approver still has to do, as a sentence; empty: nothing."""
        ...

    def end(self, tx: Tx, ctx: Context, record_id: int, state: str) -> None:
        """It was `rejected` or `cancelled`: what it held is free."""
        ...


_FORMS: dict[str, Form] = {}


def join(form: Form) -> None:
    """From now on flows of this form can be started. Raises ValueError for a name that is taken."""
    if form.name in _FORMS:
        raise ValueError(f"two forms are called {form.name}")
    _FORMS[form.name] = form


def known_forms() -> list[Form]:
    """All that have joined, the first one first."""
    return list(_FORMS.values())


def form_of(name: str) -> Form:
    """Raises KeyError."""
    return _FORMS[name]
