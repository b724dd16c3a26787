"""Kinds whose rows are written by their slice's own steps: rules, numbers, logs and audit are theirs."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from handlers.exchange.kinds import Changed, Look, Values, Written
from handlers.exchange.records import RecordBatch, RecordKind
from storage import records
from storage.database import Tx


class SteppedBatch(RecordBatch):
    """Rows of such a kind; each is written alone, so that a step that refuses half-way leaves nothing."""

    def create(self, values: Values) -> Any:
        """By the step; the audit line is its own."""
        record = self.make(values)
        self.found[self.kind.key(values)] = record
        return record

    def make(self, values: Values) -> Any:
        """The new record. Raises AppError."""
        raise NotImplementedError

    def change(self, look: Look) -> None:
        """By the step."""
        look.before = self.before(look.record)
        self.edit(look.record, look.changes)

    def before(self, record: Any) -> dict[str, Any]:
        """What `put_back` of the kind needs."""
        raise NotImplementedError

    def edit(self, record: Any, changes: Values) -> None:
        """Raises AppError."""
        raise NotImplementedError

    def finish(self, created: Sequence[tuple[Any, Values]], changed: Sequence[Look]) -> list[Written]:
        """They are stored and on record already."""
        records.write(self.tx)
        done = [Written(record.id, None, {"version": record.version}) for record, _ in created]
        return [
            *done,
            *(Written(o.record.id, o.before or {}, {"version": o.record.version}) for o in changed),
        ]


class SteppedKind(RecordKind):
    """What was written is taken back as long as nobody has made a new version of it."""

    one_by_one: ClassVar[bool] = True

    def take_back(self, tx: Tx, ctx: Any, record: int, before: dict[str, Any] | None, after: dict[str, Any]) -> None:
        """Raises Changed, NotFound and what the steps raise."""
        found = records.access(tx, self.model, record)
        if found.version != after.get("version") or self.is_used(tx, found):
            raise Changed("导入之后又改过或用过了")
        self.put_back(tx, ctx, found, before)

    def put_back(self, tx: Tx, ctx: Any, record: Any, before: Mapping[str, Any] | None) -> None:
        """As it was; `before` None: it goes again."""
        raise NotImplementedError
