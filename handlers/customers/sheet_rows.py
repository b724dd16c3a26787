"""What a row of customers does: to the customer of its name or code, and to the contact it names.

The key is the legal person: the credit code or the hard key of the name (R-DUP-1). What only looks alike is never
merged: it is left out unless its row is asked for by number.
"""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.language.companies import hard_key, soft_key
from bot.language.pinyin import initials, pinyin_of
from handlers.customers import rules
from handlers.customers.rules import TwinFact
from handlers.exchange.kinds import Batch, Look, RowProblem, Values, Written, plain, same, told_changes
from handlers.exchange.own import OwnFields, own_facts
from handlers.exchange.rules import SheetColumn
from handlers.pool.caps import Room, step_room
from storage import audit, bulk, customers, people, pools, records
from storage.customers import KeyedTwin
from storage.database import Tx
from storage.tables import Contact, Customer

FIELDS: Mapping[str, str] = {
    "class": "customer_class", "industry": "industry", "source": "source", "city": "city", "phone": "phone",
    "credit_code": "credit_code", "short_name": "short_name", "region": "region", "address": "address",
    "website": "website", "remark": "remark",
}  # fmt: skip
NOTHING: Mapping[str, Any] = dict.fromkeys(FIELDS.values(), "")
PERSON: Mapping[str, str] = {"contact.name": "name", "contact.title": "title", "contact.mobile": "mobile"}


class CustomerBatch(Batch):
    """Rows of customers."""

    def __init__(self, tx: Tx, ctx: Context, options: Mapping[str, Any], columns: Sequence[SheetColumn]) -> None:
        super().__init__(tx, ctx, options)
        self.own = OwnFields(tx, ctx, "customer")
        self.titles = {FIELDS.get(c.field, c.field): c.title for c in columns}
        self.rooms: dict[str, Room] = {}
        self.contacts: dict[int, list[Contact]] = {}

    def prepare(self, rows: Sequence[Values]) -> None:
        """Twins in the whole company, and those of them that are within the scope."""
        names = [str(v["name"]) for v in rows if v.get("name")]
        self.keys = {n: (hard_key(n), soft_key(n)) for n in names}
        alike = () if self.decided else rows
        numbers = {str(v[f]) for v in alike for f in ("phone", "contact.mobile") if v.get(f)}
        soft_keys = [s for _, s in self.keys.values() if s] if alike else []
        twins, self.by_phone = customers.list_twins(
            self.tx, name_keys=[k for k, _ in self.keys.values()], soft_keys=soft_keys,
            codes=[str(v["credit_code"]) for v in rows if v.get("credit_code")], phones=sorted(numbers),
        )  # fmt: skip
        self.by_key = {t.name_key: t for t in twins}
        self.by_code = {t.credit_code: t for t in twins if t.credit_code}
        self.by_soft: dict[str, list[KeyedTwin]] = {}
        for twin in twins:
            self.by_soft.setdefault(twin.soft_key, []).append(twin)
        self.by_id = {t.id: t for t in twins}
        hard = {self.by_key[k].id for k, _ in self.keys.values() if k in self.by_key}
        hard |= {self.by_code[c].id for v in rows if (c := v.get("credit_code")) in self.by_code}
        self.visible = {c.id or 0: c for c in records.find_by(self.tx, Customer, "id", sorted(hard))}
        self.contacts = customers.contacts_of(self.tx, sorted(self.visible))

    def look(self, values: Values) -> Look:
        """Raises RowProblem, Duplicate, NotYours, ClaimLimited, Forbidden."""
        name = str(values.get("name") or "")
        if len(name) < 2:
            raise RowProblem("客户名称：必填，至少两个字")
        if not values.get("contact.name") and (values.get("contact.title") or values.get("contact.mobile")):
            values["contact.name"] = "联系人" if values.get("contact.mobile") else ""
        twin = self.by_key.get(self.keys[name][0])
        coded = self.by_code.get(str(values.get("credit_code") or ""))
        if coded is not None and coded is not twin:
            raise RowProblem(f"信用代码：已经是{self._twin_text(coded)}，请核对")
        if twin is not None:
            return self._present(twin, values)
        self.own.new(values)
        self._check_owner(values)
        alike = [t for t in self.by_soft.get(self.keys[name][1], ()) if self.keys[name][1]]
        alike += [
            self.by_id[i] for f in ("phone", "contact.mobile") for i in self.by_phone.get(values.get(f) or "", ())
            if i in self.by_id
        ]  # fmt: skip
        if alike:
            return Look("alike", reason=f"可能重复：{'；'.join(dict.fromkeys(self._twin_text(t) for t in alike[:3]))}")
        return Look("new")

    def _twin_text(self, twin: KeyedTwin) -> str:
        visible = twin.id in self.visible or bool(records.get(self.tx, Customer, twin.id))
        owner = people.name_of(self.tx, twin.owner_id) if twin.owner_id else ""
        return rules.twin_text(
            TwinFact(twin.name, owner, False, visible, mine=twin.owner_id == self.me and not self.system)
        )

    def _present(self, twin: KeyedTwin, values: Values) -> Look:
        record = self.visible.get(twin.id)
        if record is None:
            raise RowProblem(f"已经有这家客户了：{self._twin_text(twin)}")
        changes = {f: v for f, v in values.items() if f in FIELDS and not same(getattr(record, FIELDS[f]), v)}
        changes |= self.own.changes(record, values)
        if values.get("owner") and values["owner"] != record.owner_id:
            raise RowProblem("负责人：已有的客户不能用导入换负责人，请发送「分配」或「交接」，或把这一格清空")
        if (person := self._person(record, values)) is not None:
            changes["contact"] = person
        if not changes:
            return Look("same", record)
        if not self.system:
            rules.check_may_write(
                owner_id=record.owner_id, actor_id=self.me, may_edit=self.ctx.actor.may(Permission.CUSTOMER_EDIT),
                name=record.name, owner=people.name_of(self.tx, record.owner_id),
            )  # fmt: skip
        return Look("update", record, changes)

    def _person(self, record: Customer, values: Values) -> dict[str, Any] | None:
        """What the row changes in the customer's contacts; None: nothing."""
        name = values.get("contact.name")
        if not name:
            return None
        given = {a: values[f] for f, a in PERSON.items() if f in values}
        there = next((c for c in self.contacts.get(record.id or 0, ()) if c.name == name), None)
        if there is not None and all(same(getattr(there, a), v) for a, v in given.items()):
            return None
        return given

    def _check_owner(self, values: Values) -> None:
        """Whose it would be: may the importer give it, and may the other have one more?"""
        wanted = values.get("owner")
        if wanted and wanted != self.me and not self.system:
            self.ctx.actor.require(Permission.CUSTOMER_TRANSFER)
        owner = self._owner(values)
        if owner is None:
            return
        if owner not in self.rooms:
            self.rooms[owner] = step_room(self.tx, self.ctx, owner)
        self.rooms[owner].check(besides=self.carried.get(owner, 0))
        self.carried[owner] = self.carried.get(owner, 0) + 1

    def _owner(self, values: Values) -> str | None:
        if values.get("owner"):
            return str(values["owner"])
        return None if self.options.get("blank") == "pool" else self.options.get("owner") or self.me or None

    def create(self, values: Values) -> Any:
        """Without an owner it is in the pool (R-POOL-1)."""
        name, owner, now = str(values["name"]), self._owner(values), self.ctx.now
        given = dict(NOTHING)
        for field, value in values.items():
            if field in FIELDS:
                given[FIELDS[field]] = value
        given["credit_code"] = given["credit_code"] or None
        return SimpleNamespace(  # no object of the session's: `finish` stores all of them at once
            name=name, name_key=self.keys[name][0], soft_key=self.keys[name][1], pinyin=pinyin_of(name),
            initials=initials(name), owner_id=owner, owner_since=now if owner else None,
            pooled_at=None if owner else now, pool_reason="" if owner else "导入", created_at=now, created_by=self.me,
            updated_at=now, touched_at=now if owner else None, custom=self.own.new(values), **given,
        )  # fmt: skip

    def change(self, look: Look) -> None:
        """Writes what differs, and onto the contact of that name."""
        record, now = look.record, self.ctx.now
        look.before = {a: plain(getattr(record, a)) for f, a in FIELDS.items() if f in look.changes}
        look.before |= self._own_facts(record, look)
        for field, value in look.changes.items():
            if field in FIELDS:
                setattr(record, FIELDS[field], (value or None) if field == "credit_code" else value)
        self.own.write(record, look.changes)
        record.updated_at, record.version = now, record.version + 1
        if (given := look.changes.get("contact")) is None:
            return
        there = next((c for c in self.contacts.get(record.id, ()) if c.name == given["name"]), None)
        if there is None:
            there = Contact(**self._contact(record.id, given, main=not self.contacts.get(record.id)))
            self.contacts.setdefault(record.id, []).append(there)
            look.changes["contact"] = (there, None)
            return
        look.changes["contact"] = (there, {a: getattr(there, a) for a in PERSON.values()})
        for attribute, value in given.items():
            setattr(there, attribute, value)
        there.mobile_tail = there.mobile[-4:]

    def _own_facts(self, record: Customer, look: Look) -> dict[str, str]:
        return {n: str(record.custom.get(n, "")) for n in self.own.titles if n in look.changes}

    def _contact(self, customer_id: int, given: Mapping[str, Any], *, main: bool) -> dict[str, Any]:
        name, mobile = str(given["name"]), str(given.get("mobile") or "")
        return {
            "customer_id": customer_id, "name": name, "initials": initials(name, person=True),
            "title": given.get("title") or "", "mobile": mobile, "mobile_tail": mobile[-4:], "main": main,
            "created_at": self.ctx.now, "created_by": self.me,
        }  # fmt: skip

    def finish(self, created: Sequence[tuple[Any, Values]], changed: Sequence[Look]) -> list[Written]:
        """Stores, with the first line of each new one's owner history and its contact."""
        ids = bulk.insert_rows(self.tx, Customer, [vars(c) for c, _ in created])
        for (customer, _), new_id in zip(created, ids, strict=True):
            customer.id = new_id
        owners = {c.id: c.owner_id for c, _ in created}
        pools.open_pages(self.tx, owners, how="import", by=self.me, now=self.ctx.now)
        persons: dict[int, dict[str, Any]] = {}
        for customer, values in created:
            if values.get("contact.name"):
                given = {a: values.get(f) for f, a in PERSON.items()}
                persons[customer.id] = self._contact(customer.id, given, main=True)
        bulk.insert_rows(self.tx, Contact, list(persons.values()))
        records.add_all(self.tx, [look.changes["contact"][0] for look in changed if "contact" in look.changes])
        done = []
        lines = []
        for customer, _ in created:
            person = persons.get(customer.id)
            after = facts(customer, [SimpleNamespace(**person)] if person is not None else [])
            done.append(Written(customer.id, None, after))
            lines.append(self._line("create.customer", customer, {}, after))
        for look in changed:
            before, record = dict(look.before or {}), look.record
            after = {a: plain(getattr(record, a)) for f, a in FIELDS.items() if f in look.changes}
            after |= self._own_facts(record, look)
            if "contact" in look.changes:
                contact, was = look.changes["contact"]
                before["contact"] = {"id": contact.id, "was": was}
                after["contact"] = {a: getattr(contact, a) for a in PERSON.values()}
            done.append(Written(record.id, before, after))
            lines.append(self._line("edit.customer", record, before, after))
        audit.record_many(
            self.tx, lines, at=self.ctx.now, user_id=self.ctx.actor.user_id, via=self.ctx.via,
            source=str(self.options.get("source", "")),
        )  # fmt: skip
        return done

    def _line(self, action: str, record: Any, before: Mapping[str, Any], after: Mapping[str, Any]) -> audit.Line:
        told = {a: v for a, v in after.items() if a in self.titles and a != "owner_id"}
        return audit.Line(action, f"customer:{record.id}", record.name, told_changes(self.titles, before, told))


def facts(customer: Any, contacts: Sequence[Any]) -> dict[str, Any]:
    """A new customer as it came in."""
    values = {a: plain(getattr(customer, a)) for a in FIELDS.values()} | own_facts(customer)
    return values | {"owner_id": customer.owner_id, "contacts": [[c.name, c.title, c.mobile] for c in contacts]}
