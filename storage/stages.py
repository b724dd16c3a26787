"""Queries on sales stages (销售阶段)."""

from typing import Any

from sqlalchemy import or_
from sqlmodel import col, func, select

from bot.core.errors import NotFound
from storage.database import Tx
from storage.dictionaries import fold
from storage.tables import Opportunity, Stage, StageLog


def list_stages(tx: Tx) -> list[Stage]:
    """In their order, those out of use last of all."""
    query = select(Stage).order_by(col(Stage.active).desc(), col(Stage.position), col(Stage.id))
    return list(tx.exec(query).all())


def find_stage(tx: Tx, name: str) -> Stage | None:
    """By folded name, or the one of those in use that alone begins so (商务 is 商务谈判, 打样阶段 is 打样)."""
    key = fold(name)
    known = list_stages(tx)
    exact = next((s for s in known if fold(s.name) == key), None)
    short = key.removesuffix("阶段")
    if exact is not None or len(short) < 2:
        return exact
    near = [s for s in known if s.active and fold(s.name).removesuffix("阶段").startswith(short)]
    same = [s for s in near if fold(s.name).removesuffix("阶段") == short]
    found = same if len(same) == 1 else near
    return found[0] if len(found) == 1 else None


def access_stage(tx: Tx, name: str) -> Stage:
    """Raises NotFound, naming what there is."""
    found = find_stage(tx, name)
    if found is None:
        known = "、".join(s.name for s in list_stages(tx)) or "还没有"
        raise NotFound(f"没有「{name}」这个销售阶段，现有：{known}。")
    return found


def add_stage(tx: Tx, *, name: str, win_rate: int, kind: str, position: int) -> Stage:
    """A new one at its place; those behind it move on."""
    for stage in list_stages(tx):
        if stage.position >= position:
            stage.position += 1
    tx.flush()
    stage = Stage(name=name, win_rate=win_rate, kind=kind, position=position)
    tx.add(stage)
    tx.flush()
    return stage


def restore_stage(tx: Tx, kept: dict[str, Any]) -> Stage:
    """One that was deleted, under the id it had: what was done to it before can still be taken back."""
    stage = Stage(**kept)
    tx.add(stage)
    tx.flush()
    return stage


def renumber(tx: Tx, order: list[Stage]) -> None:
    """The given order is the order."""
    for position, stage in enumerate(order):
        stage.position = position
    tx.flush()


def count_in(tx: Tx, stage: Stage) -> int:
    """Opportunities that are in the stage, whoever owns them."""
    query = select(func.count()).select_from(Opportunity).where(Opportunity.stage_id == stage.id)
    return tx.exec(query, execution_options={"unscoped": "a stage in use by anybody is in use"}).one()


def count_uses(tx: Tx, stage: Stage) -> int:
    """Opportunities that are in the stage or were, whoever owns them: their log names it."""
    passed = select(StageLog.opportunity_id).where(
        or_(col(StageLog.from_stage_id) == stage.id, col(StageLog.to_stage_id) == stage.id)
    )
    query = select(func.count()).select_from(Opportunity)
    query = query.where(or_(col(Opportunity.stage_id) == stage.id, col(Opportunity.id).in_(passed)))
    return tx.exec(query, execution_options={"unscoped": "a stage in use by anybody is in use"}).one()


def remove_stage(tx: Tx, stage: Stage) -> None:
    """Only for one that holds nothing."""
    tx.delete(stage)
    tx.flush()
