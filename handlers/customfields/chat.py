"""What administrators type about the company's own fields."""

import re
from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.core.forms import CUSTOM_KINDS, form_label
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from handlers.customfields import rules, service, views
from handlers.customfields.sheets import Changed

router = Router("customfields.chat")
NEED = re.compile(r"[\s,，(（]*(?:必填项?|必须填|非空)[)）]*\s*$")
RENAME = re.compile(r"^(?:名称|改名|重命名|叫)(?:[:：\s]*(?:改)?(?:为|成)?[:：\s]*)(?P<label>.*)$")
HELP = "可以改：名称 新名称 · 必填 · 选填 · 上移 · 下移 · 停用 · 启用，例如「修改字段 客户 年采购额 名称 年采购预算」"


def _said(talk: Talk, done: Changed) -> Reply:
    talk.settle()
    return Reply(views.told(done)) if done.undo_id is None else Reply(card=views.changed_ref(done))


@router.command("自定义字段", "字段设置", "表单设置", "表单字段", "字段列表", "字段")
def listing(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`字段`: the forms; `字段 客户`: its fields; `字段 客户 年采购额 必填`: as 修改字段."""
    if not message.args:
        service.list_forms(ctx)
        talk.settle()
        return Reply(card=CardRef("customfields.forms", {}))
    ctx.actor.require_admin()
    if " " in message.args:
        return change(message, ctx, talk)
    return _open(ctx, talk, rules.read_form(message.args), 1)


def _open(ctx: Context, talk: Talk, form: str, page: int) -> Reply:
    sheet = service.show_form(ctx, form, page)
    talk.settle()
    if sheet.pages > 1:
        talk.ask("customfields.form", form=form, page=sheet.page)
    return Reply(card=views.form_ref(form, sheet.page))


@router.question("customfields.form")
def turn_page(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`下一页`, `上一页`."""
    step = {"下一页": 1, "上一页": -1}.get(message.text)
    return None if step is None else _open(ctx, talk, str(pending["form"]), int(pending["page"]) + step)


@router.command("新增字段", "新建字段", "添加字段", "增加字段", "加字段")
def add(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`新增字段 客户 年采购额 金额`, `… 设备类型 选项 设备类型字典`, `… 必填`: asks for the kind if it is missing."""
    form, label, rest = service.read_new_field(ctx, message.args)
    return _add(ctx, talk, form, label, rest)


def _add(ctx: Context, talk: Talk, form: str, label: str, rest: str) -> Reply:
    required = NEED.search(rest)
    words = (rest[: required.start()] if required else rest).strip(" ，,:：")
    said, _, behind = words.partition(" ")
    if not said:
        talk.ask("customfields.kind", form=form, label=label, required=bool(required))
        return Reply(f"「{label}」填的是什么？回复一种：{rules.KINDS_TEXT}；选项要带上字典，例如「选项 客户分类」。")
    kind = rules.read_kind(said)
    if behind.strip() and kind != "choice":
        raise InvalidInput(
            f"没认出「{behind.strip()[:20]}」，例如「新增字段 {form_label(form)} {label} {CUSTOM_KINDS[kind]} 必填」。"
        )
    bind = behind.strip().removeprefix("字典 ").removeprefix("绑定").strip()
    return _said(talk, service.add_field(ctx, form, label, kind, required=bool(required), bind=bind))


@router.question("customfields.kind")
def complete(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The kind of the field whose name was said before."""
    word = message.text.split(maxsplit=1)[0]
    if word.strip('「」“”" 型') not in rules.KIND_WORDS:
        return None
    rest = f"{message.text} 必填" if pending["required"] and not NEED.search(message.text) else message.text
    return _add(ctx, talk, str(pending["form"]), str(pending["label"]), rest)


@router.command("修改字段", "编辑字段", "改字段")
def change(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`修改字段 客户 年采购额 名称 年采购预算`, 必填, 选填, 上移, 下移, 停用, 启用."""
    ctx.actor.require_admin()
    if not message.args:
        raise InvalidInput(f"改哪张表单的哪个字段？{HELP}。")
    form, name, rest = service.find_field(ctx, message.args)
    if renamed := RENAME.match(rest):
        return _said(talk, service.rename_field(ctx, form, name, renamed["label"]))
    match rest.removeprefix("改为").removeprefix("改成").removeprefix("设为").strip(" 。"):
        case "必填" | "必须填":
            return _said(talk, service.require_field(ctx, form, name, required=True))
        case "选填" | "非必填" | "不必填" | "可选":
            return _said(talk, service.require_field(ctx, form, name, required=False))
        case "上移":
            return _said(talk, service.move_field(ctx, form, name, up=True))
        case "下移":
            return _said(talk, service.move_field(ctx, form, name, up=False))
        case "停用":
            return _said(talk, service.switch_field(ctx, form, name, active=False))
        case "启用":
            return _said(talk, service.switch_field(ctx, form, name, active=True))
        case "删除":
            return delete(message, ctx, talk)
        case kind if kind in rules.KIND_WORDS:
            raise InvalidInput(
                "字段的种类建好后不能改，已经填的值会读不出来。先停用它再新增一个，"
                "例如「新增字段 客户 年采购量 数字」。"
            )
        case _:
            raise InvalidInput(f"没认出要怎么改。{HELP}。")


@router.command("停用字段", "禁用字段")
def disable(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`停用字段 客户 年采购额`."""
    return _switch(message, ctx, talk, active=False)


@router.command("启用字段", "恢复字段")
def enable(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`启用字段 客户 年采购额`."""
    return _switch(message, ctx, talk, active=True)


def _switch(message: ChatMessage, ctx: Context, talk: Talk, *, active: bool) -> Reply:
    ctx.actor.require_admin()
    word = "启用" if active else "停用"
    if not message.args:
        raise InvalidInput(f"{word}哪个字段？例如「{word}字段 客户 年采购额」，发送「字段」看有哪些。")
    form, name, rest = service.find_field(ctx, message.args)
    if rest:
        raise InvalidInput(f"字段名称后面多了「{rest[:20]}」，例如「{word}字段 客户 年采购额」。")
    return _said(talk, service.switch_field(ctx, form, name, active=active))


@router.command("删除字段", "移除字段")
def delete(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """Fields are put out of use: their values are the company's."""
    ctx.actor.require_admin()
    words = message.args.removesuffix("删除").strip() or "客户 年采购额"
    raise InvalidInput(f"字段不能删除，里面有填过的值；不用的话停用它，以后还能启用：「停用字段 {words}」。")
