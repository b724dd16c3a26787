"""Lead cards: what their buttons carry and what they show."""

from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardForm, CardRow, CardView, FormField, choices
from cards.paging import turns


class SubmitLeadButton(Button):
    """Hands in the form of a new lead."""

    action: ClassVar[str] = "leads.submit_new"


class OpenLeadButton(Button):
    """Shows one lead."""

    action: ClassVar[str] = "leads.open"
    lead_id: int


class LeadPageButton(Button):
    """Another page of the list."""

    action: ClassVar[str] = "leads.page"
    page: int


class FollowLeadButton(Button):
    """「跟进线索」: the next sentence is what was talked about."""

    action: ClassVar[str] = "leads.follow"
    lead_id: int


class LeadStateButton(Button):
    """Into that state: following (again) or interested."""

    action: ClassVar[str] = "leads.state"
    lead_id: int
    state: str


class InvalidLeadButton(Button):
    """「无效」. `reason`: its place among the usual ones; 0: ask."""

    action: ClassVar[str] = "leads.invalid"
    lead_id: int
    reason: int = 0


class ConvertLeadButton(Button):
    """「转客户」, with an opportunity if asked. `anyway`: a likeness to a customer was looked at."""

    action: ClassVar[str] = "leads.convert"
    lead_id: int
    opportunity: bool = False
    anyway: bool = False


class EditLeadButton(Button):
    """「修改」: the form, filled with what is there."""

    action: ClassVar[str] = "leads.edit"
    lead_id: int


class SubmitLeadEditButton(Button):
    """Hands in that form; `version` is that of the lead when it was filled."""

    action: ClassVar[str] = "leads.submit_edit"
    lead_id: int
    version: int


def list_card(
    title: str, head: str, rows: Sequence[tuple[int, str, str]], *, page: int, pages: int, empty: str
) -> CardView:
    """A list with its total; each row opens the lead."""
    if not rows:
        return CardView(title, body=empty)
    drawn = tuple(
        CardRow(
            escape(name), escape(facts), "",
            (CardButton(f"查看 {name}"[:20], OpenLeadButton(lead_id=i), typed=f"查线索 {name}"),),
        )
        for i, name, facts in rows
    )  # fmt: skip
    buttons = turns(page, pages, lambda to: LeadPageButton(page=to))
    return CardView(title, body=head, rows=drawn, buttons=tuple(buttons))


def new_card(
    draft: Mapping[str, str], sources: Sequence[str], *, missing: str, withheld: Collection[str] = (),
    custom: Sequence[FormField] = (),
) -> CardView:  # fmt: skip
    """What is known of a new lead, to be completed. `withheld`: fields this person may not fill in."""
    shown = _fields(draft, sources, withheld)
    typed = "新建线索 杭州远航贸易 陈强 13812345678 展会"
    return CardView("新建线索", body=missing, form=CardForm((*shown, *custom), SubmitLeadButton(), "新建线索", typed))


def edit_card(
    known: Mapping[str, str], sources: Sequence[str], *, lead_id: int, version: int, withheld: Collection[str] = (),
    custom: Sequence[FormField] = (),
) -> CardView:  # fmt: skip
    """The lead as it is, to be changed; a source that is disabled by now stays until another one is chosen."""
    source = known.get("source", "")
    offered = sources if not source or source in sources else (*sources, source)
    submit = SubmitLeadEditButton(lead_id=lead_id, version=version)
    typed = f"改线索 {known['company']} 电话 13812345678"
    form = CardForm((*_fields(known, offered, withheld), *custom), submit, "保存", typed)
    return CardView(f"修改线索 {known['company']}", body="改好后保存，清空的就是不要了。", form=form)


def _fields(draft: Mapping[str, str], sources: Sequence[str], withheld: Collection[str]) -> tuple[FormField, ...]:
    fields = (
        FormField("company", "公司", required=True, value=draft.get("company") or None, placeholder="公司名称"),
        FormField("contact", "联系人", value=draft.get("contact") or None, placeholder="姓名"),
        FormField("mobile", "电话", value=draft.get("mobile") or None, placeholder="手机或座机"),
        FormField("source", "来源", "select", value=draft.get("source") or None, options=choices(*sources)),
        FormField("remark", "备注", value=draft.get("remark") or None, placeholder="例如 要两台"),
    )
    return tuple(f for f in fields if f.name not in withheld and (f.kind != "select" or f.options))
