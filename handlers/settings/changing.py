"""The step every change of a setting goes through: written, audited, and to be taken back for ten minutes."""

from datetime import timedelta
from typing import Any

from bot.context import Context
from storage import audit, undos
from storage.database import Tx
from storage.settings import read_settings, write_setting

UNDO = timedelta(minutes=10)
KIND = "settings.change"


def step_change(tx: Tx, ctx: Context, name: str, value: Any, *, text: str) -> int:
    """Writes one top-level setting; returns the id of the offer to take it back.

    The caller has locked the settings (`storage.settings.lock_settings`). `text`: what 撤销 would take back.
    """
    before = read_settings(tx).model_dump(mode="json")
    write_setting(tx, name, value, by=ctx.actor.user_id, now=ctx.now)
    after = read_settings(tx).model_dump(mode="json")
    step_audit(tx, ctx, name, before[name], after[name])
    payload = {
        "name": name,
        "before": before[name],
        "after": after[name],
        "since": before["pool_rule_since"],
        "text": text,
    }
    return undos.offer(tx, user_id=ctx.actor.user_id, kind=KIND, payload=payload, text=text, now=ctx.now, lasts=UNDO)


def step_audit(tx: Tx, ctx: Context, name: str, before: Any, after: Any) -> None:
    """Who changed which setting from what to what."""
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="change.setting", subject=f"setting:{name}",
        before=before, after=after,
    )  # fmt: skip
