"""Queries on how flows are set up (开票审批设置), and on their versions."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlmodel import col, select

from storage.database import Tx
from storage.dictionaries import fold
from storage.settings import lock_base_data
from storage.tables import Employee, FlowNode, FlowVersion, Role, RoleMember

INVOICE = "invoice"


@dataclass(frozen=True, slots=True)
class Node:
    """One node. `roles`: names; `users`: user ids; `hidden`: field names of the contract `world.md`."""

    name: str
    roles: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    superiors: tuple[str, ...] = ()  # leader, superior:1 …
    mode: str = "any"
    conditions: tuple[tuple[str, str, str], ...] = ()  # field, operator, value
    copies: dict[str, list[str]] = field(default_factory=dict)  # 抄送: roles, users, superiors
    deadline_hours: int | None = None
    editable: tuple[str, ...] = ()  # field names; none of them hidden

    def with_(self, **changes: Any) -> "Node":
        """The same node, changed."""
        return replace(self, **changes)


def node_of(row: dict[str, Any]) -> Node:
    """From JSON; what an older one does not have is as by default."""
    known = {k: v for k, v in row.items() if k in Node.__dataclass_fields__}
    for name in ("roles", "users", "hidden", "superiors", "editable"):
        known[name] = tuple(known.get(name, ()))
    known["conditions"] = tuple((str(f), str(o), str(v)) for f, o, v in known.get("conditions", ()))
    return Node(**known)


def list_nodes(tx: Tx, form: str = INVOICE) -> list[Node]:
    """In their order."""
    query = select(FlowNode).where(FlowNode.form == form)
    rows = tx.exec(query.order_by(col(FlowNode.position), col(FlowNode.id))).all()
    return [
        Node(
            r.name, tuple(r.participant_roles), tuple(r.participant_users), tuple(r.hidden_fields),
            tuple(r.participant_superiors), r.mode, tuple((f, o, v) for f, o, v in r.conditions), dict(r.copies),
            r.deadline_hours, tuple(r.editable_fields),
        )
        for r in rows
    ]  # fmt: skip


def put_nodes(tx: Tx, nodes: list[Node], form: str = INVOICE) -> None:
    """These are the nodes from now on."""
    tx.execute(delete(FlowNode).where(col(FlowNode.form) == form))
    for position, node in enumerate(nodes):
        tx.add(
            FlowNode(
                form=form, position=position, name=node.name, mode=node.mode, participant_roles=list(node.roles),
                participant_users=list(node.users), participant_superiors=list(node.superiors),
                conditions=[list(one) for one in node.conditions], hidden_fields=list(node.hidden),
                copies=dict(node.copies), deadline_hours=node.deadline_hours,
                editable_fields=list(node.editable),
            )
        )  # fmt: skip
    tx.flush()


def pin(tx: Tx, form: str, nodes: list[dict[str, Any]], now: datetime) -> FlowVersion:
    """The version that has these nodes: the latest, or a new one (R-APP-1)."""
    last = _latest(tx, form)
    if last is not None and last.nodes == nodes:
        return last
    lock_base_data(tx)  # of two who apply first after a change, one makes the version
    last = _latest(tx, form)
    if last is not None and last.nodes == nodes:
        return last
    made = FlowVersion(form=form, number=last.number + 1 if last else 1, nodes=nodes, created_at=now)
    tx.add(made)
    tx.flush()
    return made


def _latest(tx: Tx, form: str) -> FlowVersion | None:
    query = select(FlowVersion).where(FlowVersion.form == form).order_by(col(FlowVersion.number).desc())
    return tx.exec(query.limit(1).execution_options(populate_existing=True)).first()


def role_ids(tx: Tx, names: list[str]) -> dict[str, int]:
    """Name as it is folded → id."""
    rows = tx.exec(select(Role.name_key, Role.id).where(col(Role.name_key).in_([fold(n) for n in names]))).all()
    return {name: i for name, i in rows if i is not None}


def members_of(tx: Tx, ids: list[int]) -> list[str]:
    """Members of these roles, in the order of their ids."""
    query = select(RoleMember.user_id).where(col(RoleMember.role_id).in_(ids)).order_by(col(RoleMember.user_id))
    return list(dict.fromkeys(tx.exec(query).all())) if ids else []


def find_role(tx: Tx, name: str) -> str | None:
    """The role's name as it is written, by its folded form."""
    return tx.exec(select(Role.name).where(Role.name_key == fold(name))).first()


def list_role_names(tx: Tx) -> list[str]:
    """For saying what there is."""
    return list(tx.exec(select(Role.name).order_by(col(Role.name))).all())


def find_people(tx: Tx, name: str) -> list[Employee]:
    """Active people of exactly that name or userId."""
    query = select(Employee).where(col(Employee.active))
    return list(tx.exec(query.where((col(Employee.name) == name) | (col(Employee.user_id) == name))).all())
