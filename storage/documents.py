"""What can be done with a JSON document in SQL, in the words of each database.

Keys are written into the statement as literals: they are made of letters, digits and `_`, and PostgreSQL takes two
equal expressions with parameters for different ones.
"""

from typing import Any

from sqlalchemy import ColumnElement, String, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from storage.types import Json


class Without(FunctionElement[Any]):
    """A document, and a key that is taken out of it."""

    inherit_cache = True
    name = "document_without"
    type = Json


class Outlined(FunctionElement[Any]):
    """A document, and a key of whose text only the first character is left: 数***."""

    inherit_cache = True
    name = "document_outlined"
    type = Json


class TextAt(FunctionElement[Any]):
    """A document, and a key: its text; NULL where there is none."""

    inherit_cache = True
    name = "document_text"
    type = String()


def text_at(document: Any, key: str) -> ColumnElement[Any]:
    """The text under a key of a document."""
    return TextAt(document, literal_column(f"'{key}'", String))


@compiles(TextAt, "sqlite")
def _text_sqlite(element: "TextAt", compiler: Any, **options: Any) -> str:
    document, key = _parts(element, compiler, **options)
    return f"json_extract({document}, '$.' || {key})"


@compiles(TextAt, "postgresql")
def _text_postgresql(element: "TextAt", compiler: Any, **options: Any) -> str:
    document, key = _parts(element, compiler, **options)
    return f"({document} ->> {key})"


def _parts(element: FunctionElement[Any], compiler: Any, **options: Any) -> list[str]:
    return [compiler.process(one, **options) for one in element.clauses]


@compiles(Without, "sqlite")
def _without_sqlite(element: Without, compiler: Any, **options: Any) -> str:
    document, key = _parts(element, compiler, **options)
    return f"json_remove({document}, '$.' || {key})"


@compiles(Without, "postgresql")
def _without_postgresql(element: Without, compiler: Any, **options: Any) -> str:
    document, key = _parts(element, compiler, **options)
    return f"({document} - {key})"


@compiles(Outlined, "sqlite")
def _outlined_sqlite(element: Outlined, compiler: Any, **options: Any) -> str:
    document, key = _parts(element, compiler, **options)
    outline = f"substr(json_extract({document}, '$.' || {key}), 1, 1) || '***'"
    return f"json_replace({document}, '$.' || {key}, {outline})"


@compiles(Outlined, "postgresql")
def _outlined_postgresql(element: Outlined, compiler: Any, **options: Any) -> str:
    document, key = _parts(element, compiler, **options)
    outline = f"to_jsonb(coalesce(substr({document} ->> {key}, 1, 1) || '***', ''))"
    return f"jsonb_set({document}, ARRAY[{key}], {outline}, false)"
