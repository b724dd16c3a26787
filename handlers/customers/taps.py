"""What taps on customer cards do, and how the cards are drawn."""

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, CardTap, CardUpdate, Router
from cards.customers import (
    CreateAnywayButton,
    MoreButton,
    OpenButton,
    SubmitContactButton,
    SubmitCustomerButton,
    TimelineButton,
)
from handlers.customers import views
from handlers.customers.asking import answered
from handlers.customers.creating import NewCustomer
from handlers.customers.finding import find_customer, speak_of
from handlers.customers.reading import read_custom_form, read_form, read_phone
from handlers.customers.rules import MaybeDuplicate
from handlers.customers.service import add_contact, create_customer, show_customer, undo_create
from handlers.customfields.values import read_filled

router = Router("customers.taps")
router.painter("customers.one")(views.paint_customer)
router.painter("customers.created")(views.paint_created)
router.painter("customers.doubt")(views.paint_doubt)
router.painter("customers.new")(views.paint_new)
router.painter("customers.new_contact")(views.paint_new_contact)
router.undoer("customers.create")(lambda payload, ctx: undo_create(ctx, payload))


@router.button(OpenButton)
def open_one(tap: CardTap[OpenButton], ctx: Context) -> CardUpdate:
    """The card shows the customer instead of the list."""
    customer_id = tap.button.customer_id
    show_customer(ctx, customer_id)  # what may not be seen is refused, and the list stays
    speak_of(ctx, customer_id)
    return CardUpdate(card=CardRef("customers.one", {"customer_id": customer_id}, (f"customer:{customer_id}",)))


@router.button(TimelineButton)
def timeline(tap: CardTap[TimelineButton], ctx: Context) -> CardUpdate:  # noqa: ARG001 -- a door's shape
    """Another page of the timeline."""
    state = {"customer_id": tap.button.customer_id, "page": tap.button.page}
    return CardUpdate(card=CardRef("customers.one", state, (f"customer:{tap.button.customer_id}",)))


@router.button(MoreButton)
def more(tap: CardTap[MoreButton], ctx: Context) -> CardUpdate:  # noqa: ARG001 -- a door's shape
    """The other buttons of the same card."""
    state = {"customer_id": tap.button.customer_id, "page": tap.button.page, "more": tap.button.more}
    return CardUpdate(card=CardRef("customers.one", state, (f"customer:{tap.button.customer_id}",)))


@router.button(SubmitCustomerButton)
def submit(tap: CardTap[SubmitCustomerButton], ctx: Context) -> CardUpdate:
    """Creates what the form says; a likeness is asked about first."""
    new = read_custom_form(ctx, tap.form, read_form(tap.form, tap.state.get("draft", {})))
    try:
        return _create(ctx, new, anyway=False)
    except MaybeDuplicate as doubt:
        return CardUpdate(state=views.doubt_state(new, doubt))


@router.button(CreateAnywayButton)
def create_anyway(tap: CardTap[CreateAnywayButton], ctx: Context) -> CardUpdate:
    """It is another one."""
    if not tap.state.get("draft"):
        return CardUpdate(note="已经建好了，没有重复新建。")
    return _create(ctx, NewCustomer(**tap.state["draft"]), anyway=True)


def _create(ctx: Context, new: NewCustomer, *, anyway: bool) -> CardUpdate:
    done = create_customer(ctx, new, anyway=anyway)
    customer_id = done.customer.id or 0
    answered(ctx, customer_id)
    state = {"customer_id": customer_id, "undo_id": done.undo_id, "name": done.customer.name}
    return CardUpdate(card=CardRef("customers.created", state, (f"customer:{customer_id}",)))


@router.button(SubmitContactButton)
def submit_contact(tap: CardTap[SubmitContactButton], ctx: Context) -> CardUpdate:
    """Adds the contact and shows the customer."""
    words, name, title = (str(tap.form.get(part) or "") for part in ("customer", "name", "title"))
    mobile = read_phone(str(tap.form.get("mobile") or ""))
    customer_id = tap.state.get("customer_id")
    if customer_id is None or words != tap.state.get("draft", {}).get("customer"):
        customer_id = _whom(words, ctx)
    custom = read_filled(ctx, "contact", tap.form)
    customer = add_contact(
        ctx, int(customer_id), name=name, title=title, mobile=mobile, wechat=str(tap.form.get("wechat") or ""),
        decider=tap.form.get("decider") is True, custom=custom,
    )  # fmt: skip
    answered(ctx, int(customer_id))
    person = " ".join(part for part in (name, title, mobile) if part)
    ref = CardRef("customers.one", {"customer_id": int(customer_id)}, (f"customer:{customer_id}",))
    return CardUpdate(card=ref, note=f"已给「{customer}」加上联系人：{person}")


def _whom(words: str, ctx: Context) -> int:
    found = find_customer(ctx, words, pooled=None)
    if found.certain is not None:
        return found.certain
    if found.options:
        some = "；".join(words for _, words in found.options[:3])
        raise InvalidInput(f"「客户」不确定是哪一家：{some}。写上全名再提交。")
    raise InvalidInput(f"「客户」没有找到「{words}」，换个名称再提交，或先发送「新建客户 {words}」。")
