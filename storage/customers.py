"""Queries on customers and their contacts, and the small writes that belong to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import String, cast, false, literal, or_
from sqlalchemy import select as columns
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, func, select, update

from bot.core.errors import NotFound
from bot.language import grams
from storage.custom_fields import Condition, custom_condition
from storage.database import Tx
from storage.hints import by_ids
from storage.plain import Narrowed, Plain, given, given_list, table_of
from storage.search import Part
from storage.seen import sees_more
from storage.tables import Contact, Customer, DigestItem, OwnerHistory, SearchEntry

PAGE = 5  # rows of a list in chat (D26)
MOST_TWINS = 20  # named to who creates one
MANY = 20000  # names held at once for likeness search

C, CONTACTS, ENTRY = table_of(Customer), table_of(Contact), table_of(SearchEntry)
_BRIEF = columns(
    C.c.id, C.c.name, C.c.owner_id, C.c.owner_since, C.c.pooled_at, C.c.next_follow_up_at, C.c.next_timed
).where(C.c.id == given("of"))  # fmt: skip
BRIEF, BRIEF_LOCKED = Narrowed(_BRIEF), Narrowed(_BRIEF.with_for_update())
_PLATES = columns(C.c.id, C.c.name, C.c.pinyin, C.c.initials, C.c.owner_id, C.c.short_name).order_by(C.c.id).limit(MANY)
PLATES = {
    None: Narrowed(_PLATES),
    True: Narrowed(_PLATES.where(C.c.owner_id.is_(None))),
    False: Narrowed(_PLATES.where(C.c.owner_id.is_not(None)), owned=True),
}
BY_IDS = {pooled: plates.among(C, C.c.id.in_(given_list("ids"))) for pooled, plates in PLATES.items()}
FEW = 3_000  # names that are compared one by one
CONTACT_PLATES = Narrowed(
    columns(CONTACTS.c.customer_id, CONTACTS.c.name, CONTACTS.c.initials, CONTACTS.c.mobile_tail)
    .where(CONTACTS.c.customer_id.in_(given_list("ids")))
    .limit(MANY)
)
POOLED = Narrowed(columns(func.count()).select_from(C).where(C.c.owner_id.is_(None)))
ON_LISTS = Narrowed(
    columns(
        C.c.id, C.c.name, C.c.owner_id, C.c.owner_since, C.c.pooled_at, C.c.city, C.c.industry, C.c.customer_class,
        C.c.source,
    ).where(C.c.id.in_(given_list("ids")), C.c.deleted_at.is_(None)),
    unscoped="pool lists name who took a customer",
)  # fmt: skip

_WHOLE_COMPANY = "duplicates are looked for in the whole company"
TWINS = {
    name: Plain(
        columns(C.c.id, C.c.name, C.c.owner_id, C.c.name_key, C.c.soft_key, C.c.credit_code).where(
            C.c.deleted_at.is_(None), C.c[name].in_(given_list("wanted"))
        ),
        unscoped=_WHOLE_COMPANY, unmasked="they are compared, not shown",
    )
    for name in ("id", "name_key", "soft_key", "credit_code")
}  # fmt: skip
ALIKE = {  # each by its own index, which an OR of them would not be answered by
    name: Plain(
        columns(C.c.id).where(C.c.deleted_at.is_(None), C.c[name] == given("wanted")).limit(MOST_TWINS),
        unscoped=_WHOLE_COMPANY, unmasked="they are compared, not shown",
    )
    for name in ("name_key", "soft_key", "credit_code")
}  # fmt: skip
PHONES, MOBILES = (
    Plain(
        columns(number, customer)
        .select_from(ENTRY.join(table, table.c.id == ENTRY.c.ref_id))  # whose entries are an index of the numbers
        .where(
            ENTRY.c.kind == kind, ENTRY.c.gram.in_(given_list("entries")), number.in_(given_list("wanted")),
            table.c.deleted_at.is_(None),
        ),
        unscoped=_WHOLE_COMPANY, unmasked="they are compared, not shown",
    )
    for kind, table, number, customer in (
        ("customer.phone", C, C.c.phone, C.c.id),
        ("contact.mobile", CONTACTS, CONTACTS.c.mobile, CONTACTS.c.customer_id),
    )
)  # fmt: skip


class SameKey(Exception):
    """Another live customer has this name key or credit code."""


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """Conditions that combine. `mine`: owned by this user; `pooled`: in the pool or not."""

    words: tuple[str, ...] = ()  # each in the name, city, industry, class or source
    pooled: bool | None = None
    mine: str = ""
    quiet_since: datetime | None = None  # last contact and ownership both before this
    custom: tuple[Condition, ...] = ()  # on the company's own fields


@dataclass(frozen=True, slots=True)
class Nameplate:
    """What finding a customer by what people type needs."""

    id: int
    name: str
    pinyin: str
    initials: str
    pooled: bool
    short_name: str = ""


def access_customer(tx: Tx, customer_id: int, *, lock: bool = False) -> Customer:
    """Raises NotFound if the customer is absent or outside the transaction's scope."""
    query = select(Customer).where(Customer.id == customer_id)
    customer = tx.exec(query.with_for_update() if lock else query).first()
    if customer is None:
        head_id = find_head(tx, customer_id)
        if head_id is not None:
            return access_customer(tx, head_id, lock=lock)
        raise _absent(tx, customer_id)
    return customer


def code_in_sight(tx: Tx, customer_id: int) -> str:
    """统一社会信用代码 as the transaction's person sees it; empty: none, or the customer is out of sight."""
    return tx.exec(select(Customer.credit_code).where(Customer.id == customer_id)).first() or ""


def access_any(tx: Tx, customer_id: int) -> Any:
    """Id, name and owner of a live customer whoever sees it: for who was shown that it exists (R-DUP-2).

    Raises NotFound.
    """
    row = (
        tx.execute(
            columns(col(Customer.id), col(Customer.name), col(Customer.owner_id)).where(
                col(Customer.id) == customer_id, col(Customer.deleted_at).is_(None)
            ),
            execution_options={"unscoped": "he was shown its masked name, and asks its owner"},
        )
    ).first()
    if row is None:
        raise NotFound("没有找到这个客户，可能已经删除了。")
    return row


def find_head(tx: Tx, customer_id: int) -> int | None:
    """The customer this one was merged into: what was sent about it before leads there (R-DUP-4)."""
    query = select(Customer.merged_into).where(Customer.id == customer_id, col(Customer.deleted_at).is_not(None))
    return tx.exec(
        query, execution_options={"unscoped": "a merged customer is deleted; its head is asked for anew"}
    ).first()


def _absent(tx: Tx, customer_id: int) -> NotFound:
    there = select(Customer.id).where(Customer.id == customer_id, col(Customer.deleted_at).is_(None))
    hidden = tx.exec(there, execution_options={"unscoped": "the audit tells an attempt from a slip"}).first()
    return NotFound(
        "没有找到这个客户，可能名称不对，或不在你能看的范围里。发送「查 名称」再找找。",
        attempt=f"customer:{customer_id}" if hidden is not None else "",
    )


def access_brief(tx: Tx, customer_id: int, *, lock: bool = False) -> Any:
    """As `access_customer`, but a row of what use cases ask most: no object to be changed."""
    row = (BRIEF_LOCKED if lock else BRIEF).run(tx, of=customer_id).first()
    if row is None:
        head_id = find_head(tx, customer_id)
        if head_id is not None:
            return access_brief(tx, head_id, lock=lock)
        raise _absent(tx, customer_id)
    return row


def find_brief(tx: Tx, customer_id: int) -> Any | None:
    """As `access_brief`; None if it is absent or outside the scope."""
    return BRIEF.run(tx, of=customer_id).first()


def _where(wanted: CustomerFilter) -> list[Any]:
    conditions: list[Any] = []
    searched = [Customer.name, Customer.short_name, Customer.city, Customer.industry, Customer.customer_class]
    if wanted.pooled is False:  # of a pool customer the source is not shown (D14), so it cannot be looked for either
        searched.append(Customer.source)
    for word in wanted.words:
        conditions.append(or_(*(col(column).contains(word, autoescape=True) for column in searched)))
    if wanted.pooled is not None:
        conditions.append(col(Customer.owner_id).is_(None) if wanted.pooled else col(Customer.owner_id).is_not(None))
    if wanted.mine:
        conditions.append(col(Customer.owner_id) == wanted.mine)
    if wanted.quiet_since is not None:
        conditions.append(
            or_(col(Customer.last_follow_up_at).is_(None), col(Customer.last_follow_up_at) < wanted.quiet_since)
        )
        conditions.append(col(Customer.owner_since) < wanted.quiet_since)
    conditions += [custom_condition("customer", one) for one in wanted.custom]
    return conditions


def count_pool(tx: Tx) -> int:
    """How many are in the pool, if the person sees it."""
    return int(POOLED.run(tx).scalar_one())


def count_customers(tx: Tx, wanted: CustomerFilter) -> int:
    """How many match, within the scope."""
    return tx.exec(select(func.count()).select_from(Customer).where(*_where(wanted))).one()


def list_by_ids(tx: Tx, ids: Sequence[int]) -> list[Customer]:
    """Those visible, in the order of `ids`."""
    query = by_ids(select(Customer).where(col(Customer.id).in_(list(ids))), Customer)
    found = {c.id: c for c in tx.exec(query).all()}
    return [found[i] for i in ids if i in found]


def list_any_by_ids(tx: Tx, ids: Sequence[int]) -> list[Any]:
    """As `list_by_ids`, whoever has them now: only for redrawing a list on which they stood as pool customers.

    Callers show the name and who has it, which the list's readers know from the pool.
    """
    found = {row.id: row for row in ON_LISTS.run(tx, ids=list(ids))}
    return [found[i] for i in ids if i in found]


def list_called(tx: Tx, word: str, *, limit: int = 200) -> dict[int, str]:
    """Customers, deleted ones too, whose name holds `word`: for administrators looking back."""
    query = select(Customer.id, Customer.name).where(col(Customer.name).contains(word, autoescape=True)).limit(limit)
    rows = tx.exec(query, execution_options={"unscoped": "the audit speaks of what is gone too"}).all()
    return {i: name for i, name in rows if i is not None}


def names_of(tx: Tx, ids: Sequence[int]) -> dict[int, str]:
    """As `list_called`, by ids."""
    query = select(Customer.id, Customer.name).where(col(Customer.id).in_(list(ids)))
    rows = tx.exec(query, execution_options={"unscoped": "the audit speaks of what is gone too"}).all()
    return {i: name for i, name in rows if i is not None}


def sees_many(tx: Tx, *, pooled: bool | None = None) -> bool:
    """Whether the scope holds more customers than are compared one by one."""
    return sees_more(tx, FEW, pooled=pooled)


def list_nameplates(tx: Tx, *, pooled: bool | None = None, ids: Sequence[int] | None = None) -> list[Nameplate]:
    """Names within the scope; only the pool's, or only owned ones; only those of `ids`."""
    rows = PLATES[pooled].run(tx) if ids is None else BY_IDS[pooled].run(tx, ids=list(ids))
    return [Nameplate(i, n, p, s, o is None, short) for i, n, p, s, o, short in rows]


def list_ids_of(tx: Tx, owner_id: str) -> set[int]:
    """The customers a person owns."""
    return {i for i in tx.exec(select(Customer.id).where(Customer.owner_id == owner_id)).all() if i is not None}


def list_taken_plates(tx: Tx, *, since: datetime) -> list[Nameplate]:
    """Names of customers taken from the pool since then, whoever has them now: their readers knew them there."""
    taken = select(OwnerHistory.customer_id).where(
        col(OwnerHistory.how).in_(("claim", "assign")), col(OwnerHistory.from_at) >= since
    )
    query = (
        columns(col(Customer.id), col(Customer.name), col(Customer.pinyin), col(Customer.initials))
        .where(col(Customer.id).in_(taken), col(Customer.owner_id).is_not(None), col(Customer.deleted_at).is_(None))
        .order_by(col(Customer.id))
        .limit(MANY)
    )
    rows = tx.execute(query, execution_options={"unscoped": "the loser of a race is told who won"}).all()
    return [Nameplate(i or 0, n, p, s, False) for i, n, p, s in rows]


def list_contact_plates(tx: Tx, customer_ids: Sequence[int]) -> list[tuple[int, str, str, str]]:
    """(customer id, contact's name, initials, phone tail) of these customers' contacts within the scope."""
    rows = CONTACT_PLATES.run(tx, ids=list(customer_ids)) if customer_ids else ()
    return [(i, name, initials, tail) for i, name, initials, tail in rows]


def list_by_phone_tail(tx: Tx, digits: str) -> list[int]:
    """Customers with a contact (or own) phone ending in `digits` (four or more)."""
    called = columns(ENTRY.c.ref_id).where(Part("contact.mobile", digits[::-1]).condition())
    contacts = select(Contact.customer_id).where(
        col(Contact.id).in_(called), col(Contact.mobile).endswith(digits, autoescape=True)
    )
    outside = col(Customer.owner_id).is_not(None)  # of a pool customer's number the mask shows four digits (D14)
    named = columns(ENTRY.c.ref_id).where(Part("customer.phone", digits[::-1]).condition())
    own = select(Customer.id).where(
        col(Customer.id).in_(named), col(Customer.phone).endswith(digits, autoescape=True),
        or_(outside, literal(len(digits)) <= 4),
    )  # fmt: skip
    found = tx.exec(by_ids(own, Customer)).all()
    return sorted({*tx.exec(by_ids(contacts, Contact)).all(), *(i for i in found if i is not None)})


@dataclass(frozen=True, slots=True)
class Twin:
    """A customer that may be the same one, whoever has it (D18)."""

    id: int
    name: str
    owner_id: str | None
    hard: bool
    last_follow_up_at: datetime | None = None


def find_twins(tx: Tx, *, name_key: str, soft_key: str, credit_code: str | None, phone: str) -> list[Twin]:
    """Live customers with an equal key, code or phone, over the whole company. Hard ones first."""
    asked = {"name_key": name_key, "credit_code": credit_code, "soft_key": soft_key}
    ids = [
        i for name, wanted in asked.items() if wanted or name == "name_key"
        for i in ALIKE[name].run(tx, wanted=wanted).scalars()
    ]  # fmt: skip
    ids += [i for some in _having(tx, [phone] if phone else []).values() for i in some]
    hard = col(Customer.name_key) == name_key
    if credit_code:
        hard |= col(Customer.credit_code) == credit_code
    query = columns(
        col(Customer.id), col(Customer.name), col(Customer.owner_id), func.coalesce(hard, false()),
        col(Customer.last_follow_up_at),
    )  # fmt: skip
    query = query.where(col(Customer.deleted_at).is_(None), col(Customer.id).in_(list(dict.fromkeys(ids))[:MOST_TWINS]))
    everywhere = {"unscoped": "duplicates are looked for in the whole company"}
    rows = tx.execute(query, execution_options=everywhere).all()
    twins = [Twin(key or 0, name, owner, bool(same), last) for key, name, owner, same, last in rows]
    return sorted(twins, key=lambda t: (not t.hard, t.id))


@dataclass(frozen=True, slots=True)
class KeyedTwin:
    """A customer that rows of an import may mean, whoever has it."""

    id: int
    name: str
    owner_id: str | None
    name_key: str
    soft_key: str
    credit_code: str | None


def list_twins(
    tx: Tx, *, name_keys: Sequence[str], soft_keys: Sequence[str], codes: Sequence[str], phones: Sequence[str]
) -> tuple[list[KeyedTwin], dict[str, list[int]]]:
    """As `find_twins`, for many at once; and which customers have each of these telephone numbers."""
    found: dict[int, KeyedTwin] = {}
    for asked, wanted in (("name_key", name_keys), ("soft_key", soft_keys), ("credit_code", codes)):
        if wanted:
            found |= {row.id: KeyedTwin(*row) for row in TWINS[asked].run(tx, wanted=list(wanted))}
    having = _having(tx, phones)
    more = sorted({i for ids in having.values() for i in ids} - set(found))
    if more:
        found |= {row.id: KeyedTwin(*row) for row in TWINS["id"].run(tx, wanted=more)}
    return list(found.values()), having


def _having(tx: Tx, phones: Sequence[str]) -> dict[str, list[int]]:
    """Telephone number → the customers that have it, themselves or by a contact."""
    having: dict[str, list[int]] = {}
    entries = [entry for phone in phones for entry in grams.of_number(phone)]
    if entries:
        for query in (PHONES, MOBILES):
            for phone, customer_id in query.run(tx, entries=entries, wanted=list(phones)):
                having.setdefault(phone, []).append(customer_id)
    return having


def contacts_of(tx: Tx, customer_ids: Sequence[int]) -> dict[int, list[Contact]]:
    """Customer → its contacts, the main one first, within the scope."""
    found: dict[int, list[Contact]] = {}
    if customer_ids:
        query = select(Contact).where(col(Contact.customer_id).in_(list(customer_ids)))
        for contact in tx.exec(query.order_by(col(Contact.main).desc(), col(Contact.id))).all():
            found.setdefault(contact.customer_id, []).append(contact)
    return found


def list_after(tx: Tx, *, after: int, limit: int) -> list[Customer]:
    """The next by id, the pool's too: for the command line's export."""
    query = select(Customer).where(col(Customer.id) > after)
    return list(tx.exec(query.order_by(col(Customer.id)).limit(limit)).all())


def add_customer(tx: Tx, customer: Customer) -> Customer:
    """Stores a new customer. Raises SameKey if a twin was created in the same moment."""
    try:
        with tx.begin_nested():
            tx.add(customer)
            tx.flush()
    except IntegrityError as twin:
        raise SameKey(customer.name) from twin
    return customer


def list_contacts(tx: Tx, customer_id: int) -> list[Contact]:
    """The customer's contacts, the main one first, those who are there no more last."""
    query = select(Contact).where(Contact.customer_id == customer_id)
    gone = col(Contact.disabled_reason) != ""
    return list(tx.exec(query.order_by(gone, col(Contact.main).desc(), col(Contact.id))).all())


def add_contact(
    tx: Tx, *, customer_id: int, name: str, initials: str, title: str, mobile: str, now: datetime, by: str,
    wechat: str = "", phone: str = "", decider: bool = False, custom: dict[str, str] | None = None,
) -> Contact:  # fmt: skip
    """A new contact; it is the main one if the customer has none."""
    mains = select(func.count()).select_from(Contact).where(Contact.customer_id == customer_id, col(Contact.main))
    contact = Contact(
        customer_id=customer_id, name=name, initials=initials, title=title, mobile=mobile, wechat=wechat, phone=phone,
        decider=decider, mobile_tail=mobile[-4:], main=tx.exec(mains).one() == 0, created_at=now, created_by=by,
        custom=custom or {},
    )  # fmt: skip
    tx.add(contact)
    tx.flush()
    return contact


def set_next_follow_up(tx: Tx, customer_id: int, at: datetime | None, *, timed: bool, now: datetime) -> None:
    """Plans the next contact, or clears the plan."""
    tx.execute(
        update(Customer)
        .where(col(Customer.id) == customer_id)
        .values(next_follow_up_at=at, next_timed=timed, updated_at=now)
    )


def list_planned(tx: Tx, owner_id: str, *, before: datetime, limit: int = 50) -> list[Customer]:
    """The owner's customers whose next contact is planned before that moment, earliest first."""
    query = (
        select(Customer)
        .where(Customer.owner_id == owner_id, col(Customer.next_follow_up_at) < before)
        .order_by(col(Customer.next_follow_up_at))
        .limit(limit)
    )
    return list(tx.exec(query).all())


def remove_customer(tx: Tx, customer: Customer, now: datetime) -> None:
    """Gone from every list; its name may be used again."""
    customer.deleted_at = now
    tx.add(customer)
    tx.execute(
        update(Contact)
        .where(col(Contact.customer_id) == customer.id, col(Contact.deleted_at).is_(None))
        .values(deleted_at=now)
        .execution_options(synchronize_session=False, unscoped="the caller has access to the customer")
    )
    tx.flush()


def restore_customer(tx: Tx, customer_id: int, at: datetime) -> str | None:
    """Takes a deletion of that moment back, with the contacts that went with it; returns the owner.

    Raises:
        SameKey: another customer has its name or code by now.
        NotFound: it was not deleted then.
    """
    try:
        with tx.begin_nested():
            tx.execute(
                update(Customer)
                .where(col(Customer.id) == customer_id, col(Customer.deleted_at) == at)
                .values(deleted_at=None, version=Customer.version + 1)
                .execution_options(synchronize_session=False, unscoped="who deleted it could see it")
            )
    except IntegrityError as twin:
        raise SameKey(str(customer_id)) from twin
    tx.execute(
        update(Contact)
        .where(col(Contact.customer_id) == customer_id, col(Contact.deleted_at) == at)
        .values(deleted_at=None)
        .execution_options(synchronize_session=False, unscoped="who deleted it could see it")
    )
    tx.expire_all()
    owner_id: str | None = access_any(tx, customer_id).owner_id
    return owner_id


def lock_of(tx: Tx, customer_id: int) -> date | None:
    """Until when it is kept from the pool, for the rule; what a card shows is cut by field rights."""
    query = columns(col(Customer.lock_until)).where(col(Customer.id) == customer_id)
    return tx.execute(query, execution_options={"unmasked": "the rule asks, whoever may read the day"}).scalar()


def set_lock(tx: Tx, customer_id: int, until: date | None, now: datetime) -> None:
    """Keeps it from the pool until that day, included."""
    tx.execute(
        update(Customer)
        .where(col(Customer.id) == customer_id)
        .values(lock_until=until, updated_at=now, version=Customer.version + 1)
        .execution_options(synchronize_session="fetch")
    )


def remove_contact(tx: Tx, contact: Contact, now: datetime) -> None:
    """Gone from every list."""
    contact.deleted_at, contact.main = now, False
    tx.add(contact)
    tx.flush()


def _unreminded() -> Any:
    reminded = select(DigestItem.id).where(
        DigestItem.rule == "next_follow_up",
        col(DigestItem.user_id) == col(Customer.owner_id),
        col(DigestItem.subject) == literal("customer:").concat(cast(col(Customer.id), String)),
        col(DigestItem.created_at) >= col(Customer.updated_at),
    )
    return (col(Customer.owner_id).is_not(None), col(Customer.next_timed), ~reminded.exists())


def next_unreminded(tx: Tx, *, after: datetime) -> datetime | None:
    """The next timed contact after that moment which nobody has been reminded of."""
    return tx.exec(
        select(func.min(Customer.next_follow_up_at)).where(*_unreminded(), col(Customer.next_follow_up_at) > after)
    ).one()


def list_unreminded(tx: Tx, *, since: datetime, until: datetime) -> list[Customer]:
    """Timed contacts within that time which nobody has been reminded of."""
    query = select(Customer).where(
        *_unreminded(), col(Customer.next_follow_up_at) >= since, col(Customer.next_follow_up_at) <= until
    )
    return list(tx.exec(query.order_by(col(Customer.next_follow_up_at))).all())
