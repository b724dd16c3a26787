"""Columns of contacts, and what a row of them does: the key is the customer, the name and, if told, the number."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from bot.core.actor import Permission
from bot.core.errors import NotFound
from bot.language.pinyin import initials
from handlers.customers import rules
from handlers.exchange.kinds import Look, RowProblem, Values, form_columns, same
from handlers.exchange.records import CUSTOMER, CustomerNames, RecordBatch, RecordKind
from handlers.exchange.rules import SheetColumn
from storage import customers, people, records
from storage.database import Tx
from storage.tables import Contact, Customer


class ContactBatch(RecordBatch):
    """Rows of contacts."""

    def fetch(self, rows: Sequence[Values]) -> dict[str, Any]:
        """By customer and name, and with the number besides."""
        self.names = CustomerNames(self.tx, [v.get("customer", "") for v in rows])
        ids = [c.id for c in self.names.by_key.values()]
        self.at: dict[tuple[int, str], list[Contact]] = {}
        for contact in sorted(records.find_by(self.tx, Contact, "customer_id", ids), key=lambda c: c.id or 0):
            self.at.setdefault((contact.customer_id, contact.name), []).append(contact)
        self.have_main = {c.customer_id for some in self.at.values() for c in some if c.main}
        return {}

    def look(self, values: Values) -> Look:
        """Raises RowProblem, NotYours."""
        missing = [c.title for c in self.required if values.get(c.field) in (None, "")]
        if missing:
            raise RowProblem(f"{'、'.join(missing)}：必填")
        customer = self.names.access(values["customer"])
        record = self._present(customer, values)
        if record is not None:
            changes = {f: v for f, v in values.items() if f in self.kind.fields and not same(self.value(record, f), v)}
            changes |= self.own.changes(record, values)
            if not changes:
                return Look("same", record)
            self._check(customer, may_edit=self.ctx.actor.may(Permission.CONTACT_EDIT))
            return Look("update", record, changes)
        self._check(customer, may_edit=self.ctx.actor.may(Permission.CONTACT_EDIT))
        self.own.new(values)
        if self.at.get((customer.id or 0, values["name"])):
            return Look("alike", reason=f"{customer.name} 已有「{values['name']}」，手机不同：换了号码还是另一位？")
        return Look("new")

    def _present(self, customer: Customer, values: Values) -> Contact | None:
        namesakes = self.at.get((customer.id or 0, values["name"]), [])
        mobile = values.get("mobile")
        by_number = [c for c in namesakes if mobile and c.mobile == mobile]
        if by_number:
            return by_number[0]
        if len(namesakes) > 1:
            if mobile:
                return None
            raise RowProblem(f"姓名：{customer.name} 有 {len(namesakes)} 位「{values['name']}」，请写上手机")
        if namesakes and mobile and namesakes[0].mobile:
            return None  # another number: somebody else of that name, for all the row says
        return namesakes[0] if namesakes else None

    def _check(self, customer: Customer, *, may_edit: bool) -> None:
        if self.system:
            return
        rules.check_may_write(
            owner_id=customer.owner_id, actor_id=self.me, may_edit=may_edit, name=customer.name,
            owner=people.name_of(self.tx, customer.owner_id),
        )  # fmt: skip

    def create(self, values: Values) -> Any:
        """The customer's first one is its main one."""
        customer_id = self.names.access(values["customer"]).id or 0
        mobile = values.get("mobile", "")
        contact = Contact(
            customer_id=customer_id, name=values["name"], initials=initials(values["name"], person=True),
            title=values.get("title", ""), mobile=mobile, mobile_tail=mobile[-4:], wechat=values.get("wechat", ""),
            phone=values.get("phone", ""), custom=self.own.new(values),
            main=customer_id not in self.have_main, created_at=self.ctx.now, created_by=self.me,
        )  # fmt: skip
        self.have_main.add(customer_id)
        self.at.setdefault((customer_id, contact.name), []).append(contact)
        return contact

    def change(self, look: Look) -> None:
        """With what is derived from the number."""
        super().change(look)
        look.record.mobile_tail = look.record.mobile[-4:]


class Contacts(RecordKind):
    """联系人."""

    name: ClassVar[str] = "contacts"
    resource: ClassVar[str] = "contact"
    label: ClassVar[str] = "联系人"
    unit: ClassVar[str] = "位"
    keys: ClassVar[tuple[str, ...]] = ("customer", "name")
    model = Contact
    fields: ClassVar[Mapping[str, str]] = {
        "name": "name",
        "title": "title",
        "mobile": "mobile",
        "phone": "phone",
        "wechat": "wechat",
    }
    searched: ClassVar[tuple[str, ...]] = ("name", "title")
    noun: ClassVar[str] = "contact"
    made_by = ContactBatch
    notes: ClassVar[tuple[str, ...]] = ("客户名称要写全称，客户要先在系统里；同一客户里同名的两位，靠手机分清。",)

    def columns(self, tx: Tx) -> tuple[SheetColumn, ...]:
        """客户名称 姓名 职务 手机 座机 微信."""
        sample = SheetColumn(**{**{n: getattr(CUSTOMER, n) for n in CUSTOMER.__slots__}, "sample": "示例 杭州远航贸易"})
        return (
            sample,
            *form_columns(
                tx,
                "contact",
                name={"required": True, "synonyms": ("联系人", "联系人姓名", "名字"), "sample": "陈强", "longest": 40},
                title={"synonyms": ("职位", "岗位", "头衔")},
                mobile={"synonyms": ("电话", "手机号", "手机号码", "联系电话", "联系方式"), "sample": "13812345678"},
                phone={"synonyms": ("固定电话", "办公电话", "座机号")},
                wechat={"synonyms": ("微信号",)},
            ),
        )

    def key(self, values: Values) -> str:
        """Two of one customer and name are told apart by the number."""
        customer = CustomerNames.key(str(values.get("customer", "")))
        return "|".join((customer, str(values.get("name", "")), str(values.get("mobile") or "")))

    def take_back(self, tx: Tx, ctx: Any, record: int, before: dict[str, Any] | None, after: dict[str, Any]) -> None:
        """Raises Changed, NotFound."""
        super().take_back(tx, ctx, record, before, after)
        found = records.get(tx, Contact, record)
        if found is not None:
            found.mobile_tail = found.mobile[-4:]
            records.write(tx)

    def remove(self, tx: Tx, ctx: Any, record: Any) -> None:
        """Gone from every list."""
        if record is None:
            raise NotFound("已经不在了")
        customers.remove_contact(tx, record, ctx.now)

    def shown(self, tx: Tx, found: Sequence[Any]) -> list[Values]:
        """With the customer's name."""
        names = records.names_by_id(tx, Customer, "name", [c.customer_id for c in found])
        return [
            {"customer": names.get(r.customer_id, ""), **v}
            for r, v in zip(found, super().shown(tx, found), strict=True)
        ]
