"""What people type about payment plans."""

from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.language.filters import page_wanted
from handlers.contracts.finding import chosen_contract, find_contract
from handlers.paymentplans.reading import read_parts, read_plans
from handlers.paymentplans.service import allocate_payment, list_overdue, set_plans, show_allocation, show_plans
from handlers.paymentplans.views import allocated_ref
from handlers.payments.answers import Changed
from handlers.payments.reading import take_number
from handlers.payments.service import find_payment

router = Router("paymentplans.chat")
EXAMPLE = "分配回款 HK-2026-0001 第2期 3万"


@router.command("逾期回款", "回款逾期", "逾期的回款", "逾期未回款", "逾期未回", "我的逾期回款")
def overdue(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`逾期回款`: instalments whose day has gone, with what is owed in all."""
    state = {"page": 1, "mine": message.word.startswith("我的") or message.args == "我的"}
    list_overdue(ctx, mine=bool(state["mine"]))
    talk.ask("payments.overdue", state=state)
    return Reply(card=CardRef("payments.overdue", state))


@router.question("payments.overdue")
def overdue_page(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """Another page."""
    state = dict(pending["state"])
    wanted = page_wanted(message.text, int(state["page"]))
    if wanted is None:
        return None
    state["page"] = min(wanted, list_overdue(ctx, wanted, mine=bool(state["mine"])).pages)
    talk.ask("payments.overdue", state=state)
    return Reply(card=CardRef("payments.overdue", state))


@router.command("回款计划", "收款计划", "分期")
def plans(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`回款计划 HT-2026-007 4月底 10万 6月底 20万`, `… 3期`; without either: as it stands."""
    if not message.args and talk.subject() is None:
        raise InvalidInput("哪份合同的回款计划？例如「回款计划 HT-2026-007 3期」，或「回款计划 华兴」。")
    found = find_contract(ctx, message.args, talk, states=("effective", "ended", "draft"))
    if found.certain is None:
        return found.ask(talk, "排计划", "payments.plan_which")
    return _plans(ctx, talk, found.certain, found.rest)


@router.sentence(23)
def plans_of(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`华兴的回款计划`."""
    name = message.text.strip(" 。.!！?？").removesuffix("回款计划").strip(" 的")
    if not message.text.strip(" 。.!！?？").endswith("回款计划") or not 2 <= len(name) <= 30:
        return None
    found = find_contract(ctx, name, talk, states=("effective", "ended", "draft"))
    if found.certain is not None:
        return _plans(ctx, talk, found.certain, "")
    return found.ask(talk, "看", "payments.plan_which") if found.options else None


@router.question("payments.plan_which")
def plan_which(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several contracts."""
    contract_id = chosen_contract(message, pending)
    return None if contract_id is None else _plans(ctx, talk, contract_id, str(pending.get("rest", "")))


def _plans(ctx: Context, talk: Talk, contract_id: int, rest: str) -> Reply:
    talk.settle()
    if not rest:
        sheet = show_plans(ctx, contract_id)
        talk.about(sheet.contract.customer_id)
        if not sheet.lines:
            talk.ask("payments.plan_words", contract_id=contract_id)
        return Reply(card=plans_ref(contract_id))
    words = read_plans(rest, ctx.now)
    if words.doubts:
        raise InvalidInput(f"没认准「{'、'.join(words.doubts)}」，日期和金额要成对，例如「4月底 10万 6月底 20万」。")
    done = set_plans(ctx, contract_id, words.plans, words.count)
    return Reply(card=plans_ref(contract_id, done))


@router.question("payments.plan_words")
def plan_words(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """3期, or days and sums."""
    words = read_plans(message.text, ctx.now)
    if not (words.plans or words.count or words.doubts):
        return None
    return _plans(ctx, talk, int(pending["contract_id"]), message.text)


def plans_ref(contract_id: int, done: Changed | None = None) -> CardRef:
    """The card of a contract's instalments."""
    state = {"contract_id": contract_id, "undo_id": done.undo_id if done else None}
    return CardRef("payments.plans", state, (f"contract:{contract_id}",))


# -- which instalment a payment is for -----------------------------------------------------------------


@router.command("分配回款", "回款分配", "调整分配")
def allocate(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`分配回款 HK-2026-0001 第2期 3万 第3期`, `… 按到期先后`; without either: the instalments to choose from."""
    number, rest = take_number(message.args, EXAMPLE)
    payment_id = find_payment(ctx, number)
    if rest:
        return _allocate(ctx, talk, payment_id, rest)
    show_allocation(ctx, payment_id)
    talk.settle()
    talk.ask("paymentplans.allocate", payment_id=payment_id)
    return Reply(card=CardRef("paymentplans.allocate", {"payment_id": payment_id}))


def _allocate(ctx: Context, talk: Talk, payment_id: int, text: str) -> Reply:
    parts = read_parts(text)
    if parts is None:
        raise InvalidInput(f"没认出是哪一期，例如「{EXAMPLE}」，或「… 按到期先后」。")
    done = allocate_payment(ctx, payment_id, parts)
    talk.settle()
    return Reply(card=allocated_ref(payment_id, done))


@router.question("paymentplans.allocate")
def which_period(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`第2期`, `第2期 3万`, `按到期先后`."""
    if read_parts(message.text) is None:
        return None
    return _allocate(ctx, talk, int(pending["payment_id"]), message.text)
