"""What taps on visits' cards do."""

from bot.context import Context
from bot.dispatch import CardTap, CardUpdate, Router
from cards.visits import AsideButton, HereButton, OpenVisitButton, OtherButton, PlaceButton, VisitPageButton
from handlers.customers.finding import speak_of
from handlers.visits import service, views
from handlers.visits.asking import ask_which
from handlers.visits.linking import Done
from handlers.visits.service import confirm_visit, place_customer, set_aside, undo_place, undo_visit

router = Router("visits.taps")
router.painter("visits.one")(views.paint_visit)
router.painter("visits.list")(views.paint_list)
router.undoer("visits.undo")(lambda payload, ctx: undo_visit(ctx, payload))
router.undoer("visits.place")(lambda payload, ctx: undo_place(ctx, payload))


@router.button(HereButton)
def here(tap: CardTap[HereButton], ctx: Context) -> CardUpdate:
    """It was there: linked, and what was said is a follow-up."""
    done = confirm_visit(ctx, tap.button.visit_id, tap.button.customer_id)
    speak_of(ctx, tap.button.customer_id)
    note = "已关联，并记成跟进。" if done.follow_up_id is not None else "已关联。没写聊了什么，不算跟进。"
    undo_id = done.undo_id or tap.state.get("undo_id")
    return CardUpdate(note=note, card=views.visit_ref(Done(done.visit_id, undo_id, done.customer_id)))


@router.button(OtherButton)
def other(tap: CardTap[OtherButton], ctx: Context) -> CardUpdate:
    """What else it may be; a name may be typed."""
    ask_which(ctx, tap.button.visit_id)
    state = {**tap.state, "visit_id": tap.button.visit_id, "pick": True}
    return CardUpdate(note="也可以直接回复客户名称。", card=views.visit_ref(Done(tap.button.visit_id, None), **state))


@router.button(AsideButton)
def aside(tap: CardTap[AsideButton], ctx: Context) -> CardUpdate:
    """It was at no customer."""
    return CardUpdate(note="好的，这次不关联客户。", card=views.visit_ref(set_aside(ctx, tap.button.visit_id)))


@router.button(OpenVisitButton)
def open_one(tap: CardTap[OpenVisitButton], ctx: Context) -> CardUpdate:
    """The visit, to be linked."""
    ask_which(ctx, tap.button.visit_id)
    return CardUpdate(card=views.visit_ref(Done(tap.button.visit_id, None), pick=True))


@router.button(PlaceButton)
def place(tap: CardTap[PlaceButton], ctx: Context) -> CardUpdate:
    """The customer is where the visit was."""
    name, undo_id = place_customer(ctx, tap.button.visit_id)
    return CardUpdate(state={**tap.state, "undo_id": undo_id}, note=f"已记为「{name}」的位置。")


@router.button(VisitPageButton)
def turn_page(tap: CardTap[VisitPageButton], ctx: Context) -> CardUpdate:
    """Another page of the list."""
    state = {**tap.state, "page": tap.button.page}
    shown = service.list_visits(ctx, views.wanted_of(state), tap.button.page)
    return CardUpdate(state={**state, "page": shown.page})
