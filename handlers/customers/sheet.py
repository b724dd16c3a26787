"""Columns of customers with their main contact; what a row of them does is in `sheet_rows`."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import NotFound
from bot.core.forms import custom_kind
from bot.language.companies import hard_key
from handlers.customers.sheet_rows import FIELDS, PERSON, CustomerBatch, facts
from handlers.exchange.kinds import OWNER, Changed, Kind, Values, Wanted, form_columns, plain
from handlers.exchange.own import own_cells, own_facts, own_of
from handlers.exchange.records import owner_cells
from handlers.exchange.rules import SheetColumn
from handlers.filters.reading import step_all_understood
from storage import custom_fields, customers, filters, records
from storage.customers import CustomerFilter
from storage.database import Tx
from storage.references import is_referred_to
from storage.tables import Customer

ELSEWHERE = ("lng", "lat", "coord_sys", "lock_until")  # 定位 and 锁定 say these, with what belongs to them
WITH_IT = ("contact", "owner_history", "claim_log")  # what goes with a customer that is taken back


class Customers(Kind):
    """客户."""

    name: ClassVar[str] = "customers"
    resource: ClassVar[str] = "customer"
    label: ClassVar[str] = "客户"
    unit: ClassVar[str] = "家"
    words: ClassVar[tuple[str, ...]] = ("客户资料", "公司", "企业", "我的客户")
    keys: ClassVar[tuple[str, ...]] = ("name",)
    owned: ClassVar[bool] = True
    listed: ClassVar[bool] = True
    notes: ClassVar[tuple[str, ...]] = (
        "客户名称写全称：同一家（信用代码相同，或名称去掉空格和「有限公司」后相同）不会建两次。",
        "负责人不填：归你，或者在检查结果的卡片上选择放进公海。",
    )

    def columns(self, tx: Tx) -> tuple[SheetColumn, ...]:
        """The form's fields, the main contact, the owner."""
        return (
            *form_columns(
                tx,
                "customer",
                skip=ELSEWHERE,
                short_name={"synonyms": ("客户简称", "公司简称", "别名"), "longest": 40},
                region={"synonyms": ("省", "所在省份", "省/地区")},
                address={"synonyms": ("公司地址", "详细地址", "客户地址", "办公地址"), "width": 30},
                website={"synonyms": ("官网", "网站", "公司网址", "主页"), "width": 24},
                name={"required": True, "width": 32, "longest": 80, "sample": "示例 杭州远航贸易有限公司",
                      "synonyms": ("客户", "公司名称", "公司", "企业名称", "单位名称", "名称", "客户全称", "单位")},
                **cast("Any", {"class": {"synonyms": ("分类", "客户级别", "级别", "客户等级", "等级", "客户类型")}}),
                industry={"synonyms": ("行业", "所属行业")},
                source={"synonyms": ("来源", "渠道")},
                city={"synonyms": ("所在城市", "地区", "区域", "所在地", "省市"), "sample": "杭州"},
                phone={"synonyms": ("公司电话", "客户电话", "座机", "电话号码", "公司座机")},
                credit_code={"synonyms": ("统一社会信用代码", "社会信用代码", "税号", "纳税人识别号"), "width": 22},
                remark={"synonyms": ("说明", "备注信息"), "width": 30, "longest": 2000},
            ),
            SheetColumn("contact.name", "联系人", synonyms=("联系人姓名", "姓名", "主联系人", "对接人"), longest=40,
                        sample="陈强"),
            SheetColumn("contact.title", "联系人职务", synonyms=("职务", "职位"), form="contact", form_field="title"),
            SheetColumn("contact.mobile", "联系人手机", "phone", form_field="mobile", sample="13812345678",
                        synonyms=("手机", "手机号", "手机号码", "联系电话", "联系方式", "移动电话"), form="contact"),
            OWNER,
        )  # fmt: skip

    def key(self, values: Values) -> str:
        """The legal person."""
        return hard_key(str(values.get("name") or ""))

    def batch(self, tx: Tx, ctx: Context, options: Mapping[str, Any]) -> CustomerBatch:
        """Rows to come."""
        return CustomerBatch(tx, ctx, options, self.columns(tx))

    def take_back(
        self, tx: Tx, ctx: Context, record: int, before: dict[str, Any] | None, after: dict[str, Any]
    ) -> None:
        """Raises Changed, NotFound."""
        found = records.get(tx, Customer, record)
        if found is None:
            raise NotFound("已经不在了")
        contacts = customers.contacts_of(tx, [record]).get(record, [])
        if before is None:
            worked_on = found.last_follow_up_at is not None or found.next_follow_up_at is not None
            if worked_on or facts(found, contacts) != after or is_referred_to(tx, Customer, record, but=WITH_IT):
                raise Changed("导入之后又改过或跟进过了")
            customers.remove_customer(tx, found, ctx.now)
            return
        person = dict(before).pop("contact", None)
        contact = next((c for c in contacts if person is not None and c.id == person["id"]), None)
        held = own_facts(found)
        if {a: held.get(a, "") if custom_kind(a) else plain(getattr(found, a)) for a in before if a != "contact"} != {
            a: v for a, v in after.items() if a != "contact"
        } or (
            person is not None
            and (contact is None or {a: getattr(contact, a) for a in PERSON.values()} != after["contact"])
        ):
            raise Changed("导入之后又改过了")
        own = own_of(before)
        if own:
            custom_fields.put_values(tx, found, {name: value or None for name, value in own.items()})
        for attribute, value in before.items():
            if attribute != "contact" and attribute not in own:
                setattr(found, attribute, value)
        if contact is not None and person is not None:
            if person["was"] is None:
                customers.remove_contact(tx, contact, ctx.now)
            else:
                for attribute, value in person["was"].items():
                    setattr(contact, attribute, value)
                contact.mobile_tail = contact.mobile[-4:]
        found.updated_at, found.version = ctx.now, found.version + 1
        records.write(tx)

    def count(self, tx: Tx, ctx: Context, wanted: Wanted) -> int:
        """Within the scope."""
        if not ctx.actor.user_id:
            return customers.count_customers(tx, CustomerFilter(pooled=None))
        return filters.count(tx, step_all_understood(tx, ctx, " ".join(wanted.words), mine=wanted.mine))

    def rows(self, tx: Tx, ctx: Context, wanted: Wanted, after: int, limit: int) -> list[tuple[int, Values]]:
        """Within the scope, cut by field rights."""
        found = _found(tx, ctx, wanted, after, limit)
        contacts = customers.contacts_of(tx, [c.id or 0 for c in found])
        owners = owner_cells(tx, [c.owner_id for c in found])
        shown: list[tuple[int, Values]] = []
        own = own_cells(tx, "customer", found)
        for customer, cells in zip(found, own, strict=True):
            values: Values = {**cells, "name": customer.name, "owner": owners[customer.owner_id]}
            values |= {f: getattr(customer, a) for f, a in FIELDS.items()}
            mine = customer.owner_id == ctx.actor.user_id or ctx.actor.may(Permission.CONTACT_VIEW)
            main = next(iter(contacts.get(customer.id or 0, ())), None)
            if main is not None and mine:
                values |= {f: getattr(main, a) for f, a in PERSON.items()}
            shown.append((customer.id or 0, values))
        return shown


def _found(tx: Tx, ctx: Context, wanted: Wanted, after: int, limit: int) -> list[Customer]:
    """Of the list that the same words show; for the command line all of them."""
    if not ctx.actor.user_id:
        return customers.list_after(tx, after=after, limit=limit)
    conditions = step_all_understood(tx, ctx, " ".join(wanted.words), mine=wanted.mine)
    return filters.after(tx, conditions, after, most=limit)


CUSTOMERS = Customers()
