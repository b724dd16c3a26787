"""Every kind of record that comes and goes by xlsx; the names are the command line's (contract cli.md)."""

from collections.abc import Mapping
from typing import Final

from handlers.competitors.sheet import Competitors
from handlers.contracts.sheet import CONTRACTS
from handlers.customers.contact_sheet import Contacts
from handlers.customers.sheet import CUSTOMERS
from handlers.exchange.kinds import Kind
from handlers.leads.sheet import LEADS
from handlers.opportunities.sheet import OPPORTUNITIES
from handlers.payments.sheet import Payments
from handlers.products.sheet import Products
from handlers.targets.sheet import Targets

KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        CUSTOMERS,
        LEADS,
        Contacts(),
        Products(),
        Competitors(),
        OPPORTUNITIES,
        CONTRACTS,
        Payments(),
        Targets(),
    )
}


def kind_called(text: str) -> tuple[Kind, str] | None:
    """The kind that `text` begins with, and the rest: 我的客户 制造业 → 客户, 制造业."""
    spelled = [(word, kind) for kind in KINDS.values() for word in (kind.label, kind.name, *kind.words)]
    for word, kind in sorted(spelled, key=lambda pair: -len(pair[0])):
        if text.casefold().startswith(word):
            return kind, text[len(word) :]
    return None


def kind_said(text: str) -> tuple[Kind, str] | None:
    """The kind that `text` begins or ends with, and the rest: 本月的回款 → 回款, 本月."""
    found = kind_called(text)
    if found is not None:
        return found
    ending = [
        (kind.label, kind) for kind in KINDS.values() if len(text) > len(kind.label) and text.endswith(kind.label)
    ]
    return (ending[0][1], text[: -len(ending[0][0])].removesuffix("的")) if len(ending) == 1 else None
