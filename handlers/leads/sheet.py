"""Columns of leads, and what a row of them does: the key is the company and the number."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from bot.context import Context
from bot.language.companies import hard_key
from handlers.exchange.kinds import OWNER, Look, Values, Wanted, Written, form_columns
from handlers.exchange.records import RecordBatch, RecordKind, owner_cells
from handlers.exchange.rules import SheetColumn
from handlers.leads import rules
from handlers.leads.reading import filter_of, step_read_filter
from handlers.leads.steps import NewLead, step_check_twin, step_create_lead, step_update_lead
from storage import leads, records
from storage.database import Tx
from storage.leads import LeadFilter
from storage.tables import Lead


class LeadBatch(RecordBatch):
    """Rows of leads."""

    def fetch(self, rows: Sequence[Values]) -> dict[str, Any]:
        """By company and number, within the scope."""
        names = {str(v["company"]) for v in rows if v.get("company")}
        found = records.find_by(self.tx, Lead, "company", sorted(names))
        found += records.find_by(self.tx, Lead, "mobile", sorted({str(v["mobile"]) for v in rows if v.get("mobile")}))
        return {LEADS.key({"company": r.company, "mobile": r.mobile}): r for r in found}

    def check_new(self, values: Values) -> None:
        """Raises Forbidden, DuplicateLead."""
        super().check_new(values)
        self.owner_of(values)
        step_check_twin(self.tx, self.ctx, str(values["company"]), str(values.get("mobile") or ""))

    def check_change(self, record: Any, changes: Values) -> None:
        """Raises RowProblem: others' are only looked at; Over: one that is converted or invalid."""
        self.check_owner_stays(record, changes)
        self.check_mine(record.owner_id, record.company)
        rules.check_open(record.company, record.state)

    def create(self, values: Values) -> Any:
        """By the step that every new lead goes through; it is put on record there."""
        said = {n: str(values.get(n) or "") for n in LEADS.fields}
        new = NewLead(**said, custom=self.own.given(values))
        made = step_create_lead(self.tx, self.ctx, new, owner_id=self.owner_of(values), source=self._source)
        self.found[self.kind.key(values)] = made
        return made

    def change(self, look: Look) -> None:
        """By the step that every change goes through."""
        look.before = self.kind.facts(look.record)
        columns = {f: str(v or "") for f, v in look.changes.items() if f in LEADS.fields}
        own = self.own.given(look.changes)
        step_update_lead(self.tx, self.ctx, look.record, columns, own, source=self._source)

    @property
    def _source(self) -> str:
        return str(self.options.get("source", ""))

    def finish(self, created: Sequence[tuple[Any, Values]], changed: Sequence[Look]) -> list[Written]:
        """They are stored and on record already."""
        done = [Written(record.id, None, LEADS.facts(record)) for record, _ in created]
        return [*done, *(Written(o.record.id, o.before or {}, LEADS.facts(o.record)) for o in changed)]


class Leads(RecordKind):
    """线索."""

    name: ClassVar[str] = "leads"
    resource: ClassVar[str] = "lead"
    label: ClassVar[str] = "线索"
    unit: ClassVar[str] = "条"
    words: ClassVar[tuple[str, ...]] = ("潜在客户", "线索资料")
    keys: ClassVar[tuple[str, ...]] = ("company",)
    model = Lead
    fields: ClassVar[Mapping[str, str]] = {
        "company": "company", "contact": "contact", "mobile": "mobile", "source": "source", "remark": "remark",
    }  # fmt: skip
    searched: ClassVar[tuple[str, ...]] = ("company", "contact", "source")
    noun: ClassVar[str] = "lead"
    listed: ClassVar[bool] = True
    made_by = LeadBatch
    notes: ClassVar[tuple[str, ...]] = ("公司和手机都相同就是同一条线索；负责人不填就归你。",)

    def columns(self, tx: Tx) -> tuple[SheetColumn, ...]:
        """公司 联系人 手机 线索来源 备注 负责人."""
        return (
            *form_columns(
                tx,
                "lead",
                company={"required": True, "width": 30, "longest": 80, "sample": "示例 杭州远航贸易",
                         "synonyms": ("公司名称", "线索名称", "企业名称", "单位", "客户名称", "客户")},
                contact={"synonyms": ("联系人姓名", "姓名"), "sample": "陈强", "longest": 40},
                mobile={"synonyms": ("手机号", "手机号码", "电话", "联系电话", "联系方式"), "sample": "13812345678"},
                source={"synonyms": ("来源", "渠道")},
                remark={"synonyms": ("说明", "需求", "备注信息"), "width": 30, "longest": 2000},
            ),
            OWNER,
        )  # fmt: skip

    def key(self, values: Values) -> str:
        """Company and number."""
        return f"{hard_key(str(values.get('company') or ''))}|{values.get('mobile') or ''}"

    def title(self, record: Any) -> str:
        """The company."""
        return str(record.company)

    def is_used(self, tx: Tx, record: Any) -> bool:  # noqa: ARG002
        """Whether it was converted, marked or given away."""
        return bool(record.state != "new")

    def remove(self, tx: Tx, ctx: Any, record: Any) -> None:
        """Gone from every list."""
        record.deleted_at = ctx.now
        records.write(tx)

    def count(self, tx: Tx, ctx: Context, wanted: Wanted) -> int:
        """Of the list that the same words show."""
        return leads.count_leads(tx, _filter(tx, ctx, wanted))

    def found(self, tx: Tx, ctx: Context, wanted: Wanted, after: int, limit: int) -> Sequence[Lead]:
        """The same."""
        return leads.list_after(tx, _filter(tx, ctx, wanted), after=after, limit=limit)

    def shown(self, tx: Tx, found: Sequence[Any]) -> list[Values]:
        """With the owner."""
        owners = owner_cells(tx, [r.owner_id for r in found])
        return [{**v, "owner": owners[r.owner_id]} for r, v in zip(found, super().shown(tx, found), strict=True)]


def _filter(tx: Tx, ctx: Context, wanted: Wanted) -> LeadFilter:
    """Converted and invalid ones too, unless the words name a state."""
    mine = {"owner": ctx.actor.user_id} if wanted.mine else {}
    return filter_of({"states": [], **step_read_filter(tx, ctx, " ".join(wanted.words), taken=mine)})


LEADS = Leads()
