"""What administrators type about the organisation and the notices."""

from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.language.normalize import fold
from bot.language.secret import looks_secret, read_credentials
from handlers.org import rules, views
from handlers.org.service import (
    decide_removals,
    find_departments,
    request_sync,
    show_guide,
    show_org,
    store_credentials,
)
from handlers.reminders.service import list_lost, todo_refusal
from handlers.settings.checkup import todo_refused

router = Router("org.chat")


@router.command("从钉钉同步组织", "同步组织机构", "同步组织", whole=True)
def sync(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """Started at once; the card follows it, the result is a message of its own."""
    return Reply(card=views.sync_ref(request_sync(ctx)))


@router.command("组织机构", "同步状态")
def org(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """The tree with head-counts and the last result; `组织机构 销售一部`: that branch with its people."""
    if not message.args:
        return _page(ctx, talk, 1, None)
    found = find_departments(ctx, message.args)
    if len(found) == 1:
        return _page(ctx, talk, 1, found[0][0])
    talk.ask("org.which", ids=[i for i, _ in found[:9]])
    lines = [f"{n} {name}" for n, (_, name) in enumerate(found[:9], start=1)]
    return Reply("\n".join([f"有 {len(found)} 个部门，要看哪一个？回复数字：", *lines]))


@router.question("org.which")
def choose(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several departments."""
    said, ids = fold(message.text).strip(), list(pending["ids"])
    return _page(ctx, talk, 1, int(ids[int(said) - 1])) if said.isdecimal() and 1 <= int(said) <= len(ids) else None


@router.question("org.tree")
def turn(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`下一页`, `上一页`."""
    step = {"下一页": 1, "上一页": -1}.get(message.text)
    return None if step is None else _page(ctx, talk, int(pending["page"]) + step, pending["department_id"])


def _page(ctx: Context, talk: Talk, page: int, department_id: int | None) -> Reply:
    sheet = show_org(ctx, page, department_id)
    talk.ask("org.tree", page=sheet.page, department_id=department_id)
    return Reply(card=CardRef("org.tree", {"page": sheet.page, "department_id": department_id}))


@router.command(
    "填写凭证", "更新凭证", "更换凭证", "设置凭证", "修改凭证", "凭证",
    when=lambda rest: not rest or looks_secret(f"凭证 {rest}"),
)  # fmt: skip
def credentials(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`凭证 Client ID … Client Secret …`, in single chat only; alone: how to get them."""
    if message.group:
        return Reply(rules.NOT_IN_GROUPS)
    if not message.args:
        guide = show_guide(ctx)
        talk.ask("org.credentials", secret=True)
        return Reply(guide)
    return _keep(message.text, ctx, talk)


@router.question("org.credentials")
def answer_credentials(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply:  # noqa: ARG001 -- a door's shape
    """What was asked for when DingTalk had refused the old ones."""
    return _keep(message.text, ctx, talk)


@router.sentence(1)
def unasked_credentials(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """A secret nobody asked for: never in a group; in single chat an administrator means what he sends."""
    if not looks_secret(message.text):
        return None
    if message.group:
        return Reply(rules.NOT_IN_GROUPS)
    return _keep(message.text, ctx, talk) if read_credentials(message.text) else None


def _keep(text: str, ctx: Context, talk: Talk) -> Reply:
    ctx.actor.require_admin()
    sent = read_credentials(text, asked=True)
    if sent is None:
        raise InvalidInput(rules.UNREAD)
    shown, request_id = store_credentials(ctx, sent.client_id, sent.client_secret)
    talk.settle()
    return Reply(f"收到凭证（Client Secret 尾号 {shown}），已加密，核对后开始同步。", card=views.sync_ref(request_id))


@router.command("确认停用", whole=True)
def agree(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """The removals that were held back are carried out."""
    return Reply(decide_removals(ctx, agree=True))


@router.command("不停用", "取消停用", whole=True)
def refuse(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """Nobody is removed."""
    return Reply(decide_removals(ctx, agree=False))


@router.command("通知状态", "未送达", whole=True)
def notices(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """Notices of the last week that did not arrive."""
    lost, refusal = list_lost(ctx), todo_refusal(ctx)
    todo = [f"钉钉待办：{todo_refused(refusal)}。"] if refusal else []
    if not lost:
        return Reply("\n".join(["最近 7 天的通知都送达了（或还没到核对时间）。", *todo]))
    lines = [f"最近 7 天有 {len(lost)} 条通知没送达："]
    lines += [f"- {name}：{text}（{why}）" for name, text, why in lost[:20]]
    return Reply("\n".join([*lines, *todo]))
