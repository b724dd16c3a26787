"""The nodes of the invoice approval as a sentence changes them; steps that join a transaction."""

from collections.abc import Sequence

from bot.core.errors import InvalidInput, NotFound
from handlers.invoiceflow.rules import (
    MODES,
    NOTHING,
    NodeRefused,
    NodeWords,
    check_node_name,
    condition_text,
    editable_names,
    field_names,
    read_conditions,
    read_deadline,
    read_new_name,
    read_place,
    superior_of,
    superior_text,
)
from handlers.invoices.rules import DEFAULT_NODE, FIELDS
from storage import flows, people
from storage.database import Tx
from storage.flows import Node


def nodes_now(tx: Tx) -> list[Node]:
    """In their order; before anything is set up there is one, for the administrators."""
    return flows.list_nodes(tx) or [Node(DEFAULT_NODE)]


def access_node(nodes: list[Node], name: str) -> Node:
    """By its name; empty: the only one. Raises NotFound."""
    if not name and len(nodes) == 1:
        return nodes[0]
    found = next((n for n in nodes if n.name == name), None)
    if found is None:
        known = "、".join(n.name for n in nodes)
        raise NotFound(f"请写明是哪个节点（{known}），例如「{nodes[0].name} 参与者 出纳」。")
    return found


def nodes_changed(before: list[Node], words: NodeWords) -> tuple[list[Node], str]:
    """The row of nodes with one more, one less, in another order or called otherwise, and that in words.

    Raises NodeRefused, NotFound, InvalidInput.
    """
    names = [n.name for n in before]
    match words.verb:
        case "rename_node":
            old, new = read_new_name(words)
            node = _named(before, old)
            check_node_name(new, [n for n in names if n != old])
            after = [n.with_(name=new) if n is node else n for n in before]
        case "add_node":
            name, beside, ahead = read_place(words.text or " ".join(words.names))
            check_node_name(name, names)
            after = _placed(before, Node(name), beside, ahead=ahead)
        case "move_node":
            name, beside, ahead = read_place(words.text)
            node = _named(before, name)
            if not beside or beside == name:
                raise InvalidInput(f"移到哪里？例如「移动节点 {name} 到 {before[0].name} 前」。")
            after = _placed([n for n in before if n is not node], node, beside, ahead=ahead)
        case _:
            node = _named(before, " ".join(words.names))
            if len(before) == 1:
                raise NodeRefused(f"「{node.name}」是唯一的节点，要留着；先新增另一个。")
            after = [n for n in before if n is not node]
    chain = [" → ".join(n.name for n in nodes) for nodes in (before, after)]
    return after, f"{chain[0]}，改为 {chain[1]}"


def _named(nodes: list[Node], name: str) -> Node:
    found = next((n for n in nodes if n.name == name), None)
    if found is None:
        raise NotFound(f"没有节点「{name}」，现有：{'、'.join(n.name for n in nodes)}。")
    return found


def _placed(nodes: list[Node], node: Node, beside: str, *, ahead: bool) -> list[Node]:
    """At the end where it is not said beside which."""
    at = nodes.index(_named(nodes, beside)) + (0 if ahead else 1) if beside else len(nodes)
    return [*nodes[:at], node, *nodes[at:]]


def node_changed(tx: Tx, node: Node, words: NodeWords) -> Node:
    """Its participants, or what it hides. Raises InvalidInput, NotFound."""
    if words.verb in ("hide", "show"):
        fields = field_names(words.names)
        kept = tuple(f for f in node.hidden if f not in fields)
        editable = tuple(f for f in node.editable if f not in fields)
        return node.with_(hidden=kept + fields, editable=editable) if words.verb == "hide" else node.with_(hidden=kept)
    if words.verb in ("edit", "keep"):
        fields = () if words.names[0] in NOTHING and words.verb == "edit" else editable_names(words.names)
        if not fields:
            return node.with_(editable=())
        left = tuple(f for f in node.editable if f not in fields)
        seen = tuple(f for f in node.hidden if f not in fields)  # what may be changed is seen
        return node.with_(editable=left + fields, hidden=seen) if words.verb == "edit" else node.with_(editable=left)
    if words.verb == "mode":
        mode = MODES.get(words.names[0])
        if mode is None:
            raise InvalidInput(
                "方式是「或签」（一人同意就行）、「会签」（每人都要同意）还是「依次」？例如「方式 会签」。"
            )
        return node.with_(mode=mode)
    if words.verb == "condition":
        return node.with_(conditions=read_conditions(words.text))
    if words.verb == "deadline":
        return node.with_(deadline_hours=read_deadline("".join(words.names)))
    if words.verb == "copy" and words.names[0] in NOTHING:
        return node.with_(copies={})
    superiors = tuple(s for name in words.names if (s := superior_of(name)) is not None)
    roles, users = _participants(tx, tuple(name for name in words.names if superior_of(name) is None))
    if words.verb == "copy":
        return node.with_(copies={"roles": list(roles), "users": list(users), "superiors": list(superiors)})
    if words.verb == "set":
        return node.with_(roles=roles, users=users, superiors=superiors)
    rest = (
        tuple(r for r in node.roles if r not in roles), tuple(u for u in node.users if u not in users),
        tuple(s for s in node.superiors if s not in superiors),
    )  # fmt: skip
    if words.verb == "remove":
        return node.with_(roles=rest[0], users=rest[1], superiors=rest[2])
    return node.with_(roles=rest[0] + roles, users=rest[1] + users, superiors=rest[2] + superiors)


def _participants(tx: Tx, names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    roles: list[str] = []
    users: list[str] = []
    for name in names:
        role = flows.find_role(tx, name)
        found = flows.find_people(tx, name)
        if role is None and not found and "和" in name.strip("和"):  # 钱多和孙悦
            more = _participants(tx, tuple(part for part in name.split("和") if part))
            roles += more[0]
            users += more[1]
            continue
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


def detail_of(tx: Tx, node: Node) -> str:
    """参与者 出纳、王芳 · 隐藏 合同金额."""
    who = _people_text(tx, node.roles, node.users, node.superiors) or "没有指定（转管理员）"
    hidden, editable = ("、".join(FIELDS.get(f, f) for f in some) for some in (node.hidden, node.editable))
    copies = _people_text(
        tx, node.copies.get("roles", ()), node.copies.get("users", ()), node.copies.get("superiors", ())
    )
    several = {mode: word for word, mode in reversed(MODES.items())}
    parts = (
        f"参与者 {who}", several[node.mode] if node.mode != "any" else "",
        f"条件 {' 且 '.join(condition_text(c) for c in node.conditions)}" if node.conditions else "",
        f"隐藏 {hidden}" if hidden else "", f"可改 {editable}" if editable else "",
        f"抄送 {copies}" if copies else "",
        f"时限 {node.deadline_hours} 小时" if node.deadline_hours is not None else "",
    )  # fmt: skip
    return " · ".join(part for part in parts if part)


def _people_text(tx: Tx, roles: Sequence[str], users: Sequence[str], superiors: Sequence[str]) -> str:
    names = people.names_of(tx, users)
    return "、".join([*roles, *(names.get(u, u) for u in users), *(superior_text(s) for s in superiors)])
