"""What imports and exports ask of any kind of record alike: some by a column, the next ones by id, one more.

Scope and field rights are the transaction's, as everywhere.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, col, func, or_, select

from bot.core.errors import NotFound
from storage import search_index
from storage.database import Tx

Clash = IntegrityError  # what is written clashes with what is there
M = TypeVar("M", bound=SQLModel)
T = TypeVar("T")
AT_ONCE = 400  # values of one IN


def _number(model: Any) -> Any:
    return model.id


def _owner(model: Any) -> Any:
    return model.owner_id


def find_by(tx: Tx, model: type[M], column: str, values: Collection[Any], *, unscoped: str = "") -> list[M]:
    """Records with one of these values. `unscoped`: why those of others count too."""
    found: list[M] = []
    wanted = list(dict.fromkeys(values))
    options = {"unscoped": unscoped} if unscoped else {}
    for start in range(0, len(wanted), AT_ONCE):
        query = select(model).where(col(getattr(model, column)).in_(wanted[start : start + AT_ONCE]))
        found += tx.exec(query, execution_options=options).all()
    return found


def find_folded(tx: Tx, model: type[M], column: str, values: Collection[str]) -> list[M]:
    """As `find_by`, whatever the case of Latin letters."""
    found: list[M] = []
    wanted = list(dict.fromkeys(v.lower() for v in values))
    for start in range(0, len(wanted), AT_ONCE):
        query = select(model).where(func.lower(col(getattr(model, column))).in_(wanted[start : start + AT_ONCE]))
        found += tx.exec(query).all()
    return found


def taken(tx: Tx, model: type[M], column: str, values: Collection[str]) -> set[str]:
    """Those of these values that any record has, deleted ones and those out of scope too."""
    found: set[str] = set()
    wanted = list(dict.fromkeys(values))
    for start in range(0, len(wanted), AT_ONCE):
        query = select(getattr(model, column)).where(col(getattr(model, column)).in_(wanted[start : start + AT_ONCE]))
        found |= set(tx.exec(query, execution_options={"unscoped": "a number is the company's, used once"}).all())
    return found


def everyone(tx: Tx, model: type[M]) -> list[M]:
    """All of a short list."""
    return list(tx.exec(select(model)).all())


def get(tx: Tx, model: type[M], record: int) -> M | None:
    """One, if it is within the scope."""
    return tx.exec(select(model).where(col(_number(model)) == record)).first()


def access(tx: Tx, model: type[M], record: int) -> M:
    """As `get`. Raises NotFound."""
    found = get(tx, model, record)
    if found is None:
        raise NotFound("已经不在了")
    return found


def names_by_id(tx: Tx, model: type[M], column: str, ids: Collection[int], *, unscoped: str = "") -> dict[int, str]:
    """Id → one of its texts."""
    found: dict[int, str] = {}
    wanted = list(dict.fromkeys(ids))
    options = {"unscoped": unscoped} if unscoped else {}
    for start in range(0, len(wanted), AT_ONCE):
        query = select(_number(model), getattr(model, column)).where(
            col(_number(model)).in_(wanted[start : start + AT_ONCE])
        )
        found |= dict(tx.exec(query, execution_options=options).all())
    return found


def _where(model: type[M], words: Sequence[str], searched: Sequence[str], owner_id: str) -> list[Any]:
    conditions: list[Any] = [
        or_(*(col(getattr(model, name)).contains(word, autoescape=True) for name in searched)) for word in words
    ]
    if owner_id:
        conditions.append(col(_owner(model)) == owner_id)
    return conditions


def count(tx: Tx, model: type[M], words: Sequence[str], searched: Sequence[str], *, owner_id: str = "") -> int:
    """Records that have each word in one of these columns."""
    return tx.exec(select(func.count()).select_from(model).where(*_where(model, words, searched, owner_id))).one()


def page(
    tx: Tx, model: type[M], words: Sequence[str], searched: Sequence[str], *, after: int, limit: int, owner_id: str = ""
) -> list[M]:
    """The next of them, by id."""
    number = col(_number(model))
    query = select(model).where(number > after, *_where(model, words, searched, owner_id))
    return list(tx.exec(query.order_by(number).limit(limit)).all())


def add_all(tx: Tx, instances: Sequence[SQLModel]) -> None:
    """New ones; each has its id then."""
    tx.add_all(instances)
    tx.flush()


def write(tx: Tx) -> None:
    """What was changed on loaded records goes to the database."""
    tx.flush()


def remove(tx: Tx, instance: SQLModel) -> None:
    """Only for one that nothing refers to."""
    tx.delete(instance)
    tx.flush()


@contextmanager
def savepoint(tx: Tx) -> Iterator[None]:
    """What is done inside is taken back whole if it raises."""
    with search_index.gathered_in_savepoint(tx), tx.begin_nested():
        tx.connection()  # sets the savepoint: the session waits for a statement of its own, and a `Plain` is none
        yield


def attempt(tx: Tx, work: Callable[[], T]) -> T | None:
    """`work` in a savepoint. None: it met what somebody else wrote at the same moment, and is taken back whole."""
    try:
        with savepoint(tx):
            return work()
    except IntegrityError:
        return None


def forget(tx: Tx) -> None:
    """Lets go of what was loaded: a long import would keep every record it has met."""
    tx.expunge_all()
