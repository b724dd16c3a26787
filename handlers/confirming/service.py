"""Use cases of what waits for its author's one tap.

A capability registers who does it, `@router.confirmer("contracts.create")` over `(payload, ctx) -> Confirmed`, and
answers a sentence with `propose(ctx, talk, kind, payload, summary)`. What the confirmer refuses leaves the intent open.
"""

from typing import Any

from bot.context import Context
from bot.core.errors import NotFound
from bot.dispatch import CardRef, Confirmed, Reply, Talk
from cards.confirming import Summary
from handlers.confirming import rules
from storage import cards, intents
from storage.database import Tx
from storage.tables import Intent


def propose(ctx: Context, talk: Talk | None, kind: str, payload: dict[str, Any], summary: Summary) -> Reply:
    """The summary card. Checked before and, by the confirmer, again when it is tapped. `payload` must be JSON.

    `talk`: where 「确认」 may be typed instead; None after a tap.
    """
    with ctx.begin() as tx:
        intent_id = intents.propose(
            tx, user_id=ctx.actor.user_id, kind=kind, payload=payload, summary=summary.row(), now=ctx.now
        )
    if talk is not None:
        talk.ask("confirming.wait", intent_id=intent_id)
    return Reply(card=CardRef("confirming.summary", {"intent_id": intent_id}, (intents.subject(intent_id),)))


def confirm_intent(ctx: Context, intent_id: int) -> Confirmed:
    """Does it, exactly once.

    Raises:
        NotFound: no such intent of this person.
        NoMore: it was settled before, or waited too long; and whatever the confirmer refuses.
    """
    with ctx.begin() as tx:
        intent = _own(tx, ctx, intent_id)
        if not intents.take(tx, intent_id, ctx.actor.user_id, ctx.now):
            _refuse(tx, ctx, intent_id)
        kind, payload = intent.kind, dict(intent.payload)
    done: Confirmed = ctx.confirmers[kind](payload, ctx)
    with ctx.begin() as tx:
        intents.note_result(tx, intent_id, done.text)
        _step_redraw(tx, ctx, intent_id)
    return done


def drop_intent(ctx: Context, intent_id: int) -> str:
    """Lets it be. Raises NotFound, NoMore."""
    with ctx.begin() as tx:
        title = str(_own(tx, ctx, intent_id).summary["title"])
        if not intents.cancel(tx, intent_id, ctx.actor.user_id, ctx.now):
            _refuse(tx, ctx, intent_id)
        _step_redraw(tx, ctx, intent_id)
        return f"好的，「{title}」不办了。"


def show_intent(ctx: Context, intent_id: int) -> Intent:
    """As its card shows it. Raises NotFound."""
    with ctx.begin() as tx:
        return _own(tx, ctx, intent_id)


def _own(tx: Tx, ctx: Context, intent_id: int) -> Intent:
    intent = intents.get(tx, intent_id)
    if intent is None or intent.user_id != ctx.actor.user_id:
        attempt = f"intent:{intent_id}" if intent is not None else ""
        raise NotFound("没有找到要确认的内容，请再发一次。", attempt=attempt)
    return intent


def _step_redraw(tx: Tx, ctx: Context, intent_id: int) -> None:
    """Answered in words, the summary's buttons go too."""
    cards.redraw_others(tx, intents.subject(intent_id), now=ctx.now, but=ctx.key if ctx.via == "tap" else "")


def _refuse(tx: Tx, ctx: Context, intent_id: int) -> None:
    intent = _own(tx, ctx, intent_id)
    rules.check_open(
        title=str(intent.summary["title"]), state=intent.state, result=intent.result, settled_at=intent.settled_at,
        late=intent.expires_at < ctx.now,
    )  # fmt: skip
