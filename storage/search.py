"""Rows by a part of what they are called: of everybody's the index knows them, the session's scope leaves those seen.

Entries are looked up for the whole company and the rows they lead to through the transaction's scope and field rights;
nobody is shown an entry.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from sqlalchemy import and_, or_
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
from storage.fields import pooled_lead
from storage.hints import by_ids, walk
from storage.plain import Plain, given, table_of
from storage.scope import led_by_owners
from storage.search_index import KINDS, WHOLE, Kind
from storage.seen import BY_OWNER, sees_more
from storage.tables import Contact, Contract, Customer, Lead, Opportunity, Product, SearchEntry

FEW: Final = 20_000  # entries that may be followed one by one
MANY: Final = 40_000  # customers within a scope of whom one in twenty has a common entry
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
    """Entries that a row found by `needle` must all have: of a long one its pieces, which stand in others too."""
    places = range(0, max(1, len(needle) - kind.kept + 1), kind.kept)
    pieces = [needle[n : n + kind.kept] for n in places]
    if len(needle) > kind.kept:  # entries begin at each place but the last, and are as long as the name goes on
        pieces.append(needle[-kind.kept :])
    return [Part(kind.name, piece) for piece in dict.fromkeys(pieces)]


def is_common(tx: Tx, part: Part, most: int | None = None) -> bool:
    """Whether so many rows have it that they are not followed one by one; `most`: another number of them."""
    skip = FEW if most is None else most
    return NTH.run(tx, kind=part.kind, start=part.start, until=part.until, skip=skip).first() is not None


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


def called_by(words: Iterable[str]) -> Callable[[str], bool]:
    """As `name_condition` of all of them, of names at hand."""
    wanted = [(word, name_parts(word)) for word in words]

    def is_called(name: str) -> bool:
        return all(all(_has(name, one.start) for one in parts) if parts else word in name for word, parts in wanted)

    return is_called


def _has(name: str, start: str) -> bool:
    if start in name or start in compact(name):
        return True
    return any(gram.startswith(start) for gram in KINDS["customer.name"].read(name))


def is_rare(tx: Tx, part: str, most: int | None = None) -> bool:
    """Whether so few customers' names have it that they are followed one by one; `most`: another number of them."""
    parts = name_parts(part)
    return not parts or not all(is_common(tx, one, most) for one in parts)


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
    """Rows of the table that `words` are a part of, within the scope, at most so many, by id.

    They are the lowest, unless more rows than are followed one by one have such entries.
    """
    needle = compact(words)
    found: dict[int, None] = {}
    for parts in kinds_for(tx, name, needle) if len(needle) > 1 else ():
        rules = _shown(tx, name, needle, parts[0].kind)
        rare = [one for one in parts if not is_common(tx, one)]
        ids = _followed_from(tx, name, rare, rules, most) if rare else _along(tx, name, parts, rules, most)
        found |= dict.fromkeys(ids)
    return sorted(found)[:most]


def _shown(tx: Tx, name: str, needle: str, kind: str) -> list[Any]:
    """Of a number in the pool one finds what its mask shows (D14)."""
    if name == "lead" and kind in ("lead.contact", "lead.mobile") and tx.info["scope"].lead_pool:
        masked = kind == "lead.mobile" and DIGITS.fullmatch(needle) and len(needle) <= 4
        return [] if masked else [~pooled_lead(table_of(Lead))]
    if name != "customer" or kind not in ("customer.phone", "customer.code") or not _masks_pool(tx):
        return []
    shown = kind == "customer.phone" and DIGITS.fullmatch(needle) and len(needle) <= 4
    return [] if shown else [col(Customer.owner_id).is_not(None)]


def _followed_from(tx: Tx, name: str, parts: Sequence[Part], rules: Sequence[Any], most: int) -> list[int]:
    """Rows with all of these entries, of which there are few."""
    model: Any = MODELS[name]
    query = select(model.id).where(holding(col(model.id), parts), *rules).order_by(model.id).limit(most)
    return [int(i) for i in tx.exec(by_ids(query, model)).all()]


def _along(tx: Tx, name: str, parts: Sequence[Part], rules: Sequence[Any], most: int) -> list[int]:
    """Rows with all of these entries, of which there are many: along the entries, until there are enough."""
    model: Any = MODELS[name]
    others = [holding(col(SearchEntry.ref_id), [one]) for one in parts[1:]]
    query = select(SearchEntry.ref_id).where(parts[0].condition(), *others).distinct().limit(most)
    if name == "customer" and not sees_more(tx, MANY, pooled=None):  # nearly no entry is of theirs: they are held ready
        owned = select(Customer.id).where(*rules, led_by_owners(tx.info["scope"]))
        ready = [walk(owned, Customer, BY_OWNER)]
        if tx.info["scope"].pool:
            pool = select(Customer.id).where(*rules, col(Customer.owner_id).is_(None))
            ready.append(walk(pool, Customer, BY_OWNER))
        return [int(i) for i in tx.exec(query.where(or_(*(col(SearchEntry.ref_id).in_(one) for one in ready)))).all()]
    query = query.where(col(model.id) == SearchEntry.ref_id, *rules)
    return [int(i) for i in tx.exec(by_ids(query, model)).all()]


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
    pieces = _halves(compact(words))
    parts = [parts_of(kind, piece)[:1] for kind in NAMES for piece in pieces]
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


def _seen(tx: Tx, parts: Sequence[Part], name: str = "customer") -> list[int]:
    """Rows within the scope with all of these entries."""
    if not parts:
        return []
    rare = [one for one in parts if not is_common(tx, one)]
    return _followed_from(tx, name, rare, (), SOME) if rare else _along(tx, name, parts, (), SOME)


def list_near(tx: Tx, name: str, words: str) -> list[tuple[int, str]]:
    """Rows of the table within the scope whose name may have another character than `words`, or sounds so.

    With what each of them is called; how like it is, is for the caller to say.
    """
    needle = compact(words)
    model: Any = MODELS[name]
    found: dict[tuple[int, str], None] = {}
    for kind in (k for k in KINDS.values() if k.table == name and k.read is of_name and readable(tx, k, needle)):
        parts = [[Part(kind.name, piece[: kind.kept])] for piece in _halves(needle)]
        if kind.column == KINDS[f"{name}.pinyin"].column:
            parts += [[Part(f"{name}.pinyin", s[: KINDS[f"{name}.pinyin"].kept])] for s in sorted(_sounds(needle))]
        ids = list(dict.fromkeys(i for some in parts for i in _seen(tx, some, name)))
        query = by_ids(select(model.id, getattr(model, kind.column)).where(col(model.id).in_(ids)), model)
        found |= dict.fromkeys((int(i), str(text)) for i, text in (tx.exec(query).all() if ids else ()))
    return list(found)


def _halves(needle: str) -> list[str]:
    """Pieces of two and more characters, of which one is right where one character is wrong."""
    half = max(2, len(needle) // 2)
    pieces = {needle[:half], needle[half:], needle[:2], needle[-2:]} if len(needle) > 2 else set()
    return sorted(piece for piece in pieces if len(piece) > 1)


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
