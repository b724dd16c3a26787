"""What people type to change an application on its way, or to return it."""

import re
from typing import Any, Final

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.dispatch import ChatMessage, Reply, Router, Talk
from handlers.approvals import views
from handlers.approvals.service import find_task, show_task
from handlers.flows.finding import NUMBER
from handlers.flows.holding import Moved
from handlers.revisions.service import edit_fields, read_edit, resubmit, return_to_applicant

router = Router("revisions.chat")
CHANGED: Final = re.compile(r"(?P<verb>修改|改|重新提交)\s*(?P<rest>FP-?\d.*)", re.DOTALL | re.IGNORECASE)


def numbered(rest: str) -> bool:
    """Whether what follows the verb begins with an application's number."""
    return NUMBER.match(rest) is not None


def _split(text: str) -> tuple[str, str]:
    found = NUMBER.match(text)
    assert found is not None  # the doors ask for it
    return found[0], text[found.end() :].strip(" ，,:：")


@router.sentence(4)
def edit(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`修改 FP-2026-0001 备注 加急`; alone: the form. What was returned to oneself is handed in again with it."""
    heard = CHANGED.fullmatch(message.text.strip())
    if heard is None:
        return None
    number, said = _split(heard["rest"])
    task_id = find_task(ctx, number)
    sheet = show_task(ctx, task_id)
    if not sheet.open:
        talk.settle()
        return Reply(sheet.said, card=views.task_ref(task_id, sheet.flow_id))
    if said or (sheet.returned and heard["verb"] == "重新提交"):
        return _edited(ctx, talk, task_id, said, returned=sheet.returned)
    if not sheet.editable and not sheet.returned:
        raise InvalidInput(f"{number} 在「{sheet.node}」没有能改的内容；要申请人改就「退回申请人 {number} 原因」。")
    talk.ask("revisions.edit", task_id=task_id)
    return Reply(card=views.task_ref(task_id, sheet.flow_id, ask="edit"))


@router.question("revisions.edit")
def said(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`金额 4.8万`, as long as the form is being spoken of; 重新提交 as it is."""
    task_id = int(pending["task_id"])
    text = message.text.strip(" 。")
    if text in ("先不", "返回", "不改了"):
        talk.settle()
        return Reply("好的，没有修改。")
    sheet = show_task(ctx, task_id)
    if text in ("重新提交", "提交") and sheet.returned:
        return _edited(ctx, talk, task_id, "", returned=True)
    return _edited(ctx, talk, task_id, text, returned=sheet.returned) if read_edit(ctx, task_id, text) else None


def _edited(ctx: Context, talk: Talk, task_id: int, text: str, *, returned: bool) -> Reply:
    given = read_edit(ctx, task_id, text) if text else {}
    if text and not given:
        raise InvalidInput(
            f"没认出「{text[:20]}」要改什么，例如「金额 4.8万」「备注 加急」「税号 91330100799655058B」。"
        )
    done: Moved = resubmit(ctx, task_id, given) if returned else edit_fields(ctx, task_id, given)
    talk.settle()
    ref = views.status_ref(done.flow_id) if returned else views.task_ref(task_id, done.flow_id)
    return Reply(done.text, card=ref)


@router.command("退回申请人", "退回修改", "退给申请人", when=numbered)
def give_back(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`退回申请人 FP-2026-0001 税号写错了`."""
    number, reason = _split(message.args)
    task_id = find_task(ctx, number)
    done = return_to_applicant(ctx, task_id, re.sub(r"^(?:原因|因为|理由|说明)[:：\s]*", "", reason))
    talk.settle()
    return Reply(done.text, card=views.task_ref(task_id, done.flow_id))
