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
from handlers.contractlines.service import LineChange
from handlers.contracts.amounts import apply_amount, of_line
from handlers.contracts.drafts import Draft, draft_of, read_words, renewal_of, shown, with_words
from handlers.contracts.finding import ContractFound, chosen_contract, find_contract
from handlers.contracts.listing import compares, filter_of, read_conditions
from handlers.contracts.reading import NUMBER, ContractWords, read_contract
from handlers.contracts.service import (
    Changed,
    create_contract,
    delete_contract,
    edit_contract,
    list_contracts,
    move_contract,
    show_contract,
    transfer_contract,
)
from handlers.customers.finding import THIS, chosen, find_customer, find_person
from handlers.products.reading import ADD, REMOVE, read_line

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
MOVES: Final = (
    ("effective", re.compile(r"(?:已经?)?(?:生效|执行|开始执行|签好了|签了)(?:了|吧)?")),
    ("ended", re.compile(r"(?:已经?)?(?:结束|完结|完成|终止|执行完)(?:了|吧)?")),
)
VOID: Final = re.compile(r"作废(?:了|吧)?[\s,，:：]*(?P<reason>.*)")
GIVE: Final = re.compile(r"(?:转移|转|移交|交|分配)?给\s*(?P<whom>\S.*)")
RENEW: Final = re.compile(r"续签[\s,，:：]*(?P<words>.*)")
LINE: Final = re.compile(f"{ADD.pattern.replace('(?P<rest>.+)', '.+')}|{REMOVE.pattern.replace('(?P<rest>.+)', '.+')}")
MONEY_IN: Final = re.compile(r"回款|到账|收款|分期")
DELETE: Final = re.compile(r"删除|删掉|删了")


def ours(rest: str) -> bool:
    """Whether what follows 合同 is for us."""
    return TOLD.match(rest) is None


@router.command("新建合同", "新增合同", "登记合同", "录入合同", "录合同", "签合同", "建合同", "加合同")
def create(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`新建合同 华兴 30万 一年`; alone: the form, or the answer to the summary that is open."""
    if not message.args and talk.aside is not None and talk.aside["kind"] == "contracts.confirm":
        return _registered(ctx, talk, draft_of(talk.aside["draft"]), save=False)
    return _create(ctx, talk, read_words(ctx, message.args))


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
        return _line(ctx, talk, found.certain, line[0])
    words = read_contract(args, ctx.now)
    named = NUMBER.search(args)
    if named is not None and (named.start() == 0 or words.amount is None):
        return _about(ctx, talk, find_contract(ctx, args, talk))
    if (words.amount is not None or words.doubts) and not compares(args):
        full = read_words(ctx, args)
        if full.amount is not None or (full.doubts and full.rest):
            return _create(ctx, talk, full)
    if not (words.anything or compares(args)) and len(args) <= 40:
        found = find_contract(ctx, args, talk)
        if found.certain is not None:
            return _about(ctx, talk, found)
        if found.rest and _verb(found.rest):
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
    return _confirm(ctx, talk, with_words(Draft(customer_id=customer_id), words))


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


def _create(ctx: Context, talk: Talk, words: ContractWords) -> Reply:
    ctx.actor.require(Permission.CONTRACT_ADD)
    if words.doubts:
        return _doubtful(ctx, talk, words)
    draft = with_words(Draft(), words)
    subject = talk.subject()
    if words.rest in THIS and subject is not None:
        return _confirm(ctx, talk, with_words(Draft(customer_id=subject), words))
    if not words.rest:
        return _confirm(ctx, talk, draft)
    found = find_customer(ctx, words.rest, pooled=False, leading=True)
    if found.certain is None and not found.options:
        found = find_customer(ctx, words.rest, pooled=True, leading=True)  # the rule says it is to be claimed first
    if found.certain is None:
        return found.ask(talk, "contracts.customer", "登记合同", draft=draft.row())
    return _confirm(ctx, talk, with_words(Draft(customer_id=found.certain), words))


def _doubtful(ctx: Context, talk: Talk, words: ContractWords) -> Reply:
    """What was not sure is asked, never guessed; what was sure stays in the form."""
    found = find_customer(ctx, words.rest, pooled=False, leading=True) if words.rest else None
    draft = with_words(Draft(customer_id=found.certain if found else None), words)
    ref = shown(ctx, Draft(**{**draft.row(), "amount": ""}))
    some = "、".join(words.doubts)
    talk.ask("contracts.create", draft=ref.state["draft"])
    return Reply(card=CardRef("contracts.new", {**ref.state, "doubt": f"没认准「{some}」，请写成确定的数。"}))


def _confirm(ctx: Context, talk: Talk, draft: Draft) -> Reply:
    ref = shown(ctx, draft)
    talk.settle()
    if draft.customer_id is not None:
        talk.about(draft.customer_id)
    talk.ask("contracts.create" if ref.kind == "contracts.new" else "contracts.confirm", draft=ref.state["draft"])
    return Reply(card=ref)


@router.question("contracts.customer")
def which_customer(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several customers."""
    customer_id = chosen(message, ctx, pending)
    if customer_id is None:
        return None
    return _confirm(ctx, talk, draft_of({**pending["draft"], "customer_id": customer_id}))


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
    return _confirm(ctx, talk, draft)


@router.question("contracts.confirm")
def confirm(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """登记合同, 存为草稿, 修改; or something to correct: 金额 35万, 到期 明年3月底."""
    draft = draft_of(pending["draft"])
    said = message.text.strip(" 。.!！")
    if said in ("登记", "登记合同", "确认登记") or is_yes(said):
        return _registered(ctx, talk, draft, save=False)
    if said in ("存为草稿", "存草稿", "草稿", "先存着"):
        return _registered(ctx, talk, draft, save=True)
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
    return _confirm(ctx, talk, with_words(draft, words))


def _registered(ctx: Context, talk: Talk, draft: Draft, *, save: bool) -> Reply:
    done = create_contract(ctx, draft.new(draft=save))
    talk.settle()
    talk.about(done.contract.customer_id)
    state = {
        "contract_id": done.contract.id, "undo_id": done.undo_id, "number": done.contract.number, "again": done.again,
    }  # fmt: skip
    return Reply(card=CardRef("contracts.registered", state, (f"contract:{done.contract.id}",)))


# -- one contract --------------------------------------------------------------------------------------


def _verb(rest: str) -> bool:
    return any(p.fullmatch(rest) for _, p in MOVES) or any(p.match(rest) for p in (VOID, GIVE, RENEW, DELETE))


def _about(ctx: Context, talk: Talk, found: ContractFound) -> Reply:
    if found.certain is None:
        return found.ask(talk, "看", "contracts.which", then="about")
    return _act(ctx, talk, "about", found.certain, found.rest)


def _act(ctx: Context, talk: Talk, then: str, contract_id: int, rest: str) -> Reply:
    """`then`: what was said to be done; `about`: the rest of the sentence says it."""
    if then == "about":
        for to, pattern in MOVES:
            if pattern.fullmatch(rest):
                return _changed(talk, move_contract(ctx, contract_id, to))
        if found := VOID.fullmatch(rest):
            return _void(ctx, talk, contract_id, found["reason"])
        if found := RENEW.fullmatch(rest):
            return _renew(ctx, talk, contract_id, found["words"])
        if found := GIVE.fullmatch(rest):
            return _changed(talk, transfer_contract(ctx, contract_id, find_person(ctx, found["whom"])))
        if DELETE.fullmatch(rest):
            return _changed(talk, delete_contract(ctx, contract_id))
        if LINE.fullmatch(rest):
            return _line(ctx, talk, contract_id, rest)
        return _edit(ctx, talk, contract_id, rest) if rest else open_contract(ctx, talk, contract_id)
    if then in ("effective", "ended"):
        return _changed(talk, move_contract(ctx, contract_id, then))
    if then == "void":
        return _void(ctx, talk, contract_id, rest)
    if then == "renew":
        return _renew(ctx, talk, contract_id, rest)
    if then == "delete":
        return _changed(talk, delete_contract(ctx, contract_id))
    if then == "transfer":
        return _changed(talk, transfer_contract(ctx, contract_id, find_person(ctx, rest)))
    return open_contract(ctx, talk, contract_id)


def open_contract(ctx: Context, talk: Talk, contract_id: int) -> Reply:
    """The contract's card."""
    details = show_contract(ctx, contract_id)
    talk.settle()
    talk.about(details.contract.customer_id)
    return Reply(card=CardRef("contracts.one", {"contract_id": contract_id}, (f"contract:{contract_id}",)))


def _changed(talk: Talk, done: Changed) -> Reply:
    talk.settle()
    if done.undo_id is None and done.text.startswith("已删除"):
        return Reply(done.text + "。")
    state = {"contract_id": done.contract_id, "undo_id": done.undo_id, "said": done.text}
    return Reply(card=CardRef("contracts.one", state, (f"contract:{done.contract_id}",)))


def _edit(ctx: Context, talk: Talk, contract_id: int, rest: str) -> Reply:
    if MONEY_IN.match(rest):
        number = show_contract(ctx, contract_id).contract.number
        raise InvalidInput(f"登记回款请把「回款」放前面，例如「回款 {number} 5万」；分期用「回款计划 {number} 3期」。")
    words = read_words(ctx, rest)
    if words.doubts:
        raise InvalidInput(f"没认准「{'、'.join(words.doubts)}」，例如「合同 HT-2026-007 金额 35万」。")
    if not words.anything:
        raise InvalidInput(
            "没认出要对这份合同做什么。可以说「合同 编号 金额 35万」「合同 编号 到期 明年2月底」「合同 编号 生效」"
            "「结束合同 编号」「作废合同 编号 原因」「续签 编号」。"
        )
    changes: dict[str, Any] = {
        name: value
        for name in ("signed_on", "starts_on", "ends_on", "discount")
        if (value := getattr(words, name)) is not None
    }
    changes |= {name: value for name in ("number", "name") if (value := getattr(words, name))}
    said = ""
    undo_id = None
    if changes or words.custom:
        done = edit_contract(ctx, contract_id, changes, words.custom)
        said, undo_id = done.text, done.undo_id
    if words.amount is None:
        return _changed(talk, Changed(contract_id, "", said, undo_id))
    state = {"contract_id": contract_id, "amount": str(words.amount), "said": said}
    show_contract(ctx, contract_id)
    talk.ask("contracts.amount", state=state)
    return Reply(card=CardRef("contracts.amount", state, (f"contract:{contract_id}",)))


def _line(ctx: Context, talk: Talk, contract_id: int, rest: str) -> Reply:
    """`加产品 ZJ-001 2台 9折`, `删产品 ZJ-001`: what it comes to is shown first."""
    if gone := REMOVE.fullmatch(rest):
        change = LineChange(gone["rest"].strip(), remove=True)
    else:
        change = LineChange(*read_line(rest[rest.index("产品") + 2 :]))
    state = of_line(ctx, contract_id, change)
    talk.ask("contracts.amount", state=state)
    return Reply(card=CardRef("contracts.amount", state, (f"contract:{contract_id}",)))


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
        else _line(ctx, talk, found.certain, line[0])
    )


@router.question("contracts.amount")
def confirm_amount(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """改成这个金额, or not."""
    said = message.text.strip(" 。.!！")
    if said in ("改成这个金额", "改", "修改") or is_yes(said):
        return _changed(talk, apply_amount(ctx, pending["state"]))
    if is_no(said):
        talk.settle()
        return Reply("好的，金额没有改。")
    return None


def _void(ctx: Context, talk: Talk, contract_id: int, reason: str) -> Reply:
    ctx.actor.require(Permission.CONTRACT_VOID)
    if not reason.strip():
        number = show_contract(ctx, contract_id).contract.number
        talk.ask("contracts.void_reason", contract_id=contract_id)
        return Reply(f"合同 {number} 为什么作废？直接回复原因，例如：客户取消采购。不作废了就回复「取消」。")
    return _changed(talk, move_contract(ctx, contract_id, "void", reason))


@router.question("contracts.void_reason")
def void_reason(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The reason, typed."""
    if not message.text.strip():
        return None
    return _changed(talk, move_contract(ctx, int(pending["contract_id"]), "void", message.text))


def _renew(ctx: Context, talk: Talk, contract_id: int, rest: str) -> Reply:
    words = read_words(ctx, rest)
    draft = renewal_of(ctx, contract_id)
    if words.months is not None and draft.starts_on and words.signed_on is None and "起" not in rest:
        words = read_contract(f"{rest} 从{draft.starts_on}起", ctx.now)
    return _confirm(ctx, talk, with_words(draft, words))


def _command(message: ChatMessage, ctx: Context, talk: Talk, then: str, verb: str, example: str) -> Reply:
    if not message.args and talk.subject() is None:
        raise InvalidInput(f"要{verb}哪一份？例如「{example}」。")
    states = {"effective": ("draft",), "ended": ("effective",), "delete": ("draft",), "renew": ("effective", "ended")}
    found = find_contract(ctx, message.args, talk, states=states.get(then, ("draft", "effective", "ended")))
    if found.certain is None:
        return found.ask(talk, verb, "contracts.which", then=then)
    return _act(ctx, talk, then, found.certain, found.rest)


@router.command("作废合同", "合同作废")
def void(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`作废合同 HT-2026-007 客户取消`: asks for the reason if it is missing."""
    ctx.actor.require(Permission.CONTRACT_VOID)
    return _command(message, ctx, talk, "void", "作废", "作废合同 HT-2026-007 客户取消采购")


@router.command("作废", when=lambda rest: NUMBER.match(rest) is not None and not rest.upper().startswith("HK-"))
def void_number(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`作废 HT-2026-007 客户取消`."""
    return void(message, ctx, talk)


@router.command("结束合同", "合同结束", "完结合同")
def end(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`结束合同 HT-2026-007`."""
    return _command(message, ctx, talk, "ended", "结束", "结束合同 HT-2026-007")


@router.command("合同生效", "生效合同")
def take_effect(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`合同生效 HT-2026-007`."""
    return _command(message, ctx, talk, "effective", "生效", "合同生效 HT-2026-007")


@router.command("续签合同", "合同续签", "续签")
def renew(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`续签 HT-2026-007 35万 两年`: the summary of the one that follows."""
    ctx.actor.require(Permission.CONTRACT_ADD)
    return _command(message, ctx, talk, "renew", "续签", "续签 HT-2026-007")


@router.command("删除合同")
def delete(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`删除合同 HT-2026-007`: drafts only."""
    ctx.actor.require(Permission.CONTRACT_DELETE)
    return _command(message, ctx, talk, "delete", "删除", "删除合同 HT-2026-007")


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
    return _act(ctx, talk, "transfer", found.certain, whom.strip())


@router.question("contracts.which")
def which(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several contracts."""
    contract_id = chosen_contract(message, pending)
    if contract_id is None:
        return None
    return _act(ctx, talk, str(pending["then"]), contract_id, str(pending.get("whom") or pending.get("rest", "")))


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
