"""Use cases of the company's own fields: administrators only, in effect at once, undoable and on record."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput, NotFound
from bot.core.forms import CUSTOM_FORMS, CUSTOM_KINDS, FORMS, Kind, form_label
from bot.language.commands import closest
from handlers.customfields import rules
from handlers.customfields.rules import ChangedSince, StillFilled
from handlers.customfields.sheets import Changed, FieldLine, FormCount, FormSheet
from storage import audit, cards, custom_fields, dictionaries, undos
from storage.custom_fields import Definition
from storage.database import Tx
from storage.settings import lock_base_data

UNDO = timedelta(minutes=10)
PAGE = 5


def subject(form: str) -> str:
    """How cards and audit lines name a form."""
    return f"form:{form}"


def list_forms(ctx: Context) -> list[FormCount]:
    """The forms that take fields, with how many have been added. Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        counts = []
        for form in CUSTOM_FORMS:
            held = custom_fields.list_definitions(tx, form)
            active = sum(d.active for d in held)
            counts.append(FormCount(form, form_label(form), active, len(held) - active))
        return counts


def show_form(ctx: Context, form: str, page: int = 1) -> FormSheet:
    """One form's fields. Raises Forbidden, NotFound."""
    ctx.actor.require_admin()
    if form not in CUSTOM_FORMS:
        raise NotFound("没有这张表单，发送「字段」看看有哪些。")
    with ctx.begin() as tx:
        held = custom_fields.list_definitions(tx, form)
        pages = max(1, -(-len(held) // PAGE))
        page = min(max(1, page), pages)
        rows = tuple(
            FieldLine(d.name, d.label, _detail(tx, form, d), d.required, d.active, first=number == 0)
            for number, d in list(enumerate(held))[(page - 1) * PAGE : page * PAGE]
        )
        return FormSheet(form, form_label(form), tuple(f.label for f in FORMS[form]), rows, len(held), page, pages)


def _detail(tx: Tx, form: str, field: Definition) -> str:
    bound = ""
    if field.kind == "choice":
        to = dictionaries.list_bindings(tx).get((form, field.name))
        bound = f"字典 {dictionaries.access_dictionary(tx, to).name}" if to is not None else "没有绑定字典"
    count = custom_fields.count_filled(tx, form, field.name)
    parts = [CUSTOM_KINDS[field.kind], bound, "必填" if field.required else "", f"{count} 条记录有值"]
    return " · ".join(p for p in (*parts, "" if field.active else "已停用") if p)


def find_field(ctx: Context, words: str) -> tuple[str, str, str]:
    """Form and name of the field a sentence begins with (`客户 年采购额 …`), and the rest of it.

    Raises:
        Forbidden.
        InvalidInput: no such form. NotFound: no such field; the text names those there are.
    """
    ctx.actor.require_admin()
    form, rest = _form_of(words)
    with ctx.begin() as tx:
        held = {d.label: d for d in custom_fields.list_definitions(tx, form)}
    label, behind = rules.find_label(rest.strip(' 「」“”"-－的'), held)
    if label:
        return form, held[label].name, behind.strip('「」“”" ')
    named = form_label(form)
    if not rest.strip():
        raise InvalidInput(f"{named}的哪个字段？例如「修改字段 {named} 年采购额 必填」，发送「字段 {named}」看有哪些。")
    said = rest.split()[0][:20]
    if any(rules.key(said) in (rules.key(f.label), rules.key(f.label.removeprefix(named))) for f in FORMS[form]):
        raise NotFound(f"「{said}」是{named}表单自带的字段，不能改；谁能看、谁能填可以用「字段权限」设置。")
    near = closest(said, held)
    hint = f"你是想说「{near[0]}」？" if near else ""
    known = f"有：{'、'.join(held)}。" if held else f"还没有加过字段，例如「新增字段 {named} {said} 文本」。"
    raise NotFound(f"{named}没有「{said}」这个自定义字段。{hint}{known}")


def _form_of(words: str) -> tuple[str, str]:
    """客户 年采购额, 客户年采购额, 客户-年采购额."""
    text = words.strip()
    first, _, rest = text.partition(" ")
    labels = sorted((form_label(f) for f in CUSTOM_FORMS), key=len, reverse=True)
    if first not in labels and (label := next((w for w in labels if text.startswith(w)), "")):
        return rules.read_form(label), text[len(label) :].removeprefix("表单").strip(" -－—·:：的")
    return rules.read_form(first), rest.strip()


def read_new_field(ctx: Context, words: str) -> tuple[str, str, str]:
    """Form, label and what follows of `客户 年采购额 金额 必填`. Raises Forbidden, InvalidInput, LabelTaken."""
    ctx.actor.require_admin()
    if not words.strip():
        raise InvalidInput(f"给哪张表单加什么字段？例如「新增字段 客户 年采购额 金额」，种类有：{rules.KINDS_TEXT}。")
    form, rest = _form_of(words)
    parts = rest.split(maxsplit=1)
    if len(parts) == 2 and parts[0] in rules.KIND_WORDS and parts[1].split()[0] not in rules.KIND_WORDS:
        label, _, more = parts[1].partition(" ")  # 新增字段 客户 金额 年采购额
        parts = [label, f"{parts[0]} {more}"]
    label = rules.read_label(form, parts[0] if parts else "")
    return form, label, parts[1].strip() if len(parts) == 2 else ""


def add_field(ctx: Context, form: str, label: str, kind: Kind, *, required: bool = False, bind: str = "") -> Changed:
    """A new field behind the form's last one; `bind`: the dictionary of a choice.

    Raises:
        Forbidden, InvalidInput, LabelTaken; NotFound: no such dictionary.
    """
    ctx.actor.require_admin()
    label = rules.read_label(form, label)
    with ctx.begin() as tx:
        lock_base_data(tx)
        before = custom_fields.list_definitions(tx, form)
        rules.check_count(form, len(before))
        rules.check_free(form, label, [(d.label, d.active) for d in before])
        dictionary_id, dictionary = _dictionary(tx, form, label, bind) if kind == "choice" else (None, "")
        name = custom_fields.new_name(tx, form, kind)
        made = Definition(name, label, kind, required, len(before), active=True)
        custom_fields.put_definitions(tx, form, [*before, made])
        if dictionary_id is not None:
            dictionaries.bind(tx, form, name, dictionary_id)
        named = form_label(form)
        what = (
            f"{CUSTOM_KINDS[kind]}{f'，取自字典「{dictionary}」' if dictionary else ''}{'，必填' if required else ''}"
        )
        example = f"{label} {rules.EXAMPLES.get(kind, '')}".strip()
        lines = [f"已给{named}加上字段「{label}」（{what}），马上可以填、可以查、可以设权限。"]
        if form in ("customer", "contact"):
            lines.append(
                f"在句子里写「{example}」就能填；大家都能看能填，要限制就用「字段权限 角色 {named} {label} 只读」。"
            )
        changes = {"字段": ("", f"{label}（{what}）")}
        return _changed(tx, ctx, form, before, name, "add.field", label, "\n".join(lines), changes)


def _dictionary(tx: Tx, form: str, label: str, words: str) -> tuple[int, str]:
    known = dictionaries.list_dictionaries(tx)
    names = "、".join(d.name for d in known[:12]) or "还没有"
    said = words.strip('「」“”" ')
    if not said:
        raise InvalidInput(
            f"「{label}」从哪个字典里选？例如「新增字段 {form_label(form)} {label} 选项 字典名称」。现有字典：{names}。"
        )
    found = dictionaries.get_by_name(tx, said)
    if found is None:
        likely = [d for d in known if dictionaries.fold(said) in d.name_key]
        found = likely[0] if len(likely) == 1 else None
    if found is None and re.search("[;；、,，/]", said):  # the values themselves
        values = ";".join(part for part in re.split(r"[;；、,，/\s]+", said) if part)
        raise NotFound(
            f"选项要先放进字典：先发「新建字典 {label} {values}」，"
            f"再发「新增字段 {form_label(form)} {label} 选项 {label}」。"
        )
    if found is None or found.id is None:
        raise NotFound(
            f"没有叫「{said[:30]}」的字典，现有：{names}。"
            f"先建一个，例如「新建字典 {said[:30]} 选项一;选项二」，再来加字段。"
        )
    return found.id, found.name


def rename_field(ctx: Context, form: str, name: str, label: str) -> Changed:
    """Its values, rights and dictionary stay. Raises Forbidden, NotFound, InvalidInput, LabelTaken."""
    ctx.actor.require_admin()
    label = rules.read_label(form, label)

    def change(held: list[Definition], one: Definition) -> tuple[list[Definition], str]:
        rules.check_free(form, label, [(d.label, d.active) for d in held if d.name != name])
        return [replace(d, label=label) if d.name == name else d for d in held], f"字段改名：{one.label} → {label}"

    return _edit(ctx, form, name, change)


def require_field(ctx: Context, form: str, name: str, *, required: bool, card: str = "") -> Changed:
    """必填 holds for new records, and for who changes the field; what there is stays as it is. Raises as above.

    `card`: the one whose tap it was.
    """
    ctx.actor.require_admin()

    def change(held: list[Definition], one: Definition) -> tuple[list[Definition], str]:
        was, now = ("选填", "必填") if required else ("必填", "选填")
        after = [replace(d, required=required) if d.name == name else d for d in held]
        return after, f"「{one.label}」：{was} → {now}" + ("，新建时要填，老数据不变" if required else "")

    return _edit(ctx, form, name, change, card)


def switch_field(ctx: Context, form: str, name: str, *, active: bool, card: str = "") -> Changed:
    """停用 takes it off forms, cards and filters; its values are kept and come back with 启用. Raises as above."""
    ctx.actor.require_admin()

    def change(held: list[Definition], one: Definition) -> tuple[list[Definition], str]:
        after = [replace(d, active=active) if d.name == name else d for d in held]
        word = "启用" if active else "停用"
        return after, f"已{word}字段「{one.label}」" + ("" if active else "，表单和卡片上不再出现，填过的值还在")

    return _edit(ctx, form, name, change, card)


def move_field(ctx: Context, form: str, name: str, *, up: bool, card: str = "") -> Changed:
    """One place up or down. Raises as above."""
    ctx.actor.require_admin()

    def change(held: list[Definition], one: Definition) -> tuple[list[Definition], str]:
        at = next(i for i, d in enumerate(held) if d.name == name)
        to = min(max(0, at + (-1 if up else 1)), len(held) - 1)
        moved = [d for d in held if d.name != name]
        moved.insert(to, one)
        return [replace(d, position=i) for i, d in enumerate(moved)], (
            f"字段顺序：{'、'.join(d.label for d in held)} → {'、'.join(d.label for d in moved)}"
        )

    return _edit(ctx, form, name, change, card)


Change = Callable[[list[Definition], Definition], tuple[list[Definition], str]]


def _edit(ctx: Context, form: str, name: str, change: Change, card: str = "") -> Changed:
    with ctx.begin() as tx:
        lock_base_data(tx)
        one = custom_fields.access_definition(tx, form, name)
        before = [replace(d, position=i) for i, d in enumerate(custom_fields.list_definitions(tx, form))]
        one = next(d for d in before if d.name == one.name)
        after, text = change(before, one)
        if after == before:
            at = [d.name for d in before].index(name)
            return Changed(form, f"「{one.label}」本来就是这样，没有变化。", page=at // PAGE + 1)
        stored = custom_fields.list_definitions(tx, form)
        custom_fields.put_definitions(tx, form, after)
        label = next(d.label for d in after if d.name == name)
        return _changed(tx, ctx, form, stored, name, "edit.field", label, text, None, card)


def undo_change(ctx: Context, payload: dict[str, Any]) -> str:
    """Makes the form's fields what they were, unless they were changed again, or a new one has been filled in.

    Raises:
        Forbidden, ChangedSince, StillFilled.
    """
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        lock_base_data(tx)
        form = str(payload["form"])
        now = custom_fields.list_definitions(tx, form)
        if custom_fields.dump(now) != payload["after"]:
            raise ChangedSince(f"{form_label(form)}的字段之后又改过，不能撤销了。发送「字段 {form_label(form)}」看看。")
        before = custom_fields.restore(payload["before"])
        for gone in {d.name: d for d in now}.keys() - {d.name for d in before}:
            label = next(d.label for d in now if d.name == gone)
            if count := custom_fields.count_filled(tx, form, gone):
                raise StillFilled(
                    f"已经有 {count} 条记录填了「{label}」，不能撤销；"
                    f"不用的话发送「停用字段 {form_label(form)} {label}」。"
                )
        custom_fields.put_definitions(tx, form, before)
        text = str(payload["text"]).split("\n", maxsplit=1)[0]
        _record(tx, ctx, form, "undo.field", str(payload["label"]), lines=[text])
        cards.redraw_others(tx, subject(form), now=ctx.now)
        return f"已撤销，{form_label(form)}的字段恢复成之前的样子。"


def _changed(
    tx: Tx, ctx: Context, form: str, before: list[Definition], name: str, action: str, label: str, text: str,
    changes: audit.Changes | None, card: str = "",
) -> Changed:  # fmt: skip
    after = custom_fields.list_definitions(tx, form)
    payload = {
        "form": form, "before": custom_fields.dump(before), "after": custom_fields.dump(after), "text": text,
        "label": label,
    }  # fmt: skip
    undo_id = undos.offer(
        tx, user_id=ctx.actor.user_id, kind="customfields.change", payload=payload, now=ctx.now, lasts=UNDO,
        text=f"{'新增' if action == 'add.field' else '修改'}字段 {form_label(form)} {label}",
    )  # fmt: skip
    detail: dict[str, Any] = {} if changes else {"lines": [text]}
    _record(tx, ctx, form, action, label, changes=changes, field=name, **detail)
    cards.redraw_others(tx, subject(form), now=ctx.now, but=card)
    at = [d.name for d in after].index(name)
    return Changed(form, text, undo_id, at // PAGE + 1)


def _record(tx: Tx, ctx: Context, form: str, action: str, label: str, **detail: Any) -> None:
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=subject(form),
        name=f"{form_label(form)} {label}", **detail,
    )  # fmt: skip
