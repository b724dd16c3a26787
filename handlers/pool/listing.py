"""Lists of the pool: the same words as everywhere (`handlers.filters`), as far as the pool shows what they speak of."""

from dataclasses import dataclass

from bot.context import Context
from handlers.filters.reading import step_find, step_understand_pool
from handlers.filters.rules import Meaning
from storage import customers, filters
from storage.database import Tx
from storage.filters import Found
from storage.tables import Customer


@dataclass(frozen=True, slots=True)
class PoolPage:
    """One page of the pool as the actor sees it, with what was understood of the words."""

    customers: list[Customer]
    meaning: Meaning
    total: int
    page: int
    pages: int


def step_count_pool(tx: Tx, ctx: Context, text: str) -> tuple[Meaning, int]:
    """What the words mean and how many there are now, for a card that shows its rows already."""
    meaning = step_understand_pool(tx, ctx, text)
    if not meaning.told:
        return meaning, 0 if meaning.unknown else customers.count_pool(tx)
    return meaning, filters.count(tx, meaning.wanted)


def step_list_pool(tx: Tx, ctx: Context, text: str) -> tuple[Meaning, Found, int]:
    """What the words mean and how many there are: of the whole pool exactly, whatever their number."""
    meaning = step_understand_pool(tx, ctx, text)
    found = step_find(tx, meaning)
    whole = not meaning.told and not meaning.unknown
    return meaning, found, customers.count_pool(tx) if whole else found.number
