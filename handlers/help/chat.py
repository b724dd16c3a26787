"""`帮助`, the way out of everything, and what is said when nothing was understood."""

from dataclasses import replace

from bot.context import Context
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.dispatch.router import PAUSES
from bot.language.commands import closest
from handlers.help.service import administrators
from handlers.help.topics import GROUPS, Group, Line

router = Router("help.chat")

USUAL = ("今天", "跟进", "查", "公海", "开票")
SMALL_TALK = frozenset(
    {
        *("谢谢", "谢谢你", "多谢", "谢了", "谢啦", "感谢", "好的", "好", "好滴", "ok", "收到", "知道了", "明白"),
        *("辛苦了", "嗯", "行", "[微笑]", "[ok]", "👌", "👍"),
    }
)


@router.command("帮助", "?", "菜单", "怎么用", "怎么使用", "你好", "您好", "帮助一下", "hello", "help", whole=True)
def help_all(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """A few sentences to copy, and what else this person may say, by what it is about (U51)."""
    talk.settle()
    offered = [(group.title, _offered(group, ctx)) for group in GROUPS]
    usual = [line for _, lines in offered for line in lines if line.word in USUAL]
    told = [f"你好 {ctx.actor.name}，直接说话就行，比如："]
    if not ctx.actor.permissions:
        told = [f"你好 {ctx.actor.name}，你还没有角色，能做的还很少，请联系管理员给你分配角色。"]
    told += [f"- {line.example}（{line.what}）" for line in usual]
    for title, lines in offered:
        words = " · ".join(line.word for line in lines if line.what)
        told += [f"【{title}】{words}"] if words else []
    told.append("怎么说发送「帮助 客户」，全部发送「全部命令」。")
    return Reply("\n".join(told) + _whom_to_ask(ctx), private=False)


@router.command("管理员帮助", whole=True)
def help_administrators(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """The fourteen topics; who is no administrator reads what he may say himself (R1.01)."""
    if not ctx.actor.admin:
        own = help_all(message, ctx, talk)
        return replace(own, text=f"「后台管理」是管理员的功能。{own.text}")
    talk.ask("settings.menu")
    return Reply(card=CardRef("settings.menu", {}))


@router.command("全部命令", "所有命令", "命令", whole=True)
def every_command(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """Each with a sentence to copy."""
    lines = [line for group in GROUPS for line in _told(group, ctx)]
    return Reply("\n".join(lines) + _whom_to_ask(ctx), private=False)


def _whom_to_ask(ctx: Context) -> str:
    names = "" if ctx.actor.admin else administrators(ctx)
    return f"\n有问题找管理员 {names}。" if names else ""


def _offered(group: Group, ctx: Context) -> list[Line]:
    if group.admin and not ctx.actor.admin:
        return []
    return [line for line in group.lines if line.needs is None or ctx.actor.may(line.needs)]


def _told(group: Group, ctx: Context) -> list[str]:
    """The group's heading, what is explained line by line, and the others in one."""
    offered = _offered(group, ctx)
    explained = [f"- {line.example}（{line.what}）" for line in offered if line.what]
    others = " · ".join(line.example for line in offered if not line.what)
    return [f"**{group.title}**", *explained, *([f"- 还有：{others}"] if others else [])] if offered else []


@router.command("帮助 ")
def help_one(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`帮助 跟进`: that topic's sentence; `帮助 合同`: all that is about contracts."""
    said = message.args.strip()
    about = next((told for group in GROUPS if said == group.title and (told := _told(group, ctx))), None)
    if about is not None:
        return Reply("\n".join(about), private=False)
    lines = [line for group in GROUPS for line in _offered(group, ctx) if line.what]
    fitting = max((line for line in lines if line.word in said), key=lambda line: len(line.word), default=None)
    if fitting is None:
        return help_all(message, ctx, talk)
    return Reply(f"{fitting.word}：{fitting.what}。\n例如：{fitting.example}", private=False)


@router.command("取消", "退出", "算了", whole=True, drops=True)
def give_up(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """Puts the open question aside."""
    asked = talk.open_question() is not None
    talk.settle()
    return Reply(
        "好的，放下了。" if asked else "现在没有等你回答的问题。要撤回刚才的操作，发送「撤销」。", private=False
    )


@router.sentence(100)
def not_understood(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """Three different ways out, then a person (U18)."""
    if message.kind in ("picture", "file", "video", "unknown"):
        return Reply("这种消息我还不会看，请用文字或语音告诉我。发送「帮助」看看我会什么。", private=False)
    said = message.text.strip(PAUSES)
    if not said:
        if message.kind == "audio":
            return Reply("这条语音没听清，请再说一遍，或直接打字。", private=False)
        return help_all(message, ctx, talk)  # nothing but a mention
    if said.lower() in SMALL_TALK:
        return Reply("不客气。有事直接说，发送「今天」看看要联系谁。", private=False)
    talk.misses += 1
    allowed = [line.word for group in GROUPS if not group.admin for line in _offered(group, ctx) if line.what]
    near = closest(said.split(" ", 1)[0][:12], [*allowed, "帮助"])
    if talk.misses == 1 or near:
        usual = [w for w in ("跟进", "查", "今天") if w in allowed]
        guess = "、".join(f"「{w}」" for w in (near or usual)[:3])
        return Reply(f"没认出要做什么。你是想：{guess}？发送「帮助」看全部。", private=False)
    if talk.misses == 2:
        return Reply("换种说法试试：先说动作再说客户，例如「查 华兴」「跟进 华兴 电话聊了报价」。", private=False)
    names = administrators(ctx)
    return Reply(f"这句我还不会。全部说法发送「帮助」{f'，或找管理员 {names}' if names else ''}。", private=False)
