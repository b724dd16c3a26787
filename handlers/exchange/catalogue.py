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
