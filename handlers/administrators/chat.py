"""What is typed about administrators."""

import re

from bot.context import Context
from bot.core.errors import InvalidInput, NotFound
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.identity import VACANT
from bot.language.normalize import fold
from handlers.administrators.service import (
    TAKE_OVER,
    AdminChange,
    add_administrator,
    list_administrators,
    remove_administrator,
    take_over,
)
from handlers.customers.finding import find_person
from handlers.help.service import administrators

router = Router("administrators.chat")
MAKE = re.compile(r"[把将让给](?P<who>.{1,20}?)(?:设|设置|加|改|变|添加)?(?:为|成|当|做|上)管理员[。.!！]?")


@router.command("管理员", "管理员名单", "管理员列表", whole=True)
def show(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """Who it is, and how it is changed."""
    found = list_administrators(ctx)
    lines = [f"管理员 {len(found.names)} 位：{'、'.join(found.names)}"]
    if found.dingtalk:
        lines.append(f"钉钉管理员：{'、'.join(found.dingtalk)}（管理员都离职时由他们接手）")
    lines.append("添加：「添加管理员 张三」 · 移除：「移除管理员 张三」（最后一位不能移除）")
    return Reply("\n".join(lines))


@router.command("谁是管理员", "管理员是谁", "管理员有谁", "管理员有哪些", whole=True)
def who(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """Everybody may ask whom to turn to; how it is changed is for administrators."""
    if ctx.actor.admin:
        return show(message, ctx, talk)
    return Reply(f"管理员：{administrators(ctx) or '现在没有，请联系公司的钉钉管理员'}。")


@router.sentence(20)
def make(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`把张三设为管理员`, `让张三当管理员`: as `添加管理员 张三`."""
    said = MAKE.fullmatch(message.text.strip())
    if said is None:
        return None
    talk.settle()
    ctx.actor.require_admin()
    change = add_administrator(ctx, _one(ctx, said["who"].strip(), "添加"))
    return _changed(change, f"{change.name} 已经是管理员，没有变。")


@router.command("添加管理员", "新增管理员", "增加管理员")
def add(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`添加管理员 张三`."""
    talk.settle()
    ctx.actor.require_admin()
    if not message.args:
        raise InvalidInput("要添加谁？例如「添加管理员 张三」。")
    change = add_administrator(ctx, _one(ctx, message.args, "添加"))
    return _changed(change, f"{change.name} 已经是管理员，没有变。")


@router.command("移除管理员", "删除管理员", "取消管理员")
def remove(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`移除管理员 张三`."""
    talk.settle()
    ctx.actor.require_admin()
    if not message.args:
        raise InvalidInput("要移除谁？例如「移除管理员 张三」，先发送「管理员」看名单。")
    return _changed(remove_administrator(ctx, _one(ctx, message.args, "移除")), "")


def _one(ctx: Context, words: str, verb: str) -> str:
    """Whom the words name; several at once are asked for one by one. Raises NotFound, InvalidInput."""
    try:
        return find_person(ctx, words)
    except NotFound:
        names = [part for part in re.split(r"[、，,；;\s]+|和", words) if part]
        if len(names) > 1 and all(_known(ctx, name) for name in names):
            raise InvalidInput(f"一次{verb}一位，这次没有改。例如「{verb}管理员 {names[0]}」。") from None
        raise


def _known(ctx: Context, name: str) -> bool:
    try:
        find_person(ctx, name)
    except NotFound:
        return False
    return True


def _changed(change: AdminChange, unchanged: str) -> Reply:
    if change.undo_id is None:
        return Reply(unchanged)
    note = f"管理员：{'、'.join(change.before)} → {'、'.join(change.after)}，下一条消息起生效。"
    return Reply(card=CardRef("settings.topic", {"topic": "install", "note": note, "undo_id": change.undo_id}))


@router.command(TAKE_OVER, whole=True)
def become(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """Only one of DingTalk's own administrators, only while there is none."""
    return Reply(take_over(ctx))


@router.doorway(VACANT)
def vacant(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """Out of the usage scope, but nobody else can let anybody in."""
    if fold(message.text).strip(" 。.!！~") == TAKE_OVER:
        return Reply(take_over(ctx))
    return Reply(f"应用现在没有管理员。你是钉钉管理员，发送「{TAKE_OVER}」就能接手。")
