"""Targets of people and of their department, in any order (crm-rules.md 4.4: 91, 92; R-TGT-1..3), on both databases."""

import asyncio
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from handlers.targets.rules import ALL_MONTHS, TargetWords
from handlers.targets.service import set_targets
from storage.database import Database
from storage.tables import Target
from tests.handlers.test_contracts import HOW, run
from tests.support.company import load_company
from tests.support.databases import postgres_copy, sqlite_copy

SUBJECTS = {"李娜": "lina04", "赵磊": "zhao05", "销售一部": "101"}
STEPS = st.lists(
    st.tuples(
        st.sampled_from(sorted(SUBJECTS)), st.sampled_from(["contract", "payment"]),
        st.none() | st.integers(1, 12), st.integers(0, 3), st.sampled_from([None, True, False]),
    ),
    min_size=4, max_size=14,
)  # fmt: skip
Cell = tuple[str, str, int]  # subject, metric, month
Steps = list[tuple[str, str, int | None, int, bool | None]]


async def _play(place: AbstractAsyncContextManager[Database], steps: Steps) -> None:
    async with place as db:
        await load_company(db)
        cells: dict[Cell, Decimal] = {}
        for who, metric, month, number, overwrite in steps:
            amount = Decimal(number * 10_000)
            months = {month: amount} if month is not None else dict.fromkeys(ALL_MONTHS, amount)
            words = TargetWords(who, metric, 2026, months, batch=month is None)
            done = await run(db, "chen01", set_targets, words, overwrite=overwrite)
            other = [m for m in months if cells.get((SUBJECTS[who], metric, m), amount) != amount]
            asked = month is None and bool(other) and overwrite is None
            assert bool(done.differing) is asked
            for m in () if asked else months:
                key = (SUBJECTS[who], metric, m)
                if month is not None or overwrite or key not in cells:
                    cells[key] = amount
            rows = await db.system(lambda tx: list(tx.exec(select(Target)).all()))
            assert {(r.subject_id, r.metric, r.month): r.amount for r in rows} == cells
            assert len(rows) == len(cells)


@settings(HOW, max_examples=12)
@given(steps=STEPS)
def test_a_cell_changes_by_its_own_word_alone(sqlite_file: Path, steps: Steps) -> None:
    """Invariants 91 and 92: a batch fills what is empty, and a department's target is its own."""
    with TemporaryDirectory() as folder:
        asyncio.run(_play(sqlite_copy(sqlite_file, Path(folder)), steps))


@pytest.mark.postgres
@settings(HOW, max_examples=4)
@given(steps=STEPS)
def test_a_cell_changes_by_its_own_word_alone_on_postgresql(postgres_name: str, steps: Steps) -> None:
    """Invariants 91 and 92: a batch fills what is empty, and a department's target is its own."""
    asyncio.run(_play(postgres_copy(postgres_name), steps))
