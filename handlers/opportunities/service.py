"""Use cases of opportunities."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.core.forms import check_may_fill
from bot.language.moment import month_end
from bot.language.money import show_money
from handlers.dictionaries.service import step_choose
from handlers.opportunities import rules
from handlers.products.lines import LineFact, check_line, check_may_choose, line_amount, total
from storage import (
    audit,
    competitors,
    contacts,
    customers,
    follow_ups,
    lines,
    opportunities,
    people,
    products,
    stages,
    undos,
)
from storage.database import Tx
from storage.opportunities import PAGE, Met, OpportunityFilter
from storage.tables import Contact, Opportunity, OpportunityCompetitor, OpportunityLine, Stage

UNDO = timedelta(minutes=10)
LABELS = {
    "name": "名称", "amount": "金额", "source": "来源", "expected_on": "预计成交", "probability": "赢率",
    "contact_id": "联系人",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewOpportunity:
    """What is said of an opportunity to be made."""

    customer_id: int
    name: str = ""  # empty: the customer's name
    amount: Decimal = Decimal("0.00")
    expected_on: date | None = None  # None: the end of this month
    stage: str = ""  # empty: the first open one
    source: str = ""
    contact_id: int | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """A change in words, and how to take it back."""

    opportunity_id: int
    text: str
    undo_id: int | None


def create_opportunity(ctx: Context, new: NewOpportunity) -> Changed:
    """Raises Forbidden, NotFound, InPool, NotYours, NameTaken, InvalidInput."""
    ctx.actor.require(Permission.OPPORTUNITY_ADD)
    with ctx.begin() as tx:
        made = step_create_opportunity(tx, ctx, new)
        undo_id = _offer(tx, ctx, made, None, f"新建商机 {made.name}")
        return Changed(made.id or 0, f"已建商机 {made.name}", undo_id)


def step_create_opportunity(tx: Tx, ctx: Context, new: NewOpportunity) -> Opportunity:
    """In the caller's transaction; the caller has asked for the permission. Raises as `create_opportunity`."""
    customer = customers.access_brief(tx, new.customer_id, lock=True)
    _check_customer(tx, ctx, customer)
    filled = {"amount": new.amount, "source": new.source, "expected_on": new.expected_on}
    check_may_fill(ctx.actor, "opportunity", filled)
    name = rules.check_name((new.name or customer.name).strip())
    if opportunities.taken(tx, new.customer_id, name):
        raise rules.NameTaken(f"「{customer.name}」已经有商机「{name}」了，换个名称，或发送「商机 {name}」看它。")
    stage = _open_stage(tx, new.stage)
    _check_contact(tx, new.contact_id, new.customer_id)
    made = Opportunity(
        name=name, customer_id=new.customer_id, amount=rules.check_amount(new.amount), stage_id=stage.id or 0,
        stage_since=ctx.now, source=step_choose(tx, "opportunity", "source", new.source), contact_id=new.contact_id,
        expected_on=new.expected_on or month_end(ctx.today.year, ctx.today.month), owner_id=ctx.actor.user_id,
        created_at=ctx.now, created_by=ctx.actor.user_id, updated_at=ctx.now,
    )  # fmt: skip
    opportunities.enter_stage(tx, made, stage, by=ctx.actor.user_id, now=ctx.now)
    _record(tx, ctx, "create.opportunity", made, changes={"商机": ("", name)})
    return made


def update_opportunity(ctx: Context, opportunity_id: int, changes: dict[str, Any]) -> Changed:
    """`changes`: by column (name, amount, source, expected_on, probability, contact_id).

    Raises:
        Forbidden, NotFound, NotYours, Closed, NameTaken, InvalidInput.
    """
    _require_write(ctx)
    with ctx.begin() as tx:
        found, before = _access(tx, ctx, opportunity_id)
        text = step_update_opportunity(tx, ctx, found, changes)
        return _done(tx, ctx, found, before, text)


def step_update_opportunity(tx: Tx, ctx: Context, found: Opportunity, changes: dict[str, Any]) -> str:
    """In the caller's transaction, on an opportunity that may be changed; returns what changed in words."""
    rules.check_open(found.name, found.result)
    check_may_fill(ctx.actor, "opportunity", changes)
    said: dict[str, tuple[str, str]] = {}
    for column, value in changes.items():
        if column not in LABELS:
            raise InvalidInput(f"商机没有「{column}」可以改。")
        checked = _checked(tx, found, column, value)
        was = getattr(found, column)
        if was != checked:
            said[LABELS[column]] = (_words(column, was), _words(column, checked))
            setattr(found, column, checked)
    found.updated_at = ctx.now
    tx.add(found)
    tx.flush()
    text = "；".join(f"{label}：{a} → {b}" for label, (a, b) in said.items()) or "没有变化"
    if said:
        _record(tx, ctx, "edit.opportunity", found, changes=said)
    return text


def _checked(tx: Tx, found: Opportunity, column: str, value: Any) -> Any:
    if column == "amount":
        if lines.list_amounts(tx, OpportunityLine, found.id or 0):
            raise InvalidInput(f"「{found.name}」有产品明细，金额是它们的合计；改产品就会跟着变。")
        return rules.check_amount(value)
    if column == "name":
        name = rules.check_name(str(value).strip())
        if opportunities.taken(tx, found.customer_id, name, found.id):
            raise rules.NameTaken(f"这家客户已经有商机「{name}」了，换个名称。")
        return name
    if column == "source":
        return step_choose(tx, "opportunity", "source", str(value))
    if column == "probability" and value is not None and not 0 <= int(value) <= 100:
        raise InvalidInput("赢率是 0 到 100 的整数百分比，例如 40%。")
    if column == "contact_id":
        _check_contact(tx, value, found.customer_id)
    return value


def change_stage(
    ctx: Context, opportunity_id: int, stage: str, *, result: str = "", reason: str = "", rival: str = ""
) -> Changed:
    """Into a stage by name, or (`stage` empty) into that of `result`: won, lost, invalid.

    `rival`: the competitor that won it.

    Raises:
        Forbidden, NotFound, NotYours, Closed, ReasonMissing, RivalMissing, InvalidInput.
    """
    _require_write(ctx)
    with ctx.begin() as tx:
        found, before = _access(tx, ctx, opportunity_id)
        text = step_change_stage(tx, ctx, found, stage, result=result, reason=reason, rival=rival)
        return _done(tx, ctx, found, before, text)


def step_change_stage(
    tx: Tx, ctx: Context, found: Opportunity, stage: str, *, result: str = "", reason: str = "", rival: str = ""
) -> str:
    """The one function every change of stage goes through (R-STAGE-6); returns what happened in words."""
    rules.check_open(found.name, found.result)
    was = tx.get_one(Stage, found.stage_id)
    kind = "won" if result == "won" else "lost"
    now = stages.access_stage(tx, stage) if stage else next(
        (s for s in stages.list_stages(tx) if s.kind == kind and s.active), None
    )  # fmt: skip
    if now is None:
        raise InvalidInput(f"还没有{rules.RESULTS[kind]}阶段，请联系管理员加一个。")
    if not now.active:
        raise InvalidInput(f"阶段「{now.name}」已停用，换一个；发送「商机」看看有哪些阶段。")
    result = result or now.kind
    met = {m.competitor.name: m.competitor for m in opportunities.list_met(tx, found.id or 0)}
    winner = competitors.access_competitor(tx, rival) if rival else None
    if winner is None and reason in rules.BY_RIVAL and len(met) == 1:
        winner = next(iter(met.values()))
    rules.check_close(found.name, result, reason, winner.name if winner else None)
    if was.id == now.id:
        return f"「{found.name}」已经在{now.name}了"
    seconds = int((ctx.now - found.stage_since).total_seconds())
    average = opportunities.average_seconds(tx, was.id or 0)
    opportunities.enter_stage(tx, found, now, by=ctx.actor.user_id, now=ctx.now, result=result)
    found.lost_reason = reason.strip() if result in ("lost", "invalid") else ""
    if winner is not None and result == "lost":
        found.won_by_id = winner.id
        if winner.name not in met:
            tx.add(OpportunityCompetitor(opportunity_id=found.id or 0, competitor_id=winner.id or 0))
    tx.add(found)
    tx.flush()
    mean = f"（平均 {rules.days_text(average)}）" if average is not None else ""
    ended = f" · {rules.RESULTS[result]}" if result != "open" else ""
    why = f"：{found.lost_reason}" if found.lost_reason else ""
    _record(tx, ctx, "move.opportunity", found, changes={"阶段": (was.name, now.name)}, reason=found.lost_reason)
    return f"{was.name} → {now.name}{ended}{why}  停留 {rules.days_text(seconds)}{mean}"


def reopen_opportunity(ctx: Context, opportunity_id: int) -> Changed:
    """Back into the stage it was closed from (R-STAGE-5). Raises Forbidden, NotFound, InvalidInput."""
    ctx.actor.require(Permission.OPPORTUNITY_EDIT)
    with ctx.begin() as tx:
        found, before = _access(tx, ctx, opportunity_id)
        if found.result == "open":
            raise InvalidInput(f"「{found.name}」还在进行中，不用重新打开。")
        known = {s.id: s for s in stages.list_stages(tx)}
        came = [known[g.from_stage_id] for g in opportunities.list_log(tx, opportunity_id) if g.from_stage_id]
        stage = next((s for s in reversed(came) if s.kind == "open" and s.active), None) or _open_stage(tx, "")
        opportunities.enter_stage(tx, found, stage, by=ctx.actor.user_id, now=ctx.now)
        _record(tx, ctx, "reopen.opportunity", found, changes={"状态": ("已结束", stage.name)})
        return _done(tx, ctx, found, before, f"已重新打开，回到{stage.name}")


def add_line(ctx: Context, opportunity_id: int, product: str, quantity: Decimal, discount: Decimal) -> Changed:
    """A product at its present price; the amount follows (R-OPP-2). `discount`: percent off, 9折 is 10.

    Raises:
        Forbidden, NotFound, NotYours, Closed, OutOfUse, InvalidInput.
    """
    _require_write(ctx)
    check_may_fill(ctx.actor, "opportunity", {"amount": quantity})
    with ctx.begin() as tx:
        found, before = _access(tx, ctx, opportunity_id)
        rules.check_open(found.name, found.result)
        chosen = products.access_product(tx, product)
        check_may_choose(chosen.name, enabled=chosen.enabled)
        fact = check_line(LineFact(lines.price_of(tx, chosen), quantity, discount))
        lines.add_line(
            tx, OpportunityLine, opportunity_id, chosen, price=fact.price, quantity=quantity, discount=discount,
            amount=line_amount(fact),
        )  # fmt: skip
        text = _reckon(tx, ctx, found, f"已加产品 {chosen.code} {chosen.name} × {quantity.normalize():f}{chosen.unit}")
        return _done(tx, ctx, found, before, text)


def remove_line(ctx: Context, opportunity_id: int, product: str) -> Changed:
    """Every line of that product. Raises Forbidden, NotFound, NotYours, Closed, InvalidInput."""
    _require_write(ctx)
    check_may_fill(ctx.actor, "opportunity", {"amount": product})
    with ctx.begin() as tx:
        found, before = _access(tx, ctx, opportunity_id)
        rules.check_open(found.name, found.result)
        word = product.strip().lower()
        there = lines.list_lines(tx, OpportunityLine, opportunity_id)
        gone = [line for line in there if word in (line.code.lower(), line.name.lower())]
        if not gone:
            some = "、".join(line.code for line in there) or "还没有"
            raise InvalidInput(f"「{found.name}」里没有产品「{product}」，现有：{some}。")
        for line in gone:
            lines.remove_line(tx, line)
        return _done(tx, ctx, found, before, _reckon(tx, ctx, found, f"已删产品 {gone[0].code}"))


def _reckon(tx: Tx, ctx: Context, found: Opportunity, text: str) -> str:
    amount = total(lines.list_amounts(tx, OpportunityLine, found.id or 0))
    was = found.amount
    opportunities.set_total(tx, found, rules.check_amount(amount))
    found.updated_at = ctx.now
    _record(tx, ctx, "edit.opportunity", found, changes={"金额": (_words("amount", was), _words("amount", amount))})
    return f"{text}，金额 {show_money(amount)}"


def meet_competitor(
    ctx: Context, opportunity_id: int, name: str, *, note: str = "", price: Decimal | None = None, threat: str = ""
) -> Changed:
    """Links a competitor of the list, or says more of one that is linked (R3.10, R-COMP-2).

    Raises:
        Forbidden, NotFound, NotYours, Closed, InvalidInput.
    """
    _require_write(ctx)
    ctx.actor.require(Permission.COMPETITOR_VIEW)
    with ctx.begin() as tx:
        found, before = _access(tx, ctx, opportunity_id)
        rules.check_open(found.name, found.result)
        rival = competitors.access_competitor(tx, name)
        if not rival.active:
            raise InvalidInput(f"竞争对手「{rival.name}」已停用，不能再选。")
        known = next((m.link for m in opportunities.list_met(tx, opportunity_id) if m.competitor.id == rival.id), None)
        link = known or OpportunityCompetitor(opportunity_id=opportunity_id, competitor_id=rival.id or 0)
        link.note, link.threat = note or link.note, threat or link.threat
        link.price = rules.check_amount(price) if price is not None else link.price
        tx.add(link)
        found.updated_at = ctx.now
        tx.flush()
        quoted = f" 报价 {show_money(link.price)}" if link.price is not None else ""
        _record(tx, ctx, "edit.opportunity", found, changes={"竞争对手": ("", f"{rival.name}{quoted}")})
        return _done(tx, ctx, found, before, f"已记竞争对手 {rival.name}{quoted}")


def transfer_opportunity(ctx: Context, opportunity_id: int, user_id: str) -> Changed:
    """To a colleague; no stage changes (R-STAGE-4). Raises Forbidden, NotFound."""
    ctx.actor.require(Permission.OPPORTUNITY_TRANSFER)
    with ctx.begin() as tx:
        found = opportunities.access_opportunity(tx, opportunity_id, lock=True)
        was = found.owner_id
        names = people.names_of(tx, [was, user_id])
        found.owner_id, found.updated_at, found.version = user_id, ctx.now, found.version + 1
        tx.add(found)
        pair = (names.get(was or "", ""), names.get(user_id, user_id))
        _record(tx, ctx, "transfer.opportunity", found, changes={"负责人": pair})
        return Changed(opportunity_id, f"「{found.name}」已转给 {pair[1]}", None)


def delete_opportunity(ctx: Context, opportunity_id: int) -> Changed:
    """Gone from every list; its name may be used again. Raises Forbidden, NotFound, NotYours."""
    ctx.actor.require(Permission.OPPORTUNITY_DELETE)
    with ctx.begin() as tx:
        found, before = _access(tx, ctx, opportunity_id)
        found.deleted_at, found.version, name = ctx.now, found.version + 1, found.name
        tx.add(found)
        tx.flush()
        undo_id = _offer(tx, ctx, found, before, f"删除商机 {name}")
        _record(tx, ctx, "delete.opportunity", found, changes={"商机": (name, "")})
        return Changed(opportunity_id, f"已删除商机「{name}」", undo_id)


def undo_change(ctx: Context, payload: dict[str, Any]) -> str:
    """Puts back what it was, unless it has changed since. Raises Forbidden, NotFound, ChangedSince."""
    _require_write(ctx)
    key, before = int(payload["id"]), payload["before"]
    with ctx.begin() as tx:
        now = opportunities.picture(tx, key)
        if now["deleted_at"] is None:
            opportunities.access_opportunity(tx, key, lock=True)
        if now["version"] != payload["version"] or now["owner_id"] != payload["owner_id"]:
            raise rules.ChangedSince(
                f"「{now['name']}」之后又改过，不能撤销了。发送「商机 {now['name']}」看现在的样子。"
            )
        if before is None:
            made = opportunities.access_opportunity(tx, key)
            made.deleted_at, made.version = ctx.now, made.version + 1
            tx.add(made)
            _record(tx, ctx, "undo.opportunity", made, changes={"商机": (made.name, "")})
            return f"已撤销新建商机「{made.name}」。"
        opportunities.forget_log(tx, key, after=int(before["log"]))
        lines.put_back(tx, OpportunityLine, key, before["lines"])
        _put_met_back(tx, key, before["met"])
        opportunities.put_back(tx, before["row"], int(now["version"]) + 1)
        follow_ups.settle_opportunity(tx, key)  # contacts in between were not taken back
        found = opportunities.access_opportunity(tx, key)
        _record(tx, ctx, "undo.opportunity", found, lines=[f"撤销：{payload['text']}"])
        return f"已撤销，「{found.name}」恢复原样。"


@dataclass(frozen=True, slots=True)
class Details:
    """An opportunity with what belongs to it, as far as the actor may see it."""

    opportunity: Opportunity
    customer_name: str
    owner_name: str
    stage: Stage
    lines: list[OpportunityLine]
    met: list[Met]  # empty without 竞争对手-查看
    won_by: str


def show_opportunity(ctx: Context, opportunity_id: int) -> Details:
    """Raises Forbidden, NotFound."""
    ctx.actor.require(Permission.OPPORTUNITY_VIEW)
    with ctx.begin() as tx:
        found = opportunities.access_opportunity(tx, opportunity_id)
        met = opportunities.list_met(tx, opportunity_id) if ctx.actor.may(Permission.COMPETITOR_VIEW) else []
        winner = next((m.competitor.name for m in met if m.competitor.id == found.won_by_id), "")
        return Details(
            found, customers.names_of(tx, [found.customer_id]).get(found.customer_id, ""),
            people.name_of(tx, found.owner_id) if found.owner_id else "", tx.get_one(Stage, found.stage_id),
            lines.list_lines(tx, OpportunityLine, opportunity_id), met, winner,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, with its total and what it adds up to (D26). `amount` None: not to be seen."""

    rows: list[Opportunity]
    customers: dict[int, str]
    owners: dict[str, str]
    stages: dict[int, Stage]
    total: int
    amount: Decimal | None
    pages: int


def list_opportunities(ctx: Context, wanted: OpportunityFilter, page: int = 1) -> Page:
    """Five a page. Raises Forbidden."""
    ctx.actor.require(Permission.OPPORTUNITY_VIEW)
    with ctx.begin() as tx:
        count, amount = opportunities.count_opportunities(tx, wanted)
        pages = max(1, -(-count // PAGE))
        rows = opportunities.list_opportunities(tx, wanted, page=min(max(1, page), pages))
        names = people.names_of(tx, [o.owner_id for o in rows])
        return Page(
            rows, customers.names_of(tx, [o.customer_id for o in rows]), names,
            {s.id or 0: s for s in stages.list_stages(tx)}, count, amount, pages,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ForecastLine:
    """One stage of a forecast. Amounts in yuan; None: not to be seen."""

    stage: str
    count: int
    amount: Decimal | None
    weighted: Decimal | None  # Σ amount × probability


def forecast(ctx: Context, first: date | None = None, last: date | None = None) -> list[ForecastLine]:
    """By stage, in their order (R3.22), of what is expected within these days. Raises Forbidden."""
    ctx.actor.require(Permission.OPPORTUNITY_VIEW)
    with ctx.begin() as tx:
        found = opportunities.forecast_rows(tx, first, last)
        result = []
        for stage in stages.list_stages(tx):
            rows = [r for r in found if r[0] == stage.id]
            if not rows:
                continue
            seen = all(r[3] is not None for r in rows)
            amount = sum((r[3] or Decimal(0) for r in rows), Decimal(0)) if seen else None
            weighted = sum(((r[3] or Decimal(0)) * r[1] / 100 for r in rows), Decimal(0)) if seen else None
            result.append(ForecastLine(stage.name, sum(r[2] for r in rows), amount, weighted))
        return result


def list_win_rates(ctx: Context) -> list[tuple[str, int, int]]:
    """(competitor, won, lost) over closed opportunities in scope (R-COMP-5). Raises Forbidden."""
    ctx.actor.require(Permission.OPPORTUNITY_VIEW)
    ctx.actor.require(Permission.COMPETITOR_VIEW)
    with ctx.begin() as tx:
        return opportunities.won_and_lost(tx)


def list_named(ctx: Context) -> list[tuple[int, str, str, str]]:
    """(id, name, customer, result) of those within the scope. Raises Forbidden."""
    ctx.actor.require(Permission.OPPORTUNITY_VIEW)
    with ctx.begin() as tx:
        rows = opportunities.list_names(tx)
        called = customers.names_of(tx, [r[2] for r in rows])
        return [(i, name, called.get(customer_id, ""), result) for i, name, customer_id, result in rows]


def list_open_stages(ctx: Context) -> list[str]:
    """What an opportunity may go into, in order. Raises Forbidden."""
    ctx.actor.require(Permission.OPPORTUNITY_VIEW)
    with ctx.begin() as tx:
        return [s.name for s in stages.list_stages(tx) if s.active and s.kind == "open"]


def _require_write(ctx: Context) -> None:
    """新增 is for one's own, 编辑 for others' too."""
    if not ctx.actor.may(Permission.OPPORTUNITY_EDIT):
        ctx.actor.require(Permission.OPPORTUNITY_ADD)


def _check_customer(tx: Tx, ctx: Context, customer: Any) -> None:
    if customer.owner_id is None:
        raise rules.InPool(f"「{customer.name}」在公海里，先发送「领取 {customer.name}」再建商机。")
    rules.check_may_change(
        owner_id=customer.owner_id, actor_id=ctx.actor.user_id, may_edit=ctx.actor.may(Permission.OPPORTUNITY_EDIT),
        name=customer.name, owner=people.name_of(tx, customer.owner_id),
    )  # fmt: skip


def _check_contact(tx: Tx, contact_id: int | None, customer_id: int) -> None:
    """R-CONT-1: a contact of that very customer."""
    contact = contacts.access_contact(tx, contact_id) if contact_id is not None else None
    if isinstance(contact, Contact) and contact.customer_id != customer_id:
        raise InvalidInput("这位联系人不是这家客户的，发送「查 客户名称」看看有哪些联系人。")


def _open_stage(tx: Tx, name: str) -> Stage:
    stage = stages.access_stage(tx, name) if name else next(
        (s for s in stages.list_stages(tx) if s.kind == "open" and s.active), None
    )  # fmt: skip
    if stage is None or stage.kind != "open" or not stage.active:
        raise InvalidInput("还没有进行中的销售阶段可用，请联系管理员发送「销售阶段」看看。")
    return stage


def _access(tx: Tx, ctx: Context, opportunity_id: int) -> tuple[Opportunity, dict[str, Any]]:
    """One that may be changed, and what it is now; what follows makes a new version of it."""
    found = opportunities.access_opportunity(tx, opportunity_id, lock=True)
    rules.check_may_change(
        owner_id=found.owner_id, actor_id=ctx.actor.user_id, may_edit=ctx.actor.may(Permission.OPPORTUNITY_EDIT),
        name=found.name, owner=people.name_of(tx, found.owner_id) if found.owner_id else "",
    )  # fmt: skip
    return found, {
        "row": opportunities.picture(tx, opportunity_id), "log": opportunities.last_log_id(tx, opportunity_id),
        "lines": lines.pictures(tx, OpportunityLine, opportunity_id),
        "met": [_met_row(m) for m in opportunities.list_met(tx, opportunity_id)],
    }  # fmt: skip


def _met_row(met: Met) -> dict[str, Any]:
    link = met.link
    price = None if link.price is None else str(link.price)
    return {"competitor_id": link.competitor_id, "note": link.note, "price": price, "threat": link.threat}


def _put_met_back(tx: Tx, opportunity_id: int, kept: list[dict[str, Any]]) -> None:
    for met in opportunities.list_met(tx, opportunity_id):
        tx.delete(met.link)
    tx.flush()
    for one in kept:
        price = None if one["price"] is None else Decimal(one["price"])
        tx.add(OpportunityCompetitor(**{**one, "price": price}, opportunity_id=opportunity_id))
    tx.flush()


def _done(tx: Tx, ctx: Context, found: Opportunity, before: dict[str, Any], text: str) -> Changed:
    found.version += 1
    tx.add(found)
    tx.flush()
    return Changed(found.id or 0, text, _offer(tx, ctx, found, before, f"商机 {found.name}"))


def _offer(tx: Tx, ctx: Context, found: Opportunity, before: dict[str, Any] | None, text: str) -> int:
    return undos.offer(
        tx, user_id=ctx.actor.user_id, kind="opportunities.change", text=text, now=ctx.now, lasts=UNDO,
        payload={
            "id": found.id, "before": before, "version": found.version, "owner_id": found.owner_id, "text": text,
        },
    )  # fmt: skip


def _words(column: str, value: Any) -> str:
    if value is None or value == "":
        return "按阶段" if column == "probability" else "（空）"
    return show_money(value) if column == "amount" else f"{value}%" if column == "probability" else str(value)


def _record(tx: Tx, ctx: Context, action: str, found: Opportunity, **detail: Any) -> None:
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=f"opportunity:{found.id}",
        name=found.name, **{k: v for k, v in detail.items() if v},
    )  # fmt: skip
