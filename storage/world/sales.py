"""Loads leads, opportunities and contracts with their invoices and payments."""

from collections import Counter, defaultdict
from typing import Any

from sqlalchemy import delete
from sqlmodel import col, select

from bot.core.clock import at_beijing
from storage.numbers import next_number, note_number
from storage.opportunities import enter_stage
from storage.payments import main_department
from storage.tables import (
    Competitor,
    Contract,
    Invoice,
    Lead,
    Opportunity,
    OpportunityCompetitor,
    Payment,
    Stage,
)
from storage.world.customers import WHOLE
from storage.world.ledger import Loading
from storage.world.names import hard_key
from storage.world.references import Vocabulary
from storage.world.schema import ContractRecord, OpportunityRecord
from storage.world.values import WorldError


def load_leads(load: Loading, vocabulary: Vocabulary) -> None:
    """By company, contact and mobile; the second with the same three is another lead."""
    stored: dict[tuple[str, str, str], list[Lead]] = defaultdict(list)
    query = select(Lead).where(col(Lead.deleted_at).is_(None)).order_by(col(Lead.id))
    for row in load.tx.exec(query, execution_options=WHOLE).all():
        stored[row.company, row.contact, row.mobile].append(row)
    seen: Counter[tuple[str, str, str]] = Counter()
    for i, record in enumerate(load.world.leads):
        mark = (record.company, record.contact, record.mobile)
        nth = seen[mark]
        seen[mark] += 1
        if not load.is_new("leads", "|".join((*mark, str(nth))), load.raw["leads"][i]):
            continue
        same = stored[mark]
        load.wrote("leads", created=nth >= len(same))
        if nth < len(same):
            lead = same[nth]
        else:
            lead = Lead(company=record.company, contact=record.contact, mobile=record.mobile, created_at=load.now)
        if "source" in record.model_fields_set:
            lead.source = vocabulary.read(("lead", "source"), record.source, f"leads[{i}].source")
        if "state" in record.model_fields_set:
            lead.state = "new" if record.state == "open" else record.state
        if "owner" in record.model_fields_set:
            lead.owner_id = record.owner
        load.tx.add(lead)
    load.tx.flush()


def _customer_id(ids: dict[str, int], name: str, path: str) -> int:
    found = ids.get(hard_key(name))
    if found is None:
        raise WorldError(path, f"这个客户已经不在了：{name}")
    return found


def load_opportunities(load: Loading, vocabulary: Vocabulary, ids: dict[str, int]) -> None:
    """By customer and name."""
    tx = load.tx
    rows = {(o.customer_id, o.name): o for o in tx.exec(select(Opportunity), execution_options=WHOLE).all()}
    listed = tx.exec(select(Stage).order_by(col(Stage.position), col(Stage.id))).all()
    stages = {one.name: one.id for one in listed}
    by_id = {one.id: one for one in listed}
    first = next((one.id for one in listed if one.kind == "open"), None)
    rivals = {name: key for key, name in tx.exec(select(Competitor.id, Competitor.name)).all()}
    met: list[tuple[Opportunity, list[str]]] = []
    for i, record in enumerate(load.world.opportunities):
        key = f"{hard_key(record.customer)}|{record.name}"
        if not load.is_new("opportunities", key, load.raw["opportunities"][i]):
            continue
        path = f"opportunities[{i}]"
        customer_id = _customer_id(ids, record.customer, f"{path}.customer")
        row = rows.get((customer_id, record.name))
        if row is not None and row.deleted_at is not None:
            raise WorldError(f"{path}.name", "这个商机已经删除，不能再导入")
        load.wrote("opportunities", created=row is None)
        stage_id = stages[record.stage] if record.stage else row.stage_id if row else first
        if stage_id is None:
            raise WorldError(f"{path}.stage", "还没有进行中的销售阶段，要写明是哪个")
        since = load.now
        if row is None:
            since = min(load.now, at_beijing(record.created_on)) if record.created_on is not None else load.now
            row = Opportunity(
                name=record.name, customer_id=customer_id, amount=record.amount, stage_id=stage_id,
                created_at=since, stage_since=since, updated_at=load.now,
            )  # fmt: skip
        for name, value in _opportunity_fields(record, vocabulary, path).items():
            setattr(row, name, value)
        tx.add(row)
        enter_stage(tx, row, by_id[stage_id], by="", now=since)
        if "competitors" in record.model_fields_set:
            met.append((row, record.competitors))
    tx.flush()
    changed = [row.id for row, _ in met]
    if changed:
        tx.execute(delete(OpportunityCompetitor).where(col(OpportunityCompetitor.opportunity_id).in_(changed)))
    for row, names in met:
        for name in names:
            tx.add(OpportunityCompetitor(opportunity_id=row.id or 0, competitor_id=rivals[name] or 0))
    tx.flush()


def _opportunity_fields(record: OpportunityRecord, vocabulary: Vocabulary, path: str) -> dict[str, Any]:
    given = record.model_fields_set
    fields: dict[str, Any] = {name: getattr(record, name) for name in given & {"amount", "expected_on"}}
    if "owner" in given:
        fields["owner_id"] = record.owner
    if "source" in given:
        fields["source"] = vocabulary.read(("opportunity", "source"), record.source, f"{path}.source")
    return fields


def load_contracts(load: Loading, ids: dict[str, int]) -> None:
    """By number. Invoices and payments are added where the contract has fewer such ones, never taken away."""
    rows = {c.number: c for c in load.tx.exec(select(Contract), execution_options=WHOLE).all()}
    for i, record in enumerate(load.world.contracts):
        raw = {k: v for k, v in load.raw["contracts"][i].items() if k not in ("invoiced", "payments")}
        if not load.is_new("contracts", record.no, raw):
            continue
        row = rows.get(record.no)
        if row is not None and row.deleted_at is not None:
            raise WorldError(f"contracts[{i}].no", f"合同 {record.no} 已经删除，不能再导入")
        load.wrote("contracts", created=row is None)
        customer_id = _customer_id(ids, record.customer, f"contracts[{i}].customer")
        if row is None:
            row = rows[record.no] = Contract(
                number=record.no, customer_id=customer_id, amount=record.amount, created_at=load.now
            )
        row.customer_id = customer_id
        for name in record.model_fields_set & {"amount", "signed_on", "starts_on", "ends_on", "state"}:
            setattr(row, name, getattr(record, name))
        if "owner" in record.model_fields_set:
            row.owner_id = record.owner
        load.tx.add(row)
    load.tx.flush()
    for record in load.world.contracts:
        note_number(load.tx, record.no)
    _load_money(load, rows)


def _load_money(load: Loading, rows: dict[str, Contract]) -> None:
    tx = load.tx
    fresh: list[Payment] = []
    invoices = Counter((one.contract_id, one.issued_on, one.amount) for one in tx.exec(select(Invoice)).all())
    received = select(Payment).where(Payment.kind == "normal")
    payments = Counter((p.contract_id, p.paid_on, p.amount, p.method) for p in tx.exec(received).all())
    for i, record in enumerate(load.world.contracts):
        raw, contract_id = load.raw["contracts"][i], rows[record.no].id or 0
        if record.invoiced and _is_new(load, "invoiced", record, raw):
            for invoice in record.invoiced:
                if _spare(load, "invoiced", invoices, (contract_id, invoice.on, invoice.amount)):
                    tx.add(Invoice(contract_id=contract_id, amount=invoice.amount, issued_on=invoice.on))
        if record.payments and _is_new(load, "payments", record, raw):
            for payment in record.payments:
                mark = (contract_id, payment.on, payment.amount, payment.method)
                if _spare(load, "payments", payments, mark):
                    owner = rows[record.no].owner_id  # whoever has the contract counts for what came in before
                    fresh.append(
                        Payment(
                            contract_id=contract_id, amount=payment.amount, paid_on=payment.on, method=payment.method,
                            created_at=load.now, credited_user_id=owner, credited_dept_id=main_department(tx, owner),
                        )
                    )  # fmt: skip
    for one in sorted(fresh, key=lambda p: p.paid_on):
        one.number = next_number(tx, "HK", one.paid_on.year)
        tx.add(one)
        tx.flush()


def _is_new(load: Loading, child: str, record: ContractRecord, raw: dict[str, Any]) -> bool:
    return load.is_new(f"contracts.{child}", record.no, raw[child], size=len(raw[child]))


def _spare(load: Loading, child: str, stored: Counter[Any], mark: tuple[Any, ...]) -> bool:
    """Whether the database has fewer of these than the file so far; counts it."""
    count = load.count(f"contracts.{child}")
    if stored[mark] > 0:
        stored[mark] -= 1
        count.unchanged += 1
        return False
    count.created += 1
    return True
