"""Use cases of how the invoices' approval is set up, and of its dry run.

A change of the set-up counts for applications made from then on (R3.50).
"""

from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from bot.context import Context
from bot.core.errors import InvalidInput
from handlers.flows.foresight import Foreseen, step_foresee
from handlers.invoiceflow.nodes import access_node, detail_of, node_changed, nodes_changed, nodes_now
from handlers.invoiceflow.rules import OF_ALL, ChangedSince, NodeWords, condition_text
from handlers.invoices import rules
from handlers.invoices.form import FORM
from handlers.invoices.rules import InvoiceRefused, OverInvoiced
from storage import audit, contracts, flows, invoices, people, undos
from storage.database import Tx
from storage.flows import node_of
from storage.settings import lock_base_data
from storage.tables import Contract, Invoice

MODES: Final = {"any": "一人同意就行", "all": "每人都要同意", "turn": "依次同意"}
UNDO: Final = timedelta(minutes=10)


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
        return [NodeLine(n.name, detail_of(tx, n)) for n in nodes_now(tx)]


def is_node(ctx: Context, name: str) -> bool:
    """Whether a node is called so. Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        return any(node.name == name for node in nodes_now(tx))


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
        before = nodes_now(tx)
        if words.verb in OF_ALL:
            after, text = nodes_changed(before, words)
        else:
            node = access_node(before, words.node)
            new = node_changed(tx, node, words)
            after = [new if n.name == node.name else n for n in before]
            text = f"{node.name}：{detail_of(tx, node)} → {detail_of(tx, new)}"
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
        nodes, after = ([node_of(n) for n in payload[key]] for key in ("nodes", "after"))
        if nodes_now(tx) != after:
            raise ChangedSince("开票审批设置之后又改过，不能撤销了。发送「开票审批设置」看现在的样子。")
        flows.put_nodes(tx, nodes)
        now, was = ("；".join(f"{n.name}：{detail_of(tx, n)}" for n in some) for some in (after, nodes))
        _record(tx, ctx, "undo.flow", f"{now}，恢复成 {was}")
        return "已撤销，开票审批设置恢复原样。"


# -- the dry run ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Trial:
    """What would be applied for. Empty `starter_id`: by who has the contract; `kind`: as the last of the customer."""

    contract_id: int
    amount: Decimal
    starter_id: str = ""
    kind: str = ""
    tax_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Station:
    """One node in words: who would get it, or why it is passed over."""

    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class Foresight:
    """`refusal`: why such an application would not even be accepted; empty: it would."""

    applicant: str
    contract_no: str
    customer: str
    amount: Decimal
    kind: str
    refusal: str
    stations: tuple[Station, ...]


def try_flow(ctx: Context, trial: Trial) -> Foresight:
    """Node by node who would decide today, by what a real application goes by; nothing is written.

    Raises:
        Forbidden: no administrator.
        NotFound: no such contract or colleague.
        InvalidInput: no such amount or kind; a contract nobody has, without an applicant.
    """
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, trial.contract_id)
        starter_id = trial.starter_id or contract.owner_id
        if not starter_id:
            raise InvalidInput(
                f"合同 {contract.number} 没有负责人，请写明申请人，例如「开票审批试跑 李娜 5万 {contract.number}」。"
            )
        starter = people.access_active(tx, starter_id)
        invoice = _as_applied_for(tx, ctx, contract, trial, starter_id)
        facts = invoices.facts_of(tx, invoice)
        foreseen = step_foresee(tx, ctx, FORM, FORM.values_of(tx, facts), starter_id)
        return Foresight(
            starter.name, contract.number, facts.customer, invoice.amount,
            rules.kind_text(invoice.kind, invoice.tax_rate), _refusal(tx, contract, invoice),
            tuple(Station(one.step.name, _detail(tx, one)) for one in foreseen),
        )  # fmt: skip


def _as_applied_for(tx: Tx, ctx: Context, contract: Contract, trial: Trial, starter_id: str) -> Invoice:
    """What an application would be, filled in from the customer's last one; not stored."""
    last = invoices.last_of_customer(tx, contract.customer_id)
    kind = rules.check_kind(trial.kind) if trial.kind else last.kind if last is not None else ""
    rate = rules.check_rate(trial.tax_rate)
    if rate is None and last is not None and kind == last.kind:
        rate = last.tax_rate
    title, tax_no = (last.title, last.tax_no) if last is not None else ("", "")
    return Invoice(
        contract_id=contract.id or 0, state="pending", amount=rules.check_amount(trial.amount), kind=kind,
        tax_rate=rate, title=title, tax_no=tax_no, applied_by=starter_id, applied_at=ctx.now,
    )  # fmt: skip


def _refusal(tx: Tx, contract: Contract, invoice: Invoice) -> str:
    if contract.owner_id != invoice.applied_by:
        owner = people.name_of(tx, contract.owner_id)
        return f"合同 {contract.number} 由 {owner} 负责，只有 {owner} 能申请。"
    money = contracts.money_of(tx, contract.id or 0)
    try:
        rules.check_contract(contract.number, contract.state)
        rules.check_left(invoice.amount, contract=money.amount, billed=money.billed, applied=money.applied)
    except (InvoiceRefused, OverInvoiced) as refusal:
        return refusal.text
    return ""


def _detail(tx: Tx, one: Foreseen) -> str:
    """钱多、孙悦（一人同意就行） · 条件 开票金额 > 50000 已满足 · 抄送 郑安."""
    if one.stuck:
        return one.stuck
    unmet = " 且 ".join(_words(c.field, c.op, c.value) for c in one.unmet)
    if one.chosen is None:
        return f"跳过：{unmet} 不满足"
    chosen = one.chosen
    names = people.names_of(tx, [u for h in chosen.holders for u in (h.user_id, h.for_user_id)] + list(one.copies))
    who = [
        names.get(h.user_id, h.user_id) + (f"（代 {names.get(h.for_user_id, h.for_user_id)}）" if h.for_user_id else "")
        for h in chosen.holders
    ]
    several = f"（{MODES[one.step.mode]}）" if len(who) > 1 else ""
    met = " 且 ".join(_words(c.field, c.op, c.value) for c in one.step.conditions)
    parts = (
        f"{(' → ' if one.step.mode == 'turn' and not chosen.why else '、').join(who)}{several}", chosen.why,
        f"条件 {met} {'不满足' if unmet else '已满足'}" if met else "",
        f"抄送 {'、'.join(names.get(u, u) for u in one.copies)}" if one.copies else "",
        f"时限 {one.step.deadline_hours} 小时" if one.step.deadline_hours is not None else "",
    )  # fmt: skip
    return " · ".join(part for part in parts if part)


def _words(field: str, op: str, value: str) -> str:
    return condition_text((field, op, value))


def _record(tx: Tx, ctx: Context, action: str, text: str) -> None:
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject="flow:invoice",
        name="开票审批", lines=[text],
    )  # fmt: skip
