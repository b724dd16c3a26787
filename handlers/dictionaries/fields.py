"""Which choice field a sentence is about."""

import re
from collections.abc import Mapping

from bot.core.errors import InvalidInput
from bot.core.forms import FormField, form_label
from storage.dictionaries import Field

FORM_END = re.compile(r"^(?:表单)?的?[\s\-－—·:：]*")


def match_field(fields_by_form: Mapping[str, list[FormField]], text: str) -> tuple[Field, str]:
    """The choice field the text begins with, and the rest. Raises InvalidInput, listing what there is."""
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
