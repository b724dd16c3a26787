"""What a sentence or a form about a lead says: company, contact, telephone, source, remark."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, time
from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.language.filters import read_list
from bot.language.methods import find_method
from bot.language.phones import find_phones
from bot.language.times import read_times
from handlers.customers.reading import PERSON, bare_labels, read_phone, take_labelled, words_of_name
from handlers.customfields.filters import take_conditions
from handlers.customfields.values import own_fields, take_custom
from handlers.leads.rules import ALL_WORDS, STATE_WORDS
from handlers.leads.steps import NewLead
from storage import dictionaries, people
from storage.custom_fields import Condition
from storage.database import Tx
from storage.leads import OPEN, LeadFilter

LABELS = {
    "公司": "company", "公司名称": "company", "名称": "company", "联系人": "contact", "电话": "mobile",
    "手机": "mobile", "来源": "source", "备注": "remark",
}  # fmt: skip
CHANGE = re.compile(
    rf"^(?P<name>.+?)\s+(?P<label>{'|'.join(sorted(LABELS, key=len, reverse=True))})"
    r"\s*(?:改为|改成|改到|是|为|[:：])?\s*(?P<value>.+)$"
)

DEAL = re.compile(
    r"(?:[\s,，。;；、]+|^)(?:并且?|同时|顺便|顺手|再|另外|和|,|，)*\s*(?:新?建|开|加|带)?(?:一)?个?商机(?=[\s,，:：是为叫\d]|$)[\s,，:：是为叫]*"
)


def cut_deal(words: str) -> tuple[str, str]:
    """`远航 商机 二期 8万`: what stands before, and what is said of the opportunity, beginning with 商机; or ""."""
    found = DEAL.search(words)
    return (words[: found.start()], f"商机 {words[found.end() :]}") if found else (words, "")


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
    text = bare_labels(text, known, ("contact", "remark"))
    for phone in reversed(find_phones(text)):
        known["mobile"] = phone.number
        text = f"{text[: phone.start]} {text[phone.end :]}"
    tokens = [t for t in re.split(r"[\s,，;；、]+", text) if t]
    if len(tokens) > 1 and LABELS.get(tokens[0]) == "company":
        del tokens[0]
    if not new.company and "company" not in known and tokens:
        count = words_of_name(tokens)
        known["company"] = " ".join(tokens[:count])
        del tokens[:count]
    said, tokens, rest = take_labelled(tokens, LABELS)
    known = {**said, **known}
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
    if rest or "remark" in known:
        known["remark"] = " ".join(part for part in (new.remark, known.get("remark", ""), *rest) if part)
    return replace(new, **known, custom={**new.custom, **custom})


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


def read_filled_columns(values: Mapping[str, Any]) -> dict[str, str]:
    """What a form of changes handed in, by column; what it did not offer is not there. Raises InvalidInput."""
    given = {n: str(values[n] or "").strip() for n in dict.fromkeys(LABELS.values()) if n in values}
    return {n: read_phone(v) if n == "mobile" else v for n, v in given.items()}


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
        found = find_method(words, dictionaries.list_methods(tx), skip=times.next_spans)
    at = planned.at(time(0), ctx.now) if planned is not None else None
    method = found.value if found is not None else ""
    return Told(content.strip(" ，,。;；"), method, at, bool(planned is not None and planned.has_time))


@dataclass(frozen=True, slots=True)
class Change:
    """Which lead is to be changed, and what of it; nothing: its form is wanted."""

    name: str
    changes: dict[str, str]  # by column
    custom: dict[str, str]  # the company's own fields, as they are stored

    @property
    def empty(self) -> bool:
        """Only the lead was named."""
        return not (self.changes or self.custom)


def read_change(ctx: Context, words: str) -> Change:
    """`远航 电话 13812345678`, `远航 年采购额 50万`. Raises NotAValue, NotAChoice, Forbidden, InvalidInput."""
    custom, rest = own_fields(ctx, "lead", words)
    said = CHANGE.match(rest)
    if said is None:
        return Change(rest.strip(), {}, custom)
    column, value = LABELS[said["label"]], said["value"].strip()
    value = "" if value in ("无", "空", "清空") and column != "company" else value
    return Change(said["name"], {column: read_phone(value) if column == "mobile" else value}, custom)


def read_filter(ctx: Context, words: str, *, taken: Mapping[str, Any]) -> dict[str, Any]:
    """As `step_read_filter`, for a door."""
    with ctx.begin() as tx:
        return step_read_filter(tx, ctx, words, taken=taken)


def step_read_filter(tx: Tx, ctx: Context, words: str, *, taken: Mapping[str, Any]) -> dict[str, Any]:
    """The conditions of a list as its card keeps them: `展会 李娜 有意向 年采购额 大于50万`; `taken`: known already.

    Raises:
        NotAValue, InvalidInput: a condition on one of the company's own fields that cannot be.
    """
    state: dict[str, Any] = dict(taken)
    said, words = take_conditions(tx, ctx, "lead", words)
    asked = read_list(words)
    left = []
    for word in asked.words:
        if word in STATE_WORDS:
            state["states"] = [*state.get("states", []), STATE_WORDS[word]]
        elif word in ALL_WORDS:
            state["states"] = []
        elif word == "我":
            state["owner"] = ctx.actor.user_id
        elif word != "线索":
            met = [p for p in people.list_by_name(tx, word) if p.name == word]
            if len(met) == 1:
                state["owner"] = met[0].user_id
            else:
                left.append(word.removesuffix("线索") or word)
    own = [asdict(one.condition) for one in said]
    told = " · ".join(one.text for one in said if one.text)
    return state | {"words": left, "page": asked.page, "own": own, "told": told}


def filter_of(state: dict[str, Any]) -> LeadFilter:
    """The list's conditions."""
    return LeadFilter(
        words=tuple(str(w) for w in state.get("words", ())), owner_id=str(state.get("owner", "")),
        states=tuple(str(s) for s in state.get("states", OPEN)),
        own=tuple(Condition(**one) for one in state.get("own", ())),
    )  # fmt: skip
