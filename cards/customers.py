"""Customer cards: what their buttons carry and what they show."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardForm, CardRow, CardView, FormField, choices
from bot.language.phones import mask
from cards.team import AskJoinButton


class FollowButton(Button):
    """「记跟进」: the next sentence is a follow-up of this customer."""

    action: ClassVar[str] = "customers.follow"
    customer_id: int


class OpenButton(Button):
    """Shows one customer of a list."""

    action: ClassVar[str] = "customers.open"
    customer_id: int


class MoreButton(Button):
    """「更多」: what is done less often with a customer; `more` False: back again."""

    action: ClassVar[str] = "customers.more"
    customer_id: int
    page: int = 1
    more: bool = True


class TimelineButton(Button):
    """「跟进记录」, five a page."""

    action: ClassVar[str] = "customers.timeline"
    customer_id: int
    page: int = 1


class CustomerPageButton(Button):
    """Another page of the list the card shows."""

    action: ClassVar[str] = "customers.page"
    page: int


class CreateAnywayButton(Button):
    """「仍要新建」 after a likeness was shown; what to create stands in the card's state."""

    action: ClassVar[str] = "customers.create_anyway"


class SubmitCustomerButton(Button):
    """Hands in the form of a new customer."""

    action: ClassVar[str] = "customers.submit_new"


class SubmitContactButton(Button):
    """Hands in the form of a new contact."""

    action: ClassVar[str] = "customers.submit_contact"


class HasFacts(Protocol):
    """A customer's distinguishing facts."""

    customer_class: str
    industry: str
    city: str
    source: str


class HasName(Protocol):
    """A contact."""

    name: str
    title: str
    mobile: str


def facts_line(customer: HasFacts, *, named: str = "", source: bool = True) -> str:
    """城市 · 行业 · 分类 · 来源, as far as they are known; no city that the name beside it (`named`) says already."""
    city = "" if customer.city and customer.city in named else customer.city
    facts = (city, customer.industry, customer.customer_class, customer.source if source else "")
    return " · ".join(escape(p) for p in facts if p)


def contact_line(contact: HasName, *, marks: str = "", masked: bool = False) -> str:
    """陈强 采购经理 13812345678. `marks`: 主 · 决策人 …"""
    number = mask(contact.mobile) if masked else contact.mobile
    shown = " ".join(escape(part) for part in (contact.name, contact.title, number) if part)
    return f"{shown}（{marks}）" if marks else shown


@dataclass(frozen=True, slots=True)
class CustomerSheet:
    """Everything a customer card shows, already in words."""

    customer_id: int
    name: str
    facts: str
    owner: str  # 你负责 | 李娜 负责 | 公海
    contacts: tuple[str, ...]
    last: str
    next: str
    timeline: tuple[tuple[str, str], ...]  # when, how and by whom; what was said
    history: tuple[str, ...]
    may_follow: bool
    may_claim: bool
    may_return: bool
    timeline_pages: int = 1
    custom: tuple[tuple[str, str], ...] = ()  # label and value of the company's own fields
    tags: tuple[str, ...] = ()
    about: tuple[tuple[str, str], ...] = ()  # 简称, 地址 … as far as they are known
    chain: str = ""
    origins: tuple[str, ...] = ()  # the leads it came from
    team: str = ""
    may_edit: bool = False
    own: bool = False
    pooled: bool = False
    dealt: bool = False  # it has contracts on which money may come in, as far as the viewer sees


MOST = 6  # buttons on a card, as many as a phone shows without scrolling


def folded(buttons: Sequence[CardButton], *, customer_id: int, page: int, more: bool) -> list[CardButton]:
    """As many as fit, the others behind 「更多」; `more`: those others."""
    if len(buttons) <= MOST:
        return list(buttons)
    if more:
        back = MoreButton(customer_id=customer_id, page=page, more=False)
        return [*buttons[MOST - 1 :], CardButton("收起", back)]
    return [*buttons[: MOST - 1], CardButton("更多", MoreButton(customer_id=customer_id, page=page))]


def customer_card(sheet: CustomerSheet, buttons: Sequence[CardButton]) -> CardView:
    """One customer."""
    fields = [("负责人", sheet.owner)]
    if sheet.chain:
        fields.append(("进展", sheet.chain))
    fields += [("来源线索", origin) for origin in sheet.origins]
    fields += sheet.about
    fields += sheet.custom
    fields += [("联系人", line) for line in sheet.contacts]
    if sheet.team:
        fields.append(("协作人", sheet.team))
    if sheet.last:
        fields.append(("最近跟进", sheet.last))
    if sheet.next:
        fields.append(("下次跟进", sheet.next))
    if sheet.history:
        fields.append(("归属", "；".join(sheet.history)))
    body = sheet.facts
    rows = tuple(CardRow(head, content) for head, content in sheet.timeline)
    return CardView(sheet.name, tags=sheet.tags, body=body, fields=tuple(fields), rows=rows, buttons=tuple(buttons))


LABELS = {
    "name": "客户名称", "contact": "联系人", "mobile": "电话", "source": "来源", "industry": "行业",
    "customer_class": "分类", "title": "职务", "city": "城市", "credit_code": "信用代码", "remark": "备注",
}  # fmt: skip
SAID_ALREADY = ("title", "city", "credit_code", "remark")  # asked for only if they were said
HINTS = {"name": "", "contact": "姓名", "mobile": "手机或座机"}


def new_customer(
    draft: Mapping[str, str], options: Mapping[str, Sequence[str]], *, missing: str, doubt: str = "",
    withheld: Collection[str] = (), custom: Sequence[FormField] = (), others: Sequence[tuple[int, str]] = (),
    asked: str = "",
) -> CardView:  # fmt: skip
    """What is known of a new customer, to be completed. `options`: the dictionaries' values by field.

    `withheld`: fields this person may not fill in; `custom`: those of the company's own that he may; `doubt`, `others`,
    `asked`: as `doubt_card`.
    """
    fields = [
        FormField(
            name, label, "select" if options.get(name) else "text", required=name == "name",
            value=draft.get(name) or None, placeholder=HINTS.get(name, ""), options=choices(*options.get(name, ())),
        )
        for name, label in LABELS.items()
        if name not in withheld
        and (name not in SAID_ALREADY or draft.get(name))
        and (name in HINTS or options.get(name) or draft.get(name))
    ]  # fmt: skip
    person = "陈强" if "mobile" in withheld else "陈强 13812345678"
    channel = "" if "source" in withheld else " 展会"
    typed = person if draft.get("name") else f"杭州远航贸易 {person}{channel}"
    form = CardForm((*fields, *custom), SubmitCustomerButton(), "新建客户", typed)
    if doubt:
        return replace(doubt_card(doubt, others, asked=asked), form=form)
    return CardView("新建客户", body=missing, form=form)


def doubt_card(
    doubt: str, others: Sequence[tuple[int, str]], *, asked: str = "", title: str = "新建客户",
    anyway: Button | None = None,
) -> CardView:  # fmt: skip
    """Something alike is there. `others`: colleagues' customers, by id and owner; `asked`: what came of asking one;
    `anyway`: what 仍要新建 does (None: creates the customer of the form).
    """
    numbered = len(others) > 1
    buttons = [
        CardButton(
            f"申请协作 {n} · {owner}" if numbered else f"申请协作 · {owner}", AskJoinButton(customer_id=customer_id),
            typed=f"申请协作 {n}" if numbered else "申请协作",
        )
        for n, (customer_id, owner) in enumerate(others, start=1)
    ]  # fmt: skip
    buttons.append(CardButton("仍要新建", anyway or CreateAnywayButton(), typed="仍要新建"))
    then = "确定是另一家的话，点「仍要新建」或回复「仍要新建」；不是就回复「取消」。"
    if others:
        then += f"想一起跟，点「申请协作」或回复「申请协作{' 1' if numbered else ''}」。"
    return CardView(title, body=f"{escape(doubt)}\n{then}", buttons=tuple(buttons), footer=asked)


def new_contact(
    draft: Mapping[str, str], *, withheld: Collection[str] = (), custom: Sequence[FormField] = ()
) -> CardView:
    """What is known of a new contact, to be completed. `withheld`, `custom`: as `new_customer`."""
    customer = draft.get("customer", "")
    fields = (
        FormField("customer", "客户", required=True, value=customer or None, placeholder="名称或简称"),
        FormField("name", "姓名", required=True, value=draft.get("name") or None),
        FormField("title", "职务", value=draft.get("title") or None, placeholder="例如 采购经理"),
        FormField("mobile", "电话", value=draft.get("mobile") or None, placeholder=HINTS["mobile"]),
        FormField("wechat", "微信", value=draft.get("wechat") or None),
        FormField("decider", "决策人", "switch", value=bool(draft.get("decider"))),
    )
    person = " ".join(
        words for name, words in (("name", "陈强"), ("title", "采购经理"), ("mobile", "13812345678"))
        if name not in withheld
    )  # fmt: skip
    typed = person if customer else f"华兴 {person}"
    offered = (*(f for f in fields if f.name not in withheld), *custom)
    form = CardForm(offered, SubmitContactButton(), "添加联系人", typed)
    body = f"给「{escape(customer)}」加一位联系人。" if customer else "给哪家客户加联系人？"
    body = draft.get("missing") or body
    return CardView("添加联系人", body=body, form=form)
