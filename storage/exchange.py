"""Imports and exports: what is open, the rows of a file and what became of each."""

import shutil
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import and_, bindparam, insert, or_
from sqlalchemy import select as columns
from sqlalchemy import update as core_update
from sqlmodel import col, delete, func, select, update

from storage import cards
from storage.database import Tx
from storage.plain import Plain, given, given_list, table_of
from storage.tables import Exchange, ExchangeFile, ExchangeRow

KEEP = timedelta(days=3)  # what nobody decided on; and what became of each row
ASKED = timedelta(days=1)  # how long an undecided one is taken up again by a sentence
OPEN = ("reading", "running", "undoing")
R = table_of(ExchangeRow)
ADD = Plain(insert(R))
_WAITING = (
    columns(R.c.exchange_id, R.c.number, R.c.cells, R.c.verdict, R.c.reason)
    .where(R.c.exchange_id == given("of"), R.c.number > given("after"), R.c.verdict.in_(given_list("verdicts")))
    .order_by(R.c.number)
    .limit(given("most"))
)
WAITING = Plain(_WAITING)
MARK = Plain(
    core_update(R)
    .where(R.c.exchange_id == bindparam("of"), R.c.number == bindparam("at"))
    .values(outcome=bindparam("becomes"), reason=bindparam("why"), record=bindparam("id_"),
            before=bindparam("was"), after=bindparam("now_"))
)  # fmt: skip


def subject(exchange_id: int | None) -> str:
    """How cards that show one name it."""
    return f"exchange:{exchange_id}"


def add(tx: Tx, exchange: Exchange) -> int:
    """A new one; returns its id."""
    tx.add(exchange)
    tx.flush()
    assert exchange.id is not None
    return exchange.id


def get(tx: Tx, exchange_id: int, *, lock: bool = False) -> Exchange | None:
    """One of them, whosever it is."""
    query = select(Exchange).where(Exchange.id == exchange_id)
    return tx.exec(query.with_for_update() if lock else query).first()


def last_of(tx: Tx, user_id: str, *, states: Collection[str], now: datetime) -> Exchange | None:
    """The person's latest import in one of these states, unless it is too old to be meant."""
    query = select(Exchange).where(
        Exchange.user_id == user_id, Exchange.direction == "import", col(Exchange.state).in_(list(states)),
        Exchange.created_at >= now - ASKED,
    )  # fmt: skip
    return tx.exec(query.order_by(col(Exchange.id).desc()).limit(1)).first()


def next_open(tx: Tx) -> Exchange | None:
    """What is to be worked on, the oldest first. Those of the command line are its own process's."""
    query = select(Exchange).where(col(Exchange.state).in_(OPEN), Exchange.user_id != "")
    return tx.exec(query.order_by(col(Exchange.id)).limit(1)).first()


def is_any_open(tx: Tx) -> bool:
    """Whether anything waits to be worked on."""
    query = select(Exchange.id).where(col(Exchange.state).in_(OPEN), Exchange.user_id != "")
    return tx.exec(query.limit(1)).first() is not None


def keep_file(tx: Tx, exchange_id: int, content: bytes) -> None:
    """Until its rows are read."""
    tx.add(ExchangeFile(exchange_id=exchange_id, content=content))
    tx.flush()


def file_of(tx: Tx, exchange_id: int) -> bytes | None:
    """None: its rows are read."""
    return tx.exec(select(ExchangeFile.content).where(ExchangeFile.exchange_id == exchange_id)).first()


def drop_file(tx: Tx, exchange_id: int) -> None:
    """Its rows are read."""
    tx.execute(delete(ExchangeFile).where(col(ExchangeFile.exchange_id) == exchange_id))


def add_rows(tx: Tx, rows: Sequence[dict[str, object]]) -> None:
    """Rows of a file with what is thought of each."""
    if rows:
        ADD.run_many(tx, rows)


def clear_rows(tx: Tx, exchange_id: int) -> None:
    """All of them: the file is read again."""
    tx.execute(delete(ExchangeRow).where(col(ExchangeRow.exchange_id) == exchange_id))


def first_with(tx: Tx, exchange_id: int, keys: Collection[str]) -> dict[str, int]:
    """Key → the first row of the file that has it."""
    query = (
        columns(col(ExchangeRow.key), func.min(ExchangeRow.number))
        .where(col(ExchangeRow.exchange_id) == exchange_id, col(ExchangeRow.key).in_(list(keys)))
        .group_by(col(ExchangeRow.key))
    )
    return dict(tx.execute(query).all())


def rows_after(
    tx: Tx, exchange_id: int, after: int, *, limit: int, verdicts: Collection[str] | None = None,
    outcomes: Collection[str] | None = None,
) -> list[ExchangeRow]:  # fmt: skip
    """The next rows, by their number."""
    query = select(ExchangeRow).where(ExchangeRow.exchange_id == exchange_id, ExchangeRow.number > after)
    if verdicts is not None:
        query = query.where(col(ExchangeRow.verdict).in_(list(verdicts)))
    if outcomes is not None:
        query = query.where(col(ExchangeRow.outcome).in_(list(outcomes)))
    return list(tx.exec(query.order_by(col(ExchangeRow.number)).limit(limit)).all())


def waiting_rows(tx: Tx, exchange_id: int, after: int, *, limit: int, verdicts: Sequence[str]) -> Sequence[Any]:
    """The next rows to write, with exchange_id, number, cells, verdict and reason: no objects of the session's."""
    return WAITING.run(tx, of=exchange_id, after=after, most=limit, verdicts=list(verdicts)).all()


def count_verdicts(tx: Tx, exchange_id: int) -> Counter[str]:
    """How many rows are thought what of."""
    query = columns(col(ExchangeRow.verdict), func.count()).where(col(ExchangeRow.exchange_id) == exchange_id)
    return Counter(dict(tx.execute(query.group_by(col(ExchangeRow.verdict))).all()))


def count_outcomes(tx: Tx, exchange_id: int) -> Counter[str]:
    """What became of how many rows."""
    query = columns(col(ExchangeRow.outcome), func.count()).where(col(ExchangeRow.exchange_id) == exchange_id)
    return Counter(dict(tx.execute(query.group_by(col(ExchangeRow.outcome))).all()))


def mark(tx: Tx, rows: Sequence[dict[str, object]]) -> None:
    """What became of these rows: of, at, becomes, why, id_, was, now_."""
    if rows:
        MARK.run_many(tx, rows)


def mark_rest(tx: Tx, exchange_id: int, *, verdicts: Collection[str], outcome: str) -> None:
    """Rows that are not worked on at all."""
    tx.execute(
        update(ExchangeRow)
        .where(
            col(ExchangeRow.exchange_id) == exchange_id, col(ExchangeRow.verdict).in_(list(verdicts)),
            col(ExchangeRow.outcome) == "",
        )
        .values(outcome=outcome)
        .execution_options(synchronize_session=False)
    )  # fmt: skip


def _left(exchange_id: int, *, done: bool) -> list[Any]:
    """Rows to be given back: those with a problem, those left for their likeness, those that failed."""
    where = [col(ExchangeRow.exchange_id) == exchange_id]
    if not done:
        return [*where, col(ExchangeRow.verdict).in_(("problem", "alike"))]
    left = or_(
        col(ExchangeRow.outcome) == "failed",
        and_(col(ExchangeRow.outcome) == "skipped", col(ExchangeRow.reason) != ""),
    )
    return [*where, left]


def count_left(tx: Tx, exchange_id: int, *, done: bool) -> int:
    """How many rows there are to be given back; `done`: after the import."""
    return tx.exec(select(func.count()).select_from(ExchangeRow).where(*_left(exchange_id, done=done))).one()


def left_rows(tx: Tx, exchange_id: int, after: int, *, limit: int, done: bool) -> list[ExchangeRow]:
    """The next of them."""
    query = select(ExchangeRow).where(*_left(exchange_id, done=done), ExchangeRow.number > after)
    return list(tx.exec(query.order_by(col(ExchangeRow.number)).limit(limit)).all())


def free_megabytes(tx: Tx) -> int | None:
    """On the disk of the database; None: it is another machine's."""
    path = tx.get_bind().engine.url.database if tx.get_bind().dialect.name == "sqlite" else None
    return shutil.disk_usage(Path(path).parent).free // 1_000_000 if path else None


def redraw(tx: Tx, exchange_id: int, *, now: datetime, but: str = "") -> None:
    """Cards that show it are drawn again."""
    cards.redraw_others(tx, subject(exchange_id), now=now, but=but)


def prune(tx: Tx, *, now: datetime) -> int:
    """Forgets the rows of what is over, and what nobody decided on."""
    old = select(Exchange.id).where(Exchange.created_at < now - KEEP, col(Exchange.state).not_in(OPEN))
    tx.execute(delete(ExchangeFile).where(col(ExchangeFile.exchange_id).in_(old)))
    tx.execute(delete(ExchangeRow).where(col(ExchangeRow.exchange_id).in_(old)))
    gone = tx.execute(delete(Exchange).where(col(Exchange.created_at) < now - KEEP, col(Exchange.state).not_in(OPEN)))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def set_option(tx: Tx, exchange_id: int, name: str, value: Any) -> None:
    """Said besides the file itself."""
    job = get(tx, exchange_id)
    if job is not None:
        job.options = {**job.options, name: value}
        tx.flush()


def finish(tx: Tx, exchange_id: int, *, now: datetime) -> None:
    """Its file is where it should be."""
    job = get(tx, exchange_id)
    if job is not None:
        job.state, job.done_at = "done", now
        tx.flush()
