"""Cards of approval flows: what their buttons carry and what they show."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardForm, CardRow, CardView, FormField
from cards.paging import turns

REASONS = ("抬头有误", "金额不符", "缺合同")
TITLES = {
    "transfer": "转交给谁？", "sign": "先请谁看？", "back": "为什么退回上一步？", "return": "要申请人改什么？",
    "refuse": "为什么不同意？",
}  # fmt: skip
WORDS = {"refuse": "不同意", "transfer": "转交", "sign": "加签", "back": "退回上一步", "return": "退回申请人"}


class AgreeButton(Button):
    """同意. `confirmed`: on the card that shows the facts once more."""

    action: ClassVar[str] = "approvals.agree"
    task_id: int
    confirmed: bool = False
    revision: int = 0  # of what the card showed


class AskButton(Button):
    """The card asks for what is missing: refuse, transfer, sign, back, return, edit; empty: back to the task."""

    action: ClassVar[str] = "approvals.ask"
    task_id: int
    what: str = ""


class ReasonButton(Button):
    """不同意, for one of the usual reasons."""

    action: ClassVar[str] = "approvals.reason"
    task_id: int
    reason: int  # place in REASONS
    revision: int = 0


class SubmitAskButton(Button):
    """Hands in what the card asked for."""

    action: ClassVar[str] = "approvals.submit"
    task_id: int
    what: str
    revision: int = 0


class EditButton(Button):
    """修改, in a form. `returned`: and hands it in again."""

    action: ClassVar[str] = "revisions.edit"
    task_id: int
    returned: bool = False
    revision: int = 0


class ContactButton(Button):
    """联系: how those it waits for are reached."""

    action: ClassVar[str] = "approvals.contact"
    flow_id: int


class OpenTaskButton(Button):
    """去处理."""

    action: ClassVar[str] = "approvals.open"
    task_id: int


class StatusButton(Button):
    """流程状态, with its log."""

    action: ClassVar[str] = "approvals.status"
    flow_id: int


class UrgeButton(Button):
    """催办."""

    action: ClassVar[str] = "approvals.urge"
    flow_id: int


class CancelFlowButton(Button):
    """撤回. `sure`: the second of two taps."""

    action: ClassVar[str] = "approvals.cancel"
    flow_id: int
    sure: bool = False


class ApprovalPageButton(Button):
    """Another page of the list the card shows."""

    action: ClassVar[str] = "approvals.page"
    page: int


def task_card(
    title: str, fields: Mapping[str, str], *, task_id: int, flow_id: int, number: str, body: str, first: bool,
    revision: int, editable: bool,
) -> CardView:  # fmt: skip
    """A task that waits: 同意, 不同意, and the rest under 更多."""
    agree = AgreeButton(task_id=task_id, revision=revision)
    buttons = [
        CardButton("同意", agree, "primary", typed=f"同意 {number}"),
        CardButton("不同意", AskButton(task_id=task_id, what="refuse"), "danger", typed=f"不同意 {number} 原因"),
        CardButton("转交", AskButton(task_id=task_id, what="transfer"), typed=f"转交 {number} 同事"),
        CardButton("加签", AskButton(task_id=task_id, what="sign"), typed=f"加签 {number} 同事"),
    ]
    if editable:
        buttons.append(CardButton("修改", AskButton(task_id=task_id, what="edit"), typed=f"修改 {number} 内容"))
    if not first:
        buttons.append(
            CardButton("退回上一步", AskButton(task_id=task_id, what="back"), typed=f"退回上一步 {number} 原因")
        )
    ask = AskButton(task_id=task_id, what="return")
    buttons.append(CardButton("退回申请人", ask, typed=f"退回申请人 {number} 原因"))
    buttons.append(CardButton("流程状态", StatusButton(flow_id=flow_id), typed=f"流程状态 {number}"))
    return CardView(title, ("待你处理",), body, _fields(fields), buttons=tuple(buttons))


def returned_card(
    title: str, fields: Mapping[str, str], *, task_id: int, flow_id: int, number: str, body: str
) -> CardView:
    """What was returned to its applicant: he corrects it, or calls it off."""
    buttons = (
        CardButton("修改", AskButton(task_id=task_id, what="edit"), "primary", typed=f"修改 {number} 内容"),
        CardButton("撤回", CancelFlowButton(flow_id=flow_id), typed=f"撤回 {number}"),
        CardButton("流程状态", StatusButton(flow_id=flow_id), typed=f"流程状态 {number}"),
    )
    return CardView(title, ("退回修改",), body, _fields(fields), buttons=buttons)


def edit_card(
    title: str, asked: Sequence[FormField], *, task_id: int, number: str, returned: bool, revision: int
) -> CardView:
    """The fields one may change, as they are."""
    submit = "重新提交" if returned else "保存修改"
    button = EditButton(task_id=task_id, returned=returned, revision=revision)
    form = CardForm(tuple(asked), button, submit, f"修改 {number} 备注 加急")
    body = "改好点「重新提交」，编号不变，从第一步重新审批。" if returned else "改动会记在流程状态里。"
    back = CardButton("返回", AskButton(task_id=task_id), typed="先不")
    return CardView(title, ("修改",), body, form=form, buttons=(back,))


def settled_card(
    title: str, fields: Mapping[str, str], said: str, *, flow_id: int, number: str, then: str = ""
) -> CardView:
    """A task that waits no more: who, what, when; nothing on it can be decided. `then`: what is left to do."""
    status = CardButton("流程状态", StatusButton(flow_id=flow_id), typed=f"流程状态 {number}")
    return CardView(title, ("已处理",), f"**{escape(said)}**", _fields(fields), footer=escape(then), buttons=(status,))


def confirm_card(title: str, fields: Mapping[str, str], *, task_id: int, revision: int) -> CardView:
    """The facts once more, before it is agreed to."""
    agree = AgreeButton(task_id=task_id, confirmed=True, revision=revision)
    buttons = (
        CardButton("同意这笔", agree, "primary", typed="同意"),
        CardButton("先不", AskButton(task_id=task_id), typed="先不"),
    )
    return CardView(
        title, ("请核对",), "请核对，确认后点「同意这笔」（2 分钟内有效）。", _fields(fields), buttons=buttons
    )


def ask_card(title: str, what: str, *, task_id: int, number: str, revision: int) -> CardView:
    """What a decision needs besides: a reason, or a colleague."""
    person = FormField("person", "同事", required=True, placeholder="姓名")
    needed = what in ("refuse", "back", "return")
    comment = FormField("comment", "原因" if needed else "说明", required=needed, placeholder="例如 抬头有误")
    fields = (comment,) if needed else (person, comment)
    words = WORDS[what]
    buttons = [CardButton("返回", AskButton(task_id=task_id), typed="先不")]
    if what == "refuse":
        buttons = [
            *(
                CardButton(
                    text, ReasonButton(task_id=task_id, reason=n, revision=revision), typed=f"不同意 {number} {text}"
                )
                for n, text in enumerate(REASONS)
            ),
            *buttons,
        ]
    submit = SubmitAskButton(task_id=task_id, what=what, revision=revision)
    form = CardForm(fields, submit, words, f"{words} {number} {'原因' if needed else '同事'}")
    return CardView(title, (words,), TITLES[what], form=form, buttons=tuple(buttons))


def status_card(
    title: str, state: str, fields: Mapping[str, str], body: str, rows: Sequence[tuple[str, str]],
    buttons: Sequence[CardButton],
) -> CardView:  # fmt: skip
    """How an application stands; `rows`: its log."""
    drawn = tuple(CardRow(escape(text), when) for when, text in rows)
    return CardView(title, (state,), body, _fields(fields), drawn, buttons=tuple(buttons))


def approval_list(title: str, head: str, rows: Sequence[CardRow], *, page: int, pages: int, empty: str) -> CardView:
    """我发起的 and its sisters."""
    if not rows:
        return CardView(title, body=empty)
    buttons = turns(page, pages, lambda to: ApprovalPageButton(page=to))
    return CardView(title, body=head, rows=tuple(rows), buttons=tuple(buttons))


def _fields(fields: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((label, escape(text)) for label, text in fields.items())
