"""Use cases of competitors."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.core.forms import check_may_fill
from handlers.competitors import rules
from handlers.competitors.rules import LABELS, ChangedSince, CompetitorWords, NameTaken
from storage import audit, competitors, undos
from storage.database import Tx
from storage.settings import lock_base_data
from storage.tables import Competitor

PAGE = 5
UNDO = timedelta(minutes=10)
FIELDS = ("name", "strengths", "weaknesses", "tactics", "active")


@dataclass(frozen=True, slots=True)
class CompetitorPage:
    """One page of the list, with its total."""

    rows: list[Competitor]
    total: int
    pages: int


@dataclass(frozen=True, slots=True)
class Changed:
    """A change in words, and how to take it back."""

    name: str
    text: str
    undo_id: int | None  # None: nothing changed


def list_competitors(ctx: Context, page: int = 1) -> CompetitorPage:
    """Five a page. Raises Forbidden."""
    ctx.actor.require(Permission.COMPETITOR_VIEW)
    with ctx.begin() as tx:
        rows, total = competitors.list_competitors(tx, page=page, per_page=PAGE)
        return CompetitorPage(rows, total, max(1, -(-total // PAGE)))


def show_competitor(ctx: Context, name: str) -> Competitor:
    """Raises Forbidden, NotFound."""
    ctx.actor.require(Permission.COMPETITOR_VIEW)
    with ctx.begin() as tx:
        return competitors.access_competitor(tx, name)


def add_competitor(ctx: Context, words: CompetitorWords) -> Changed:
    """Raises Forbidden, NameTaken."""
    ctx.actor.require(Permission.COMPETITOR_ADD)
    check_may_fill(ctx.actor, "competitor", words.given())
    with ctx.begin() as tx:
        lock_base_data(tx)
        taken = competitors.find_competitor(tx, words.name)
        if taken is not None:
            raise NameTaken(f"已经有竞争对手「{taken.name}」了，要补充请发「修改竞争对手 {taken.name} 优势 …」。")
        competitor = competitors.add_competitor(
            tx, name=words.name, strengths=words.strengths or "", weaknesses=words.weaknesses or "",
            tactics=words.tactics or "",
        )  # fmt: skip
        undo_id = _offer(
            tx, ctx, "competitors.add", competitor, {}, _facts(competitor), f"新增竞争对手 {competitor.name}"
        )
        _record(tx, ctx, "add.competitor", competitor, changes=_differences({}, _facts(competitor)) or None)
        return Changed(competitor.name, f"已新增竞争对手 {competitor.name}\n{facts_lines(competitor)}", undo_id)


def edit_competitor(ctx: Context, words: CompetitorWords) -> Changed:
    """Replaces what the sentence speaks of. Raises Forbidden, NotFound, InvalidInput."""
    ctx.actor.require(Permission.COMPETITOR_EDIT)
    if not words.given():
        raise InvalidInput(f"要改什么？例如「修改竞争对手 {words.name} 优势 价格低」。")
    check_may_fill(ctx.actor, "competitor", dict.fromkeys(words.given(), "*"))
    with ctx.begin() as tx:
        lock_base_data(tx)
        competitor = competitors.access_competitor(tx, words.name)
        before = {field: getattr(competitor, field) for field in words.given()}
        for field, text in words.given().items():
            setattr(competitor, field, text)
        text = "；".join(
            f"{LABELS[f]}：{before[f] or '（空）'} → {getattr(competitor, f) or '（空）'}" for f in words.given()
        )
        return _edited(tx, ctx, competitor, before, f"{competitor.name} {text}")


def switch_competitor(ctx: Context, name: str, *, active: bool) -> Changed:
    """停用 archives it: it stays where it was met. Raises Forbidden, NotFound."""
    ctx.actor.require(Permission.COMPETITOR_EDIT)
    with ctx.begin() as tx:
        lock_base_data(tx)
        competitor = competitors.access_competitor(tx, name)
        before = {"active": competitor.active}
        competitor.active = active
        word = {True: "启用", False: "停用"}
        return _edited(tx, ctx, competitor, before, f"{competitor.name}：{word[before['active']]} → {word[active]}")


def remove_competitor(ctx: Context, name: str) -> Changed:
    """Only one that was met nowhere (R-COMP-4). Raises Forbidden, NotFound, StillMet."""
    ctx.actor.require(Permission.COMPETITOR_DELETE)
    with ctx.begin() as tx:
        lock_base_data(tx)
        competitor = competitors.access_competitor(tx, name)
        rules.check_may_remove(competitor.name, competitors.count_met(tx, competitor))
        before = competitors.whole(tx, competitor)
        undo_id = _offer(tx, ctx, "competitors.remove", competitor, before, {}, f"删除竞争对手 {competitor.name}")
        _record(tx, ctx, "remove.competitor", competitor, changes=_differences(before, {}))
        competitors.remove_competitor(tx, competitor)
        return Changed(before["name"], f"已删除竞争对手 {before['name']}", undo_id)


def undo_change(ctx: Context, payload: dict[str, Any]) -> str:
    """Puts back what a change, a deletion or a new entry replaced. Raises Forbidden, ChangedSince."""
    name, before, after = str(payload["name"]), payload["before"], payload["after"]
    needs = Permission.COMPETITOR_EDIT if before and after else Permission.COMPETITOR_ADD
    ctx.actor.require(needs if after else Permission.COMPETITOR_DELETE)
    with ctx.begin() as tx:
        lock_base_data(tx)
        competitor = competitors.find_competitor(tx, name)
        now = competitors.whole(tx, competitor) if competitor is not None else {}
        if {f: now.get(f) for f in after} != after or (not after and now):
            raise ChangedSince(f"「{name}」之后又改过，不能撤销了。发送「竞争对手 {name}」看现在的样子。")
        if not before:  # it was new
            competitor = competitors.access_competitor(tx, name)
            rules.check_may_remove(competitor.name, competitors.count_met(tx, competitor))
            _record(tx, ctx, "undo.competitor", competitor, changes=_differences(now, {}))
            competitors.remove_competitor(tx, competitor)
            return f"已撤销新增竞争对手「{name}」。"
        if competitor is None:  # it was deleted
            competitor = competitors.add_competitor(tx, name=name, strengths="", weaknesses="", tactics="")
        for field, value in before.items():
            setattr(competitor, field, value)
        _record(tx, ctx, "undo.competitor", competitor, changes=_differences(after, before))
        return f"已撤销，「{name}」恢复原样。"


def facts_lines(competitor: Competitor) -> str:
    """优势 … / 劣势 … / 应对策略 …, as far as they are known."""
    lines = [f"{LABELS[f]}：{getattr(competitor, f)}" for f in LABELS if getattr(competitor, f)]
    return "\n".join([*lines, *([] if competitor.active else ["已停用"])])


def _facts(competitor: Competitor) -> dict[str, Any]:
    return {field: getattr(competitor, field) for field in FIELDS}


def _differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[str, str]]:
    labels = {**LABELS, "active": "状态"}
    words = {True: "启用", False: "停用"}
    pairs = {f: (before.get(f, ""), after.get(f, "")) for f in labels}
    return {labels[f]: (str(words.get(a, a)), str(words.get(b, b))) for f, (a, b) in pairs.items() if a != b}


def _edited(tx: Tx, ctx: Context, competitor: Competitor, before: dict[str, Any], text: str) -> Changed:
    after = {field: getattr(competitor, field) for field in before}
    if before == after:
        return Changed(competitor.name, f"没有变化：{text}", None)
    undo_id = _offer(tx, ctx, "competitors.edit", competitor, before, after, f"修改竞争对手 {competitor.name}")
    _record(tx, ctx, "edit.competitor", competitor, changes=_differences(before, after))
    return Changed(competitor.name, text, undo_id)


def _offer(
    tx: Tx, ctx: Context, kind: str, competitor: Competitor, before: dict[str, Any], after: dict[str, Any], text: str
) -> int:
    return undos.offer(
        tx, user_id=ctx.actor.user_id, kind=kind, text=text, now=ctx.now, lasts=UNDO,
        payload={"name": competitor.name, "before": before, "after": after},
    )  # fmt: skip


def _record(tx: Tx, ctx: Context, action: str, competitor: Competitor, **detail: Any) -> None:
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=f"competitor:{competitor.name}",
        name=competitor.name, **detail,
    )  # fmt: skip
