"""What a sentence or a form about a new customer says: name, contact, phone, dictionary values."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.core.forms import withheld
from bot.dispatch import FormField, FormValue
from bot.language.names import SURNAMES
from bot.language.phones import find_phones, is_credit_code, is_title, read_contact
from handlers.customers.creating import FIELDS, NewCustomer
from handlers.customfields.filters import Said, take_conditions
from handlers.customfields.values import Values, custom_form_fields, read_custom, take_custom
from storage import dictionaries
from storage.database import Tx

LABELS = {
    "名称": "name", "客户名称": "name", "联系人": "contact", "电话": "mobile", "手机": "mobile", "职务": "title",
    "来源": "source", "行业": "industry", "分类": "customer_class", "城市": "city", "备注": "remark",
    "信用代码": "credit_code",
}  # fmt: skip
CODE = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{18}(?![0-9A-Za-z])")
LATIN = re.compile(r"[A-Za-z][A-Za-z0-9.&'’-]*")
LATIN_FORMS = frozenset(["ltd", "inc", "llc", "co", "corp", "gmbh", "limited", "company", "group", "plc", "ag"])
LEGAL = re.compile(r"\S*(?:公司|集团|厂|股份|合作社|事务所|商行|工作室)[)）]?")
NUMBER = re.compile(r"[0-9]{7,14}")
BARE = re.compile(
    r"(?<=[\s,，;；、])(?:联系人(?:是|叫|为)?\s*(?P<contact>[^\s,，;；:：、\d]{2,12})|备注(?:是|为)?\s*(?P<remark>[^\s:：][^\n]*)|"
    r"(?:来源|行业|分类)(?:是|为)?(?P<choice>[^\s,，;；:：、]+)|城市(?:是|为)?(?P<city>[^\s,，;；:：、]{2,10})|"
    r"(?:联系)?(?:电话|手机)号?码?(?:是|为)?\s*(?=[+\d]))"
)
PERSON = re.compile(rf"^(?:[\u4e00-\u9fff·]{{2,4}}(?:先生|女士|总|经理)?|[{SURNAMES}])$")


def list_options(ctx: Context) -> dict[str, list[str]]:
    """The values a customer's fields may take, of those that have a dictionary."""
    with ctx.begin() as tx:
        return {column: dictionaries.list_values(tx, "customer", key) for column, key in FIELDS.items()}


def withheld_of(ctx: Context) -> frozenset[str]:
    """Which columns of `NewCustomer` the actor may not fill in."""
    columns = {field: column for column, field in FIELDS.items()}
    customer = {columns.get(name, name) for name in withheld(ctx.actor, "customer")}
    return frozenset(customer | withheld(ctx.actor, "contact")) & frozenset(NewCustomer.__dataclass_fields__)


def read_form(values: Mapping[str, Any], draft: Mapping[str, str]) -> NewCustomer:
    """What was handed in, over what was said before. Raises InvalidInput, naming the field."""
    known = NewCustomer.__dataclass_fields__
    given: dict[str, Any] = {name: str(value) for name, value in values.items() if name in known}
    given["mobile"] = read_phone(given.get("mobile", ""))
    new = NewCustomer(**{"name": "", **draft, **given})
    if not (new.contact or new.mobile):
        raise InvalidInput("「联系人」和「电话」至少填一个，再提交。")
    return new


def read_custom_form(ctx: Context, values: Mapping[str, FormValue], new: NewCustomer) -> NewCustomer:
    """With what was handed in of the company's own fields. Raises as `read_custom`."""
    with ctx.begin() as tx:
        return _with_custom(
            new, read_custom(tx, ctx, "customer", values), read_custom(tx, ctx, "contact", values)
        )  # fmt: skip


def _with_custom(new: NewCustomer, customer: Values, contact: Values) -> NewCustomer:
    def joined(before: Values, after: Values) -> Values:
        return {name: value for name, value in {**before, **after}.items() if value}

    return replace(
        new, custom=joined(new.custom, customer), contact_custom=joined(new.contact_custom, contact)
    )  # fmt: skip


def custom_asked(ctx: Context, draft: Mapping[str, Any]) -> tuple[FormField, ...]:
    """The company's own fields of a new customer and its contact for the form, with what is known of them."""
    with ctx.begin() as tx:
        return (
            *custom_form_fields(tx, ctx, "customer", draft.get("custom", {})),
            *custom_form_fields(tx, ctx, "contact", draft.get("contact_custom", {})),
        )


def list_conditions(ctx: Context, words: str) -> tuple[list[Said], str]:
    """The conditions on the company's own fields in the words of a list, and the rest. Raises as `take_conditions`."""
    with ctx.begin() as tx:
        return take_conditions(tx, ctx, "customer", words)


def read_phone(text: str) -> str:
    """The number that was filled in, or nothing. Raises InvalidInput."""
    if not text:
        return ""
    phones = find_phones(text)
    if len(phones) != 1:
        raise InvalidInput(f"「电话」认不出「{text[:30]}」，写 11 位手机号，或 0571-88886666 这样的座机。")
    return phones[0].number


def read_new_customer(ctx: Context, words: str, draft: NewCustomer | None = None) -> NewCustomer:
    """`杭州远航贸易 陈强13812345678 展会认识`, or labelled `来源：展会`. What is known already stays."""
    with ctx.begin() as tx:
        values = {column: _known(tx, key) for column, key in FIELDS.items()}
        custom, text = take_custom(tx, ctx, "customer", words)
        contact_custom, text = take_custom(tx, ctx, "contact", text)
    new = _with_custom(draft or NewCustomer(name=""), custom, contact_custom)
    known: dict[str, Any] = {}
    for label, field in LABELS.items():
        labelled = re.search(rf"{label}[:：]\s*([^\s,，;；]+)", text)
        if labelled:
            known[field] = labelled.group(1)
            text = text.replace(labelled.group(0), " ")
    text = bare_labels(text, known)
    for token in CODE.findall(text):
        if is_credit_code(token) or sum(c.isdigit() for c in token) > 6:  # a wrong one is refused, not kept as a note
            known["credit_code"] = token.upper()
            text = text.replace(token, " ")
    for phone in reversed(find_phones(text)):
        known["mobile"] = phone.number
        text = f"{text[: phone.start]} {text[phone.end :]}"
    tokens = [t for t in re.split(r"[\s,，;；、]+", text) if t]
    if len(tokens) > 1 and LABELS.get(tokens[0]) == "name":
        del tokens[0]
    if not new.name and "name" not in known and tokens:
        count = words_of_name(tokens)
        known["name"] = " ".join(tokens[:count])
        del tokens[:count]
    said, tokens, rest = take_labelled(tokens, LABELS)
    known = {**said, **known}
    for token in tokens:
        column, value = _chosen(token, {c: v for c, v in values.items() if c not in known})
        if column:
            known[column] = value
        elif "title" not in known and not new.title and is_title(token):
            known["title"] = token
        elif "contact" not in known and not new.contact and (PERSON.match(token) or LATIN.fullmatch(token)):
            person = read_contact(token)
            known["contact"] = person.name if person is not None and person.name else token
            if person is not None and person.title:
                known["title"] = person.title
        elif "mobile" not in known and not new.mobile and NUMBER.fullmatch(token):
            known["mobile"] = _local_number(token)
        else:
            rest.append(token)
    if rest or "remark" in known:
        known["remark"] = " ".join(part for part in (new.remark, known.get("remark", ""), *rest) if part)
    return replace(new, **known)


def bare_labels(text: str, known: dict[str, Any], columns: Sequence[str] = ("contact", "remark", "city")) -> str:
    """`联系人韩梅梅 备注 要两百只`: labels without a colon, behind the name. What they say is cut out.

    A value of a dictionary stays as a word of its own: those are told from each other by their values.
    """
    for said in reversed(list(BARE.finditer(text))):
        column = next((c for c in ("contact", "remark", "city") if said[c]), "")
        if column and column not in columns:
            continue
        if column:
            known.setdefault(column, said[column].strip())
        text = f"{text[: said.start()]} {said['choice'] or ''} {text[said.end() :]}"
    return text


def take_labelled(tokens: list[str], labels: Mapping[str, str]) -> tuple[dict[str, str], list[str], list[str]]:
    """What stands behind a label that is a word of its own, `来源 展会`, by column; the other words; those of a remark.

    A person and a number are known by how they look: of them the label alone is taken away. Otherwise 来源 itself would
    be taken for a person, and the value for a remark that no list of values is held against (R3.60).
    """
    known: dict[str, str] = {}
    others: list[str] = []
    at = 0
    while at < len(tokens):
        column = labels.get(tokens[at])
        behind = tokens[at + 1] if at + 1 < len(tokens) else ""
        if column is None or not (behind or column in ("contact", "mobile")):
            others.append(tokens[at])
        elif column == "remark":
            return known, others, tokens[at + 1 :]
        elif column not in ("contact", "mobile") and behind not in labels:
            known[column] = behind
            at += 1
        at += 1
    return known, others, []


def _known(tx: Tx, field: str) -> tuple[str, ...]:
    """The field's values, the disabled ones too: who says one is told so, instead of its being taken for a name."""
    choices = dictionaries.choices_of(tx, "customer", field)
    return (*choices.enabled, *choices.disabled) if choices is not None else ()


def _chosen(token: str, values: dict[str, tuple[str, ...]]) -> tuple[str, str]:
    """Column and value `token` names, or begins with; the longest value first (网络推广 before 网络)."""
    folded = dictionaries.fold(token)
    hits = [
        (len(value), column, value)
        for column, labels in values.items()
        for value in labels
        if folded.startswith(dictionaries.fold(value))
    ]
    if not hits:
        return "", ""
    longest = max(length for length, *_ in hits)
    return next((column, value) for length, column, value in hits if length == longest)


def words_of_name(tokens: list[str]) -> int:
    """How many tokens the name has: `Tesla Motors Ltd. Elon` three, `3M 中国有限公司 张三` two, a Chinese name one."""
    if len(tokens) > 1 and not LEGAL.fullmatch(tokens[0]) and LEGAL.fullmatch(tokens[1]):
        return 2
    latin = next((i for i, t in enumerate(tokens) if not LATIN.fullmatch(t)), len(tokens))
    ends = next((i for i, t in enumerate(tokens[:latin]) if t.lower().rstrip(".") in LATIN_FORMS), latin - 1)
    return max(1, ends + 1)


def _local_number(digits: str) -> str:
    """A landline without its area code. Raises InvalidInput for what is no number."""
    if len(digits) not in (7, 8):
        raise InvalidInput(f"电话「{digits}」认不出来：手机是 11 位，固话带上区号。改好后整条再发一次。")
    return digits
