"""Rows by a part of what they are called: of everybody's the index knows them, the session's scope leaves those seen.

Entries are looked up for the whole company and the rows they lead to through the transaction's scope and field rights;
nobody is shown an entry.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from sqlalchemy import and_
from sqlalchemy import select as columns
from sqlmodel import SQLModel, col, select

from bot.core.fields import LEVELS, FieldLevel
from bot.core.forms import FORMS
from bot.language.book import compact
from bot.language.companies import GENERIC_WORDS
from bot.language.grams import of_name
from bot.language.pinyin import pinyin_of, readings
from bot.language.regions import REGIONS
from storage.database import Tx
from storage.hints import by_ids
from storage.plain import Plain, given, table_of
from storage.search_index import KINDS, WHOLE, Kind
from storage.tables import Contact, Contract, Customer, Lead, Opportunity, Product, SearchEntry

FEW: Final = 20_000  # entries that may be followed one by one
SOME: Final = 400  # rows that begin alike and are compared closely
LETTERS: Final = re.compile(r"[a-z][a-z0-9]*", re.ASCII)
DIGITS: Final = re.compile(r"\d{4,}", re.ASCII)
MODELS: Final[dict[str, type[SQLModel]]] = {
    "customer": Customer, "contact": Contact, "lead": Lead, "opportunity": Opportunity, "contract": Contract,
    "product": Product,
}  # fmt: skip

NAMES: Final = tuple(k for k in KINDS.values() if k.table == "customer" and k.read is of_name)  # what people call it

E = table_of(SearchEntry)
_IN = (E.c.kind == given("kind"), E.c.gram >= given("start"), E.c.gram < given("until"))
NTH = Plain(columns(E.c.ref_id).where(*_IN).limit(1).offset(given("skip")))
FIRST = Plain(columns(E.c.ref_id).where(*_IN).limit(given("most")))


@dataclass(frozen=True, slots=True)
class Part:
    """Entries of one kind that begin so."""

    kind: str
    start: str

    @property
    def until(self) -> str:
        """Behind the last of them."""
        return self.start + LAST

    def condition(self) -> Any:
        """Of an entry."""
        return and_(E.c.kind == self.kind, E.c.gram >= self.start, E.c.gram < self.until)


LAST: Final = "\U0010ffff"  # sorts behind every character


def parts_of(kind: Kind, needle: str) -> list[Part]:
    """Entries that a row found by `needle` must all have: of a long one, its pieces."""
    places = range(0, max(1, len(needle) - kind.kept + 1), kind.kept)
    pieces = [needle[n : n + kind.kept] for n in places]
    if len(needle) > kind.kept and kind.column == "name":
        pieces.append(needle[-kind.kept :])
    return [Part(kind.name, piece) for piece in dict.fromkeys(pieces)]


def is_common(tx: Tx, part: Part) -> bool:
    """Whether so many rows have it that they are not followed one by one."""
    return NTH.run(tx, kind=part.kind, start=part.start, until=part.until, skip=FEW).first() is not None


def holding(id_column: Any, parts: Sequence[Part]) -> Any:
    """The condition that a row has all of these entries."""
    return and_(*(id_column.in_(columns(E.c.ref_id).where(part.condition())) for part in parts))


def name_parts(part: str) -> list[Part]:
    """Of a customer's name."""
    flat = compact(part)
    return parts_of(KINDS["customer.name"], flat) if len(flat) > 1 else []


def name_condition(part: str) -> Any:
    """That a customer's name has this part."""
    parts = name_parts(part)
    return holding(col(Customer.id), parts) if parts else col(Customer.name).contains(part, autoescape=True)


def is_rare(tx: Tx, part: str) -> bool:
    """Whether so few customers' names have it that they are followed one by one."""
    parts = name_parts(part)
    return not parts or not all(is_common(tx, one) for one in parts)


def readable(tx: Tx, kind: Kind, needle: str) -> bool:
    """Whether the transaction's person may find rows by that column: of a masked number, by what the mask shows."""
    scope = tx.info["scope"]
    field = next((f for f in FORMS[kind.table] if f.attribute == kind.column), None)
    if not scope.fields or field is None or field.always:
        return True
    level = scope.fields.level(kind.table, field.name)
    if level is FieldLevel.MASKED and field.kind == "phone":
        return len(needle) <= 4
    return LEVELS.index(level) >= LEVELS.index(FieldLevel.READ)


def kinds_for(tx: Tx, name: str, needle: str) -> list[list[Part]]:
    """By which entries rows of a table may be meant, each list to be had whole."""
    found = []
    for kind in KINDS.values():
        if kind.table != name or not readable(tx, kind, needle):
            continue
        what = kind.name.rpartition(".")[2]
        if what in ("phone", "mobile"):
            if DIGITS.fullmatch(needle):
                found.append([Part(kind.name, needle[::-1])])
        elif what in ("initials", "pinyin"):
            if LETTERS.fullmatch(needle):
                found.append(parts_of(kind, needle)[:1])
        elif what in ("code", "number"):
            if needle.isascii():
                found.append([Part(kind.name, needle[:WHOLE])])
        else:
            found.append(parts_of(kind, needle))
    return found


def ids_of(tx: Tx, name: str, words: str, *, most: int) -> list[int]:
    """Rows of the table that `words` are a part of, within the scope; the lowest ids first, at most so many."""
    needle = compact(words)
    wanted = kinds_for(tx, name, needle) if len(needle) > 1 else []
    if not wanted:
        return []
    model: Any = MODELS[name]
    rules = []
    for parts in wanted:
        rule = holding(col(model.id), parts)
        if name == "customer" and parts[0].kind in ("customer.phone", "customer.code") and _masks_pool(tx):
            shown = DIGITS.fullmatch(needle) and len(needle) <= 4 and parts[0].kind == "customer.phone"
            rule = rule if shown else and_(rule, col(Customer.owner_id).is_not(None))  # D14
        rules.append(rule)
    found: dict[int, None] = {}
    for rule in rules:
        query = by_ids(select(model.id).where(rule).order_by(model.id).limit(most), model)
        found |= dict.fromkeys(int(i) for i in tx.exec(query).all())
    return sorted(found)[:most]


def _masks_pool(tx: Tx) -> bool:
    return bool(tx.info["scope"].pool_masked)


def _followed(tx: Tx, parts: Iterable[Part], most: int) -> list[int]:
    """Ids the entries lead to, of whoever's rows."""
    found: dict[int, None] = {}
    for part in parts:
        for row in FIRST.run(tx, kind=part.kind, start=part.start, until=part.until, most=most):
            found[row.ref_id] = None
    return list(found)


def ids_like(tx: Tx, words: str) -> list[int]:
    """Customers whom `words` may mean: those that have them, sound so, or have a contact of that name."""
    needle = compact(words)
    if len(needle) < 2:
        return []
    found = dict.fromkeys(i for kind in NAMES for i in _seen(tx, parts_of(kind, needle)))
    spellings = {needle} if LETTERS.fullmatch(needle) else _sounds(needle)
    sounds = [Part("customer.pinyin", s[: KINDS["customer.pinyin"].kept]) for s in spellings]
    found |= dict.fromkeys(_followed(tx, sounds, SOME))
    if LETTERS.fullmatch(needle):
        found |= dict.fromkeys(_seen(tx, parts_of(KINDS["customer.initials"], needle)[:1]))
    contacts = columns(E.c.ref_id).where(Part("contact.name", needle[:4]).condition()).limit(FEW)
    query = by_ids(select(Contact.customer_id).where(col(Contact.id).in_(contacts)).limit(SOME), Contact)
    return list(found | dict.fromkeys(tx.exec(query).all()))


def ids_near(tx: Tx, words: str) -> list[int]:
    """Customers of whose name one character is another than in `words`, or that `words` shorten."""
    needle = compact(words)
    half = max(2, len(needle) // 2)
    pieces = {needle[:half], needle[half:], needle[:2], needle[-2:]} if len(needle) > 2 else set()
    parts = [parts_of(kind, piece)[:1] for kind in NAMES for piece in sorted(pieces) if len(piece) > 1]
    return list(dict.fromkeys(i for some in parts for i in _seen(tx, some)))


def ids_in_sentence(tx: Tx, text: str) -> list[int]:
    """Customers of whose name a part stands in the beginning of a sentence."""
    flat = compact(text)[:40]
    found: dict[int, None] = {}
    for size, most in ((4, 100), (3, 100), (2, 60)):
        for n in range(len(flat) - size + 1):
            piece = flat[n : n + size]
            if piece not in GENERIC_WORDS and piece not in REGIONS:
                found |= dict.fromkeys(_followed(tx, [Part(kind.name, piece) for kind in NAMES], most))
                if size > 2:
                    found |= dict.fromkeys(_contacts_called(tx, piece))
    return list(found)


def _contacts_called(tx: Tx, piece: str) -> list[int]:
    ids = _followed(tx, [Part("contact.name", piece)], 20)
    query = by_ids(select(Contact.customer_id).where(col(Contact.id).in_(ids)), Contact)
    return list(tx.exec(query).all()) if ids else []


def _seen(tx: Tx, parts: Sequence[Part]) -> list[int]:
    """Customers within the scope with all of these entries."""
    if not parts:
        return []
    if all(is_common(tx, one) for one in parts):
        return _followed(tx, parts[:1], SOME)
    rare = [one for one in parts if not is_common(tx, one)]
    query = by_ids(select(Customer.id).where(holding(col(Customer.id), rare)).limit(SOME), Customer)
    return [int(i or 0) for i in tx.exec(query).all()]


def _sounds(needle: str) -> set[str]:
    if not all("\u3400" <= c <= "\u9fff" for c in needle) or len(needle) > 6:
        return set()
    spelled = [sorted(readings(c)) for c in needle]
    return {"".join(p) for p in list(product(*spelled))[:16]} | {pinyin_of(needle)}


def list_records(tx: Tx, name: str, ids: Sequence[int]) -> list[Any]:
    """Rows of the table within the scope, by id."""
    model: Any = MODELS[name]
    query = select(model).where(col(model.id).in_(list(ids))).order_by(model.id)
    return list(tx.exec(by_ids(query, model)).all())
