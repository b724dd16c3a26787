"""What sentences do with one contract: look at it, change it, move it on, renew it."""

import re
from typing import Any, Final

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, ChatMessage, Reply, Talk
from handlers.contractlines.service import LineChange
from handlers.contracts.amounts import of_line
from handlers.contracts.answers import Changed
from handlers.contracts.drafts import read_words, renewal_of, with_words
from handlers.contracts.finding import ContractFound, find_contract
from handlers.contracts.registering import show_draft
from handlers.contracts.service import (
    delete_contract,
    edit_contract,
    move_contract,
    show_contract,
    transfer_contract,
)
from handlers.customers.finding import find_person
from handlers.products.reading import ADD, REMOVE, read_line

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


def says_what(rest: str) -> bool:
    """Whether the rest of a sentence says what to do with a contract."""
    return any(p.fullmatch(rest) for _, p in MOVES) or any(p.match(rest) for p in (VOID, GIVE, RENEW, DELETE))


def about_contract(ctx: Context, talk: Talk, found: ContractFound) -> Reply:
    """What was said of the contract, or which one is meant."""
    if found.certain is None:
        return found.ask(talk, "看", "contracts.which", then="about")
    return act(ctx, talk, "about", found.certain, found.rest)


def act(ctx: Context, talk: Talk, then: str, contract_id: int, rest: str) -> Reply:
    """`then`: what was said to be done; `about`: the rest of the sentence says it."""
    if then == "about":
        for to, pattern in MOVES:
            if pattern.fullmatch(rest):
                return changed_reply(talk, move_contract(ctx, contract_id, to))
        if found := VOID.fullmatch(rest):
            return void_by(ctx, talk, contract_id, found["reason"])
        if found := RENEW.fullmatch(rest):
            return _renew(ctx, talk, contract_id, found["words"])
        if found := GIVE.fullmatch(rest):
            return changed_reply(talk, transfer_contract(ctx, contract_id, find_person(ctx, found["whom"])))
        if DELETE.fullmatch(rest):
            return changed_reply(talk, delete_contract(ctx, contract_id))
        if LINE.fullmatch(rest):
            return change_line_by(ctx, talk, contract_id, rest)
        return _edit(ctx, talk, contract_id, rest) if rest else open_contract(ctx, talk, contract_id)
    if then in ("effective", "ended"):
        return changed_reply(talk, move_contract(ctx, contract_id, then))
    if then == "void":
        return void_by(ctx, talk, contract_id, rest)
    if then == "renew":
        return _renew(ctx, talk, contract_id, rest)
    if then == "delete":
        return changed_reply(talk, delete_contract(ctx, contract_id))
    if then == "transfer":
        return changed_reply(talk, transfer_contract(ctx, contract_id, find_person(ctx, rest)))
    return open_contract(ctx, talk, contract_id)


def open_contract(ctx: Context, talk: Talk, contract_id: int) -> Reply:
    """The contract's card."""
    details = show_contract(ctx, contract_id)
    talk.settle()
    talk.about(details.contract.customer_id)
    return Reply(card=CardRef("contracts.one", {"contract_id": contract_id}, (f"contract:{contract_id}",)))


def changed_reply(talk: Talk, done: Changed) -> Reply:
    """The contract after a change, with 撤销."""
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
        return changed_reply(talk, Changed(contract_id, "", said, undo_id))
    state = {"contract_id": contract_id, "amount": str(words.amount), "said": said}
    show_contract(ctx, contract_id)
    talk.ask("contracts.amount", state=state)
    return Reply(card=CardRef("contracts.amount", state, (f"contract:{contract_id}",)))


def change_line_by(ctx: Context, talk: Talk, contract_id: int, rest: str) -> Reply:
    """`加产品 ZJ-001 2台 9折`, `删产品 ZJ-001`: what it comes to is shown first."""
    if gone := REMOVE.fullmatch(rest):
        change = LineChange(gone["rest"].strip(), remove=True)
    else:
        change = LineChange(*read_line(rest[rest.index("产品") + 2 :]))
    state = of_line(ctx, contract_id, change)
    talk.ask("contracts.amount", state=state)
    return Reply(card=CardRef("contracts.amount", state, (f"contract:{contract_id}",)))


def void_by(ctx: Context, talk: Talk, contract_id: int, reason: str) -> Reply:
    """Voids it, or asks why first."""
    ctx.actor.require(Permission.CONTRACT_VOID)
    if not reason.strip():
        number = show_contract(ctx, contract_id).contract.number
        talk.ask("contracts.void_reason", contract_id=contract_id)
        return Reply(f"合同 {number} 为什么作废？直接回复原因，例如：客户取消采购。不作废了就回复「取消」。")
    return changed_reply(talk, move_contract(ctx, contract_id, "void", reason))


def _renew(ctx: Context, talk: Talk, contract_id: int, rest: str) -> Reply:
    words = read_words(ctx, rest)
    draft = renewal_of(ctx, contract_id)
    if words.months is not None and draft.starts_on and words.signed_on is None and "起" not in rest:
        words = read_words(ctx, f"{rest} 从{draft.starts_on}起")
    return show_draft(ctx, talk, with_words(draft, words))


def act_by(message: ChatMessage, ctx: Context, talk: Talk, then: str, verb: str, example: str) -> Reply:
    """A command that does one thing with the contract it names; `then`: as in `act`."""
    if not message.args and talk.subject() is None:
        raise InvalidInput(f"要{verb}哪一份？例如「{example}」。")
    states = {"effective": ("draft",), "ended": ("effective",), "delete": ("draft",), "renew": ("effective", "ended")}
    found = find_contract(ctx, message.args, talk, states=states.get(then, ("draft", "effective", "ended")))
    if found.certain is None:
        return found.ask(talk, verb, "contracts.which", then=then)
    return act(ctx, talk, then, found.certain, found.rest)
