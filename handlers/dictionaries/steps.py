"""The steps by which a dictionary changes: what is held, what becomes of it, written down and offered back."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from bot.context import Context
from bot.core.errors import NotFound
from bot.core.forms import Forms, field_of, form_label
from handlers.dictionaries import rules
from handlers.dictionaries.rules import ChangedSince, Held, Kept, Plan
from handlers.dictionaries.sheets import Changed
from storage import audit, custom_fields, dictionaries, undos
from storage.database import Tx
from storage.dictionaries import Field, Value
from storage.tables import Dictionary

UNDO = timedelta(minutes=10)


def subject(dictionary_id: int | None) -> str:
    """How cards and audit lines name a dictionary."""
    return f"dictionary:{dictionary_id}"


def field_text(form: str, field: str, forms: Forms) -> str:
    """客户-客户来源, as people read and type it."""
    return f"{form_label(form)}-{label_text(form, field, forms)}"


def step_named(tx: Tx, words: str) -> Dictionary:
    """By the words people say. Raises NotFound, naming what there is."""
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
            if wanted in (rules.key(field_text(*f, forms)), rules.key(label_text(*f, forms)))
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


def label_text(form: str, field: str, forms: Forms) -> str:
    """The field as its form calls it."""
    known = field_of(form, field, forms)
    return known.label if known is not None else "一个停用的字段"


def labels_text(rows: Sequence[dict[str, Any]]) -> str:
    """The line of what can be chosen."""
    return ";".join(str(r["label"]) for r in rows if r["enabled"])


def step_name(tx: Tx, dictionary_id: int | None) -> str:
    """Raises NotFound."""
    return "不限" if dictionary_id is None else dictionaries.access_dictionary(tx, dictionary_id).name


def step_unchanged(tx: Tx, dictionary_id: int, after: Sequence[dict[str, Any]]) -> str:
    """Its name, if it still is as that change left it. Raises ChangedSince, NotFound."""
    name = dictionaries.access_dictionary(tx, dictionary_id, lock=True).name
    if step_dump(tx, dictionary_id) != list(after):
        raise ChangedSince(f"「{name}」之后又改过，不能撤销了。发送「字典 {name}」看看现在的样子。")
    return name


def step_held(tx: Tx, dictionary_id: int) -> tuple[list[Held], list[Field]]:
    """Its values with how many records hold each, and the fields that take them."""
    fields = dictionaries.bindings_of(tx, dictionary_id)
    values = dictionaries.values_of(tx, dictionary_id)
    return rules.tally([(v.id, v.label, v.enabled) for v in values], dictionaries.count_uses(tx, fields)), fields


def step_edit(tx: Tx, ctx: Context, dictionary_id: int, plan_of: Any) -> Changed:
    """Writes what the plan of its values is; records follow. Raises NotFound."""
    dictionary = dictionaries.access_dictionary(tx, dictionary_id, lock=True)
    held, fields = step_held(tx, dictionary_id)
    plan: Plan = plan_of(held)
    was = [h.label for h in held if h.enabled]
    text = rules.edit_text(dictionary.name, was, plan)
    if plan.nothing:
        return Changed(text, dictionary_id)
    before = step_dump(tx, dictionary_id)
    dictionaries.put_values(tx, dictionary_id, _values(plan.values))
    for old, new in plan.relabelled:
        dictionaries.relabel(tx, fields, old, new)
    payload = {
        "dictionary_id": dictionary_id, "before": before, "after": step_dump(tx, dictionary_id),
        "relabelled": [list(pair) for pair in plan.relabelled], "fields": [list(f) for f in fields],
    }  # fmt: skip
    undo_id = step_offer(tx, ctx, "edit", f"修改字典 {dictionary.name}", payload)
    now = [v.label for v in plan.values if v.enabled]
    step_record(tx, ctx, "edit.dictionary", dictionary_id, dictionary.name, {"选项": (";".join(was), ";".join(now))})
    return Changed(text, dictionary_id, undo_id)


def _values(kept: Sequence[Kept]) -> list[Value]:
    return [Value(k.id, k.label, i, k.enabled) for i, k in enumerate(kept)]


def step_dump(tx: Tx, dictionary_id: int) -> list[dict[str, Any]]:
    """As an undo keeps it."""
    return dictionaries.dump(dictionaries.values_of(tx, dictionary_id))


def step_offer(tx: Tx, ctx: Context, kind: str, text: str, payload: dict[str, Any]) -> int:
    """Offers the change to be taken back."""
    return undos.offer(
        tx, user_id=ctx.actor.user_id, kind=f"dictionaries.{kind}", payload=payload, text=text, now=ctx.now, lasts=UNDO
    )


def step_record(
    tx: Tx,
    ctx: Context,
    action: str,
    dictionary_id: int | None,
    name: str,
    changes: audit.Changes | None,
    **detail: Any,
) -> None:
    """Into the audit."""
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=subject(dictionary_id),
        name=name, changes=changes, **detail,
    )  # fmt: skip
