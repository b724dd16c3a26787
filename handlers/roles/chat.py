"""What administrators type about roles, and what anybody may ask about his own rights."""

import re
from collections.abc import Callable
from typing import Any

from bot.context import Context
from bot.core.actor import RESOURCES
from bot.core.errors import AppError, InvalidInput
from bot.core.forms import FORMS as FORMS_AND_FIELDS
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.language.commands import closest
from handlers.customers.finding import find_customer
from handlers.roles import rules, service, views
from handlers.roles.explaining import Found, PersonSheet
from handlers.roles.sheets import Changed
from storage.settings import FORMS

router = Router("roles.chat")

VERBS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("give", ("添加功能", "增加功能", "加功能", "开通功能")),
    ("take", ("移除功能", "删除功能", "去掉功能", "取消功能", "减功能")),
    ("scope", ("数据权限",)),
    ("level", ("操作权限",)),
    ("field", ("字段权限",)),
    ("copy", ("复制为", "复制成", "复制到", "复制")),
    ("rename", ("改名为", "改名成", "改名", "重命名为", "重命名")),
    ("add", ("添加成员", "增加成员", "添加", "加入", "增加")),
    ("remove", ("移除成员", "删除成员", "移除", "移出", "去掉")),
)
SERVED = re.compile(r"^(?P<who>.+?)[\s:：,，]*的?服务部门[\s:：为是]*(?P<where>.*)$")
CAN = re.compile(
    r"^(?P<who>.{1,20}?)\s*(?:的权限(?:是什么|有哪些)?|有(?:什么|哪些)权限|能看(?:到)?什么|能做什么)[?？吗呢]*$"
)
WHY = re.compile(
    r"^(?:(?P<before>.{1,20}?)\s*为什么|为什么\s*(?P<who>.{0,20}?))\s*(?:看不到|看不见|不能看到?|查不到|找不到|没有权限看)\s*(?P<what>.+?)[?？。呢吗]*$"
)
FIELDS = "|".join(sorted({f.label for fields in FORMS_AND_FIELDS.values() for f in fields}, key=len, reverse=True))
OF_FIELD = re.compile(rf"^(?P<of>.+?)(?:\s*的\s*|\s+)(?:{FIELDS})$")
LEVELS_ARE = "权限有：隐藏、脱敏、只读、可写；「默认」是不限制。"
DEFAULTS = ("默认", "恢复", "不限", "不限制")
GIVE = re.compile(
    r"^给\s*(?P<who>[^\s]{1,20}?)\s*(?:添加|加上|分配|设置|加)\s*(?:角色\s*(?P<role>.+)|(?P<named>.+?)\s*(?:这个)?角色)[。.!！]?$"
)
WHY_NOT = re.compile(r"^为什么\s*(?P<who>.{0,20}?)\s*(?:不能|没法|无法|没有?权限)(?!看)(?P<what>.+)$")
SELF = ("", "我", "自己", "本人")


@router.command("角色权限", "角色列表", "所有角色")
def listing(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`角色权限`: every role with its members."""
    return role(message, ctx, talk) if message.args else _list(ctx, talk, 1)


@router.command("角色", "编辑角色", "修改角色", "查看角色")
def role(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`角色`, `角色 业务员`, `角色 业务员 添加 张三、李四`, `角色 查看 李明` …"""
    words = message.args
    if not words:
        return _list(ctx, talk, 1)
    ctx.actor.require_admin()
    if words.startswith("查看"):
        return _person(ctx, words.removeprefix("查看").strip(" ：:"))
    who, put, into = words.partition("设为")
    if put and who.strip() and into.strip():
        role_id, rest = service.meant(ctx, into.strip())
        if not rest:
            return _changed(talk, service.add_members(ctx, role_id, who.strip()))
    role_id, rest = service.meant(ctx, words)
    return _do(ctx, talk, role_id, rest)


def _do(ctx: Context, talk: Talk, role_id: int, rest: str) -> Reply:
    """What follows the role's name."""
    if not rest:
        return _one(talk, role_id)
    for kind, words in VERBS:
        verb = next((w for w in words if rest.startswith(w)), None)
        if verb is not None:
            said = rest[len(verb) :].strip(" ：:为是")
            if kind == "add" and (with_departments := SERVED.match(said)):  # who is not in it yet, is then (R2.33)
                who, where = with_departments["who"], with_departments["where"]
                return _changed(talk, service.serve(ctx, role_id, who, where))
            return _changed(talk, DOINGS[kind](ctx, role_id, said))
    if served := SERVED.match(rest):
        return _changed(talk, service.serve(ctx, role_id, served["who"], served["where"]))
    if rest in ("成员", "查看成员"):
        return Reply(card=CardRef("roles.members", {"role_id": role_id, "page": 1}))
    if rest == "删除":
        return _ask_delete(ctx, talk, role_id)
    near = closest(rest.split(maxsplit=1)[0], [w for _, ws in VERBS for w in ws])
    hint = f"你是想说「{near[0]}」？" if near else ""
    raise InvalidInput(
        f"没认出要对这个角色做什么。{hint}可以：添加 张三 · 移除 张三 · 添加功能 公海-领取 · 移除功能 公海-领取 · "
        "数据权限 本人 · 操作权限 普通 · 王五 服务部门 销售一部 · 改名 新名称 · 复制为 新名称。"
    )


def _scope(ctx: Context, role_id: int, words: str) -> Changed:
    return service.set_data_scope(ctx, role_id, rules.SCOPE_WORDS.get(words, words))


def _level(ctx: Context, role_id: int, words: str) -> Changed:
    return service.set_level(ctx, role_id, rules.LEVEL_WORDS.get(words, words))


def _field(ctx: Context, role_id: int, words: str) -> Changed:
    """`客户 电话、信用代码 隐藏`."""
    parts = rules.split(words)
    if len(parts) == 2 and parts[1] in DEFAULTS:
        parts.insert(1, "全部")
    if len(parts) < 3:
        raise InvalidInput(f"请写表单、字段和权限，例如「字段权限 业务员 客户 电话 脱敏」。{LEVELS_ARE}")
    form = rules.read_form(parts[0])
    if parts[-1] in DEFAULTS:
        level = None
    elif parts[-1] in rules.FIELD_WORDS:
        level = rules.FIELD_WORDS[parts[-1]]
    else:
        raise InvalidInput(f"没有「{parts[-1]}」这种字段权限，有：隐藏、脱敏、只读、可写；「默认」是不限制。")
    return service.set_fields(ctx, role_id, form, parts[1:-1], level)


DOINGS: dict[str, Callable[[Context, int, str], Changed]] = {
    "give": lambda ctx, i, words: service.change_functions(ctx, i, rules.read_functions(words), give=True),
    "take": lambda ctx, i, words: service.change_functions(ctx, i, rules.read_functions(words), give=False),
    "scope": _scope,
    "level": _level,
    "field": _field,
    "copy": service.copy_role,
    "rename": service.rename_role,
    "add": service.add_members,
    "remove": service.remove_members,
}


@router.sentence(7)
def give(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`给李娜加上业务员角色`, `给李娜加角色 业务员`: as `角色 业务员 添加 李娜`."""
    said = GIVE.match(message.text.strip())
    if said is None:
        return None
    ctx.actor.require_admin()
    role_id, rest = service.meant(ctx, (said["role"] or said["named"]).strip(" 「」"))
    return None if rest else _changed(talk, service.add_members(ctx, role_id, said["who"]))


@router.command("新建角色", "新增角色", "添加角色", "创建角色")
def create(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`新建角色 销售助理`, `新建角色 销售助理 成员 张三、李四`."""
    return _changed(talk, service.create_role(ctx, message.args))


@router.command("删除角色", "移除角色")
def delete(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`删除角色 销售助理`: what it means, then `确认删除`."""
    ctx.actor.require_admin()
    if not message.args:
        raise InvalidInput("删除哪个角色？例如「删除角色 销售助理」。")
    role_id, rest = service.meant(ctx, message.args)
    if rest:
        raise InvalidInput(f"角色名称后面多了「{rest}」。要删除角色就发「删除角色 名称」。")
    return _ask_delete(ctx, talk, role_id)


def _ask_delete(ctx: Context, talk: Talk, role_id: int) -> Reply:
    service.weigh_deletion(ctx, role_id)
    talk.ask("roles.delete", role_id=role_id)
    return Reply(card=CardRef("roles.delete", {"role_id": role_id}, (f"role:{role_id}",)))


@router.question("roles.delete")
def confirm(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`确认删除`, or not."""
    if message.text in ("确认删除", "确认", "是", "删除", "好", "1"):
        return _changed(talk, service.delete_role(ctx, int(pending["role_id"])))
    if message.text in ("不", "不删", "不删除", "否"):
        talk.settle()
        return Reply("好的，没有删除。")
    return None


@router.command("字段权限")
def fields(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`字段权限 业务员 客户 电话 脱敏`; with a role alone its forms, with a form its fields."""
    ctx.actor.require_admin()
    if not message.args:
        raise InvalidInput(f"哪个角色、哪张表单、哪个字段？例如「字段权限 业务员 客户 电话 脱敏」。{LEVELS_ARE}")
    role_id, rest = service.meant(ctx, message.args)
    if not rest:
        return Reply(card=CardRef("roles.forms", {"role_id": role_id, "what": "fields"}))
    if len(rules.split(rest)) == 1:
        return Reply(card=CardRef("roles.fields", {"role_id": role_id, "form": rules.read_form(rest)}))
    return _changed(talk, _field(ctx, role_id, rest))


@router.command("高级操作")
def advanced(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`高级操作`, `高级操作 客户 删除 导出`: which operations need a role of level 高级 (D11)."""
    ctx.actor.require_admin()
    if not message.args:
        lines = [f"{RESOURCES[form]}：{names}" for form, names in service.list_advanced(ctx).items()]
        return Reply(
            "\n".join(
                [
                    "**高级操作**", "只有操作权限是「高级」的角色能做，其余是普通操作。", *lines,
                    "要改就写全，例如「高级操作 客户 删除 导出」；都不要写「高级操作 客户 无」，恢复写「默认」。",
                ]
            )
        )  # fmt: skip
    label, _, words = message.args.partition(" ")
    forms = {RESOURCES[form]: form for form in FORMS if rules.advanced_of(form)}
    if label not in forms:
        near = closest(label, forms)
        hint = f"你是想说「{near[0]}」？" if near else ""
        raise InvalidInput(f"没有「{label}」这张表单。{hint}有：{'、'.join(forms)}。")
    if not words.strip():
        now = service.list_advanced(ctx)[forms[label]]
        possible = rules.operation_names(forms[label], rules.advanced_of(forms[label]))
        return Reply(f"{label}的高级操作：{now}。可以设为高级的有：{possible}。例如「高级操作 {label} 删除 导出」。")
    return _changed(talk, service.set_advanced(ctx, forms[label], words))


@router.command("为什么")
def why(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`为什么 李娜 看不到 华兴科技`, `为什么我看不到 华兴科技`."""
    asked = WHY.match(message.text)
    if asked is None and (unable := WHY_NOT.match(message.text)):  # what he may do, and by which role, is the answer
        return _person(ctx, "" if unable["who"].strip(" @") in SELF else unable["who"].strip(" @"))
    if asked is None:
        raise InvalidInput("我能说明为什么看不到，例如「为什么 李娜 看不到 华兴科技」「为什么我看不到 华兴科技」。")
    return _why(ctx, asked, talk)


@router.sentence(8)
def why_somebody(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`李娜为什么看不到华兴科技`."""
    asked = WHY.match(message.text)
    return None if asked is None else _why(ctx, asked, talk)


def _why(ctx: Context, asked: "re.Match[str]", talk: Talk) -> Reply:
    who = (asked["before"] or asked["who"] or "").strip(" @")
    what = asked["what"].strip(" 「」“”的")
    if who not in SELF:
        ctx.actor.require_admin()
    talk.settle()
    if of := OF_FIELD.match(what):  # 华兴科技的电话: about the customer; which fields are kept back is said with it
        what = of["of"]
    seen = find_customer(ctx, what, pooled=None, reading=True)
    if seen.certain is None and seen.options:
        lines = [f"- {words}" for _, words in seen.options]
        return Reply("\n".join([f"「{what}」像好几家，写全名再问一次：", *lines]))
    found = Found(seen.certain) if seen.certain is not None else None
    return Reply(service.explain_unseen(ctx, who, what, found))


@router.command("我的权限", "我有什么权限", "我有哪些权限", whole=True)
def mine(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """What one can do and see oneself."""
    return _person(ctx, "")


@router.sentence(9)
def what_can(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:  # noqa: ARG001 -- a door's shape
    """`李明 有什么权限`."""
    asked = CAN.match(message.text)
    if asked is None:
        return None
    who = asked["who"].strip()
    if who not in SELF and not ctx.actor.admin:
        return None if "权限" not in message.text else _person(ctx, who)
    try:
        return _person(ctx, who)
    except AppError:
        if "权限" not in message.text:
            return None
        raise


def _person(ctx: Context, who: str) -> Reply:
    return Reply(person_text(service.explain_person(ctx, who)))


def person_text(sheet: PersonSheet) -> str:
    """One person's rights."""
    lines = [f"**{sheet.name} 的权限**"]
    if sheet.usage:
        lines.append(sheet.usage)
    if sheet.admin:
        return "\n".join([*lines, "管理员：所有功能、所有数据、所有字段。"])
    lines.append(f"角色：{'、'.join(sheet.roles) or '没有（只在「所有用户」里）'}")
    lines.append(f"数据权限：{sheet.scope}")
    lines += [f"{label}：{words}" for label, words in sheet.functions] or ["功能：没有"]
    lines += [f"不起作用（高级操作，角色是普通）：{words}" for words in sheet.idle]
    lines += [f"字段权限 {line}" for line in sheet.fields]
    return "\n".join(lines)


def _list(ctx: Context, talk: Talk, page: int) -> Reply:
    found = service.list_all(ctx, page)
    if found.pages > 1:
        talk.ask("roles.list", page=found.page)
    return Reply(card=CardRef("roles.list", {"page": found.page}))


@router.question("roles.list")
def turn_page(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`下一页`, `上一页`."""
    step = {"下一页": 1, "上一页": -1}.get(message.text)
    return None if step is None else _list(ctx, talk, max(1, int(pending["page"]) + step))


def _one(talk: Talk, role_id: int) -> Reply:
    talk.settle()
    return Reply(card=CardRef("roles.one", {"role_id": role_id}, (f"role:{role_id}",)))


def _changed(talk: Talk, done: Changed) -> Reply:
    talk.settle()
    return Reply(card=CardRef("roles.changed", views.changed_state(done), (f"role:{done.role_id}",)))
