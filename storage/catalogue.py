"""What the company keeps beside its customers, as administrators look at it: counts and first lines."""

from dataclasses import dataclass

from sqlalchemy import select as columns
from sqlmodel import col, func, select

from storage.database import Tx
from storage.tables import Competitor, Dictionary, FlowNode, Product, Role, Stage, Target

FIRST = 8  # lines


@dataclass(frozen=True, slots=True)
class Stock:
    """How many there are, and the first of them as lines."""

    count: int
    lines: tuple[str, ...] = ()


def roles(tx: Tx) -> Stock:
    """By name."""
    names = tx.exec(select(Role.name).order_by(col(Role.id))).all()
    return Stock(len(names), tuple(names[:FIRST]))


def dictionaries(tx: Tx) -> Stock:
    """By name."""
    names = tx.exec(select(Dictionary.name).order_by(col(Dictionary.id))).all()
    return Stock(len(names), tuple(names[:FIRST]))


def products(tx: Tx) -> Stock:
    """编号 名称 单价."""
    count = tx.exec(select(func.count()).select_from(Product)).one()
    rows = tx.exec(select(Product).order_by(col(Product.code)).limit(FIRST)).all()
    lines = (" ".join(p for p in (r.code, r.name, f"¥{r.price:,.2f}/{r.unit}" if r.unit else "") if p) for r in rows)
    return Stock(count, tuple(lines))


def competitors(tx: Tx) -> Stock:
    """By name."""
    count = tx.exec(select(func.count()).select_from(Competitor)).one()
    rows = tx.exec(select(Competitor).order_by(col(Competitor.name)).limit(FIRST)).all()
    return Stock(count, tuple(f"{r.name}{f' · 优势 {r.strengths}' if r.strengths else ''}" for r in rows))


def stages(tx: Tx) -> Stock:
    """In their order, with the win rate."""
    rows = tx.exec(select(Stage).order_by(col(Stage.position), col(Stage.id))).all()
    return Stock(len(rows), tuple(f"{r.name} {r.win_rate}%" for r in rows[:FIRST]))


def targets(tx: Tx) -> Stock:
    """Cells by year and metric."""
    query = (
        columns(col(Target.year), col(Target.metric), func.count(), func.count(func.distinct(col(Target.subject_id))))
        .group_by(col(Target.year), col(Target.metric))
        .order_by(col(Target.year).desc(), col(Target.metric))
    )
    names = {"contract": "合同额", "payment": "回款额"}
    rows = tx.execute(query).all()
    lines = tuple(f"{year} 年 {names[metric]}：{who} 个人或部门，{cells} 个月" for year, metric, cells, who in rows)
    return Stock(sum(cells for _, _, cells, _ in rows), lines[:FIRST])


def flow_nodes(tx: Tx) -> Stock:
    """In their order, with who decides."""
    rows = tx.exec(select(FlowNode).order_by(col(FlowNode.position), col(FlowNode.id))).all()
    lines = (f"{r.name}：{'、'.join([*map(str, r.participant_roles), *map(str, r.participant_users)])}" for r in rows)
    return Stock(len(rows), tuple(lines)[:FIRST])
