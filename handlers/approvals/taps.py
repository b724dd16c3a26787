"""What taps on approval cards do. The tapper's right is looked up each time; nothing on a button is trusted."""

from datetime import timedelta

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, CardTap, CardUpdate, Reply, Router
from cards.flows import (
    REASONS,
    AgreeButton,
    ApprovalPageButton,
    AskButton,
    CancelFlowButton,
    ContactButton,
    OpenTaskButton,
    ReasonButton,
    StatusButton,
    SubmitAskButton,
    UrgeButton,
)
from handlers.approvals import views
from handlers.approvals.service import show_status, show_task
from handlers.customers.finding import find_person
from handlers.flows.holding import Moved
from handlers.flows.rules import AlreadyDone, ConfirmFirst, ContentChanged
from handlers.flows.service import add_signer, cancel, decide, send_back, transfer, urge
from handlers.revisions.service import return_to_applicant

router = Router("approvals.taps")
router.painter("approvals.task")(views.paint_task)
router.painter("approvals.flow")(views.paint_flow)
router.painter("approvals.list")(views.paint_list)
LASTS = timedelta(minutes=2)  # of a summary that is to be confirmed


def _moved(task_id: int, done: Moved) -> CardUpdate:
    return CardUpdate(note=done.text, card=views.task_ref(task_id, done.flow_id))


def _stale(
    tap: CardTap[AgreeButton] | CardTap[ReasonButton] | CardTap[SubmitAskButton], why: AlreadyDone | ContentChanged
) -> CardUpdate:
    """The card shows what has become of it, and the tapper is told."""
    return CardUpdate(state={"task_id": tap.button.task_id}, note=why.text)


@router.button(AgreeButton)
def agree(tap: CardTap[AgreeButton], ctx: Context) -> CardUpdate:
    """同意; above the set sum the facts are shown once more."""
    task_id = tap.button.task_id
    confirmed = tap.button.confirmed and str(tap.state.get("until", "")) >= ctx.now.isoformat()
    if tap.button.confirmed and not confirmed and show_task(ctx, task_id).open:
        return CardUpdate(state={"task_id": task_id}, note="超过 2 分钟没有确认，请再核对一遍。")
    try:
        return _moved(task_id, decide(ctx, task_id, agree=True, confirmed=confirmed, seen=tap.button.revision))
    except ConfirmFirst as wait:
        until = (ctx.now + LASTS).isoformat()
        return CardUpdate(state={"task_id": task_id, "ask": "confirm", "until": until}, note=wait.text)
    except (AlreadyDone, ContentChanged) as why:
        return _stale(tap, why)


@router.button(AskButton)
def ask(tap: CardTap[AskButton], ctx: Context) -> CardUpdate:
    """What the decision needs besides, on the same card."""
    task_id = tap.button.task_id
    sheet = show_task(ctx, task_id)
    if tap.state.get("task_id") == task_id:
        return CardUpdate(state={"task_id": task_id, "ask": tap.button.what})
    return CardUpdate(say=Reply(card=views.task_ref(task_id, sheet.flow_id, ask=tap.button.what)))


@router.button(ReasonButton)
def refuse(tap: CardTap[ReasonButton], ctx: Context) -> CardUpdate:
    """不同意, for one of the usual reasons."""
    if not 0 <= tap.button.reason < len(REASONS):
        raise InvalidInput("这个原因认不出来了，请重新选一个。")
    try:
        reason, seen = REASONS[tap.button.reason], tap.button.revision
        return _moved(tap.button.task_id, decide(ctx, tap.button.task_id, agree=False, comment=reason, seen=seen))
    except (AlreadyDone, ContentChanged) as why:
        return _stale(tap, why)


@router.button(SubmitAskButton)
def submit(tap: CardTap[SubmitAskButton], ctx: Context) -> CardUpdate:
    """不同意, 退回上一步 with a reason; 转交, 加签 with a colleague."""
    task_id, comment = tap.button.task_id, str(tap.form.get("comment") or "")
    try:
        match tap.button.what:
            case "refuse":
                done = decide(ctx, task_id, agree=False, comment=comment, seen=tap.button.revision)
            case "back":
                done = send_back(ctx, task_id, comment)
            case "return":
                done = return_to_applicant(ctx, task_id, comment)
            case "transfer":
                done = transfer(ctx, task_id, find_person(ctx, str(tap.form.get("person") or "")), comment)
            case "sign":
                done = add_signer(ctx, task_id, find_person(ctx, str(tap.form.get("person") or "")), comment)
            case _:
                raise InvalidInput("这张卡片已失效，请发送「我的待办」重新打开。")
    except (AlreadyDone, ContentChanged) as why:
        return _stale(tap, why)
    return _moved(task_id, done)


@router.button(OpenTaskButton)
def open_task(tap: CardTap[OpenTaskButton], ctx: Context) -> CardUpdate:
    """The task as a card of its own; the list stays."""
    sheet = show_task(ctx, tap.button.task_id)
    return CardUpdate(say=Reply(card=views.task_ref(tap.button.task_id, sheet.flow_id)))


@router.button(StatusButton)
def status(tap: CardTap[StatusButton], ctx: Context) -> CardUpdate:
    """流程状态, as a card of its own where the card shows something else."""
    flow_id = tap.button.flow_id
    show_status(ctx, flow_id)
    if tap.state.get("flow_id") == flow_id:
        return CardUpdate(state={"flow_id": flow_id, "log": True})
    return CardUpdate(say=Reply(card=views.status_ref(flow_id, log=True)))


@router.button(UrgeButton)
def urge_now(tap: CardTap[UrgeButton], ctx: Context) -> CardUpdate:
    """催办."""
    return CardUpdate(note=urge(ctx, tap.button.flow_id).text, state=dict(tap.state) or {"flow_id": tap.button.flow_id})


@router.button(ContactButton)
def contact(tap: CardTap[ContactButton], ctx: Context) -> CardUpdate:
    """How those it waits for are reached, for the applicant and administrators."""
    return CardUpdate(note=views.contacts_text(show_status(ctx, tap.button.flow_id)), state=dict(tap.state) or None)


@router.button(CancelFlowButton)
def call_off(tap: CardTap[CancelFlowButton], ctx: Context) -> CardUpdate:
    """撤回, at the second tap."""
    flow_id = tap.button.flow_id
    if not tap.button.sure:
        show_status(ctx, flow_id)
        ref = views.status_ref(flow_id, cancel=True)
        return CardUpdate(card=ref, note="撤回后待办会清除，再点一次「确定撤回」。")
    if show_status(ctx, flow_id).mine:
        return CardUpdate(note=cancel(ctx, flow_id).text, card=CardRef("approvals.flow", {"flow_id": flow_id}))
    raise InvalidInput("管理员取消要写原因，例如「取消 FP-2026-0001 客户不要了」。")


@router.button(ApprovalPageButton)
def turn_page(tap: CardTap[ApprovalPageButton], ctx: Context) -> CardUpdate:  # noqa: ARG001 -- a door's shape
    """Another page of the list."""
    return CardUpdate(state={**tap.state, "page": tap.button.page})
