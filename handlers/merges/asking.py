"""The question whether to merge, where it stands open in the single chat beside its card."""

from bot.context import Context
from bot.dispatch import Talk
from storage import talks


def turn_round(ctx: Context, head_id: int, tail_id: int) -> None:
    """The card was turned round, so 「确认合并」 typed means the other direction too."""
    with ctx.begin() as tx:
        row = talks.load(tx, ctx.actor.user_id, "bot")
        if str((row.pending or {}).get("kind", "")) != "merges.confirm":
            return
        talk = Talk(ctx.now, row.pending, row.pending_until, row.subject_id, row.subject_until, row.misses)
        talk.ask("merges.confirm", head_id=head_id, tail_id=tail_id)
        talks.save(
            tx, row, pending=talk.pending, pending_until=talk.pending_until, subject_id=talk.subject_id,
            subject_until=talk.subject_until, misses=talk.misses,
        )  # fmt: skip
