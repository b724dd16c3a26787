"""Cards of contacts: a customer's list, one person, the form."""

from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardForm, CardRow, CardView, FormField


class ContactsButton(Button):
    """「联系人」: all of a customer's."""

    action: ClassVar[str] = "contacts.list"
    customer_id: int
    page: int = 1


class OpenContactButton(Button):
    """One person."""

    action: ClassVar[str] = "contacts.open"
    contact_id: int


class EditContactButton(Button):
    """「修改」: the form, filled with what is there."""

    action: ClassVar[str] = "contacts.edit"
    contact_id: int


class SubmitContactEditButton(Button):
    """Hands in the form; `version` is that of the contact when it was filled."""

    action: ClassVar[str] = "contacts.submit"
    contact_id: int
    version: int


class MainButton(Button):
    """「设为主联系人」."""

    action: ClassVar[str] = "contacts.main"
    contact_id: int


class SwitchContactButton(Button):
    """「已离职」 and the like; without a reason: 「重新启用」."""

    action: ClassVar[str] = "contacts.switch"
    contact_id: int
    reason: str = ""


class DeleteContactButton(Button):
    """「删除」."""

    action: ClassVar[str] = "contacts.delete"
    contact_id: int


class AddContactButton(Button):
    """「加联系人」: the form of a new one."""

    action: ClassVar[str] = "contacts.add"
    customer_id: int


def contacts_card(
    customer: str, head: str, rows: Sequence[tuple[int, str, str]], buttons: Sequence[CardButton], *, empty: str
) -> CardView:
    """A customer's contacts; each row opens one."""
    if not rows:
        return CardView(f"{escape(customer)} 的联系人", body=empty, buttons=tuple(buttons))
    drawn = tuple(
        CardRow(
            escape(name),
            facts,
            "",
            (CardButton(f"看 {name}", OpenContactButton(contact_id=i), typed=f"联系人 {name}"),),
        )
        for i, name, facts in rows
    )
    return CardView(f"{escape(customer)} 的联系人", body=head, rows=drawn, buttons=tuple(buttons))


def contact_card(
    name: str, customer: str, tags: Sequence[str], fields: Sequence[tuple[str, str]], buttons: Sequence[CardButton],
    *, own: Sequence[tuple[str, str]] = (),
) -> CardView:  # fmt: skip
    """One person. `own`: the company's own fields in words."""
    shown = (*((label, escape(value)) for label, value in fields if value), *own)
    return CardView(escape(name), tags=tuple(tags), body=escape(customer), fields=shown, buttons=tuple(buttons))


LABELS = {"name": "姓名", "title": "职务", "mobile": "手机", "phone": "座机", "wechat": "微信"}


def edit_form(
    values: Mapping[str, str], *, contact_id: int, version: int, decider: bool, customer: str,
    withheld: Collection[str] = (), custom: Sequence[FormField] = (),
) -> CardView:  # fmt: skip
    """Filled with what is there. `custom`: the company's own fields."""
    fields = [
        FormField(key, label, required=key == "name", value=values.get(key) or None)
        for key, label in LABELS.items()
        if key not in withheld
    ]
    fields.append(FormField("decider", "决策人", "switch", value=decider))
    name = values.get("name", "")
    form = CardForm(
        (*fields, *custom), SubmitContactEditButton(contact_id=contact_id, version=version), "保存",
        f"改联系人 {customer} {name} 职务 总监",
    )  # fmt: skip
    return CardView(f"修改 {escape(name)}", body=escape(customer), form=form)
