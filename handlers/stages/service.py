"""Use cases of sales stages: the administrator's list."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput
from handlers.stages import rules
from handlers.stages.rules import KINDS, ChangedSince, NameTaken, StageFact
from storage import audit, stages, undos
from storage.database import Tx
from storage.settings import lock_base_data
from storage.tables import Stage

UNDO = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class StageLine:
    """One stage in words."""

    name: str
    detail: str  # 赢率 40% · 进行中 · 3 个商机


@dataclass(frozen=True, slots=True)
class Changed:
    """A change in words, and how to take it back."""

    text: str
    undo_id: int


def list_stages(ctx: Context) -> list[StageLine]:
    """In their order, with how many opportunities are in each. Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        return [StageLine(s.name, _detail(s, stages.count_in(tx, s))) for s in stages.list_stages(tx)]


def add_stage(ctx: Context, name: str, win_rate: int) -> Changed:
    """Behind the last open one. Raises Forbidden, NameTaken."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        lock_base_data(tx)
        _check_free(tx, name)
        before = _picture(tx)
        opened = [s.position for s in stages.list_stages(tx) if s.kind == "open"]
        stages.add_stage(tx, name=name, win_rate=win_rate, kind="open", position=max(opened, default=-1) + 1)
        return _changed(tx, ctx, before, "add.stage", name, f"已新增阶段 {name} 赢率 {win_rate}%")


def rate_stage(ctx: Context, name: str, win_rate: int) -> Changed:
    """The forecast follows from then on (R3.22). Raises Forbidden, NotFound, InvalidInput."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        lock_base_data(tx)
        stage = stages.access_stage(tx, name)
        rules.check_kind_rate(stage.kind, win_rate)
        before, was = _picture(tx), stage.win_rate
        stage.win_rate = win_rate
        return _changed(tx, ctx, before, "edit.stage", stage.name, f"{stage.name} 赢率：{was}% → {win_rate}%")


def set_rotten(ctx: Context, name: str, days: int | None) -> Changed:
    """What has neither moved nor been followed up for `days` in it is stale (R-OPP-7); None: nothing ever is.

    Raises:
        Forbidden, NotFound, InvalidInput.
    """
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        lock_base_data(tx)
        stage = stages.access_stage(tx, name)
        rules.check_kind_rotten(stage.kind)
        before, was = _picture(tx), stage.rotten_days
        stage.rotten_days = days
        return _changed(tx, ctx, before, "edit.stage", stage.name, f"{stage.name} 停滞：{_days(was)} → {_days(days)}")


def rename_stage(ctx: Context, name: str, new_name: str) -> Changed:
    """Opportunities stay in it. Raises Forbidden, NotFound, NameTaken, InvalidInput."""
    ctx.actor.require_admin()
    if not new_name or len(new_name) > rules.LONGEST:
        raise InvalidInput(f"新名称要 1 到 {rules.LONGEST} 个字，例如「阶段 {name} 改名 方案确认」。")
    with ctx.begin() as tx:
        lock_base_data(tx)
        stage = stages.access_stage(tx, name)
        other = stages.find_stage(tx, new_name)
        if other is not None and other.id != stage.id:
            _check_free(tx, new_name)
        before, was = _picture(tx), stage.name
        stage.name = new_name
        return _changed(tx, ctx, before, "edit.stage", new_name, f"阶段改名：{was} → {new_name}")


def move_stage(ctx: Context, name: str, other_name: str, *, behind: bool) -> Changed:
    """Before or behind another. Raises Forbidden, NotFound, InvalidInput."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        lock_base_data(tx)
        stage, other = stages.access_stage(tx, name), stages.access_stage(tx, other_name)
        if stage.id == other.id:
            raise InvalidInput("要移到另一个阶段的前面或后面，例如「阶段 报价 移到 谈判 前」。")
        before = _picture(tx)
        order = [s for s in stages.list_stages(tx) if s.id != stage.id]
        place = next(i for i, s in enumerate(order) if s.id == other.id)
        order.insert(place + behind, stage)
        stages.renumber(tx, order)
        was = "、".join(str(s["name"]) for s in before if s["active"])
        now = "、".join(s.name for s in order if s.active)
        return _changed(tx, ctx, before, "edit.stage", stage.name, f"阶段顺序：{was} → {now}")


def switch_stage(ctx: Context, name: str, *, active: bool) -> Changed:
    """停用 leaves what is in it where it is. Raises Forbidden, NotFound, MustStay."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        lock_base_data(tx)
        stage = stages.access_stage(tx, name)
        used = stages.count_in(tx, stage)
        if not active:
            rules.check_may_go(_fact(stage, used), _others(tx, stage), deleting=False)
        before = _picture(tx)
        stage.active = active
        word = "启用" if active else "停用"
        kept = f"，其中的 {used} 个商机不变" if used and not active else ""
        return _changed(tx, ctx, before, "edit.stage", stage.name, f"已{word}阶段 {stage.name}{kept}")


def remove_stage(ctx: Context, name: str) -> Changed:
    """Only one that holds nothing (R3.21). Raises Forbidden, NotFound, MustStay, StillUsed."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        lock_base_data(tx)
        stage = stages.access_stage(tx, name)
        rules.check_may_go(_fact(stage, stages.count_uses(tx, stage)), _others(tx, stage), deleting=True)
        before, was = _picture(tx), stage.name
        stages.remove_stage(tx, stage)
        return _changed(tx, ctx, before, "remove.stage", was, f"已删除阶段 {was}")


def undo_change(ctx: Context, payload: dict[str, Any]) -> str:
    """Puts the list back as it was, unless a stage that would go is in use by now.

    Raises Forbidden, ChangedSince.
    """
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        lock_base_data(tx)
        if _picture(tx) != payload["after"]:
            raise ChangedSince("销售阶段之后又改过，不能撤销了。发送「销售阶段」看现在的样子。")
        before = {str(s["name"]): s for s in payload["before"]}
        ids = {int(s["id"]) for s in payload["before"]}
        for stage in stages.list_stages(tx):
            if stage.id not in ids:
                rules.check_may_go(_fact(stage, stages.count_uses(tx, stage)), _others(tx, stage), deleting=True)
                stages.remove_stage(tx, stage)
        known = {s.id: s for s in stages.list_stages(tx)}
        for was in before.values():
            stage = known.get(int(was["id"])) or stages.restore_stage(tx, was)
            for field, value in was.items():
                setattr(stage, field, value)
        tx.flush()
        _record(tx, ctx, "undo.stage", "销售阶段", payload["text"])
        return f"已撤销「{payload['text']}」。"


def _days(days: int | None) -> str:
    return "不限" if days is None else f"{days} 天"


def _detail(stage: Stage, used: int) -> str:
    parts = [
        f"赢率 {stage.win_rate}%",
        KINDS[stage.kind],
        f"{used} 个商机",
        _limit(stage),
        "" if stage.active else "已停用",
    ]
    return " · ".join(p for p in parts if p)


def _limit(stage: Stage) -> str:
    return "" if stage.rotten_days is None else f"{stage.rotten_days} 天没动静算停滞"


def _fact(stage: Stage, used: int) -> StageFact:
    return StageFact(stage.name, stage.kind, stage.active, used)


def _others(tx: Tx, stage: Stage) -> list[StageFact]:
    return [_fact(s, 0) for s in stages.list_stages(tx) if s.id != stage.id]


def _check_free(tx: Tx, name: str) -> None:
    taken = stages.find_stage(tx, name)
    if taken is not None:
        state = "" if taken.active else f"（已停用，发送「启用阶段 {taken.name}」就能再用）"
        raise NameTaken(f"已经有「{taken.name}」这个阶段了{state}，换个名称。")


def _picture(tx: Tx) -> list[dict[str, Any]]:
    return [s.model_dump() for s in stages.list_stages(tx)]


def _changed(tx: Tx, ctx: Context, before: list[dict[str, Any]], action: str, name: str, text: str) -> Changed:
    tx.flush()
    undo_id = undos.offer(
        tx, user_id=ctx.actor.user_id, kind="stages.change", text=text, now=ctx.now, lasts=UNDO,
        payload={"before": before, "after": _picture(tx), "text": text},
    )  # fmt: skip
    _record(tx, ctx, action, name, text)
    return Changed(text, undo_id)


def _record(tx: Tx, ctx: Context, action: str, name: str, text: str) -> None:
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=f"stage:{name}", name=name,
        lines=[text],
    )  # fmt: skip
