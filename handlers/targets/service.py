"""Use cases of sales targets: setting them and looking at what is set."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput, NotFound
from bot.core.fields import FieldLevel
from handlers.targets import rules
from handlers.targets.rules import METRICS, ChangedSince, Progress, TargetWords
from storage import audit, people, results, targets, undos
from storage.database import Tx
from storage.settings import lock_base_data
from storage.targets import Subject, TargetLine

UNDO = timedelta(minutes=10)
ACTUAL = {"contract": results.signed_by, "payment": results.collected_by}
SHOWN = (FieldLevel.READ, FieldLevel.WRITE)


@dataclass(frozen=True, slots=True)
class Done:
    """What was set. `differing`: nothing was written, these months have other targets and must be decided first."""

    text: str
    undo_id: int | None = None
    differing: dict[int, Decimal] | None = None


def set_targets(ctx: Context, words: TargetWords, *, overwrite: bool | None = None) -> Done:
    """Sets months of a person or department within the actor's scope. `overwrite` None: asks before a batch does.

    Raises:
        Forbidden: without 目标-设置.
        NotFound: no such person or department, or none within scope.
        InvalidInput: 合同额 or 回款额 was not said.
    """
    ctx.actor.require(Permission.TARGET_SET)
    if not words.metric:
        raise InvalidInput("是合同额还是回款额？")
    with ctx.begin() as tx:
        lock_base_data(tx)
        subject = _access_subject(tx, ctx, words.who)
        present = targets.months_of(tx, subject, words.metric, words.year)
        other = rules.differing(words, present)
        if other and overwrite is None:
            some = "、".join(f"{m}月 {a:,.2f}" for m, a in sorted(other.items())[:4])
            text = f"{subject.name} {words.year}年已有 {len(other)} 个月的{METRICS[words.metric]}目标不同（{some}）。"
            return Done(text, differing=other)
        wanted: dict[int, Decimal | None] = {
            m: a for m, a in words.months.items() if overwrite or m not in other or not words.batch
        }
        targets.set_months(tx, subject, words.metric, words.year, wanted)
        after = targets.months_of(tx, subject, words.metric, words.year)
        undo_id = undos.offer(
            tx, user_id=ctx.actor.user_id, kind="targets.set", now=ctx.now, lasts=UNDO,
            text=f"{subject.name} {words.year}年{METRICS[words.metric]}目标",
            payload={
                "kind": subject.kind, "subject_id": subject.subject_id, "name": subject.name, "metric": words.metric,
                "year": words.year, "before": _months(present, wanted), "after": _months(after, wanted),
            },
        )  # fmt: skip
        text = _text(subject, words.metric, words.year, wanted, present, after)
        _record(tx, ctx, "set.target", subject, text)
        return Done(text, undo_id)


def undo_set(ctx: Context, payload: dict[str, Any]) -> str:
    """Puts the months back as they were. Raises Forbidden, ChangedSince."""
    ctx.actor.require(Permission.TARGET_SET)
    metric, year = payload["metric"], int(payload["year"])
    with ctx.begin() as tx:
        lock_base_data(tx)
        subject = Subject(payload["kind"], payload["subject_id"], payload["name"])
        before = {int(m): None if a is None else Decimal(a) for m, a in payload["before"].items()}
        present = targets.months_of(tx, subject, metric, year)
        if _months(present, before) != payload["after"]:
            raise ChangedSince(f"{subject.name} {year}年的目标之后又改过，不能撤销了。发送「销售目标」看现在的样子。")
        targets.set_months(tx, subject, metric, year, before)
        text = _text(subject, metric, year, before, present, targets.months_of(tx, subject, metric, year))
        _record(tx, ctx, "undo.target", subject, text)
        return f"已撤销，{subject.name} {year}年的目标恢复原样。"


def list_targets(ctx: Context, year: int) -> list[TargetLine]:
    """The year's targets within the actor's scope; one's own need no function (world.md)."""
    others = ctx.actor.may(Permission.TARGET_SET) or ctx.actor.may(Permission.TARGET_VIEW)
    with ctx.begin() as tx:
        return [
            line
            for line in targets.list_year(tx, year)
            if _own(ctx, line.subject) or (others and _in_scope(tx, ctx, line.subject))
        ]


def show_progress(ctx: Context) -> tuple[Progress, ...]:
    """One's own month so far, by metric; without what one's roles keep back of the amounts (R-TGT-4, R-TGT-7)."""
    with ctx.begin() as tx:
        return step_progress(tx, ctx)


def step_progress(tx: Tx, ctx: Context, *, aimed_at: bool = False) -> tuple[Progress, ...]:
    """The same in somebody's transaction. `aimed_at`: of what a target is set for alone."""
    me, first = ctx.actor.user_id, ctx.today.replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    wanted = targets.of_month(tx, me, ctx.today.year, ctx.today.month)
    return tuple(
        Progress(metric, actual_of(tx, me, first, last), wanted.get(metric))
        for metric, actual_of in ACTUAL.items()
        if ctx.actor.scope.fields.level(metric, "amount") in SHOWN and (metric in wanted or not aimed_at)
    )


def step_subject(tx: Tx, ctx: Context, who: str) -> Subject:
    """The person or department of that name, within the actor's scope. Raises NotFound."""
    return _access_subject(tx, ctx, who)


def step_in_scope(tx: Tx, ctx: Context, subject: Subject, *, others: bool) -> bool:
    """Whether the actor may see the subject's targets; his own always, those of `others` by function and scope."""
    return _own(ctx, subject) or (others and _in_scope(tx, ctx, subject))


def _access_subject(tx: Tx, ctx: Context, who: str) -> Subject:
    found = targets.find_department(tx, who)
    if not found:
        found = [Subject("user", p.user_id, p.name) for p in people.list_by_name(tx, who) if p.name == who]
        if not found and (person := people.get_employee(tx, who)) is not None and person.active:
            found = [Subject("user", person.user_id, person.name)]
    within = [s for s in found if _in_scope(tx, ctx, s)]
    if not within:
        raise NotFound(f"没有找到「{who}」这位同事或部门，请核对名称。")
    if len(within) > 1:
        some = "、".join(s.subject_id for s in within)
        raise NotFound(f"「{who}」不止一个：{some}。请用编号再说一次。")
    return within[0]


def _own(ctx: Context, subject: Subject) -> bool:
    return subject.kind == "user" and subject.subject_id == ctx.actor.user_id


def _in_scope(tx: Tx, ctx: Context, subject: Subject) -> bool:
    scope = ctx.actor.scope
    if scope.departments is None or _own(ctx, subject):
        return True
    if subject.kind == "department":
        return int(subject.subject_id) in scope.departments
    return bool(scope.departments & set(people.departments_of(tx, subject.subject_id)))


def _months(amounts: Mapping[int, Decimal], months: Iterable[int]) -> dict[str, str | None]:
    return {str(m): str(amounts[m]) if m in amounts else None for m in sorted(months)}


def _text(
    subject: Subject, metric: str, year: int, months: Iterable[int], before: dict[int, Decimal],
    after: dict[int, Decimal],
) -> str:  # fmt: skip
    head = f"{subject.name} {year}年{METRICS[metric]}目标"
    pairs = {m: (_yuan(before.get(m)), _yuan(after.get(m))) for m in sorted(months)}
    if len(pairs) == 12 and len(set(pairs.values())) == 1:
        was, now = pairs[1]
        change = f"每月 {was} → {now}"
    else:
        alike: dict[tuple[str, str], list[int]] = {}
        for month, pair in pairs.items():
            alike.setdefault(pair, []).append(month)
        change = "、".join(f"{_spans(of)}月 {was} → {now}" for (was, now), of in alike.items()) or "没有变化"
    return f"{head}：{change}，全年 {sum(after.values()):,.2f} 元"


def _spans(months: list[int]) -> str:
    """1–2、4–12."""
    spans: list[list[int]] = []
    for month in months:
        if spans and spans[-1][-1] == month - 1:
            spans[-1][1:] = [month]
        else:
            spans.append([month])
    return "、".join("–".join(map(str, span)) for span in spans)


def _yuan(amount: Decimal | None) -> str:
    return "（空）" if amount is None else f"{amount:,.2f}"


def _record(tx: Tx, ctx: Context, action: str, subject: Subject, text: str) -> None:
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action,
        subject=f"target:{subject.kind}:{subject.subject_id}", name=subject.name, lines=[text],
    )  # fmt: skip
