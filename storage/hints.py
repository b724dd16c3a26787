"""Which index SQLite shall walk.

Without statistics it takes any equality for rare, and sorts half a million customers to show five. SQLAlchemy has
hints for it but spells none; PostgreSQL keeps statistics and needs none.
"""

from typing import Any, TypeVar

from sqlalchemy import Select
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler

Q = TypeVar("Q", bound=Select[Any])


def _spelled(_compiler: SQLiteCompiler, _table: Any, text: str) -> str:
    return text


SQLiteCompiler.get_from_hint_text = _spelled  # type: ignore[method-assign, assignment]


def walk(query: Q, table: Any, index: str) -> Q:
    """The query by that index of the table; on SQLite it fails if it cannot."""
    return query.with_hint(table, f"INDEXED BY {index}", "sqlite") if index else by_ids(query, table)


def by_ids(query: Q, table: Any) -> Q:
    """The query by the ids it names, not by whose rows are seen, which may be half of all."""
    return query.with_hint(table, "NOT INDEXED", "sqlite")
