"""Use cases of setting up the invoice approval. A change counts for applications made from then on (R3.50)."""

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from bot.context import Context
from bot.core.errors import NotFound
from handlers.invoices import rules
from handlers.invoices.rules import DEFAULT_NODE, FIELDS, ChangedSince, NodeRefused, NodeWords
from storage import audit, flows, people, undos
from storage.database import Tx
from storage.flows import Node
from storage.settings import lock_base_data

UNDO = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class NodeLine:
    """One node in words."""

    name: str
    detail: str  # 参与者 出纳、王芳 · 隐藏 合同金额


@dataclass(frozen=True, slots=True)
class Changed:
    """A change in words, and how to take it back."""

    text: str
    undo_id: int


def show_flow(ctx: Context) -> list[NodeLine]:
    """The nodes in their order. Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        return [NodeLine(n.name, _detail(tx, n)) for n in _nodes(tx)]


def change_flow(ctx: Context, words: NodeWords) -> Changed:
    """Who decides at a node, which fields it hides, which nodes there are.

    Raises:
        Forbidden: no administrator.
        NotFound: no such node, role or colleague.
        InvalidInput: no such field.
        NodeRefused: the last node cannot go, or the name is taken.
    """
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        lock_base_data(tx)
        before = _nodes(tx)
        if words.verb in ("add_node", "remove_node"):
            after, text = _nodes_changed(before, words)
        else:
            node = _access_node(before, words.node)
            new = _node_changed(tx, node, words)
            after = [new if n.name == node.name else n for n in before]
            text = f"{node.name}：{_detail(tx, node)} → {_detail(tx, new)}"
        flows.put_nodes(tx, after)
        undo_id = undos.offer(
            tx, user_id=ctx.actor.user_id, kind="invoices.flow", text="开票审批设置", now=ctx.now, lasts=UNDO,
            payload={"nodes": [asdict(n) for n in before], "after": [asdict(n) for n in after]},
        )  # fmt: skip
        _record(tx, ctx, "edit.flow", text)
        return Changed(text, undo_id)


def undo_flow(ctx: Context, payload: dict[str, Any]) -> str:
    """Puts the nodes back as they were. Raises Forbidden, ChangedSince."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        lock_base_data(tx)
        nodes, after = ([_node(n) for n in payload[key]] for key in ("nodes", "after"))
        if _nodes(tx) != after:
            raise ChangedSince("开票审批设置之后又改过，不能撤销了。发送「开票审批设置」看现在的样子。")
        flows.put_nodes(tx, nodes)
        now, was = ("；".join(f"{n.name}：{_detail(tx, n)}" for n in some) for some in (after, nodes))
        _record(tx, ctx, "undo.flow", f"{now}，恢复成 {was}")
        return "已撤销，开票审批设置恢复原样。"


def _node(row: dict[str, Any]) -> Node:
    return Node(row["name"], tuple(row["roles"]), tuple(row["users"]), tuple(row["hidden"]))


def _nodes(tx: Tx) -> list[Node]:
    return flows.list_nodes(tx) or [Node(DEFAULT_NODE)]


def _access_node(nodes: list[Node], name: str) -> Node:
    if not name and len(nodes) == 1:
        return nodes[0]
    found = next((n for n in nodes if n.name == name), None)
    if found is None:
        known = "、".join(n.name for n in nodes)
        raise NotFound(f"请写明是哪个节点（{known}），例如「{nodes[0].name} 参与者 出纳」。")
    return found


def _nodes_changed(before: list[Node], words: NodeWords) -> tuple[list[Node], str]:
    name = " ".join(words.names)
    there = any(n.name == name for n in before)
    if words.verb == "add_node":
        if there:
            raise NodeRefused(f"已经有节点「{name}」了。")
        after = [*before, Node(name)]
    else:
        if not there:
            raise NotFound(f"没有节点「{name}」，现有：{'、'.join(n.name for n in before)}。")
        if len(before) == 1:
            raise NodeRefused(f"「{name}」是唯一的节点，要留着；先新增另一个。")
        after = [n for n in before if n.name != name]
    chain = [" → ".join(n.name for n in nodes) for nodes in (before, after)]
    return after, f"{chain[0]}，改为 {chain[1]}"


def _node_changed(tx: Tx, node: Node, words: NodeWords) -> Node:
    if words.verb in ("hide", "show"):
        fields = rules.field_names(words.names)
        kept = tuple(f for f in node.hidden if f not in fields)
        return node.with_(hidden=kept + fields if words.verb == "hide" else kept)
    roles, users = _participants(tx, words.names)
    if words.verb == "set":
        return node.with_(roles=roles, users=users)
    left_roles = tuple(r for r in node.roles if r not in roles)
    left_users = tuple(u for u in node.users if u not in users)
    if words.verb == "remove":
        return node.with_(roles=left_roles, users=left_users)
    return node.with_(roles=left_roles + roles, users=left_users + users)


def _participants(tx: Tx, names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    roles: list[str] = []
    users: list[str] = []
    for name in names:
        role = flows.find_role(tx, name)
        found = flows.find_people(tx, name)
        if role is not None:
            roles.append(role)
        elif len(found) == 1:
            users.append(found[0].user_id)
        elif found:
            some = "、".join(p.user_id for p in found)
            raise NotFound(f"有好几位「{name}」：{some}。请用编号再说一次。")
        else:
            known = "、".join(flows.list_role_names(tx)) or "还没有角色"
            raise NotFound(f"没有找到角色或在职同事「{name}」。现有角色：{known}。")
    return tuple(dict.fromkeys(roles)), tuple(dict.fromkeys(users))


def _detail(tx: Tx, node: Node) -> str:
    names = people.names_of(tx, node.users)
    who = "、".join([*node.roles, *(names.get(u, u) for u in node.users)]) or "没有指定（转管理员）"
    hidden = "、".join(FIELDS.get(f, f) for f in node.hidden)
    return f"参与者 {who}" + (f" · 隐藏 {hidden}" if hidden else "")


def _record(tx: Tx, ctx: Context, action: str, text: str) -> None:
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject="flow:invoice",
        name="开票审批", lines=[text],
    )  # fmt: skip
