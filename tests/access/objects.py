"""The objects that rows name, made when they are asked for: `HT-LINA` is a contract of lina's, `HT-ZHOU` of zhou's."""

from collections.abc import Callable
from decimal import Decimal

from sqlmodel import select

from handlers.flows.rules import Step
from storage import intents, lead_pools, scans, undos
from storage.database import Tx
from storage.tables import (
    Competitor,
    Contract,
    Exchange,
    Flow,
    FlowTask,
    FlowVersion,
    Invoice,
    JoinRequest,
    Lead,
    Opportunity,
    OpportunityCompetitor,
    OpportunityLine,
    Payment,
    Product,
    Stage,
    Visit,
)
from tests.access.row import LATER, NOW
from tests.support.company import customer_id

OWNERS = {"LINA": "lina04", "ZHOU": "zhou06"}
CUSTOMERS = {"lina04": "华兴科技有限公司", "zhou06": "深圳创想电子有限公司"}


def object_called(tx: Tx, name: str) -> int:
    """The id of a customer by its name, or of what stands for `name` in `MAKERS`."""
    kind, _, whose = name.partition("-")
    if kind not in MAKERS:
        return customer_id(tx, name)
    return MAKERS[kind](tx, kind, OWNERS[whose])


def _added(tx: Tx, row: object) -> int:
    tx.add(row)
    tx.flush()
    found = getattr(row, "id", None)
    assert isinstance(found, int)
    return found


def _contract(tx: Tx, kind: str, owner: str) -> int:
    customer = customer_id(tx, CUSTOMERS[owner])
    state = "draft" if kind == "HD" else "effective"
    number = f"HT-{owner[:4].upper()}"
    return _added(tx, Contract(
        number=number, customer_id=customer, amount=Decimal(100), owner_id=owner, created_at=NOW, state=state,
    ))  # fmt: skip


def _scan(tx: Tx, kind: str, owner: str) -> int:
    contract = _contract(tx, kind, owner)
    return scans.add_scan(tx, contract, name="正本.pdf", kind="pdf", content=b"%PDF-1", by=owner, now=NOW)


def _payment(tx: Tx, kind: str, owner: str) -> int:
    number = f"HK-{owner[:4].upper()}"
    payment = Payment(contract_id=_contract(tx, kind, owner), number=number, amount=Decimal(10), paid_on=NOW.date())
    payment.voided_at = NOW if kind == "HV" else None
    return _added(tx, payment)


def _applied(tx: Tx, kind: str, owner: str) -> int:
    """An application of the owner's; or one of somebody else's that waits for him, or that he has agreed to."""
    starter = owner if kind in ("FL", "FA", "FR") else "wang03"
    order = list(OWNERS.values()).index(owner) + 1
    number = f"FP-{order:04d}"
    invoice = Invoice(
        contract_id=_contract(tx, kind, owner), number=number, amount=Decimal(9), kind="普票", applied_by=starter,
        state="issued" if kind == "FI" else "pending", title="某某",
    )  # fmt: skip
    nodes = [Step("复核").row(), Step("出纳开票", users=(owner,), visible=("remark",), editable=("remark",)).row()]
    version = FlowVersion(form="invoice", number=order, nodes=nodes, created_at=NOW)
    tx.add_all([invoice, version])
    tx.flush()
    flow = Flow(
        form="invoice", record_id=invoice.id or 0, number=number, version_id=version.id or 0, starter_id=starter,
        node=1, entry=2, started_at=NOW, state="approved" if kind == "FI" else "running",
    )  # fmt: skip
    tx.add(flow)
    tx.flush()
    earlier = FlowTask(flow_id=flow.id or 0, node=0, entry=1, user_id="chen01", state="transferred", closed_by="chen01")
    state = "agreed" if kind == "FI" else "open"
    holder = "chen01" if kind == "FL" else owner
    task = FlowTask(flow_id=flow.id or 0, node=1, entry=2, user_id=holder, state=state, opened_at=NOW)
    task.kind = "revise" if kind == "FR" else "decide"
    task.closed_by = owner if kind == "FI" else ""
    tx.add_all([earlier, task])
    tx.flush()
    return {"FL": flow.id, "FT": task.id, "FR": task.id, "FI": invoice.id, "FA": invoice.id}[kind] or 0


def _lead(tx: Tx, kind: str, owner: str) -> int:
    pooled = kind == "XP"
    lead = Lead(
        company=f"{owner[:4]}的线索公司", contact="沈工", mobile="13811110001", owner_id=None if pooled else owner,
        owner_since=None if pooled else NOW, pooled_at=NOW if pooled else None, created_at=NOW, created_by=owner,
    )  # fmt: skip
    lead_id = _added(tx, lead)
    lead_pools.turn_page(tx, lead_id, lead.owner_id, how="create", by=owner, now=NOW)
    return lead_id


def _opportunity(tx: Tx, kind: str, owner: str) -> int:
    """With one line of Z-9, and with 海天 met in it."""
    lost = kind == "SX"
    stages = {s.kind: s.id or 0 for s in reversed(tx.exec(select(Stage).order_by("id")).all())}
    product = Product(code="Z-9", name="主轴", price=Decimal(9))
    rival = Competitor(name="海天")
    tx.add_all([product, rival])
    found = _added(tx, Opportunity(
        name="二期扩容", customer_id=customer_id(tx, CUSTOMERS[owner]), owner_id=owner, amount=Decimal(9),
        stage_id=stages["lost" if lost else "open"], stage_since=NOW, result="lost" if lost else "open",
        closed_at=NOW if lost else None, created_at=NOW, created_by=owner, updated_at=NOW,
    ))  # fmt: skip
    line = OpportunityLine(
        opportunity_id=found, product_id=product.id or 0, code="Z-9", name="主轴", price=Decimal(9),
        quantity=Decimal(1), discount=Decimal(0), amount=Decimal(9),
    )  # fmt: skip
    tx.add_all([line, OpportunityCompetitor(opportunity_id=found, competitor_id=rival.id or 0)])
    tx.flush()
    return found


def _join_request(tx: Tx, _kind: str, owner: str) -> int:
    of = customer_id(tx, CUSTOMERS[owner])
    return _added(tx, JoinRequest(customer_id=of, user_id="wang03", asked_id=owner, created_at=NOW))


def _visit(tx: Tx, kind: str, owner: str) -> int:
    """`VL`: at a customer's, with its place."""
    visit = Visit(user_id=owner, at=NOW, source="sentence", place="某某路 1 号", created_at=NOW)
    if kind == "VL":
        visit.state, visit.customer_id = "linked", customer_id(tx, CUSTOMERS[owner])
        visit.lng, visit.lat, visit.coord_sys = 121.5, 29.8, "gcj02"
    return _added(tx, visit)


def _offer(tx: Tx, _kind: str, owner: str) -> int:
    return undos.offer(tx, user_id=owner, kind="nothing", payload={}, text="某某", now=NOW, lasts=LATER - NOW)


def _intent(tx: Tx, _kind: str, owner: str) -> int:
    summary = {"title": "某某", "fields": []}
    return intents.propose(tx, user_id=owner, kind="nothing", payload={}, summary=summary, now=NOW)


def _import(tx: Tx, _kind: str, owner: str) -> int:
    return _added(tx, Exchange(
        user_id=owner, direction="import", kind="", name="某某.xlsx", state="asking", header=["客户名称"],
        options={"guesses": ["customers"]}, created_at=NOW,
    ))  # fmt: skip


MAKERS: dict[str, Callable[[Tx, str, str], int]] = {
    "HT": _contract, "HD": _contract, "HS": _scan, "HK": _payment, "HV": _payment,
    "FL": _applied, "FT": _applied, "FR": _applied, "FI": _applied, "FA": _applied,
    "XS": _lead, "XP": _lead, "SJ": _opportunity, "SX": _opportunity,
    "QX": _join_request, "VS": _visit, "VL": _visit, "UD": _offer, "IN": _intent, "EX": _import,
}  # fmt: skip
