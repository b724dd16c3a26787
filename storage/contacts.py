"""Contacts one by one: finding, changing, taking away. Those of a customer at once: `storage/customers.py`."""

from datetime import datetime

from sqlmodel import SQLModel, col, select, update

from bot.core.errors import NotFound
from storage.database import Tx
from storage.tables import Contact, Customer

CALLED = 20  # contacts of one name that are looked at


def access_contact(tx: Tx, contact_id: int, *, lock: bool = False) -> Contact:
    """Raises NotFound if the contact is absent or its customer outside the transaction's scope."""
    query = select(Contact).where(Contact.id == contact_id)
    contact = tx.exec(query.with_for_update() if lock else query).first()
    if contact is None:
        there = select(Contact.id).where(Contact.id == contact_id, col(Contact.deleted_at).is_(None))
        hidden = tx.exec(there, execution_options={"unscoped": "the audit tells an attempt from a slip"}).first()
        raise NotFound(
            "没有找到这位联系人，发送「查 客户名称」看看有哪些联系人。",
            attempt=f"contact:{contact_id}" if hidden is not None else "",
        )
    return contact


def list_called(tx: Tx, name: str, *, customer_id: int | None = None) -> list[Contact]:
    """Contacts of exactly that name within the scope, those who are there no more last."""
    query = select(Contact).where(Contact.name == name)
    if customer_id is not None:
        query = query.where(Contact.customer_id == customer_id)
    return list(tx.exec(query.order_by(col(Contact.disabled_reason) != "", col(Contact.id)).limit(CALLED)).all())


def list_owners(tx: Tx, customer_ids: list[int]) -> dict[int, tuple[str, str | None]]:
    """(name, owner) of the customers, within the scope."""
    query = select(Customer.id, Customer.name, Customer.owner_id).where(col(Customer.id).in_(customer_ids))
    return {i: (name, owner) for i, name, owner in tx.exec(query).all() if i is not None}


def set_main(tx: Tx, contact: Contact) -> int | None:
    """Makes it the customer's one main contact; returns the id of the one that was."""
    before = tx.exec(
        select(Contact.id).where(
            Contact.customer_id == contact.customer_id, col(Contact.main), Contact.id != contact.id
        )
    ).first()
    tx.execute(
        update(Contact)
        .where(col(Contact.customer_id) == contact.customer_id, col(Contact.main), col(Contact.id) != contact.id)
        .values(main=False)
        .execution_options(synchronize_session="fetch")
    )  # the old one goes first: there is at most one at any time
    tx.flush()
    contact.main = True
    tx.add(contact)
    tx.flush()
    return before


def references(tx: Tx, contact_id: int) -> list[str]:
    """Tables whose living rows name the contact: the schema is walked, so that a new one is not forgotten."""
    found = []
    for table in SQLModel.metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column.table.name != "contact" or key.column.name != "id":
                continue
            query = select(key.parent).where(key.parent == contact_id)
            if "deleted_at" in table.c:
                query = query.where(table.c.deleted_at.is_(None))
            if tx.execute(query.limit(1), execution_options={"unscoped": "whether anything refers to it"}).first():
                found.append(table.name)
    return found


def list_reports(tx: Tx, contact_id: int) -> list[Contact]:
    """Who reports to that contact."""
    return list(tx.exec(select(Contact).where(Contact.reports_to_id == contact_id)).all())


def remove(tx: Tx, contact: Contact, now: datetime) -> None:
    """Gone from every list."""
    contact.deleted_at, contact.main = now, False
    tx.add(contact)
    tx.flush()


def find(tx: Tx, contact_id: int) -> Contact | None:
    """Within the scope; None: absent, deleted or not to be seen."""
    return tx.exec(select(Contact).where(Contact.id == contact_id)).first()


def restore(tx: Tx, contact_id: int, at: datetime) -> Contact:
    """Takes a deletion of that moment back. Raises NotFound."""
    tx.execute(
        update(Contact)
        .where(col(Contact.id) == contact_id, col(Contact.deleted_at) == at)
        .values(deleted_at=None)
        .execution_options(synchronize_session=False, unscoped="who deleted it could see it")
    )
    tx.expire_all()
    return access_contact(tx, contact_id)
