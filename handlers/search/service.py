"""Use cases of looking for anything: every kind of record that the reader may see, by a part of what it is called."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from bot.context import Context
from bot.core.actor import RESOURCES, Permission
from bot.core.errors import InvalidInput, NotFound
from bot.core.forms import FORMS
from bot.core.lists import Count
from bot.language.match import Candidate, rank
from bot.language.pinyin import pinyin_of
from handlers.customers import finding
from storage import contacts, customers, people, search
from storage.customers import PAGE
from storage.database import Tx
from storage.filters import BOUND

Row = tuple[int, str, str]  # id, what it is called, what tells it from others
Describe = Callable[[Tx, Context, Sequence[Any]], list[Row]]


@dataclass(frozen=True, slots=True)
class Group:
    """The records of one kind: how many, and the first of them."""

    kind: str
    total: Count
    rows: tuple[Row, ...]
    near: bool = False  # not called so, but nearly: another character, or another that sounds so

    @property
    def label(self) -> str:
        """客户, 联系人 …"""
        return RESOURCES[self.kind]

    @property
    def unit(self) -> str:
        """家, 位 …"""
        return KINDS[self.kind].unit


@dataclass(frozen=True, slots=True)
class KindOfRecord:
    """How one kind is looked for and told. Capabilities add theirs to `KINDS`, their card is `<kind>s.one`."""

    permission: Permission
    unit: str
    describe: Describe


def _customers(tx: Tx, ctx: Context, rows: Sequence[Any]) -> list[Row]:
    names = people.names_of(tx, [c.owner_id for c in rows])
    return [(c.id, c.name, finding.describe(c, names, ctx).partition(" · ")[2]) for c in rows]


def _contacts(tx: Tx, ctx: Context, rows: Sequence[Any]) -> list[Row]:  # noqa: ARG001 -- as all of KINDS
    of = _customer_names(tx, rows)
    return [(c.id, " ".join(p for p in (c.name, c.title) if p), of.get(c.customer_id, "")) for c in rows]


def _leads(tx: Tx, ctx: Context, rows: Sequence[Any]) -> list[Row]:  # noqa: ARG001
    return [(r.id, r.company, " · ".join(p for p in (r.contact, r.source) if p)) for r in rows]


def _deals(tx: Tx, ctx: Context, rows: Sequence[Any]) -> list[Row]:  # noqa: ARG001
    of = _customer_names(tx, rows)
    return [(r.id, _called(r), " · ".join(p for p in (of.get(r.customer_id, ""), _yuan(r.amount)) if p)) for r in rows]


def _called(row: Any) -> str:
    """A contract by its number, which stands on everything about it (D25), and its name."""
    return " ".join(p for p in (getattr(row, "number", ""), getattr(row, "name", "")) if p)


def _products(tx: Tx, ctx: Context, rows: Sequence[Any]) -> list[Row]:  # noqa: ARG001
    return [(r.id, f"{r.code} {r.name}", " · ".join(p for p in (r.category, _yuan(r.price)) if p)) for r in rows]


def _yuan(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:,.2f} 元"


def _customer_names(tx: Tx, rows: Sequence[Any]) -> dict[int, str]:
    """Of those within the scope."""
    return {c.id or 0: c.name for c in customers.list_by_ids(tx, sorted({r.customer_id for r in rows}))}


KINDS: Final[dict[str, KindOfRecord]] = {
    "customer": KindOfRecord(Permission.CUSTOMER_VIEW, "家", _customers),
    "contact": KindOfRecord(Permission.CONTACT_VIEW, "位", _contacts),
    "lead": KindOfRecord(Permission.LEAD_VIEW, "条", _leads),
    "opportunity": KindOfRecord(Permission.OPPORTUNITY_VIEW, "个", _deals),
    "contract": KindOfRecord(Permission.CONTRACT_VIEW, "份", _deals),
    "product": KindOfRecord(Permission.PRODUCT_VIEW, "个", _products),
}


def search_all(ctx: Context, words: str, *, size: int = PAGE, near: bool = False) -> list[Group]:
    """What is found, by kind; kinds with nothing, or that this person may not look at, are left out.

    `near`: where nothing at all is called so, what is called nearly so.
    """
    with ctx.begin() as tx:
        found = [g for kind in KINDS if (g := _group(tx, ctx, kind, _called_so(tx, kind, words), size)) is not None]
        if found or not near:
            return found
        likely = [_group(tx, ctx, kind, _called_nearly(tx, kind, words), size) for kind in KINDS]
        return [replace(group, near=True) for group in likely if group is not None]


def _called_so(tx: Tx, kind: str, words: str) -> Callable[[], list[int]]:
    return lambda: search.ids_of(tx, kind, words, most=BOUND + 1)


def _called_nearly(tx: Tx, kind: str, words: str) -> Callable[[], list[int]]:
    def find() -> list[int]:
        named = [Candidate(i, text, pinyin=pinyin_of(text)) for i, text in search.list_near(tx, kind, words)]
        return list(dict.fromkeys(c.id for c in rank(words, named).options))

    return find


def _group(tx: Tx, ctx: Context, kind: str, find: Callable[[], list[int]], size: int) -> Group | None:
    may = ctx.actor.may(KINDS[kind].permission)
    if not may and kind not in ("customer", "contact"):
        return None
    ids = find()
    if not may and ids:  # one's own customers, their contacts, and the pool
        ids = _without_right(tx, ctx, kind, ids)
    if not ids:
        return None
    rows = search.list_records(tx, kind, ids[:size])
    count = Count(min(len(ids), BOUND), len(ids) > BOUND)
    return Group(kind, count, tuple(KINDS[kind].describe(tx, ctx, rows)))


def _without_right(tx: Tx, ctx: Context, kind: str, ids: list[int]) -> list[int]:
    if kind == "customer":
        seen = customers.list_by_ids(tx, ids)
        return [c.id or 0 for c in seen if c.owner_id is None or c.owner_id == ctx.actor.user_id]
    own = customers.list_ids_of(tx, ctx.actor.user_id)
    return [c.id for c in search.list_records(tx, kind, ids) if c.customer_id in own]


def show_record(ctx: Context, kind: str, record_id: int) -> tuple[str, list[tuple[str, str]]]:
    """One record of a kind that has no card of its own: what it is called, and its fields as this person sees them.

    Raises:
        Forbidden, NotFound.
    """
    if kind not in KINDS:
        raise InvalidInput("没认出要看什么，发送「搜 名称」再试。")
    ctx.actor.require(KINDS[kind].permission)
    with ctx.begin() as tx:
        row: Any = next(iter(search.list_records(tx, kind, [record_id])), None)
        if row is None:
            raise NotFound("没有找到这条记录，可能名称不对，或不在你能看的范围里。发送「搜 名称」再找找。")
        title = KINDS[kind].describe(tx, ctx, [row])[0][1]
        fields = [(f.label, _text(getattr(row, f.attribute))) for f in FORMS[kind]]
        return title, [(label, text) for label, text in fields if text]


def customer_of(ctx: Context, contact_id: int) -> int:
    """The customer of a contact that this person may see. Raises NotFound."""
    with ctx.begin() as tx:
        return contacts.access_contact(tx, contact_id).customer_id


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return _yuan(value)
    return "" if value is None else str(value)
