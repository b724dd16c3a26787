"""Use cases of the data dictionary: administrators only, one transaction each, everything undoable and audited."""

from collections.abc import Sequence
from typing import Any

from bot.context import Context
from bot.core.errors import NotFound
from bot.core.forms import FORMS, custom_kind
from handlers.dictionaries import rules
from handlers.dictionaries.fields import match_field
from handlers.dictionaries.rules import Held, NameTaken, Plan
from handlers.dictionaries.sheets import PAGE, Changed, DictionaryPage, DictionarySheet, Summary
from handlers.dictionaries.steps import (
    field_text,
    label_text,
    step_dump,
    step_edit,
    step_held,
    step_named,
    step_offer,
    step_record,
)
from handlers.dictionaries.undoing import step_undo
from storage import custom_fields, dictionaries
from storage.database import Tx
from storage.dictionaries import Field, Value
from storage.settings import lock_base_data


def step_choose(tx: Tx, form: str, field: str, value: str) -> str:
    """The value as the field's dictionary writes it, for every use case that fills one in; free text where it is bound
    to none.

    Raises:
        NotAChoice: with what can be chosen, and the nearest.
    """
    choices = dictionaries.choices_of(tx, form, field) if value else None
    if choices is None:
        return value
    label = label_text(form, field, FORMS if custom_kind(field) is None else custom_fields.forms_of(tx))
    return rules.read_choice(label, value, choices.enabled, choices.disabled)


def list_dictionaries(ctx: Context, page: int = 1) -> DictionaryPage:
    """All dictionaries with their bindings and counts. Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        all_of_them = dictionaries.list_dictionaries(tx)
        counts, bound = dictionaries.count_values(tx), dictionaries.list_bindings(tx)
        forms = custom_fields.forms_of(tx)
        pages = max(1, -(-len(all_of_them) // PAGE))
        page = min(max(1, page), pages)
        rows = []
        for one in all_of_them[(page - 1) * PAGE : page * PAGE]:
            on, off = counts.get(one.id or 0, (0, 0))
            fields = tuple(sorted(field_text(*f, forms) for f, to in bound.items() if to == one.id))
            labels = [v.label for v in dictionaries.values_of(tx, one.id or 0) if v.enabled]
            rows.append(Summary(one.id or 0, one.name, on, off, fields, rules.some(labels, 6)))
        return DictionaryPage(rows, len(all_of_them), pages)


def show_dictionary(ctx: Context, dictionary_id: int) -> DictionarySheet:
    """Raises Forbidden, NotFound."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        dictionary = dictionaries.access_dictionary(tx, dictionary_id)
        held, fields = step_held(tx, dictionary_id)
        forms = custom_fields.forms_of(tx)
        return DictionarySheet(dictionary_id, dictionary.name, held, tuple(field_text(*f, forms) for f in fields))


def find_dictionary(ctx: Context, words: str) -> int:
    """The one meant by (part of) its name, or by the label of a field bound to it.

    Raises:
        Forbidden.
        NotFound: none, or several: the text names them.
    """
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        found = step_named(tx, words)
        assert found.id is not None
        return found.id


def split_name(ctx: Context, words: str) -> tuple[int, str]:
    """The dictionary a sentence begins with, and the rest: the longest name that fits, else the first word.

    Raises:
        Forbidden, NotFound.
    """
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        names = sorted(dictionaries.list_dictionaries(tx), key=lambda d: -len(d.name))
        for one in names:
            head, rest = words[: len(one.name)], words[len(one.name) :]
            if rules.key(head) == one.name_key and (not rest or rest[0] in " \n:：,，"):
                return one.id or 0, rest.strip(" \n:：,，")
        head, _, rest = words.replace("\n", " \n", 1).partition(" ")
        return step_named(tx, head).id or 0, rest.strip()


def create_dictionary(ctx: Context, name: str, line: str) -> Changed:
    """A new dictionary with the values of `A;B;C`. Raises Forbidden, NameTaken, WrongSemicolon, NotAValueLine."""
    ctx.actor.require_admin()
    name, labels = rules.read_name(name), rules.read_values(line)
    with ctx.begin() as tx:
        twin = dictionaries.get_by_name(tx, name)
        if twin is not None:
            raise NameTaken(
                f"已经有叫「{twin.name}」的字典了，名称不能重复。要改它的选项，发送「编辑字典 {twin.name} 值1;值2」。"
            )
        try:
            made = dictionaries.add_dictionary(tx, name)
        except dictionaries.NameTaken as twin_now:
            raise NameTaken(f"「{name}」刚刚已由别人建好了，名称不能重复。发送「字典 {name}」看看。") from twin_now
        assert made.id is not None
        dictionaries.put_values(tx, made.id, [Value(0, label, i, True) for i, label in enumerate(labels)])
        undo_id = step_offer(
            tx, ctx, "create", f"新建字典 {name}", {"dictionary_id": made.id, "after": step_dump(tx, made.id)}
        )
        step_record(tx, ctx, "create.dictionary", made.id, name, {"选项": ("", ";".join(labels))})
    text = (
        f"已新建字典「{name}」，{len(labels)} 个选项：{rules.some(labels, 30)}。\n"
        f"要让表单用它，发送「绑定字典 客户 来源 {name}」这样的话。"
    )
    return Changed(text, made.id, undo_id)


def edit_dictionary(ctx: Context, dictionary_id: int, line: str) -> Changed:
    """The line becomes the list of values; the name stays (R3.62). Raises Forbidden, NotFound, NotAValueLine."""
    ctx.actor.require_admin()
    labels = rules.read_values(line)
    with ctx.begin() as tx:
        return step_edit(tx, ctx, dictionary_id, lambda held: rules.plan_edit(held, labels))


def add_values(ctx: Context, dictionary_id: int, line: str) -> Changed:
    """The line's values come behind those there are. Raises as `edit_dictionary`; NotAValueLine: one is there."""
    ctx.actor.require_admin()
    labels = [rules.clean_label(line)] if ";" not in line and "；" not in line and "\n" not in line else []
    labels = [v for v in labels if v and len(v) <= rules.LABEL_LENGTH] or rules.read_values(line)
    with ctx.begin() as tx:

        def plan(held: Sequence[Held]) -> Plan:
            there = {rules.key(h.label): h for h in held if h.enabled}
            twins = [there[rules.key(v)].label for v in labels if rules.key(v) in there]
            if twins:
                raise rules.NotAValueLine(f"「{'、'.join(twins)}」已经有了，没有保存。")
            return rules.plan_edit(held, [*(h.label for h in held if h.enabled), *labels])

        return step_edit(tx, ctx, dictionary_id, plan)


def switch_value(ctx: Context, dictionary_id: int, label: str, *, on: bool) -> Changed:
    """Disables or enables one value; records that hold it keep showing it (R-DICT-1, R-DICT-3).

    Raises:
        Forbidden, NotFound, NotAValueLine.
    """
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        return step_edit(tx, ctx, dictionary_id, lambda held: rules.plan_switch(held, label, on=on))


def switch_value_by_id(ctx: Context, dictionary_id: int, value_id: int, *, on: bool) -> Changed:
    """As `switch_value`, from a card."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:

        def plan(held: Sequence[Held]) -> Plan:
            one = next((h for h in held if h.id == value_id), None)
            if one is None:
                raise NotFound("这个选项已经不在字典里了。")
            return rules.plan_switch(held, one.label, on=on)

        return step_edit(tx, ctx, dictionary_id, plan)


def find_value(ctx: Context, label: str) -> int:
    """The dictionary that has this value. Raises Forbidden; NotFound: none has it, or several."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        hits = [
            d
            for d in dictionaries.list_dictionaries(tx)
            if any(rules.key(v.label) == rules.key(label) for v in dictionaries.values_of(tx, d.id or 0))
        ]
    if len(hits) == 1:
        return hits[0].id or 0
    if hits:
        raise NotFound(
            f"「{label}」在好几个字典里：{'、'.join(d.name for d in hits)}。"
            f"请带上字典名，例如「字典 {hits[0].name} 停用 {label}」。"
        )
    raise NotFound(f"没有哪个字典里有「{label}」，发送「数据字典」看看。")


def correct_label(ctx: Context, dictionary_id: int, was: str, now: str) -> Changed:
    """Writes a value otherwise; the records that hold it follow (R-DICT-1).

    Raises:
        Forbidden, NotFound, NotAValueLine: no such value, or the new label is another value's.
    """
    ctx.actor.require_admin()
    labels = rules.read_values(now)
    if len(labels) != 1:
        raise rules.NotAValueLine("一次改一个值，例如「字典 来源 改值 展会 线下展会」。")
    now = labels[0]
    with ctx.begin() as tx:
        dictionary = dictionaries.access_dictionary(tx, dictionary_id, lock=True)
        held, fields = step_held(tx, dictionary_id)
        one = rules.find_value(held, was)
        twin = next((h for h in held if rules.key(h.label) == rules.key(now) and h.id != one.id), None)
        if twin is not None:
            raise rules.NotAValueLine(f"「{twin.label}」已经是这个字典的另一个选项，两个选项不能合并成一个。")
        if one.label == now:
            return Changed(f"「{now}」本来就是这样写的，没有变化。", dictionary_id)
        before = step_dump(tx, dictionary_id)
        values = [Value(h.id, now if h.id == one.id else h.label, i, h.enabled) for i, h in enumerate(held)]
        dictionaries.put_values(tx, dictionary_id, values)
        followed = dictionaries.relabel(tx, fields, one.label, now)
        payload = {
            "dictionary_id": dictionary_id, "before": before, "after": step_dump(tx, dictionary_id),
            "relabelled": [[one.label, now]], "fields": [list(f) for f in fields],
        }  # fmt: skip
        undo_id = step_offer(tx, ctx, "edit", f"改值 {one.label} → {now}", payload)
        step_record(
            tx, ctx, "edit.dictionary", dictionary_id, dictionary.name, {"选项": (one.label, now)}, records=followed
        )
    return Changed(
        f"字典「{dictionary.name}」：{one.label} → {now}，{followed} 条记录一起改了。", dictionary_id, undo_id
    )


def refuse_rename(ctx: Context, dictionary_id: int) -> str:
    """Names never change (R3.62); the text says what can be done instead. Raises Forbidden, NotFound."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        name = dictionaries.access_dictionary(tx, dictionary_id).name
    return (
        f"字典名称建好后不能修改，「{name}」和它的选项都没有变。\n要换名称：新建一个字典，再把字段绑过去，"
        f"例如「新建字典 新名称 值1;值2」「绑定字典 客户 来源 新名称」。"
    )


def delete_dictionary(ctx: Context, dictionary_id: int) -> Changed:
    """Only one that no field is bound to (R-DICT-4). Raises Forbidden, NotFound, StillBound."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        dictionary = dictionaries.access_dictionary(tx, dictionary_id, lock=True)
        fields = dictionaries.bindings_of(tx, dictionary_id)
        name = dictionary.name
        forms = custom_fields.forms_of(tx)
        rules.check_free([field_text(*f, forms) for f in fields], name)
        before = step_dump(tx, dictionary_id)
        dictionaries.remove_dictionary(tx, dictionary_id)
        undo_id = step_offer(tx, ctx, "delete", f"删除字典 {name}", {"name": name, "before": before})
        labels = ";".join(v["label"] for v in before)
        step_record(tx, ctx, "delete.dictionary", dictionary_id, name, {"选项": (labels, "")})
    return Changed(f"已删除字典「{name}」。10 分钟内发送「撤销」可以恢复。", None, undo_id)


def find_field(ctx: Context, words: str) -> tuple[Field, str]:
    """The choice field a sentence begins with (`客户 来源 …`, `客户-客户来源 …`), and the rest of it.

    Raises:
        Forbidden.
        InvalidInput: no such form, or no such choice field; the text lists them.
    """
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        fields_by_form = {
            form: [f for f in fields if f.kind == "choice"] for form, fields in custom_fields.forms_of(tx).items()
        }
    return match_field(fields_by_form, words.strip())


def bind_field(ctx: Context, field: Field, dictionary_id: int | None) -> Changed:
    """From now on new input of the field is checked against this dictionary (None: free text); old values stay.

    Raises:
        Forbidden, NotFound.
    """
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        lock_base_data(tx)
        name = dictionaries.access_dictionary(tx, dictionary_id, lock=True).name if dictionary_id is not None else ""
        was = dictionaries.list_bindings(tx).get(field)
        was_name = dictionaries.access_dictionary(tx, was).name if was is not None else ""
        what = field_text(*field, custom_fields.forms_of(tx))
        if was == dictionary_id:
            return Changed(
                f"「{what}」本来就绑定「{name}」，没有变化。" if name else f"「{what}」没有绑定字典，没有变化。",
                dictionary_id,
            )
        dictionaries.bind(tx, *field, dictionary_id)
        payload = {"field": list(field), "was": was, "now": dictionary_id}
        undo_id = step_offer(tx, ctx, "bind", f"{'绑定' if name else '解绑'}字典 {what}", payload)
        step_record(
            tx, ctx, "bind.dictionary" if name else "unbind.dictionary", dictionary_id or was, name or was_name,
            {what: (was_name or "不限", name or "不限")}, field=".".join(field),
        )  # fmt: skip
        if dictionary_id is None:
            return Changed(f"「{what}」已解绑「{was_name}」，以后可以随便填；已有的数据不变。", was, undo_id)
        held, _ = step_held(tx, dictionary_id)
        inside = {rules.key(h.label) for h in held if h.enabled}
        outside = sum(n for label, n in dictionaries.count_uses(tx, [field]).items() if label not in inside)
    lines = [f"数据字典设置成功：「{what}」{f'从「{was_name}」改为' if was_name else '绑定'}「{name}」。"]
    lines.append(f"以后只能选：{rules.some([h.label for h in held if h.enabled])}。")
    if outside:
        lines.append(f"有 {outside} 条记录的值不在这个字典里，照常显示，改这个字段时才要求重新选。")
    return Changed("\n".join(lines), dictionary_id, undo_id)


def undo_change(ctx: Context, kind: str, payload: dict[str, Any]) -> str:
    """Takes a change back, unless the dictionary was changed again. The undo door has checked whose it is."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        name, dictionary_id, changes = step_undo(tx, kind, payload)
        step_record(tx, ctx, "undo.dictionary", dictionary_id, name, changes, undone=kind)
    return f"已撤销，「{name}」恢复成之前的样子。"
