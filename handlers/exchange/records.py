"""Kinds whose record is one row of one table: found by a key, created, changed field by field."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import NotFound
from bot.language.companies import hard_key
from handlers.exchange.kinds import (
    Batch,
    Changed,
    Kind,
    Look,
    RowProblem,
    Values,
    Wanted,
    Written,
    plain,
    record_change,
    same,
)
from handlers.exchange.own import OwnFields, own_cells, own_facts, put_own_back
from handlers.exchange.rules import SheetColumn
from storage import people, records
from storage.database import Tx
from storage.tables import Customer


class RecordBatch(Batch):
    """Rows of such a kind."""

    def __init__(self, kind: "RecordKind", tx: Tx, ctx: Context, options: Mapping[str, Any]) -> None:
        super().__init__(tx, ctx, options)
        self.kind = kind
        self.found: dict[str, Any] = {}  # key → record
        self.titles = {c.field: c.title for c in kind.columns(tx)}
        self.required = [c for c in kind.columns(tx) if c.required and not c.own]
        self.own = OwnFields(tx, ctx, kind.resource)

    def prepare(self, rows: Sequence[Values]) -> None:
        """Reads what is there of these rows' records."""
        self.found = self.fetch(rows)

    @abstractmethod
    def fetch(self, rows: Sequence[Values]) -> dict[str, Any]:
        """Key → record, for the records there are."""

    def look(self, values: Values) -> Look:
        """Raises RowProblem, Forbidden and what the rules of the kind raise."""
        record = self.found.get(self.kind.key(values))
        if record is None:
            missing = [c.title for c in self.required if values.get(c.field) in (None, "")]
            if missing:
                raise RowProblem(f"{'、'.join(missing)}：必填")
            self.check_new(values)
            self.own.new(values)
            return Look("new")
        changes = {f: v for f, v in values.items() if f in self.kind.fields and not same(self.value(record, f), v)}
        changes |= self.own.changes(record, values)
        for field in self.kind.keys:
            changes.pop(field, None)
        if not changes:
            return Look("same", record)
        self.check_change(record, changes)
        return Look("update", record, changes)

    def value(self, record: Any, field: str) -> Any:
        """What the record says now."""
        return getattr(record, self.kind.fields[field])

    def check_new(self, values: Values) -> None:  # noqa: ARG002
        """Raises AppError: such a record must not be."""
        self.ctx.actor.require(self.kind.importing)

    def check_change(self, record: Any, changes: Values) -> None:  # noqa: ARG002
        """Raises AppError: the actor may not change it so."""
        self.ctx.actor.require(Permission(f"{self.kind.resource}:edit"))

    def create(self, values: Values) -> Any:
        """A new record."""
        given = {self.kind.fields[f]: v for f, v in values.items() if f in self.kind.fields}
        if self.own.fields:
            given["custom"] = self.own.new(values)
        record = self.kind.model(**given, **self.more(values))
        self.found[self.kind.key(values)] = record
        return record

    def more(self, values: Values) -> dict[str, Any]:  # noqa: ARG002
        """What a new record has besides its columns."""
        return {}

    def change(self, look: Look) -> None:
        """Writes what differs."""
        look.before = self.kind.facts(look.record)
        for field, value in look.changes.items():
            if field in self.kind.fields:
                setattr(look.record, self.kind.fields[field], value)
        self.own.write(look.record, look.changes)

    def finish(self, created: Sequence[tuple[Any, Values]], changed: Sequence[Look]) -> list[Written]:
        """Stores, and puts each on record."""
        records.add_all(self.tx, [record for record, _ in created])
        self.after_create(created)
        done = []
        for record, _ in created:
            after = self.kind.facts(record)
            done.append(Written(record.id, None, after))
            self.note("create", record, {}, after)
        for look in changed:
            before = look.before or {}
            after = self.kind.facts(look.record)
            done.append(Written(look.record.id, before, after))
            self.note("edit", look.record, before, after)
        return done

    def after_create(self, created: Sequence[tuple[Any, Values]]) -> None:
        """What belongs to a new record, once it has its id."""

    def note(self, verb: str, record: Any, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """A line in the audit."""
        by_attribute = {self.kind.fields[f]: t for f, t in self.titles.items() if f in self.kind.fields}
        by_attribute |= self.own.titles
        record_change(
            self.tx, self.ctx, action=f"{verb}.{self.kind.noun}",
            subject=f"{self.kind.noun}:{self.kind.subject(record)}",
            name=self.kind.title(record), columns=by_attribute, before=before, after=after,
            source=str(self.options.get("source", "")),
        )  # fmt: skip

    # -- what several kinds ask --------------------------------------------------------------------------

    def owner_of(self, values: Values) -> str | None:
        """Whose a new record is: as the row says, else the importer's. Raises Forbidden."""
        wanted = values.get("owner")
        if wanted and wanted != self.me and not self.system:
            self.ctx.actor.require(Permission(f"{self.kind.resource}:transfer"))
        return wanted or self.options.get("owner") or self.me or None

    def check_owner_stays(self, record: Any, changes: Values) -> None:
        """Raises RowProblem: an import gives nothing to somebody else."""
        if changes.get("owner") or ("owner" in changes and record.owner_id):
            raise RowProblem("负责人：已有的不能用导入换负责人，请发送「交接」或「分配」，或把这一格清空")

    def check_mine(self, owner_id: str | None, name: str) -> None:
        """One's own always; others' in scope with 编辑. Raises RowProblem."""
        if self.system or owner_id == self.me or self.ctx.actor.may(Permission(f"{self.kind.resource}:edit")):
            return
        whose = people.name_of(self.tx, owner_id) if owner_id else "别人"
        raise RowProblem(f"「{name}」由 {whose} 负责，你只能查看")


class RecordKind(Kind):
    """A table's rows."""

    model: ClassVar[type[Any]]
    fields: ClassVar[Mapping[str, str]]  # column's field → attribute
    searched: ClassVar[tuple[str, ...]]  # attributes that an export's words are looked for in
    noun: ClassVar[str]  # of audit lines: product
    made_by: ClassVar[type[RecordBatch]]

    def batch(self, tx: Tx, ctx: Context, options: Mapping[str, Any]) -> RecordBatch:
        """Rows to come."""
        return self.made_by(self, tx, ctx, options)

    def facts(self, record: Any) -> dict[str, Any]:
        """Its values as JSON: what an undo compares and puts back."""
        return {a: plain(getattr(record, a)) for a in self.fields.values()} | own_facts(record)

    def title(self, record: Any) -> str:
        """As people read it."""
        return str(getattr(record, self.fields[self.keys[-1]]))

    def subject(self, record: Any) -> str:
        """Its name in audit lines."""
        return str(record.id)

    def take_back(
        self, tx: Tx, ctx: Context, record: int, before: dict[str, Any] | None, after: dict[str, Any]
    ) -> None:
        """Raises Changed, NotFound."""
        found = records.get(tx, self.model, record)
        if found is None:
            raise NotFound("已经不在了")
        if self.facts(found) != after or self.is_used(tx, found):
            raise Changed("导入之后又改过或用过了")
        if before is None:
            self.remove(tx, ctx, found)
            return
        for attribute, value in before.items():
            if attribute in self.fields.values():
                setattr(found, attribute, self.restored(attribute, value))
        put_own_back(tx, found, before, after)
        records.write(tx)

    def restored(self, attribute: str, value: Any) -> Any:
        """A value out of JSON as the table has it."""
        column = self.model.__table__.c[attribute]
        kind = type(column.type).__name__
        if value is None:
            return None
        if kind == "Fen":
            return _decimal(value)
        return _day(value) if kind == "Date" else value

    def remove(self, tx: Tx, ctx: Context, record: Any) -> None:  # noqa: ARG002
        """A new record goes again."""
        records.remove(tx, record)

    def is_used(self, tx: Tx, record: Any) -> bool:  # noqa: ARG002
        """Whether something refers to it."""
        return False

    def count(self, tx: Tx, ctx: Context, wanted: Wanted) -> int:
        """Within the scope."""
        return records.count(tx, self.model, wanted.words, self.searched, owner_id=_owner(ctx, wanted))

    def rows(self, tx: Tx, ctx: Context, wanted: Wanted, after: int, limit: int) -> list[tuple[int, Values]]:
        """Within the scope, cut by field rights."""
        found = self.found(tx, ctx, wanted, after, limit)
        own = own_cells(tx, self.resource, found)
        return [(r.id, v | o) for r, v, o in zip(found, self.shown(tx, found), own, strict=True)]

    def found(self, tx: Tx, ctx: Context, wanted: Wanted, after: int, limit: int) -> Sequence[Any]:
        """The next records of an export."""
        return records.page(
            tx, self.model, wanted.words, self.searched, after=after, limit=limit, owner_id=_owner(ctx, wanted)
        )

    def shown(self, tx: Tx, found: Sequence[Any]) -> list[Values]:  # noqa: ARG002
        """What an export says of them."""
        return [{f: getattr(r, a) for f, a in self.fields.items()} for r in found]


def _owner(ctx: Context, wanted: Wanted) -> str:
    return ctx.actor.user_id if wanted.mine else ""


def _decimal(value: Any) -> Any:
    return Decimal(str(value))


def _day(value: Any) -> Any:
    return date.fromisoformat(str(value))


CUSTOMER = SheetColumn(
    "customer",
    "客户名称",
    required=True,
    synonyms=("客户", "公司名称", "公司", "单位名称", "所属客户", "客户全称"),
    width=30,
    longest=80,
)


class CustomerNames:
    """Customers that rows name, within the scope: by name as a legal person."""

    def __init__(self, tx: Tx, names: Sequence[str]) -> None:
        found = records.find_by(tx, Customer, "name_key", [hard_key(n) for n in names if n])
        self.by_key = {c.name_key: c for c in found}

    @staticmethod
    def key(name: str) -> str:
        """Equal for two spellings of one legal person."""
        return hard_key(name)

    def get(self, name: str) -> Customer | None:
        """None: not there, or not to be seen."""
        return self.by_key.get(hard_key(name))

    def access(self, name: str) -> Customer:
        """Raises RowProblem."""
        found = self.get(name)
        if found is None:
            raise RowProblem(f"客户名称：没有找到客户「{name}」，先导入客户或改成全称")
        return found


def owner_cells(tx: Tx, values: Sequence[str | None]) -> dict[str | None, str]:
    """User id → 李娜(lina04), so that it is read as the same person again."""
    known = people.plain_names(tx, [v for v in values if v])
    return {v: (f"{known[v]}({v})" if v in known else "") for v in values}
