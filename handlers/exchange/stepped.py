"""Kinds whose rows are written by their slice's own steps: rules, numbers, logs and audit are theirs."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from handlers.customfields.values import new_changes, undo_custom
from handlers.exchange.kinds import Changed, Look, Values, Written
from handlers.exchange.own import own_facts
from handlers.exchange.records import RecordBatch, RecordKind
from storage import audit, custom_fields, records
from storage.database import Tx

OWN = "own"  # what the company's own fields were, in what an undo needs


class SteppedBatch(RecordBatch):
    """Rows of such a kind; each is written alone, so that a step that refuses half-way leaves nothing."""

    def create(self, values: Values) -> Any:
        """By the step; the audit line is its own."""
        own = self.own.new(values)
        record = self.make(values)
        if own and own_facts(record) != own:  # the step did not take them
            custom_fields.put_values(self.tx, record, dict(own))
            self._note_own(record, new_changes(self.tx, self.own.form, own))
        self.found[self.kind.key(values)] = record
        return record

    @abstractmethod
    def make(self, values: Values) -> Any:
        """The new record. Raises AppError."""

    def change(self, look: Look) -> None:
        """By the step."""
        look.before = self.before(look.record)
        changes = {f: v for f, v in look.changes.items() if f not in self.own.titles}
        if changes:
            self.edit(look.record, changes)
        said, was = self.own.write(look.record, look.changes)
        if said:
            look.before[OWN] = was
            look.record.version += 1
            self._note_own(look.record, said)

    def _note_own(self, record: Any, said: dict[str, tuple[str, str]]) -> None:
        audit.record(
            self.tx, at=self.ctx.now, user_id=self.ctx.actor.user_id, via=self.ctx.via,
            action=f"edit.{self.kind.noun}", subject=f"{self.kind.noun}:{record.id}", name=self.kind.title(record),
            changes=said, source=str(self.options.get("source", "")),
        )  # fmt: skip

    @abstractmethod
    def before(self, record: Any) -> dict[str, Any]:
        """What `put_back` of the kind needs."""

    @abstractmethod
    def edit(self, record: Any, changes: Values) -> None:
        """Raises AppError."""

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
        was = (before or {}).get(OWN)
        kept = None if before is None else {name: value for name, value in before.items() if name != OWN}
        self.put_back(tx, ctx, found, kept)
        if was:
            undo_custom(tx, self.resource, found, was)
            found.version += 1
            records.write(tx)

    @abstractmethod
    def put_back(self, tx: Tx, ctx: Any, record: Any, before: Mapping[str, Any] | None) -> None:
        """As it was; `before` None: it goes again."""
