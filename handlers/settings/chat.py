"""What administrators type about settings."""

from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.language.normalize import fold
from handlers.settings import rules
from handlers.settings.rules import BY_KEY, BY_NAME, GROUPS, TOPICS, Topic, Value
from handlers.settings.service import (
    SettingChange,
    change_pool,
    change_reminders,
    change_visits,
    request_self_check,
    set_edition,
    set_quiet_hours,
    show_menu,
    show_topic,
)
from handlers.settings.views import topic_ref

router = Router("settings.chat")


@router.command("后台管理", "管理后台", "后台", "设置", whole=True)
def menu(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """The fourteen topics; who is no administrator is refused (R2.03)."""
    show_menu(ctx)
    talk.ask("settings.menu")
    return Reply(card=CardRef("settings.menu", {}))


@router.question("settings.menu")
def choose(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:  # noqa: ARG001 -- a door's shape
    """The number of a topic, or its name."""
    said = fold(message.text).strip(" 。.")
    topic = TOPICS[int(said) - 1] if said.isdecimal() and 1 <= int(said) <= len(TOPICS) else BY_NAME.get(said)
    return None if topic is None else _open(topic, ctx)


@router.command("安装", "登录方式", "登录", whole=True)
def by_name(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """One topic, by its name."""
    talk.settle()
    return _open(BY_NAME[fold(message.text).strip().rstrip("。.!！~")], ctx)


@router.sentence(10)
def by_other_name(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """Names of topics that no capability has made a command of its own."""
    topic = BY_NAME.get(fold(message.text).strip(" 。.!！~"))
    if topic is None:
        return None
    ctx.actor.require_admin()
    talk.misses = 0
    return _open(topic, ctx)


def _open(topic: Topic, ctx: Context) -> Reply:
    show_topic(ctx, topic.key)
    return Reply(card=topic_ref(topic, ctx))


def _changed(key: str, ctx: Context, change: SettingChange) -> Reply:
    return Reply(card=topic_ref(BY_KEY[key], ctx, change))


@router.command("公海设置", "设置公海", "设置公海规则")
def pool(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`公海设置 领取上限 3 每天领取 10`; alone: as it is."""
    return _group(message.args, "pool", ctx, talk)


@router.command("提醒规则", "设置提醒规则")
def reminders(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`提醒规则 未跟进 10天`; alone: as it is."""
    return _group(message.args, "reminders", ctx, talk)


@router.command("外勤设置", "设置外勤", "外勤规则")
def visits(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`外勤设置 半径 800米`; alone: as it is."""
    return _group(message.args, "visits", ctx, talk)


def _read(key: str, text: str) -> dict[str, Value]:
    return rules.read_pool(text) if key == "pool" else rules.read_changes(GROUPS[key], text)


def _group(text: str, key: str, ctx: Context, talk: Talk) -> Reply:
    ctx.actor.require_admin()
    if not text:
        talk.ask("settings.topic", topic=key)
        return _open(BY_KEY[key], ctx)
    if key == "reminders" and "免打扰" in text:
        return _changed(key, ctx, set_quiet_hours(ctx, rules.read_quiet(text.partition("免打扰")[2])))
    changes = _read(key, text)
    if not changes:
        examples = "、".join(f"「{s}」" for s in BY_KEY[key].sentences[:3])
        raise InvalidInput(f"没认出要改哪一项。可以说{examples}，发送「{BY_KEY[key].title}」看全部。")
    talk.settle()
    change = {"pool": change_pool, "reminders": change_reminders, "visits": change_visits}[key]
    return _changed(key, ctx, change(ctx, changes))


@router.question("settings.topic")
def in_topic(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """After `公海设置`, a line without the topic's name: `领取上限 3`."""
    key = str(pending.get("topic"))
    if not ctx.actor.admin or not _read(key, message.text):
        return None
    return _group(message.text, key, ctx, talk)


@router.command("未跟进返回", "未跟进自动返回", "未跟进返回公海", "未跟进自动返回公海")
def return_after(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`未跟进返回 15天`, `未跟进返回 关闭`."""
    return _group(f"未跟进返回 {message.args}", "pool", ctx, talk)


@router.command("设置领取上限", "领取上限")
def claim_cap(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`领取上限 3`."""
    return _group(f"领取上限 {message.args}", "pool", ctx, talk)


@router.command("合同到期", when=rules.looks_like_days)
def rule(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`合同到期 7天`, where nothing but the days follows."""
    return _group(f"{message.word} {message.args}", "reminders", ctx, talk)


@router.command("提醒时间", "设置提醒时间", "设置提醒")
def remind_at(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`提醒时间 8:50`."""
    if not message.args:
        return _group("", "reminders", ctx, talk)
    return _group(f"提醒时间 {message.args}", "reminders", ctx, talk)


@router.command("免打扰", "设置免打扰")
def quiet(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`免打扰 20:00-8:30`."""
    return _group(f"免打扰 {message.args}" if message.args else "", "reminders", ctx, talk)


@router.command("版本", "设置版本")
def edition(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`版本 付费版`, `版本 免费版`; alone: which it is."""
    talk.settle()
    ctx.actor.require_admin()
    if not message.args:
        return _open(BY_KEY["install"], ctx)
    wanted = rules.EDITIONS.get(fold(message.args).strip(" 。"))
    if wanted is None:
        raise InvalidInput("版本写付费版或免费版，例如「版本 付费版」。")
    return _changed("install", ctx, set_edition(ctx, wanted))


@router.command("自检", "检查权限", "体检", whole=True)
def self_check(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """What is wrong and where it is mended."""
    talk.settle()
    request_self_check(ctx)
    return Reply("正在自检，几秒后告诉你结果。")
