"""Queries on the invoice approval's nodes (开票审批设置)."""

from dataclasses import dataclass, replace

from sqlalchemy import delete
from sqlmodel import col, select

from storage.database import Tx
from storage.dictionaries import fold
from storage.tables import Employee, FlowNode, Role


@dataclass(frozen=True, slots=True)
class Node:
    """One node. `roles`: names; `users`: user ids; `hidden`: field names of the contract `world.md`."""

    name: str
    roles: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()

    def with_(self, **changes: tuple[str, ...] | str) -> "Node":
        """The same node, changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


def list_nodes(tx: Tx) -> list[Node]:
    """In their order."""
    rows = tx.exec(select(FlowNode).order_by(col(FlowNode.position), col(FlowNode.id))).all()
    return [Node(r.name, tuple(r.participant_roles), tuple(r.participant_users), tuple(r.hidden_fields)) for r in rows]


def put_nodes(tx: Tx, nodes: list[Node]) -> None:
    """These are the nodes from now on."""
    tx.execute(delete(FlowNode))
    for position, node in enumerate(nodes):
        tx.add(
            FlowNode(
                position=position, name=node.name, participant_roles=list(node.roles),
                participant_users=list(node.users), hidden_fields=list(node.hidden),
            )
        )  # fmt: skip
    tx.flush()


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
