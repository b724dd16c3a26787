"""Numbers of contracts, payments and applications: `HT-2026-0007`. Unique, rising in a year, never twice (R-CON-2)."""

import re

from sqlmodel import col, select, update

from storage.database import Tx
from storage.inbox import insert_ignore
from storage.tables import Contract, Invoice, NumberCounter, Payment

WHY = "a number is taken, whoever may see what bears it, and though it be deleted"
OURS = re.compile(r"([A-Z]{2}-\d{4})-(\d{1,4})")


def next_number(tx: Tx, prefix: str, year: int) -> str:
    """The next of its series; its counter stays locked until the transaction ends, so numbers rise as they are stored.

    A series' first number follows the highest that is there already (from a world file, or written by hand).
    """
    series = f"{prefix}-{year}"
    tx.execute(insert_ignore(tx, NumberCounter, [{"series": series, "last": 0}], ["series"]))
    last = _step(tx, series)
    if last == 1:
        last = _highest(tx, series) + 1
    while is_taken(tx, number := f"{series}-{last:04d}"):
        last += 1
    tx.execute(update(NumberCounter).where(col(NumberCounter.series) == series).values(last=last))
    return number


def note_number(tx: Tx, number: str) -> None:
    """A number written by hand in our own shape: what is generated later is higher."""
    ours = OURS.fullmatch(number)
    if ours is None:
        return
    series, value = ours[1], int(ours[2])
    tx.execute(insert_ignore(tx, NumberCounter, [{"series": series, "last": 0}], ["series"]))
    if tx.exec(select(NumberCounter.last).where(NumberCounter.series == series)).one() == 0:
        value = max(value, _highest(tx, series))
    tx.execute(
        update(NumberCounter)
        .where(col(NumberCounter.series) == series, col(NumberCounter.last) < value)
        .values(last=value)
    )


def is_taken(tx: Tx, number: str) -> bool:
    """Whether anything bears, or bore, that number."""
    for model in (Contract, Payment, Invoice):
        there = select(model.id).where(col(model.number) == number).limit(1)
        if tx.exec(there, execution_options={"unscoped": WHY}).first() is not None:
            return True
    return False


def _step(tx: Tx, series: str) -> int:
    query = (
        update(NumberCounter)
        .where(col(NumberCounter.series) == series)
        .values(last=NumberCounter.last + 1)
        .returning(col(NumberCounter.last))
    )
    return int(tx.execute(query).scalar_one())


def _highest(tx: Tx, series: str) -> int:
    found = 0
    for model in (Contract, Payment, Invoice):
        query = select(model.number).where(col(model.number).startswith(f"{series}-", autoescape=True))
        for number in tx.exec(query, execution_options={"unscoped": WHY}).all():
            ours = OURS.fullmatch(number or "")
            found = max(found, int(ours[2]) if ours is not None else 0)
    return found
