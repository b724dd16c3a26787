"""Loads customers with their contacts, follow-ups and owners."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlmodel import col, select, update

from bot.core.clock import at_beijing, beijing_day
from storage.tables import Contact, Customer, FollowUp, OwnerHistory
from storage.world.company import BY
from storage.world.ledger import Loading
from storage.world.names import hard_key, initials, mobile_tail, pinyin_of, soft_key
from storage.world.references import Vocabulary
from storage.world.schema import ContactRecord, CustomerRecord, FollowUpRecord
from storage.world.values import WorldError

WHOLE = {"unscoped": "a load writes for the whole company"}
CHILDREN = ("contacts", "follow_ups")
COLUMNS = {  # key of the record → column, where a value is taken as it stands
    "name": "name", "industry": "industry", "source": "source", "city": "city", "phone": "phone",
    "remark": "remark", "category": "customer_class",
}  # fmt: skip


def load_customers(load: Loading, vocabulary: Vocabulary) -> dict[str, int]:
    """Writes the section; returns the ids of all living customers by key.

    A customer's own fields with its owner, its contacts and its follow-ups are three records of the memory: a file
    that only adds a follow-up moves no customer back to an owner it no longer has.
    """
    tx, records = load.tx, load.world.customers
    rows = {one.name_key: one for one in tx.exec(select(Customer), execution_options=WHOLE).all() if _alive(one)}
    codes = {one.credit_code: one.name_key for one in rows.values() if one.credit_code}
    fresh: list[tuple[Customer, CustomerRecord]] = []
    moved: list[tuple[Customer, bool]] = []  # whose ownership is new, and whether they had a page open
    for i, record in enumerate(records):
        key = hard_key(record.name)
        raw = load.raw["customers"][i]
        if not load.is_new("customers", key, {k: v for k, v in raw.items() if k not in CHILDREN}):
            continue
        if record.credit_code and codes.get(record.credit_code.upper(), key) != key:
            raise WorldError(f"customers[{i}].credit_code", "另一个客户已经用了这个统一社会信用代码")
        row = rows.get(key)
        load.wrote("customers", created=row is None)
        if row is None:
            row = rows[key] = _new(record, load.now)
            fresh.append((row, record))
            moved.append((row, False))
        elif "owner" in record.model_fields_set and row.owner_id != record.owner:
            _hand_over(row, record, load.now)
            moved.append((row, True))
        _fill(row, record, vocabulary, i)
        row.updated_at = load.now
        tx.add(row)
    tx.flush()
    _turn_pages(load, moved)
    ids = {key: row.id for key, row in rows.items() if row.id is not None}
    _load_contacts(load, ids)
    _settle(load, rows, _load_follow_ups(load, vocabulary, ids))
    return ids


def _alive(row: Customer) -> bool:
    return row.deleted_at is None


def _new(record: CustomerRecord, now: datetime) -> Customer:
    row = Customer(name=record.name, name_key=hard_key(record.name), created_at=now, created_by=BY, updated_at=now)
    created = record.created_on or (record.owner_since if record.owner else record.pooled_on)
    row.created_at = midnight(created, now)
    _hand_over(row, record, now)
    return row


def _hand_over(row: Customer, record: CustomerRecord, now: datetime) -> None:
    if record.owner:
        row.owner_id, row.pooled_at, row.pool_reason = record.owner, None, ""
        row.owner_since = midnight(record.owner_since or record.created_on, now)
    else:
        row.last_owner_id, row.owner_id, row.owner_since = row.owner_id, None, None
        row.pooled_at = midnight(record.pooled_on, now)
        row.next_follow_up_at, row.next_timed = None, False
    if row.id is not None:
        row.version += 1


def midnight(day: date | None, now: datetime) -> datetime:
    """When that day begins in Beijing; `now` where none is given."""
    return now if day is None else at_beijing(day)


def _fill(row: Customer, record: CustomerRecord, vocabulary: Vocabulary, i: int) -> None:
    for key in record.model_fields_set & COLUMNS.keys():
        value = getattr(record, key)
        if key in ("category", "industry", "source"):
            field = "class" if key == "category" else key
            value = vocabulary.read(("customer", field), value, f"customers[{i}].{field}")
        setattr(row, COLUMNS[key], value)
    if "credit_code" in record.model_fields_set:
        row.credit_code = record.credit_code.upper() or None
    row.soft_key = soft_key(row.name)
    row.pinyin, row.initials = pinyin_of(row.name), initials(row.name)
    if row.owner_id and record.owner_since:
        row.owner_since = at_beijing(record.owner_since)
    if row.owner_id is None and record.pooled_on:
        row.pooled_at = at_beijing(record.pooled_on)


def _turn_pages(load: Loading, moved: list[tuple[Customer, bool]]) -> None:
    """Owner history: one open page per customer, that of its present owner or of the pool."""
    had = [row.id for row, open_page in moved if open_page]
    if had:
        load.tx.execute(
            update(OwnerHistory)
            .where(col(OwnerHistory.customer_id).in_(had), col(OwnerHistory.to_at).is_(None))
            .values(to_at=load.now)
        )
    for row, open_page in moved:
        begun = load.now if open_page else row.owner_since or row.pooled_at or load.now
        assert row.id is not None
        load.tx.add(OwnerHistory(customer_id=row.id, owner_id=row.owner_id, from_at=begun, how="load", by_user_id=BY))
    load.tx.flush()


def _changed(load: Loading, child: str) -> list[int]:
    """Places of the customers whose `child` records are new or different."""
    places = []
    for i, record in enumerate(load.world.customers):
        raw = load.raw["customers"][i].get(child)
        if raw and load.is_new(f"customers.{child}", hard_key(record.name), raw, size=len(raw)):
            places.append(i)
    return places


def _load_contacts(load: Loading, ids: dict[str, int]) -> None:
    """By name within the customer (the second of a name is another person); none is taken away."""
    places = _changed(load, "contacts")
    if not places:
        return
    wanted = {ids[hard_key(load.world.customers[i].name)] for i in places}
    known: dict[tuple[int, str], list[Contact]] = defaultdict(list)
    main_of: dict[int, Contact] = {}
    query = select(Contact).where(col(Contact.deleted_at).is_(None)).order_by(col(Contact.id))
    for row in load.tx.exec(query, execution_options=WHOLE).all():
        if row.customer_id in wanted:
            known[row.customer_id, row.name].append(row)
            if row.main:
                main_of[row.customer_id] = row
    new_mains: list[Contact] = []
    for i in places:
        records = load.world.customers[i].contacts
        customer_id = ids[hard_key(load.world.customers[i].name)]
        main = next((n for n, one in enumerate(records) if one.main), None)
        if main is None and customer_id not in main_of:
            main = 0  # somebody has to be
        for n, record in enumerate(records):
            same = known[customer_id, record.name]
            load.wrote("customers.contacts", created=not same)
            row = same.pop(0) if same else _new_contact(customer_id, record, load.now)
            for key in record.model_fields_set & {"title", "mobile", "wechat"}:
                setattr(row, key, getattr(record, key))
            row.mobile_tail = mobile_tail(row.mobile)
            if n == main and not row.main:
                if customer_id in main_of:
                    main_of[customer_id].main = False
                new_mains.append(row)
            load.tx.add(row)
    load.tx.flush()  # the old main contact goes first: there is one at any time
    for row in new_mains:
        row.main = True
    load.tx.flush()


def _new_contact(customer_id: int, record: ContactRecord, now: datetime) -> Contact:
    return Contact(
        customer_id=customer_id, name=record.name, initials=initials(record.name, person=True), created_at=now,
        created_by=BY,
    )  # fmt: skip


def _load_follow_ups(load: Loading, vocabulary: Vocabulary, ids: dict[str, int]) -> set[str]:
    """By customer, author, moment and content, as often as the file has them; returns the customers' keys."""
    places = _changed(load, "follow_ups")
    if not places:
        return set()
    keys = [hard_key(load.world.customers[i].name) for i in places]
    wanted = {ids[key] for key in keys}
    query = select(FollowUp.customer_id, FollowUp.user_id, FollowUp.at, FollowUp.content)
    stored: Iterable[Any] = load.tx.exec(query, execution_options=WHOLE).all()  # those taken back stay taken back
    known = Counter(tuple(row) for row in stored if row[0] in wanted)
    for i, key in zip(places, keys, strict=True):
        records = load.world.customers[i].follow_ups
        for j, record in sorted(enumerate(records), key=lambda one: one[1].at):
            mark = (ids[key], record.by, record.at, record.content)
            if known[mark]:
                known[mark] -= 1
                load.sections["customers.follow_ups"].unchanged += 1
                continue
            load.wrote("customers.follow_ups", created=True)
            path = f"customers[{i}].follow_ups[{j}].method"
            load.tx.add(_new_follow_up(ids[key], record, vocabulary.read(("followup", "method"), record.method, path)))
    load.tx.flush()
    return set(keys)


def _new_follow_up(customer_id: int, record: FollowUpRecord, method: str) -> FollowUp:
    at = record.next_at
    return FollowUp(
        customer_id=customer_id, user_id=record.by, at=record.at, method=method, content=record.content,
        next_at=at, next_timed=at is not None and at != at_beijing(beijing_day(at)), created_at=record.at,
    )  # fmt: skip


def _settle(load: Loading, rows: dict[str, Customer], touched: set[str]) -> None:
    """Last contact is the latest follow-up; the next is what that one plans, unless the customer is in the pool."""
    if not touched:
        return
    wanted = {rows[key].id: rows[key] for key in touched}
    latest: dict[int, FollowUp] = {}
    query = select(FollowUp).where(col(FollowUp.deleted_at).is_(None)).order_by(col(FollowUp.at), col(FollowUp.id))
    for one in load.tx.exec(query, execution_options=WHOLE).all():
        if one.customer_id in wanted:
            latest[one.customer_id] = one
    for customer_id, one in latest.items():
        row = wanted[customer_id]
        row.last_follow_up_at = one.at
        planned = one.next_at if row.owner_id else None
        row.next_follow_up_at, row.next_timed = planned, planned is not None and one.next_timed
        load.tx.add(row)
    load.tx.flush()
