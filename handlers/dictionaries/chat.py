"""What administrators type about dictionaries (manual 3.7)."""

import re
from collections.abc import Callable
from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from handlers.dictionaries import lines, service, views
from handlers.dictionaries.lines import Corrected
from handlers.dictionaries.sheets import Changed

router = Router("dictionaries.chat")
SWITCH = re.compile(r"^(停用|启用)(?:选项|字典值)?\s+(\S.{0,49})$")


def _said(talk: Talk, done: Changed) -> Reply:
    """What was done, on the card of what it was done to."""
    talk.settle()
    return Reply(views.told(done), card=views.changed_ref(done))


def _try(talk: Talk, work: Callable[[], Changed]) -> Reply:
    """A line with the wrong semicolons is shown as it should have been, ready to tap."""
    try:
        return _said(talk, work())
    except Corrected as refusal:
        talk.settle()
        return Reply(card=CardRef("dictionaries.corrected", {"why": refusal.why, "line": refusal.line}))


def _list(talk: Talk, page: int, pages: int) -> Reply:
    page = min(max(1, page), pages)
    talk.ask("dictionaries.list", page=page)
    return Reply(card=CardRef("dictionaries.list", {"page": page}))


@router.command("数据字典", "字典列表", "字典管理", "字典")
def show(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`数据字典`; `字典 客户分类`; `字典 来源 添加 抖音`, 停用, 启用, 改值, 删除."""
    if not message.args:
        return _list(talk, 1, service.list_dictionaries(ctx).pages)
    if message.args.isdecimal():
        return _list(talk, int(message.args), service.list_dictionaries(ctx).pages)
    try:
        dictionary_id, done = lines.act(ctx, message.args)
    except Corrected as refusal:
        return Reply(card=CardRef("dictionaries.corrected", {"why": refusal.why, "line": refusal.line}))
    talk.settle()
    return Reply(card=views.one_ref(dictionary_id)) if done is None else _said(talk, done)


@router.question("dictionaries.list")
def turn_page(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`下一页`, `上一页`."""
    step = {"下一页": 1, "上一页": -1}.get(message.text)
    return None if step is None else _list(talk, int(pending["page"]) + step, service.list_dictionaries(ctx).pages)


@router.command("新建字典", "新增字典", "添加字典", "新建数据字典", "新增数据字典")
def create(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`新建字典 客户等级 A级;B级;C级`: asks for the values if they are missing."""
    ctx.actor.require_admin()
    match = lines.NAME.match(message.args)
    if match is None:
        raise InvalidInput("字典叫什么、有哪些选项？例如「新建字典 客户等级 A级;B级;C级」。")
    if not match[2]:
        talk.ask("dictionaries.values", name=match[1])
        return Reply(f"「{match[1]}」有哪些选项？用英文分号「;」隔开发给我，例如：A级;B级;C级")
    return _try(talk, lambda: lines.create(ctx, message.args))


@router.question("dictionaries.values")
def complete(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The values of the dictionary whose name was said before."""
    return _try(talk, lambda: lines.create(ctx, f"{pending['name']} {message.text}"))


@router.command("编辑字典", "修改字典", "编辑数据字典", "修改数据字典")
def edit(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`编辑字典 客户等级 A级;B级`: the new list of values."""
    ctx.actor.require_admin()
    if not message.args:
        raise InvalidInput(
            "要改哪个字典、改成哪些选项？例如「编辑字典 客户等级 A级;B级;C级」。发送「数据字典」看有哪些。"
        )
    dictionary_id, rest = service.split_name(ctx, message.args)
    if not rest:
        sheet = service.show_dictionary(ctx, dictionary_id)
        now = ";".join(v.label for v in sheet.values if v.enabled)
        talk.settle()
        return Reply(f"改好这一句发给我就行：\n编辑字典 {sheet.name} {now}")
    return _try(talk, lambda: lines.edit(ctx, message.args))


@router.command("重命名字典", "字典改名")
def rename(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """Refused: names never change."""
    dictionary_id, _ = service.split_name(ctx, message.args)
    raise InvalidInput(service.refuse_rename(ctx, dictionary_id))


@router.command("删除字典", "删除数据字典")
def delete(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`删除字典 客户等级`: refused while a field is bound to it."""
    return _said(talk, service.delete_dictionary(ctx, service.find_dictionary(ctx, message.args)))


@router.command("绑定字典", "绑定数据字典")
def bind(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`绑定字典 客户 来源 商机及客户来源`."""
    field, name = service.find_field(ctx, message.args)
    if not name:
        raise InvalidInput(f"「{message.args}」要绑定哪个字典？例如「绑定字典 {message.args} 商机及客户来源」。")
    return _said(talk, service.bind_field(ctx, field, service.find_dictionary(ctx, name)))


@router.command("解绑字典", "取消绑定字典", "解除绑定字典", "解绑")
def unbind(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`解绑字典 客户 来源`."""
    field, _ = service.find_field(ctx, message.args)
    return _said(talk, service.bind_field(ctx, field, None))


@router.sentence(15)
def switch(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`停用 展会`, `启用 展会`, where only one dictionary has that value."""
    match = SWITCH.match(message.text)
    if match is None or message.kind == "audio":
        return None
    label = match[2].strip('「」“”" ')
    dictionary_id = service.find_value(ctx, label)
    return _said(talk, service.switch_value(ctx, dictionary_id, label, on=match[1] == "启用"))


@router.command("改值")
def relabel(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`改值 展会 线下展会`, where only one dictionary has that value."""
    ctx.actor.require_admin()
    was, now = lines.two(message.args, "改值 展会 线下展会")
    return _said(talk, service.correct_label(ctx, service.find_value(ctx, was), was, now))
