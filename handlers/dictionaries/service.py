"""Use cases of the data dictionary: administrators only, one transaction each, everything undoable and audited."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput, NotFound
from bot.core.forms import FORMS, FormField, Forms, custom_kind, field_of, form_label
from handlers.dictionaries import rules
from handlers.dictionaries.rules import ChangedSince, Held, Kept, NameTaken, Plan
from storage import audit, custom_fields, dictionaries, undos
from storage.database import Tx
from storage.dictionaries import Field, Value
from storage.settings import lock_base_data
from storage.tables import Dictionary

UNDO = timedelta(minutes=10)
FORM_END = re.compile(r"^(?:表单)?的?[\s\-－—·:：]*")
PAGE = 5
VALUES_PAGE = 10


def subject(dictionary_id: int | None) -> str:
    """How cards and audit lines name a dictionary."""
    return f"dictionary:{dictionary_id}"


def field_text(form: str, field: str, forms: Forms) -> str:
    """客户-客户来源, as people read and type it."""
    return f"{form_label(form)}-{_label(form, field, forms)}"


def step_choose(tx: Tx, form: str, field: str, value: str) -> str:
    """The value as the field's dictionary writes it, for every use case that fills one in; free text where it is bound
    to none.

    Raises:
        NotAChoice: with what can be chosen, and the nearest.
    """
    choices = dictionaries.choices_of(tx, form, field) if value else None
    if choices is None:
        return value
    label = _label(form, field, FORMS if custom_kind(field) is None else custom_fields.forms_of(tx))
    return rules.read_choice(label, value, choices.enabled, choices.disabled)


@dataclass(frozen=True, slots=True)
class Summary:
    """A dictionary in a list."""

    id: int
    name: str
    enabled: int
    disabled: int
    fields: tuple[str, ...]
    some: str  # its first values


@dataclass(frozen=True, slots=True)
class DictionaryPage:
    """One page of them, with the total (D26)."""

    rows: list[Summary]
    total: int
    pages: int


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


@dataclass(frozen=True, slots=True)
class DictionarySheet:
    """One dictionary: its values in order with how many records hold each, and the fields bound to it."""

    id: int
    name: str
    values: list[Held]
    fields: tuple[str, ...]


def show_dictionary(ctx: Context, dictionary_id: int) -> DictionarySheet:
    """Raises Forbidden, NotFound."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        dictionary = dictionaries.access_dictionary(tx, dictionary_id)
        held, fields = _held(tx, dictionary_id)
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
        found = _named(tx, words)
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
        return _named(tx, head).id or 0, rest.strip()


def _named(tx: Tx, words: str) -> Dictionary:
    wanted = rules.key(words.strip('「」“”" '))
    all_of_them = dictionaries.list_dictionaries(tx)
    exact = next((d for d in all_of_them if d.name_key == wanted), None)
    if exact is not None:
        return exact
    hits = [d for d in all_of_them if wanted and wanted in d.name_key]
    if not hits and wanted:
        bound, forms = dictionaries.list_bindings(tx), custom_fields.forms_of(tx)
        ids = {
            to for f, to in bound.items()
            if wanted in (rules.key(field_text(*f, forms)), rules.key(_label(*f, forms)))
        }  # fmt: skip
        hits = [d for d in all_of_them if d.id in ids]
    if len(hits) == 1:
        return hits[0]
    if hits:
        raise NotFound(f"「{words}」可能是：{'、'.join(d.name for d in hits)}，请写全名称再发一次。")
    near = rules.nearest(words, [d.name for d in all_of_them])
    hint = f"是不是「{near}」？" if near else ""
    names = rules.some([d.name for d in all_of_them])
    raise NotFound(f"没有叫「{words}」的字典。{hint}现有：{names}。新建请发送「新建字典 {words or '名称'} 值1;值2」。")


def _label(form: str, field: str, forms: Forms) -> str:
    known = field_of(form, field, forms)
    return known.label if known is not None else "一个停用的字段"


@dataclass(frozen=True, slots=True)
class Changed:
    """A change that is done: what to say, and how to take it back (None: nothing changed)."""

    text: str
    dictionary_id: int | None
    undo_id: int | None = None


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
        undo_id = _offer(tx, ctx, "create", f"新建字典 {name}", {"dictionary_id": made.id, "after": _dump(tx, made.id)})
        _record(tx, ctx, "create.dictionary", made.id, name, {"选项": ("", ";".join(labels))})
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
        return _edit(tx, ctx, dictionary_id, lambda held: rules.plan_edit(held, labels))


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

        return _edit(tx, ctx, dictionary_id, plan)


def switch_value(ctx: Context, dictionary_id: int, label: str, *, on: bool) -> Changed:
    """Disables or enables one value; records that hold it keep showing it (R-DICT-1, R-DICT-3).

    Raises:
        Forbidden, NotFound, NotAValueLine.
    """
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        return _edit(tx, ctx, dictionary_id, lambda held: rules.plan_switch(held, label, on=on))


def switch_value_by_id(ctx: Context, dictionary_id: int, value_id: int, *, on: bool) -> Changed:
    """As `switch_value`, from a card."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:

        def plan(held: Sequence[Held]) -> Plan:
            one = next((h for h in held if h.id == value_id), None)
            if one is None:
                raise NotFound("这个选项已经不在字典里了。")
            return rules.plan_switch(held, one.label, on=on)

        return _edit(tx, ctx, dictionary_id, plan)


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
        held, fields = _held(tx, dictionary_id)
        one = rules.find_value(held, was)
        twin = next((h for h in held if rules.key(h.label) == rules.key(now) and h.id != one.id), None)
        if twin is not None:
            raise rules.NotAValueLine(f"「{twin.label}」已经是这个字典的另一个选项，两个选项不能合并成一个。")
        if one.label == now:
            return Changed(f"「{now}」本来就是这样写的，没有变化。", dictionary_id)
        before = _dump(tx, dictionary_id)
        values = [Value(h.id, now if h.id == one.id else h.label, i, h.enabled) for i, h in enumerate(held)]
        dictionaries.put_values(tx, dictionary_id, values)
        followed = dictionaries.relabel(tx, fields, one.label, now)
        payload = {
            "dictionary_id": dictionary_id, "before": before, "after": _dump(tx, dictionary_id),
            "relabelled": [[one.label, now]], "fields": [list(f) for f in fields],
        }  # fmt: skip
        undo_id = _offer(tx, ctx, "edit", f"改值 {one.label} → {now}", payload)
        _record(
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
        before = _dump(tx, dictionary_id)
        dictionaries.remove_dictionary(tx, dictionary_id)
        undo_id = _offer(tx, ctx, "delete", f"删除字典 {name}", {"name": name, "before": before})
        labels = ";".join(v["label"] for v in before)
        _record(tx, ctx, "delete.dictionary", dictionary_id, name, {"选项": (labels, "")})
    return Changed(f"已删除字典「{name}」。10 分钟内发送「撤销」可以恢复。", None, undo_id)


def find_field(ctx: Context, words: str) -> tuple[Field, str]:
    """The choice field a sentence begins with (`客户 来源 …`, `客户-客户来源 …`), and the rest of it.

    Raises:
        Forbidden.
        InvalidInput: no such form, or no such choice field; the text lists them.
    """
    ctx.actor.require_admin()
    text = words.strip()
    with ctx.begin() as tx:
        fields_by_form = {
            form: [f for f in fields if f.kind == "choice"] for form, fields in custom_fields.forms_of(tx).items()
        }
    forms = {form_label(f): f for f, fields in fields_by_form.items() if fields}
    form = next((label for label in sorted(forms, key=len, reverse=True) if text.startswith(label)), None)
    if form is not None:
        rest = FORM_END.sub("", text[len(form) :])
        spelled = {name: f for f in fields_by_form[forms[form]] for name in _spellings(f, form)}
        if hit := _beginning(spelled, rest):
            return (forms[form], spelled[hit].name), rest[len(hit) :].strip(" :：,，")
    named = {f.label: (key, f.name) for key in forms.values() for f in fields_by_form[key]}
    if hit := _beginning(named, text):
        return named[hit], text[len(hit) :].strip(" :：,，")
    if form is None:
        raise InvalidInput(
            f"没认出是哪张表单。能绑定字典的表单：{'、'.join(forms)}。例如「绑定字典 客户 来源 商机及客户来源」。"
        )
    fields = fields_by_form[forms[form]]
    raise InvalidInput(
        f"没认出「{form}」的哪个字段。能绑定字典的有：{'、'.join(f.label for f in fields)}。"
        f"例如「绑定字典 {form} {fields[0].label} 字典名称」。"
    )


def _spellings(field: FormField, form: str) -> set[str]:
    """客户来源, 来源; 计量单位, 单位; 跟进方式, 方式."""
    return {field.label, field.label.removeprefix(form), field.label[-2:]}


def _beginning(names: Mapping[str, object], text: str) -> str:
    """The longest of the names that `text` begins with."""
    return next((n for n in sorted(names, key=len, reverse=True) if n and text.startswith(n)), "")


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
        undo_id = _offer(tx, ctx, "bind", f"{'绑定' if name else '解绑'}字典 {what}", payload)
        _record(
            tx, ctx, "bind.dictionary" if name else "unbind.dictionary", dictionary_id or was, name or was_name,
            {what: (was_name or "不限", name or "不限")}, field=".".join(field),
        )  # fmt: skip
        if dictionary_id is None:
            return Changed(f"「{what}」已解绑「{was_name}」，以后可以随便填；已有的数据不变。", was, undo_id)
        held, _ = _held(tx, dictionary_id)
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
        match kind:
            case "bind":
                form, field = payload["field"]
                if dictionaries.list_bindings(tx).get((form, field)) != payload["now"]:
                    raise ChangedSince("之后又绑定过别的字典，不能撤销了。")
                if payload["was"] is not None:
                    dictionaries.access_dictionary(tx, payload["was"])
                dictionaries.bind(tx, form, field, payload["was"])
                name, dictionary_id = field_text(form, field, custom_fields.forms_of(tx)), payload["was"]
                changes = {"字典": (_name(tx, payload["now"]), _name(tx, payload["was"]))}
            case "delete":
                name = str(payload["name"])
                if dictionaries.get_by_name(tx, name) is not None:
                    raise ChangedSince(f"又有了叫「{name}」的字典，不能恢复了。")
                dictionary_id = dictionaries.add_dictionary(tx, name).id
                values = [Value(0, v["label"], v["position"], v["enabled"]) for v in payload["before"]]
                dictionaries.put_values(tx, dictionary_id or 0, values)
                changes = {"选项": ("", _labels(payload["before"]))}
            case "create":
                dictionary_id = int(payload["dictionary_id"])
                name = _unchanged(tx, dictionary_id, payload["after"])
                forms = custom_fields.forms_of(tx)
                rules.check_free([field_text(*f, forms) for f in dictionaries.bindings_of(tx, dictionary_id)], name)
                dictionaries.remove_dictionary(tx, dictionary_id)
                changes = {"选项": (_labels(payload["after"]), "")}
            case _:
                dictionary_id = int(payload["dictionary_id"])
                name = _unchanged(tx, dictionary_id, payload["after"])
                before = dictionaries.restore(payload["before"])
                uses = dictionaries.count_uses(tx, dictionaries.bindings_of(tx, dictionary_id))
                old_ids = {v.id for v in before}
                chosen = [
                    Value(v.id, v.label, len(before) + v.position, False)
                    for v in dictionaries.restore(payload["after"])
                    if v.id not in old_ids and uses.get(rules.key(v.label))
                ]  # chosen meanwhile: it stays readable
                dictionaries.put_values(tx, dictionary_id, [*before, *chosen])
                for was, now in payload.get("relabelled", ()):
                    dictionaries.relabel(tx, [(f, n) for f, n in payload["fields"]], now, was)
                changes = {"选项": (_labels(payload["after"]), _labels(payload["before"]))}
        _record(tx, ctx, "undo.dictionary", dictionary_id, name, changes, undone=kind)
    return f"已撤销，「{name}」恢复成之前的样子。"


def _labels(rows: Sequence[dict[str, Any]]) -> str:
    return ";".join(str(r["label"]) for r in rows if r["enabled"])


def _name(tx: Tx, dictionary_id: int | None) -> str:
    return "不限" if dictionary_id is None else dictionaries.access_dictionary(tx, dictionary_id).name


def _unchanged(tx: Tx, dictionary_id: int, after: Sequence[dict[str, Any]]) -> str:
    name = dictionaries.access_dictionary(tx, dictionary_id, lock=True).name
    if _dump(tx, dictionary_id) != list(after):
        raise ChangedSince(f"「{name}」之后又改过，不能撤销了。发送「字典 {name}」看看现在的样子。")
    return name


def _held(tx: Tx, dictionary_id: int) -> tuple[list[Held], list[Field]]:
    fields = dictionaries.bindings_of(tx, dictionary_id)
    values = dictionaries.values_of(tx, dictionary_id)
    return rules.tally([(v.id, v.label, v.enabled) for v in values], dictionaries.count_uses(tx, fields)), fields


def _edit(tx: Tx, ctx: Context, dictionary_id: int, plan_of: Any) -> Changed:
    dictionary = dictionaries.access_dictionary(tx, dictionary_id, lock=True)
    held, fields = _held(tx, dictionary_id)
    plan: Plan = plan_of(held)
    was = [h.label for h in held if h.enabled]
    text = rules.edit_text(dictionary.name, was, plan)
    if plan.nothing:
        return Changed(text, dictionary_id)
    before = _dump(tx, dictionary_id)
    dictionaries.put_values(tx, dictionary_id, _values(plan.values))
    for old, new in plan.relabelled:
        dictionaries.relabel(tx, fields, old, new)
    payload = {
        "dictionary_id": dictionary_id, "before": before, "after": _dump(tx, dictionary_id),
        "relabelled": [list(pair) for pair in plan.relabelled], "fields": [list(f) for f in fields],
    }  # fmt: skip
    undo_id = _offer(tx, ctx, "edit", f"修改字典 {dictionary.name}", payload)
    now = [v.label for v in plan.values if v.enabled]
    _record(tx, ctx, "edit.dictionary", dictionary_id, dictionary.name, {"选项": (";".join(was), ";".join(now))})
    return Changed(text, dictionary_id, undo_id)


def _values(kept: Sequence[Kept]) -> list[Value]:
    return [Value(k.id, k.label, i, k.enabled) for i, k in enumerate(kept)]


def _dump(tx: Tx, dictionary_id: int) -> list[dict[str, Any]]:
    return dictionaries.dump(dictionaries.values_of(tx, dictionary_id))


def _offer(tx: Tx, ctx: Context, kind: str, text: str, payload: dict[str, Any]) -> int:
    return undos.offer(
        tx, user_id=ctx.actor.user_id, kind=f"dictionaries.{kind}", payload=payload, text=text, now=ctx.now, lasts=UNDO
    )


def _record(
    tx: Tx,
    ctx: Context,
    action: str,
    dictionary_id: int | None,
    name: str,
    changes: audit.Changes | None,
    **detail: Any,
) -> None:
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=subject(dictionary_id),
        name=name, changes=changes, **detail,
    )  # fmt: skip
