"""What people type about approvals: decisions, their lists, how an application stands."""

import re
from datetime import datetime, timedelta
from typing import Any, Final

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.dingtalk.checkup import TODO
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.language.filters import page_wanted
from bot.language.money import parse_amount
from bot.language.replies import is_no, is_yes
from handlers.approvals import views
from handlers.approvals.away import read_deputy
from handlers.approvals.service import (
    find_number,
    find_task,
    set_buyer_details,
    set_confirm_above,
    set_dingtalk_todo,
    set_urge_gap,
    show_status,
    show_task,
)
from handlers.customers.finding import find_person
from handlers.flows.finding import NUMBER
from handlers.flows.holding import Moved
from handlers.flows.rules import ContentChanged
from handlers.flows.service import (
    add_signer,
    adjust,
    cancel,
    decide,
    delegate,
    end_delegation,
    send_back,
    show_delegation,
    transfer,
    urge,
)

router = Router("approvals.chat")
LASTS: Final = timedelta(minutes=2)
OFF: Final = ("关闭", "不限", "无", "取消")
UNDO: Final = "要改回去就发送「撤销」。"
CALLED_OFF: Final = re.compile(r"(?:取消|撤回|撤销)(?:申请)?\s*(?P<rest>[A-Za-z]{2}-?\d.*)", re.DOTALL)
HANDED: Final = re.compile(r"转交\s*(?P<rest>[A-Za-z]{2}-?\d.*)", re.DOTALL)
UNTIL: Final = re.compile(r"到|至|~|-")
ADJUSTED: Final = re.compile(
    r"(?:给|由|到)\s*(?P<to>.+?)(?:[\s，,]+(?:原因|因为|理由)[:：\s]*(?P<why>.+))?$", re.DOTALL
)


def numbered(rest: str) -> bool:
    """Whether what follows the verb begins with an application's number."""
    return NUMBER.match(rest) is not None


def _split(text: str) -> tuple[str, str]:
    """The number, and what else was said."""
    found = NUMBER.search(text)
    if found is None:
        raise InvalidInput("要写申请编号，例如 FP-2026-0001。发送「我的待办」或「我发起的」看看编号。")
    rest = f"{text[: found.start()]} {text[found.end() :]}".strip(" ，,:：")
    return found[0], re.sub(r"^(?:原因|因为|理由|说明)[:：\s]*", "", rest)


def _done(talk: Talk, task_id: int, done: Moved) -> Reply:
    talk.settle()
    return Reply(done.text, card=views.task_ref(task_id, done.flow_id))


@router.command("同意", when=numbered)
def agree(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`同意 FP-2026-0001` asks back with the facts; 同意 or the button does it within two minutes."""
    number, _ = _split(message.args)
    task_id = find_task(ctx, number)
    sheet = show_task(ctx, task_id)
    if not sheet.open or sheet.returned:
        talk.settle()
        return Reply(sheet.said, card=views.task_ref(task_id, sheet.flow_id))
    until = (ctx.now + LASTS).isoformat()
    talk.ask("approvals.agree", task_id=task_id, until=until, seen=sheet.revision)
    return Reply(card=views.task_ref(task_id, sheet.flow_id, ask="confirm", until=until))


@router.question("approvals.agree")
def confirm(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """同意, 是; or 先不."""
    said = message.text.strip(" 。.!！")
    if said in ("同意", "同意这笔") or is_yes(said):
        if ctx.now > datetime.fromisoformat(str(pending["until"])):
            talk.settle()
            return Reply("超过 2 分钟没有确认，请再发一次「同意 编号」。")
        task_id, seen = int(pending["task_id"]), int(pending["seen"])
        talk.settle()
        try:
            return _done(talk, task_id, decide(ctx, task_id, agree=True, confirmed=True, seen=seen))
        except ContentChanged as why:
            return Reply(why.text, card=views.task_ref(task_id, show_task(ctx, task_id).flow_id))
    if is_no(said) or said in ("先不", "不同意"):
        talk.settle()
        return Reply("好的，没有处理。要不同意就发送「不同意 编号 原因」。")
    return None


@router.command("不同意", "驳回", "拒绝", when=numbered)
def refuse(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`不同意 FP-2026-0001 抬头有误`; without a reason it is asked for."""
    number, reason = _split(message.args)
    task_id = find_task(ctx, number)
    if not reason and show_task(ctx, task_id).open:
        talk.ask("approvals.refuse", task_id=task_id)
        return Reply(card=views.task_ref(task_id, show_task(ctx, task_id).flow_id, ask="refuse"))
    return _done(talk, task_id, decide(ctx, task_id, agree=False, comment=reason))


@router.question("approvals.refuse")
def reason_given(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The reason, typed."""
    said = message.text.strip()
    if not said or said in ("先不", "返回"):
        talk.settle()
        return Reply("好的，没有处理。")
    task_id = int(pending["task_id"])
    return _done(talk, task_id, decide(ctx, task_id, agree=False, comment=said))


@router.sentence(6)
def hand_on(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`转交 FP-2026-0001 王芳`."""
    said = HANDED.fullmatch(message.text.strip())
    if said is None:
        return None
    number, who = _split(said["rest"])
    if not who:
        raise InvalidInput(f"转交给谁？例如「转交 {number} 王芳」。")
    task_id = find_task(ctx, number)
    return _done(talk, task_id, transfer(ctx, task_id, find_person(ctx, who.removeprefix("给"))))


@router.command("加签", when=numbered)
def sign(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`加签 FP-2026-0001 王芳`."""
    number, who = _split(message.args)
    if not who:
        raise InvalidInput(f"请谁先看？例如「加签 {number} 王芳」。")
    task_id = find_task(ctx, number)
    return _done(talk, task_id, add_signer(ctx, task_id, find_person(ctx, who.removeprefix("给"))))


@router.command("退回上一步", when=numbered)
def back(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`退回上一步 FP-2026-0001 再核一下金额`."""
    number, reason = _split(message.args)
    task_id = find_task(ctx, number)
    return _done(talk, task_id, send_back(ctx, task_id, reason))


@router.command("处理", when=numbered)
def open_task(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`处理 FP-2026-0001`: its card."""
    task_id = find_task(ctx, message.args)
    talk.settle()
    return Reply(card=views.task_ref(task_id, show_task(ctx, task_id).flow_id))


@router.command("催办", "催一下", "催", when=numbered)
def press(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`催办 FP-2026-0001`."""
    done = urge(ctx, find_number(ctx, message.args))
    talk.settle()
    return Reply(done.text, card=views.status_ref(done.flow_id))


@router.command("联系", "联系处理人", when=numbered)
def reach(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`联系 FP-2026-0001`: whom it waits for, and how he is reached."""
    status = show_status(ctx, find_number(ctx, message.args))
    talk.settle()
    return Reply(views.contacts_text(status))


@router.sentence(5)
def call_off(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`取消 FP-2026-0001 客户不要了`, `撤回 FP-2026-0001` (D27: with a number it is no word for the open question)."""
    said = CALLED_OFF.fullmatch(message.text.strip())
    if said is None:
        return None
    number, reason = _split(said["rest"])
    done = cancel(ctx, find_number(ctx, number), reason)
    talk.settle()
    return Reply(done.text, card=views.status_ref(done.flow_id))


@router.command("调整", when=numbered)
def shift(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`调整 FP-2026-0001 给 周九 原因 出差`; `调整 FP-2026-0001 到 出纳开票 原因 不用复核`: another node."""
    ctx.actor.require_admin()
    number, rest = _split(message.args)
    found = ADJUSTED.match(rest)
    if found is None:
        raise InvalidInput(f"调整给谁？例如「调整 {number} 给 王芳 原因 出差」。")
    flow_id = find_number(ctx, number)
    to, why = found["to"].strip(), (found["why"] or "").strip()
    if rest.startswith("到"):
        done = adjust(ctx, flow_id, why, node=to.removesuffix("节点"))
    else:
        done = adjust(ctx, flow_id, why, user_id=find_person(ctx, to))
    talk.settle()
    return Reply(done.text, card=views.status_ref(flow_id, log=True))


def _list(talk: Talk, view: str) -> Reply:
    state = {"view": view, "page": 1}
    talk.ask("approvals.list", state=state)
    return Reply(card=CardRef("approvals.list", state))


@router.command("流程状态", "审批状态", "审批进度", "开票进度", when=lambda rest: not rest or numbered(rest))
def stands(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`流程状态 FP-2026-0001`; alone: of all one has applied for."""
    if not message.args:
        return _list(talk, "started")
    flow_id = find_number(ctx, message.args)
    show_status(ctx, flow_id)
    talk.settle()
    return Reply(card=views.status_ref(flow_id, log=True))


@router.command("我发起的", "我的申请", whole=True)
def started(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """What one has applied for."""
    return _list(talk, "started")


@router.command("我处理的", "我审批的", whole=True)
def handled(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """What one has decided."""
    return _list(talk, "handled")


@router.command("抄送我的", whole=True)
def copied(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """What one was told of."""
    return _list(talk, "copied")


@router.question("approvals.list")
def page(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:  # noqa: ARG001
    """下一页, 第 2 页."""
    state = dict(pending["state"])
    wanted = page_wanted(message.text, int(state["page"]))
    if wanted is None:
        return None
    state["page"] = max(1, wanted)
    talk.ask("approvals.list", state=state)
    return Reply(card=CardRef("approvals.list", state))


@router.command("代理人", "设代理人", "审批代理", "我的代理人")
def deputy(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`代理人 王芳 3月5日到3月9日`; alone: who it is now."""
    if not message.args:
        talk.settle()
        return Reply(show_delegation(ctx))
    words = read_deputy(message.args, ctx.now)
    talk.settle()
    return Reply(delegate(ctx, find_person(ctx, words.who), words.first, words.last))


@router.command("取消代理", "结束代理", "取消代理人", whole=True)
def deputy_gone(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """One decides oneself again."""
    talk.settle()
    return Reply(end_delegation(ctx))


@router.command("审批确认金额", "同意确认金额")
def confirm_above(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`审批确认金额 5万`, `审批确认金额 关闭`."""
    ctx.actor.require_admin()
    amount = parse_amount(message.args)
    if message.args not in OFF and (amount is None or amount.value is None or not amount.sure):
        raise InvalidInput("多少金额以上要再确认一次？例如「审批确认金额 5万」；不要就写「审批确认金额 关闭」。")
    talk.settle()
    done = set_confirm_above(ctx, amount.value if amount is not None and message.args not in OFF else None)
    return Reply(done.text + (UNDO if done.undo_id is not None else ""))


@router.command("钉钉待办")
def dingtalk_todo(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`钉钉待办 开`, `钉钉待办 关`."""
    ctx.actor.require_admin()
    on = {"开": True, "打开": True, "开启": True, "关": False, "关闭": False}.get(message.args)
    if on is None:
        raise InvalidInput("审批要不要同时进钉钉待办？发送「钉钉待办 开」或「钉钉待办 关」。")
    talk.settle()
    done = set_dingtalk_todo(ctx, on=on)
    need = f"要先开通权限 {TODO.name}，发送「自检」可以检查。" if on and done.undo_id is not None else ""
    return Reply(done.text + need + (UNDO if done.undo_id is not None else ""))


@router.command("专票资料")
def buyer_details(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`专票资料 必填`, `专票资料 选填`: the buyer's bank, account, address and phone on a 专票."""
    ctx.actor.require_admin()
    on = {"必填": True, "必须": True, "选填": False, "可不填": False, "不必填": False}.get(message.args)
    if on is None:
        raise InvalidInput("专票的开户行、账号、地址、电话要不要必填？发送「专票资料 必填」或「专票资料 选填」。")
    talk.settle()
    done = set_buyer_details(ctx, on=on)
    return Reply(done.text + (UNDO if done.undo_id is not None else ""))


@router.command("催办间隔")
def urge_gap(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`催办间隔 30分钟`."""
    ctx.actor.require_admin()
    found = re.fullmatch(r"(\d{1,4})\s*(分钟|分|小时)?", message.args)
    if found is None:
        raise InvalidInput("催办间隔写成「催办间隔 30分钟」。")
    talk.settle()
    done = set_urge_gap(ctx, int(found[1]) * (60 if found[2] == "小时" else 1))
    return Reply(done.text + (UNDO if done.undo_id is not None else ""))
