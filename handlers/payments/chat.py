"""What people type about payments and plans."""

import re
from dataclasses import asdict, replace
from typing import Any, Final

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.language.filters import page_wanted
from bot.language.replies import is_no, is_yes, ordinal
from handlers.contracts.finding import chosen_contract, find_contract
from handlers.contracts.listing import compares
from handlers.contracts.reading import NUMBER
from handlers.customers.finding import chosen, find_customer
from handlers.customfields.filters import own_conditions
from handlers.payments.drafts import Draft, draft_of, read_words, with_words
from handlers.payments.listing import filter_of, step_read_conditions
from handlers.payments.reading import CAME, OURS, PAID, read_payment, take_number
from handlers.payments.registering import confirmed, other_contract, register_by, show_draft
from handlers.payments.service import (
    delete_payment,
    edit_payment,
    find_payment,
    list_payments,
    set_over_collect,
    show_payment,
    void_payment,
)

router = Router("payments.chat")
ASKED = re.compile(
    r"(?:看看|查一下|查)?(?P<words>.{1,30}?)(?:都|一共|总共)?(?:有|收到?)?(?:哪些|多少)?回款(?:记录|明细|情况)?(?:有)?(?:哪些|多少)?了?[?？]*"
)
NOT_OURS: Final = re.compile(
    r"(?:额|率|情况怎|什么时候|何时|催|怎么|目标|还没|没到|慢|快|条件|方式(?:谈|改)|周期|问题)"
)
ON: Final = re.compile(r"^(?:可以|允许|开启?|打开|是|启用)$|^$")
OFF: Final = re.compile(r"^(?:关闭?|不允许|不可以|否|停用|禁止)$")


def ours(rest: str) -> bool:
    """Whether what follows 回款 is for us: 回款额, 回款什么时候到 are not."""
    return NOT_OURS.match(rest) is None


# -- registering ---------------------------------------------------------------------------------------


@router.command("登记回款", "新建回款", "新增回款", "录入回款", "录回款", "记回款")
def register(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`登记回款 华兴 5万`; alone: the form, or the answer to the summary that is open."""
    if not message.args and talk.aside is not None and talk.aside["kind"] == "payments.confirm":
        return confirmed(ctx, talk, draft_of(talk.aside["draft"]), over=False)
    return register_by(ctx, talk, message.args)


@router.command("回款", "到账", "收款", "到款", when=ours)
def payment(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`回款 华兴 5万 昨天 转账` registers, `回款 HK-2026-0001` looks, `回款 华兴 本月` lists."""
    if (named := OURS.match(message.args)) is not None:
        return _open(ctx, talk, find_payment(ctx, named[0]))
    words = read_payment(message.args, ctx.now)
    if (words.amount is None and not words.doubts) or compares(message.args):
        return _list(ctx, talk, message.args, mine=False)
    if words.amount is not None and read_words(ctx, message.args).amount is None:  # it is a field of the company's
        return _list(ctx, talk, message.args, mine=False)
    return register_by(ctx, talk, message.args)


@router.sentence(23)
def came_in(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`华兴到账5万`, `收到华兴的货款 5万`: with a customer in sight and one sum."""
    text = message.text.strip(" 。.!！")
    came, paid = CAME.fullmatch(text), PAID.fullmatch(text)
    if message.group or text.endswith(("?", "？", "吗")):
        return None
    if came is not None:
        words = read_words(ctx, came["rest"])
        name, words.rest = words.rest.removesuffix("的"), ""
    elif paid is not None:
        words = read_words(ctx, f"{paid['rest']} {_day_in(text, paid['rest'])}")
        name = paid["name"]
    else:
        return None
    if words.amount is None or words.doubts or words.rest or words.number or len(name) < 2:
        return None
    found = find_customer(ctx, name, pooled=False)
    if found.certain is not None or found.options:
        ctx.actor.require(Permission.PAYMENT_ADD)
    draft = with_words(Draft(), words)
    if found.certain is not None:
        return show_draft(ctx, talk, replace(draft, customer_id=found.certain))
    return found.ask(talk, "payments.customer", "登记回款", draft=draft.row()) if found.options else None


def _day_in(text: str, rest: str) -> str:
    """华兴昨天到账5万: the day stands before the verb."""
    found = re.search(r"今天|昨天|前天", text[: len(text) - len(rest)])
    return found[0] if found is not None else ""


@router.sentence(23)
def asked_for(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`本月回款`, `华兴上个月的回款有哪些`: a list, where a day, a customer or a person is said."""
    said = ASKED.fullmatch(message.text.strip())
    if said is None or not ctx.actor.may(Permission.PAYMENT_VIEW):
        return None
    words = said["words"].strip()
    mine = words.startswith("我")
    words = re.sub(r"^我的?", "", words).removesuffix("的")
    with ctx.begin() as tx:
        state = step_read_conditions(tx, ctx, words, taken={})
    if state["words"] or not (set(state) & {"span", "customer_id", "owner", "own"} or mine):
        return None
    return _list(ctx, talk, words, mine=mine)


@router.question("payments.customer")
def which_customer(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several customers."""
    customer_id = chosen(message, ctx, pending)
    return (
        None
        if customer_id is None
        else show_draft(ctx, talk, replace(draft_of(pending["draft"]), customer_id=customer_id))
    )


@router.question("payments.which")
def which_contract(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several contracts, or its number."""
    contract_id = chosen_contract(message, pending)
    if contract_id is None and NUMBER.fullmatch(message.text.strip()):
        contract_id = find_contract(ctx, message.text.strip(), talk).certain
    return (
        None
        if contract_id is None
        else show_draft(ctx, talk, replace(draft_of(pending["draft"]), contract_id=contract_id))
    )


@router.question("payments.create")
def complete(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """What the form asks for, said in a sentence."""
    draft = draft_of(pending["draft"])
    words = read_words(ctx, message.text)
    if words.doubts:
        raise InvalidInput(f"没认准「{'、'.join(words.doubts)}」，请写成确定的数，例如：5万。")
    if draft.customer_id is None and draft.contract_id is None:
        if not (words.rest or words.number):
            return show_draft(ctx, talk, with_words(draft, words)) if words.amount is not None else None
        said = " ".join(p for p in (words.number, words.rest, draft.amount if words.amount is None else "") if p)
        return register_by(ctx, talk, said if words.amount is None else message.text)
    if not (words.amount or words.paid_on or words.method or words.custom):
        return None
    return show_draft(ctx, talk, with_words(draft, words))


@router.question("payments.confirm")
def confirm(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """登记回款, 记为预收, 换合同, 改金额; or something to correct: 6万, 昨天."""
    draft = draft_of(pending["draft"])
    said = message.text.strip(" 。.!！")
    if said in ("登记", "登记退款") or is_yes(said):
        return confirmed(ctx, talk, draft, over=False)
    if said in ("记为预收", "预收"):
        return confirmed(ctx, talk, draft, over=True)
    if said in ("换合同", "换一份", "不是这份"):
        return other_contract(ctx, talk, draft)
    if said in ("改金额", "改"):
        talk.ask("payments.create", draft=draft.row())
        return Reply("改成多少？直接发金额，例如：3万。")
    if is_no(said) or said in ("不登记", "不要", "不用"):
        talk.settle()
        return Reply("好的，没有登记。")
    words = read_words(ctx, message.text)
    if words.rest.strip("改成为到是") or not (words.amount or words.paid_on or words.method or words.custom):
        return None
    return show_draft(ctx, talk, with_words(draft, words))


# -- one payment ---------------------------------------------------------------------------------------


def _open(ctx: Context, talk: Talk, payment_id: int, **more: Any) -> Reply:
    details = show_payment(ctx, payment_id)
    talk.settle()
    talk.about(details.contract.customer_id)
    return Reply(card=CardRef("payments.one", {"payment_id": payment_id, **more}))


@router.command("作废回款", "回款作废")
def void(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`作废回款 HK-2026-0001 登错合同`: asks for the reason if it is missing."""
    ctx.actor.require(Permission.PAYMENT_VOID)
    number, reason = take_number(message.args, "作废回款 HK-2026-0001 登错合同")
    payment_id = find_payment(ctx, number)
    if not reason:
        talk.ask("payments.void_reason", payment_id=payment_id)
        return Reply(f"回款 {number} 为什么作废？直接回复原因，例如：登错合同。不作废了就回复「取消」。")
    return _voided(ctx, talk, payment_id, reason)


@router.question("payments.void_reason")
def void_reason(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The reason, typed."""
    return _voided(ctx, talk, int(pending["payment_id"]), message.text) if message.text.strip() else None


def _voided(ctx: Context, talk: Talk, payment_id: int, reason: str) -> Reply:
    done = void_payment(ctx, payment_id, reason)
    return _open(ctx, talk, payment_id, undo_id=done.undo_id, said=done.text)


@router.command("退款", "登记退款")
def refund(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`退款 HK-2026-0001 2万`: money given back, of that payment."""
    ctx.actor.require(Permission.PAYMENT_ADD)
    if not message.args and talk.aside is not None and talk.aside["kind"] == "payments.confirm":
        return confirmed(ctx, talk, draft_of(talk.aside["draft"]), over=False)
    number, rest = take_number(message.args, "退款 HK-2026-0001 2万")
    payment_id = find_payment(ctx, number)
    details = show_payment(ctx, payment_id)
    words = read_words(ctx, rest)
    if words.amount is None or words.doubts:
        raise InvalidInput(f"退多少？例如「退款 {number} 2万」。")
    draft = Draft(contract_id=details.contract.id, refund_of=payment_id)
    return show_draft(ctx, talk, with_words(draft, words))


@router.command("修改回款", "回款修改")
def edit(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`修改回款 HK-2026-0001 日期 3月1日 方式 承兑`."""
    number, rest = take_number(message.args, "修改回款 HK-2026-0001 日期 3月1日 方式 承兑")
    payment_id = find_payment(ctx, number)
    words = read_words(ctx, rest)
    if words.amount is not None:
        raise InvalidInput(f"回款金额不能直接改：先「作废回款 {number} 金额登错」，再登记一笔对的。")
    changes: dict[str, Any] = {}
    if words.paid_on is not None:
        changes["paid_on"] = words.paid_on
    if words.method:
        changes["method"] = words.method
    done = edit_payment(ctx, payment_id, changes, words.custom)
    return _open(ctx, talk, payment_id, undo_id=done.undo_id, said=done.text)


@router.command("删除回款")
def delete(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`删除回款 HK-2026-0001`: a voided one only."""
    number, _ = take_number(message.args, "删除回款 HK-2026-0001")
    talk.settle()
    return Reply(f"{delete_payment(ctx, find_payment(ctx, number)).text}。")


# -- lists ---------------------------------------------------------------------------------------------


def _list(ctx: Context, talk: Talk, text: str, *, mine: bool) -> Reply:
    taken: dict[str, Any] = {"title": text.strip()[:20], "mine": ctx.actor.user_id if mine else ""}
    own, text = own_conditions(ctx, "payment", text)
    if own:
        taken["own"] = [asdict(one.condition) for one in own]
    if NUMBER.search(text):
        found = find_contract(ctx, text, talk)
        if found.certain is None:
            return found.ask(talk, "看", "contracts.which", then="open")
        taken["contract_id"], text = found.certain, found.rest
    with ctx.begin() as tx:
        state = step_read_conditions(tx, ctx, text, taken=taken)
    if "customer_id" in state:
        talk.about(int(state["customer_id"]))
    list_payments(ctx, filter_of(state))  # refused here, in words
    talk.ask("payments.list", state=state)
    return Reply(card=CardRef("payments.list", state))


@router.command("我的回款")
def mine_only(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`我的回款 本月`."""
    return _list(ctx, talk, message.args, mine=True)


@router.command("回款记录", "回款列表", "查回款", "全部回款")
def listing(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`回款记录 华兴`."""
    if (named := OURS.match(message.args)) is not None:
        return _open(ctx, talk, find_payment(ctx, named[0]))
    return _list(ctx, talk, message.args, mine=False)


@router.question("payments.list")
def turn_page(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`下一页`, `上一页`, `第3页`, or the number of a row to open it."""
    state = dict(pending["state"])
    wanted, number = page_wanted(message.text, int(state["page"])), ordinal(message.text)
    if wanted is None and number is None:
        return None
    page = list_payments(ctx, filter_of(state), int(state["page"]) if wanted is None else wanted)
    if wanted is not None:
        state["page"] = min(wanted, page.pages)
        talk.ask("payments.list", state=state)
        return Reply(card=CardRef("payments.list", state))
    if number is None or not 1 <= number <= len(page.rows):
        raise InvalidInput(f"这一页只有 {len(page.rows)} 笔，回复 1 到 {len(page.rows)} 之间的数字，或发送「下一页」。")
    return _open(ctx, talk, page.rows[number - 1].id or 0)


# -- the switch ----------------------------------------------------------------------------------------


@router.command("允许超额回款", "超额回款")
def over_collect(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`允许超额回款`, `允许超额回款 关闭`: the administrator's switch."""
    ctx.actor.require_admin()
    talk.settle()
    said = message.args.strip()
    if message.word == "超额回款" and not said:
        now = "允许" if ctx.settings.allow_over_collect else "不允许"
        return Reply(f"现在{now}超额回款。要改就发送「允许超额回款 开」或「允许超额回款 关」。")
    if OFF.match(said):
        done = set_over_collect(ctx, allow=False)
    elif ON.match(said):
        done = set_over_collect(ctx, allow=True)
    else:
        raise InvalidInput("只有开和关，例如「允许超额回款 开」。")
    return Reply(card=CardRef("base.changed", {"title": "超额回款设置", "body": done.text, "undo_id": done.undo_id}))
