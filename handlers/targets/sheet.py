"""Columns of sales targets, and what a row of them does: one subject's twelve months of one metric in one year."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import AppError
from handlers.exchange.kinds import Batch, Changed, Kind, Look, RowProblem, Values, Wanted, Written
from handlers.exchange.rules import SheetColumn
from handlers.targets.rules import METRICS, read_metric
from handlers.targets.service import step_in_scope, step_subject
from storage import audit, targets
from storage.database import Tx
from storage.settings import lock_base_data
from storage.targets import Subject, TargetLine

MONTHS = tuple(range(1, 13))


class TargetBatch(Batch):
    """Rows of targets."""

    def prepare(self, rows: Sequence[Values]) -> None:  # noqa: ARG002
        """The subjects are few, and looked for one by one."""
        lock_base_data(self.tx)
        self.subjects: dict[str, Subject | AppError] = {}
        self.present: dict[tuple[str, str, str, int], dict[int, Decimal]] = {}

    def _subject(self, who: str) -> Subject:
        if who not in self.subjects:
            try:
                self.subjects[who] = step_subject(self.tx, self.ctx, who)
            except AppError as refusal:
                self.subjects[who] = refusal
        found = self.subjects[who]
        if isinstance(found, AppError):
            raise RowProblem(f"对象：{found.text.rstrip('。')}")
        return found

    def look(self, values: Values) -> Look:
        """Raises RowProblem."""
        who, said, year = str(values.get("who") or ""), str(values.get("metric") or ""), values.get("year")
        missing = [t for t, v in (("对象", who), ("指标", said), ("年份", year)) if not v]
        if missing:
            raise RowProblem(f"{'、'.join(missing)}：必填")
        metric = read_metric(said)
        if not metric:
            raise RowProblem(f"指标：没认出「{said}」，可以填：{'、'.join(METRICS.values())}")
        if not isinstance(year, int) or not 2000 <= year <= 2100:
            raise RowProblem(f"年份：没认出「{year}」，例如 2026")
        subject = self._subject(who)
        spot = (subject.kind, subject.subject_id, metric, year)
        if spot not in self.present:
            self.present[spot] = targets.months_of(self.tx, subject, metric, year)
        present = self.present[spot]
        given = {m: values[f"m{m}"] for m in MONTHS if f"m{m}" in values}
        changes = {m: v for m, v in given.items() if present.get(m) != v}
        if not present and not any(v is not None for v in given.values()):
            raise RowProblem("一个月的目标都没有填")
        if not changes:
            return Look("same", spot)
        found = Look("update" if present else "new", (subject, metric, year))
        found.changes = {str(m): v for m, v in changes.items()}
        return found

    def create(self, values: Values) -> Any:
        """The same as a change."""
        look = self.look(values)
        if look.verdict != "same":
            self.change(look)
        return look

    def change(self, look: Look) -> None:
        """Writes the months, and leaves the others."""
        subject, metric, year = look.record
        months = {int(m): v for m, v in look.changes.items()}
        present = self.present[subject.kind, subject.subject_id, metric, year]
        look.before = {
            "spot": [subject.kind, subject.subject_id, subject.name, metric, year],
            "months": {str(m): _plain(present.get(m)) for m in months},
        }
        targets.set_months(self.tx, subject, metric, year, months)
        self.present[subject.kind, subject.subject_id, metric, year] = {
            m: v for m, v in {**present, **months}.items() if v is not None
        }

    def finish(self, created: Sequence[tuple[Any, Values]], changed: Sequence[Look]) -> list[Written]:
        """Puts each on record."""
        done = []
        for look in [look for look, _ in created] + list(changed):
            subject, metric, year = look.record
            before = look.before or {}
            after = {"spot": before["spot"], "months": {m: _plain(v) for m, v in look.changes.items()}}
            done.append(Written(0, before, after))
            told = "、".join(
                f"{m}月 {before['months'][m] or '（空）'} → {v or '（空）'}" for m, v in after["months"].items()
            )
            audit.record(
                self.tx, at=self.ctx.now, user_id=self.me, via=self.ctx.via, action="set.target",
                subject=f"target:{subject.kind}:{subject.subject_id}", name=subject.name,
                source=str(self.options.get("source", "")),
                lines=[f"{subject.name} {year}年{METRICS[metric]}目标：{told}"],
            )  # fmt: skip
        return done


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.2f}"


class Targets(Kind):
    """销售目标."""

    name: ClassVar[str] = "targets"
    resource: ClassVar[str] = "target"
    label: ClassVar[str] = "销售目标"
    unit: ClassVar[str] = "条"
    words: ClassVar[tuple[str, ...]] = ("目标", "业绩目标")
    keys: ClassVar[tuple[str, ...]] = ("who", "metric", "year")
    notes: ClassVar[tuple[str, ...]] = (
        "对象写同事或部门的名称（同名的写编号）；某个月留空就不改，写「<清空>」就去掉。",
    )

    @property
    def exporting(self) -> Permission:
        """Whoever may look at them."""
        return Permission.TARGET_VIEW

    def columns(self, tx: Tx) -> tuple[SheetColumn, ...]:  # noqa: ARG002
        """对象 指标 年份 1月 … 12月."""
        return (
            SheetColumn("who", "对象", required=True, width=20, synonyms=("姓名", "员工", "部门", "同事", "目标对象"),
                        sample="示例 李四"),
            SheetColumn("metric", "指标", required=True, synonyms=("目标类型", "类型", "目标指标"), sample="合同额"),
            SheetColumn("year", "年份", "whole", required=True, synonyms=("年", "年度"), sample="2026", width=10),
            *(
                SheetColumn(f"m{m}", f"{m}月", "money", synonyms=(f"{m}月份", f"{m:02}月"), sample="300000")
                for m in MONTHS
            ),
        )  # fmt: skip

    def key(self, values: Values) -> str:
        """Subject, metric and year."""
        return f"{values.get('who')}|{read_metric(str(values.get('metric') or ''))}|{values.get('year')}"

    def batch(self, tx: Tx, ctx: Context, options: Mapping[str, Any]) -> TargetBatch:
        """Rows to come."""
        return TargetBatch(tx, ctx, options)

    def take_back(
        self,
        tx: Tx,
        ctx: Context,  # noqa: ARG002
        record: int,  # noqa: ARG002
        before: dict[str, Any] | None,
        after: dict[str, Any],
    ) -> None:
        """Raises Changed."""
        kind, subject_id, name, metric, year = after["spot"]
        subject = Subject(kind, subject_id, name)
        present = targets.months_of(tx, subject, metric, int(year))
        if {m: _plain(present.get(int(m))) for m in after["months"]} != after["months"]:
            raise Changed("之后又改过了")
        was = (before or {})["months"]
        targets.set_months(
            tx, subject, metric, int(year), {int(m): None if v is None else Decimal(v) for m, v in was.items()}
        )

    def _lines(self, tx: Tx, ctx: Context, wanted: Wanted) -> list[TargetLine]:
        years = [wanted.year] if wanted.year else targets.list_years(tx)
        others = ctx.actor.may(Permission.TARGET_VIEW) or ctx.actor.may(Permission.TARGET_SET)
        return [
            line for year in years for line in targets.list_year(tx, year)
            if step_in_scope(tx, ctx, line.subject, others=others) and all(w in line.subject.name for w in wanted.words)
            and (not wanted.mine or line.subject.subject_id == ctx.actor.user_id)
        ]  # fmt: skip

    def count(self, tx: Tx, ctx: Context, wanted: Wanted) -> int:
        """Subjects' years within the scope."""
        return len(self._lines(tx, ctx, wanted))

    def rows(self, tx: Tx, ctx: Context, wanted: Wanted, after: int, limit: int) -> list[tuple[int, Values]]:
        """A few hundred in all: by their place."""
        lines = self._lines(tx, ctx, wanted)
        names = [(line.subject.kind, line.subject.name) for line in lines]
        shared = {n for _, n in names if len({line.subject.subject_id for line in lines if line.subject.name == n}) > 1}
        shown: list[tuple[int, Values]] = []
        for place, line in enumerate(lines, start=1):
            if not after < place <= after + limit:
                continue
            who = line.subject.subject_id if line.subject.name in shared else line.subject.name
            values: Values = {"who": who, "metric": METRICS[line.metric], "year": line.year}
            shown.append((place, values | {f"m{m}": a for m, a in line.months.items()}))
        return shown
