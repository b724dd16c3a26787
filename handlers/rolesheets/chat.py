"""What administrators type and send to change roles in bulk."""

from typing import Any

from bot.context import Context
from bot.core.tabular import Sheet
from bot.dispatch import ChatMessage, Reply, Router, Talk
from handlers.rolesheets import views
from handlers.rolesheets.rules import is_role_sheet
from handlers.rolesheets.service import check_sheet, export_roles, import_roles, send_template

router = Router("rolesheets.chat")


@router.command("角色导入模板", "角色模板", whole=True)
def template(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """The template, as a file."""
    return Reply(send_template(ctx))


@router.command("导出角色", "角色导出", whole=True)
def export(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """All roles, as a file."""
    return Reply(export_roles(ctx))


@router.command("导入角色", "角色导入", whole=True)
def wait(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """The next file is a table of roles."""
    ctx.actor.require_admin()
    talk.ask("roles")
    return Reply("把填好的角色表（xlsx）私聊发给我。还没有模板的话，发送「角色导入模板」。")


@router.question("roles")
def not_a_file(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:  # noqa: ARG001
    """Words are no answer to it; the file goes to `receive`."""
    return None


@router.sheet("roles", is_role_sheet)
def receive(message: ChatMessage, ctx: Context, talk: Talk, sheet: Sheet) -> Reply:
    """Checked, shown, and imported only when the sender says so."""
    checked = check_sheet(ctx, message.file.name if message.file is not None else "", sheet)
    if checked.plan.roles:
        talk.ask("roles.confirm", upload_id=checked.upload_id, fingerprint=checked.fingerprint)
    else:
        talk.settle()
    return Reply(card=views.ref(checked))


@router.question("roles.confirm")
def confirm(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`确认导入`, or not."""
    if message.text in ("确认导入", "导入", "确认", "是"):
        said = import_roles(ctx, int(pending["upload_id"]), str(pending["fingerprint"]))
        talk.settle()
        return Reply(said)
    if message.text in ("不导入", "不用", "算了"):
        talk.settle()
        return Reply("好的，没有导入，角色没有变。")
    return None
