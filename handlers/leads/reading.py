"""What a sentence or a form about a lead says: company, contact, telephone, source, remark."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.language.phones import find_phones
from bot.language.times import read_times
from handlers.customers.reading import LATIN, LATIN_FORMS, PERSON, read_phone
from handlers.customfields.values import take_custom
from handlers.leads.service import NewLead
from storage import dictionaries

LABELS = {
    "公司": "company", "公司名称": "company", "名称": "company", "联系人": "contact", "电话": "mobile",
    "手机": "mobile", "来源": "source", "备注": "remark",
}  # fmt: skip
CHANGE = re.compile(
    rf"^(?P<name>.+?)\s+(?P<label>{'|'.join(sorted(LABELS, key=len, reverse=True))})"
    r"\s*(?:改为|改成|改到|是|为|[:：])?\s*(?P<value>.+)$"
)


def read_lead(ctx: Context, words: str, draft: NewLead | None = None) -> NewLead:
    """`杭州远航贸易 陈强 13812345678 展会 要两台`, or labelled `来源：展会`. What is known already stays."""
    with ctx.begin() as tx:
        choices = dictionaries.choices_of(tx, "lead", "source")
        sources = (*choices.enabled, *choices.disabled) if choices is not None else ()
        custom, text = take_custom(tx, ctx, "lead", words)
    new = draft or NewLead(company="")
    known: dict[str, Any] = {}
    for label, column in LABELS.items():
        labelled = re.search(rf"(?<![^\s,，;；]){label}[:：]\s*([^\s,，;；]+)", text)
        if labelled:
            known[column] = labelled.group(1)
            text = text.replace(labelled.group(0), " ")
    for phone in reversed(find_phones(text)):
        known["mobile"] = phone.number
        text = f"{text[: phone.start]} {text[phone.end :]}"
    tokens = [t for t in re.split(r"[\s,，;；、]+", text) if t]
    if not new.company and "company" not in known and tokens:
        count = _company_words(tokens)
        known["company"] = " ".join(tokens[:count])
        del tokens[:count]
    rest: list[str] = []
    for token in tokens:
        source = _source(token, sources) if "source" not in known else ""
        if source:
            known["source"] = source
        elif "contact" not in known and not new.contact and PERSON.match(token):
            known["contact"] = token
        elif "mobile" not in known and not new.mobile and re.fullmatch(r"\d{7,14}", token):
            known["mobile"] = read_phone(token)
        else:
            rest.append(token)
    if rest:
        known["remark"] = " ".join([*([new.remark] if new.remark else []), *rest])
    return replace(new, **known, custom={**new.custom, **custom})


def _company_words(tokens: list[str]) -> int:
    """How many tokens the company has: `Tesla Motors Ltd.` three, a Chinese one has one."""
    latin = next((i for i, t in enumerate(tokens) if not LATIN.fullmatch(t)), len(tokens))
    ends = next((i for i, t in enumerate(tokens[:latin]) if t.lower().rstrip(".") in LATIN_FORMS), latin - 1)
    return max(1, ends + 1)


def _source(token: str, sources: tuple[str, ...]) -> str:
    folded = dictionaries.fold(token)
    hits = [s for s in sources if folded.startswith(dictionaries.fold(s))]
    return max(hits, key=len, default="")


def read_form(values: Mapping[str, Any], custom: dict[str, str]) -> NewLead:
    """What was handed in, with the company's own fields as they are stored. Raises InvalidInput."""
    given = {n: str(values.get(n) or "").strip() for n in ("company", "contact", "mobile", "source", "remark")}
    return NewLead(
        given["company"], given["contact"], read_phone(given["mobile"]), given["source"], given["remark"], custom
    )


@dataclass(frozen=True, slots=True)
class Told:
    """A follow-up as it was told."""

    content: str
    method: str
    next_at: datetime | None
    timed: bool


def read_told(ctx: Context, words: str) -> Told:
    """`电话聊了报价 下次周三`. Raises InvalidInput for a day that is not certain."""
    times = read_times(words, ctx.now)
    planned = times.next_at
    if planned is not None and not planned.sure:
        raise InvalidInput(f"没认准下次的时间「{planned.text}」，可以写：7月15日 / 下周三 / 明天下午3点。")
    content = words
    for start, end in sorted(times.bare_clauses, reverse=True):
        content = f"{content[:start]} {content[end:]}"
    with ctx.begin() as tx:
        method = next((m for m in dictionaries.list_methods(tx) if m in words), "")
    at = planned.at(time(0), ctx.now) if planned is not None else None
    return Told(content.strip(" ，,。;；"), method, at, bool(planned is not None and planned.has_time))


def read_change(words: str) -> tuple[str, dict[str, str]]:
    """`远航 电话 13812345678`: which lead, and what of it. Raises InvalidInput."""
    said = CHANGE.match(words)
    if said is None:
        raise InvalidInput("改什么？例如「改线索 远航 电话 13812345678」，可改：公司、联系人、电话、来源、备注。")
    column, value = LABELS[said["label"]], said["value"].strip()
    value = "" if value in ("无", "空", "清空") and column != "company" else value
    return said["name"], {column: read_phone(value) if column == "mobile" else value}
