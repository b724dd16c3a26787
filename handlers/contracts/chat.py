"""What people type about contracts."""

import re
from dataclasses import replace
from typing import Any, Final

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.language.filters import page_wanted
from bot.language.replies import is_no, is_yes, ordinal
from handlers.contracts.acting import (
    LINE,
    about_contract,
    act,
    act_by,
    change_line_by,
    changed_reply,
    open_contract,
    says_what,
)
from handlers.contracts.amounts import apply_amount
from handlers.contracts.drafts import Draft, draft_of, read_words, with_words
from handlers.contracts.finding import chosen_contract, find_contract
from handlers.contracts.listing import compares, filter_of, read_conditions
from handlers.contracts.reading import NUMBER, read_contract
from handlers.contracts.registering import confirmed, register_by, show_draft
from handlers.contracts.service import (
    list_contracts,
    move_contract,
)
from handlers.customers.finding import THIS, chosen, find_customer

router = Router("contracts.chat")
# 合同已经寄了, 合同条款谈妥了: what happened to a paper, not what to do with one of ours
TOLD: Final = re.compile(
    r"(?:已|都|也|还没|还在|刚|没|寄|发给|发过|发了|盖|谈|审|签好|签完|签了|拿|送|改好|条款|模板|范本|怎么|文本|初稿|原件|扫描)"
)
SIGNED: Final = re.compile(
    r"(?:我们?|刚刚?|今天|已经)*(?:和|跟|与|给)?(?P<name>.{2,30}?)\s*(?:(?:签了?|签下了?|新签了?|成交了?)(?:一份|一个|份|个)?\s*"
    r"(?P<rest>.{0,30}?合同.{0,30})|(?<=\s)(?P<plain>(?:新)?合同\s.{2,60}))"
)
WHOSE: Final = re.compile(
    r"(?P<name>.{2,30}?)\s*(?:的|有哪些|有什么|有没有|签了哪些|签过什么)?\s*"
    r"(?:合同(?:有哪些|情况|列表)?|回款(?:情况|进度)|还?欠(?:款|我们?)?(?:多少钱?|了多少钱?)?|还(?:有|差)多少(?:没回|没付|没收|回款)?)[?？吗呢]*"
)


def ours(rest: str) -> bool:
    """Whether what follows 合同 is for us."""
    return TOLD.match(rest) is None


@router.command("新建合同", "新增合同", "登记合同", "录入合同", "录合同", "签合同", "建合同", "加合同")
def create(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`新建合同 华兴 30万 一年`; alone: the form, or the answer to the summary that is open."""
    if not message.args and talk.aside is not None and talk.aside["kind"] == "contracts.confirm":
        return confirmed(ctx, talk, draft_of(talk.aside["draft"]), save=False)
    return register_by(ctx, talk, read_words(ctx, message.args))


@router.command("合同", when=ours)
def contract(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`合同 华兴 30万 一年` registers, `合同 HT-2026-007 …` looks or changes, `合同 执行中 50万以上` lists."""
    args = message.args
    if not args:
        return _list(ctx, talk, "", mine=False)
    if line := LINE.search(args):
        found = find_contract(ctx, args[: line.start()].strip(), talk)
        if found.certain is None:
            return replace(found, rest=line[0]).ask(talk, "改产品", "contracts.which", then="about")
        return change_line_by(ctx, talk, found.certain, line[0])
    words = read_contract(args, ctx.now)
    named = NUMBER.search(args)
    if named is not None and (named.start() == 0 or words.amount is None):
        return about_contract(ctx, talk, find_contract(ctx, args, talk))
    if (words.amount is not None or words.doubts) and not compares(args):
        full = read_words(ctx, args)
        if full.amount is not None or (full.doubts and full.rest):
            return register_by(ctx, talk, full)
    if not (words.anything or compares(args)) and len(args) <= 40:
        found = find_contract(ctx, args, talk)
        if found.certain is not None:
            return about_contract(ctx, talk, found)
        if found.rest and says_what(found.rest):
            return found.ask(talk, "处理", "contracts.which", then="about")
    return _list(ctx, talk, args, mine=False)


@router.sentence(22)
def signed(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`华兴签了30万的合同，一年`: with customer and amount it is one to register; else it is a follow-up's business."""
    said = SIGNED.fullmatch(message.text.strip(" 。.!！"))
    if said is None or message.group:
        return None
    words = read_words(ctx, (said["rest"] or said["plain"]).replace("新合同", " ").replace("合同", " "))
    if words.amount is None or words.rest.strip("的 "):
        return None
    name, subject = said["name"].strip(), talk.subject()
    customer_id = subject if name in THIS else find_customer(ctx, name, pooled=False).certain
    if customer_id is None:
        return None
    ctx.actor.require(Permission.CONTRACT_ADD)
    return show_draft(ctx, talk, with_words(Draft(customer_id=customer_id), words))


@router.sentence(24)
def whose(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`华兴的合同`, `华兴还欠多少`, `华兴回款情况`: that customer's contracts, with what is still to come in."""
    said = WHOSE.fullmatch(message.text.strip(" 。.!！"))
    if said is None:
        return None
    name, subject = said["name"].strip(), talk.subject()
    customer_id = subject if name in THIS else find_customer(ctx, name, pooled=None, reading=True).certain
    if customer_id is None:
        return None
    talk.about(customer_id)
    return _list(ctx, talk, "", mine=False, customer_id=customer_id, said=name)


@router.question("contracts.customer")
def which_customer(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several customers."""
    customer_id = chosen(message, ctx, pending)
    if customer_id is None:
        return None
    return show_draft(ctx, talk, draft_of({**pending["draft"], "customer_id": customer_id}))


@router.question("contracts.create")
def complete(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """What the form asks for, said in a sentence."""
    draft = draft_of(pending["draft"])
    words = read_words(ctx, message.text)
    if words.doubts:
        raise InvalidInput(f"没认准「{'、'.join(words.doubts)}」，请写成确定的数，例如：30万 一年。")
    if words.amount is None and draft.customer_id is not None and not words.anything:
        return None
    draft = with_words(draft, words)
    if draft.customer_id is None and words.rest:
        found = find_customer(ctx, words.rest, pooled=False, leading=True)
        if found.certain is None:
            return found.ask(talk, "contracts.customer", "登记合同", draft=draft.row())
        draft = draft_of({**draft.row(), "customer_id": found.certain})
    return show_draft(ctx, talk, draft)


@router.question("contracts.confirm")
def confirm(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """登记合同, 存为草稿, 修改; or something to correct: 金额 35万, 到期 明年3月底."""
    draft = draft_of(pending["draft"])
    said = message.text.strip(" 。.!！")
    if said in ("登记", "登记合同", "确认登记") or is_yes(said):
        return confirmed(ctx, talk, draft, save=False)
    if said in ("存为草稿", "存草稿", "草稿", "先存着"):
        return confirmed(ctx, talk, draft, save=True)
    if said in ("修改", "改一下", "改"):
        talk.ask("contracts.create", draft=draft.row())
        return Reply(card=CardRef("contracts.new", {"draft": draft.row()}))
    if is_no(said) or said in ("不登记", "不要", "不用"):
        talk.settle()
        return Reply("好的，没有登记。")
    words = read_words(ctx, message.text)
    if not words.anything or words.rest.strip("改成为到是"):
        return None
    if words.doubts:
        raise InvalidInput(f"没认准「{'、'.join(words.doubts)}」，请写成确定的数，例如：金额 35万。")
    return show_draft(ctx, talk, with_words(draft, words))


# -- one contract --------------------------------------------------------------------------------------


@router.sentence(12)
def line_of(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`HT-2026-019 加产品 ZJ-001 2台`: of what begins with a contract's number."""
    said = NUMBER.match(message.text.strip())
    line = LINE.search(message.text.strip())
    if said is None or line is None or message.text.strip()[said.end() : line.start()].strip():
        return None
    found = find_contract(ctx, said[0], talk)
    return (
        found.ask(talk, "改产品", "contracts.which", then="about")
        if found.certain is None
        else change_line_by(ctx, talk, found.certain, line[0])
    )


@router.question("contracts.amount")
def confirm_amount(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """改成这个金额, or not."""
    said = message.text.strip(" 。.!！")
    if said in ("改成这个金额", "改", "修改") or is_yes(said):
        return changed_reply(talk, apply_amount(ctx, pending["state"]))
    if is_no(said):
        talk.settle()
        return Reply("好的，金额没有改。")
    return None


@router.question("contracts.void_reason")
def void_reason(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The reason, typed."""
    if not message.text.strip():
        return None
    return changed_reply(talk, move_contract(ctx, int(pending["contract_id"]), "void", message.text))


@router.command("作废合同", "合同作废")
def void(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`作废合同 HT-2026-007 客户取消`: asks for the reason if it is missing."""
    ctx.actor.require(Permission.CONTRACT_VOID)
    return act_by(message, ctx, talk, "void", "作废", "作废合同 HT-2026-007 客户取消采购")


@router.command("作废", when=lambda rest: NUMBER.match(rest) is not None and not rest.upper().startswith("HK-"))
def void_number(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`作废 HT-2026-007 客户取消`."""
    return void(message, ctx, talk)


@router.command("结束合同", "合同结束", "完结合同")
def end(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`结束合同 HT-2026-007`."""
    return act_by(message, ctx, talk, "ended", "结束", "结束合同 HT-2026-007")


@router.command("合同生效", "生效合同")
def take_effect(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`合同生效 HT-2026-007`."""
    return act_by(message, ctx, talk, "effective", "生效", "合同生效 HT-2026-007")


@router.command("续签合同", "合同续签", "续签")
def renew(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`续签 HT-2026-007 35万 两年`: the summary of the one that follows."""
    ctx.actor.require(Permission.CONTRACT_ADD)
    return act_by(message, ctx, talk, "renew", "续签", "续签 HT-2026-007")


@router.command("删除合同")
def delete(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`删除合同 HT-2026-007`: drafts only."""
    ctx.actor.require(Permission.CONTRACT_DELETE)
    return act_by(message, ctx, talk, "delete", "删除", "删除合同 HT-2026-007")


@router.command("转移合同", "转交合同", "合同转移", "合同转给")
def transfer(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`转移合同 HT-2026-007 给 李娜`."""
    ctx.actor.require(Permission.CONTRACT_TRANSFER)
    what, gave, whom = message.args.rpartition("给")
    if not gave:
        what, _, whom = message.args.rpartition(" ")
    if not what.strip() or not whom.strip():
        raise InvalidInput("请写明合同和人，例如「转移合同 HT-2026-007 给 李娜」。")
    found = find_contract(ctx, what.strip(" ，,"), talk)
    if found.certain is None:
        return found.ask(talk, "转移", "contracts.which", then="transfer", whom=whom.strip())
    return act(ctx, talk, "transfer", found.certain, whom.strip())


@router.question("contracts.which")
def which(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several contracts."""
    contract_id = chosen_contract(message, pending)
    if contract_id is None:
        return None
    return act(ctx, talk, str(pending["then"]), contract_id, str(pending.get("whom") or pending.get("rest", "")))


@router.command("查合同", "查看合同", "合同详情", "搜合同")
def look_up(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`查合同 华兴`: the contract, or those it could be."""
    if not message.args:
        raise InvalidInput("想查哪一份？例如「查合同 华兴」，写合同编号也行。")
    found = find_contract(ctx, message.args, talk)
    if found.certain is not None:
        return open_contract(ctx, talk, found.certain)
    return found.ask(talk, "看", "contracts.which", then="open")


# -- lists ---------------------------------------------------------------------------------------------


def _list(ctx: Context, talk: Talk, words: str, *, mine: bool, **more: Any) -> Reply:
    state = {**read_conditions(ctx, words, mine=mine), **more}
    list_contracts(ctx, filter_of(state, ctx))  # refused here, in words
    talk.ask("contracts.list", state=state)
    return Reply(card=CardRef("contracts.list", state))


@router.command("我的合同")
def mine_only(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`我的合同 执行中`."""
    return _list(ctx, talk, message.args, mine=True)


@router.command("合同列表", "全部合同", "所有合同")
def listing(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`合同列表 本月签的 50万以上`."""
    return _list(ctx, talk, message.args, mine=False)


@router.command("快到期的合同", "快到期合同", "到期合同", "即将到期的合同", "合同快到期", "要到期的合同")
def expiring(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`快到期的合同`: 0 ≤ days left ≤ N, the earliest first."""
    return _list(ctx, talk, f"{message.args} 快到期", mine=False, said=message.args)


@router.command("已到期的合同", "已到期合同", "过期的合同", "过期合同", "到期了的合同")
def expired(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`已到期的合同`."""
    return _list(ctx, talk, f"{message.args} 已到期", mine=False, said=message.args)


@router.sentence(21)
def asked_for(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`60天内到期的合同`, `有哪些合同快到期了`, `50万以上的合同`."""
    text = message.text.strip(" 。.!！?？吗呢")
    if not text.endswith("合同") and not re.search(r"合同(?:快|就要|要|即将)?到期", text):
        return None
    state = read_conditions(ctx, text.removesuffix("了"))
    if state["words"] and not (
        set(state) & {"expiring", "expired", "states", "least", "most", "signed", "ends", "owner", "own"}
    ):
        return None
    return _list(ctx, talk, text.removesuffix("了"), mine=False)


@router.question("contracts.list")
def turn_page(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`下一页`, `上一页`, `第3页`, or the number of a row to open it."""
    state = dict(pending["state"])
    wanted, number = page_wanted(message.text, int(state["page"])), ordinal(message.text)
    if wanted is None and number is None:
        return None
    page = list_contracts(ctx, filter_of(state, ctx), int(state["page"]) if wanted is None else wanted)
    if wanted is not None:
        state["page"] = min(wanted, page.pages)
        talk.ask("contracts.list", state=state)
        return Reply(card=CardRef("contracts.list", state))
    if number is None or not 1 <= number <= len(page.rows):
        raise InvalidInput(f"这一页只有 {len(page.rows)} 份，回复 1 到 {len(page.rows)} 之间的数字，或发送「下一页」。")
    return open_contract(ctx, talk, page.rows[number - 1].id or 0)
