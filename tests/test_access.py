"""Who may do what, as one table over every use case of `handlers/*/service.py` (house 4.6).

The rows stand in `tests/access/`, by group of capabilities. A use case without a row fails, and so does one that is
called for something by its id and whose row names nothing out of scope. For each row: without the permission →
Forbidden; for an object outside the scope → exactly what is said of one that does not exist.
"""

import pytest

from bot.core.errors import Forbidden
from storage.database import Database
from tests.access.acting import USE_CASES, asked, do, learnt, load
from tests.access.objects import object_called
from tests.access.row import ABSENT
from tests.access.table import GUARDED, SCOPED, TABLE, takes_an_object


def test_every_use_case_is_in_the_table() -> None:
    assert len(USE_CASES) > 20, "the search finds nothing: the test is broken"
    assert set(USE_CASES) == set(TABLE)


def test_every_use_case_for_an_object_is_tried_with_one_out_of_scope() -> None:
    """Administrators see everything; what is no door of its own says why."""
    named = [n for n in TABLE if takes_an_object(USE_CASES[n]) and TABLE[n].needs != "admin"]
    assert len(named) > 50, "the search finds nothing: the test is broken"
    assert [n for n in named if TABLE[n].foreign is None and not TABLE[n].free] == []


@pytest.mark.parametrize("name", GUARDED)
async def test_without_the_permission_it_is_forbidden(database: Database, name: str) -> None:
    await load(database)
    with pytest.raises(Forbidden):
        await do(database, name, "lina04", TABLE[name].own, without=True)


@pytest.mark.parametrize("name", SCOPED)
async def test_outside_the_scope_is_as_if_it_were_not_there(database: Database, name: str) -> None:
    """Invariant 29."""
    await load(database)
    row = TABLE[name]
    assert row.foreign is not None
    foreign, absent = [await learnt(database, name, "lina04", o) for o in (row.foreign, ABSENT)]
    assert foreign == absent
    assert await learnt(database, name, row.seen_by, row.own) != absent, "there is nothing to be kept from her"


@pytest.mark.parametrize("name", SCOPED)
async def test_outside_the_scope_costs_what_absence_costs(sqlite: Database, name: str) -> None:
    """The time an answer takes tells nothing either: the database is asked the same, in the same order."""
    await load(sqlite)
    foreign_name = TABLE[name].foreign
    assert foreign_name is not None
    foreign = await sqlite.system(lambda tx: object_called(tx, foreign_name))
    await asked(sqlite, name, ABSENT)  # what is kept from one message to the next is there
    asked_of_it = await asked(sqlite, name, foreign)
    assert asked_of_it, "the watch sees nothing: the test is broken"
    assert asked_of_it == await asked(sqlite, name, ABSENT)
