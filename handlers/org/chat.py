"""What administrators type about the organisation and the notices."""

from bot.context import Context
from bot.dispatch import ChatMessage, Reply, Router, Talk
from handlers.org.service import decide_removals, request_sync, show_org
from handlers.reminders.service import list_lost

router = Router("org.chat")
STATUS = {"ok": "成功", "partial": "部分成功", "waiting": "等你确认", "failed": "失败", "running": "进行中"}


@router.command("从钉钉同步组织", "同步组织机构", "同步组织", whole=True)
def sync(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """Started at once; the result follows as a message of its own."""
    request_sync(ctx)
    return Reply("正在同步组织，完成后告诉你结果。")


@router.command("组织机构", "同步状态", whole=True)
def org(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """The tree with head-counts and the last result."""
    sheet = show_org(ctx)
    lines = [f"组织机构：部门 {sheet.departments} 个 · 在职 {sheet.people} 人"]
    if sheet.last is not None:
        lines.append(
            f"上次同步 {sheet.last.started_at:%m-%d %H:%M} · {STATUS.get(sheet.last.status, sheet.last.status)}"
        )
    lines += [f"{'　' * depth}{name} {count} 人" for depth, name, count in sheet.tree[:40]]
    if len(sheet.tree) > 40:
        lines.append(f"…共 {len(sheet.tree)} 个部门")
    lines += [f"{name} 已离职，名下还有 {count} 家客户" for name, count in sheet.leavers_owning[:10]]
    return Reply("\n".join(lines))


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
    lost = list_lost(ctx)
    if not lost:
        return Reply("最近 7 天的通知都送达了（或还没到核对时间）。")
    lines = [f"最近 7 天有 {len(lost)} 条通知没送达："]
    lines += [f"- {name}：{text}（{why}）" for name, text, why in lost[:20]]
    return Reply("\n".join(lines))
