"""What was done with a lead is taken back, while nobody has touched it since (D19)."""

from datetime import timedelta
from typing import Any, Final

from bot.context import Context
from handlers.customfields.values import labels_of, undo_custom
from handlers.leads import rules
from handlers.leads.steps import record_of
from handlers.pool.telling import tell
from storage import cards, digest, lead_pools, leads, people, undos
from storage.database import Tx

UNDO: Final = timedelta(minutes=10)
UNDO_TRANSFER: Final = timedelta(hours=24)  # as with customers


def step_offer(
    tx: Tx, ctx: Context, lead_id: int, before: dict[str, Any] | None, text: str, *, version: int,
    lasts: timedelta = UNDO, kind: str = "leads.change", **more: Any,
) -> int:  # fmt: skip
    """`before`: the lead's picture, None where it was made; `version`: its own after the change."""
    return undos.offer(
        tx, user_id=ctx.actor.user_id, kind=kind, text=text, now=ctx.now, lasts=lasts,
        payload={"id": lead_id, "before": before, "version": version, "text": text, **more},
    )  # fmt: skip


def step_untouched(tx: Tx, lead_id: int, version: int) -> dict[str, Any]:
    """Locks the lead; its picture as it is now. By whoever did it, whether he still sees the lead or not: a transfer or
    a return took it out of his sight.

    Raises:
        NotFound; ChangedSince: it has another version by now.
    """
    leads.lock(tx, lead_id)
    now = leads.picture(tx, lead_id)
    if now["version"] != version:
        company = now["company"]
        raise rules.ChangedSince(f"线索「{company}」之后又改过，不能撤销了。发送「查线索 {company}」看现在的样子。")
    return now


def step_put_back(tx: Tx, ctx: Context, payload: dict[str, Any]) -> str:
    """The undo door has checked whose it is. Returns what to say. Raises NotFound, ChangedSince."""
    lead_id, before = int(payload["id"]), payload["before"]
    now = step_untouched(tx, lead_id, int(payload["version"]))
    if before is None:
        leads.remove(tx, lead_id, ctx.now)
        record_of(tx, ctx, "undo.lead", lead_id, now["company"], changes={"线索": (now["company"], "")})
        return f"已撤销新建线索「{now['company']}」。"
    if payload.get("follow_up"):
        leads.take_back(tx, int(payload["follow_up"]), ctx.now)
    step_restore(tx, ctx, lead_id, now, before)
    own = payload.get("own") or {}
    said = undo_custom(tx, "lead", leads.get_any(tx, lead_id), own)
    owners = _owners(tx, now, before)
    record_of(
        tx, ctx, "undo.lead", lead_id, before["company"], lines=[f"撤销：{payload['text']}"], changes=said | owners,
        fields=labels_of(tx, "lead", own),
    )  # fmt: skip
    return f"已撤销，线索「{before['company']}」恢复原样。"


def step_restore(tx: Tx, ctx: Context, lead_id: int, now: dict[str, Any], before: dict[str, Any]) -> None:
    """The row as it was, under a new version; whose it was before, it is again, and both are told."""
    leads.put_back(tx, lead_id, before, int(now["version"]) + 1)
    digest.cancel(tx, f"lead:{lead_id}", rules=("next_follow_up",), now=ctx.now)
    if now["owner_id"] == before["owner_id"]:
        return
    lead_pools.turn_page(tx, lead_id, before["owner_id"], how="undo", by=ctx.actor.user_id, now=ctx.now)
    told = [u for u in (now["owner_id"], before["owner_id"]) if u]
    tell(
        tx, ctx, told, title=f"线索恢复原样：{before['company']}", key=f"lead-undo:{lead_id}:{ctx.now.isoformat()}",
        text=f"{ctx.actor.name} 撤销了刚才的操作，线索「{before['company']}」{_whose(tx, before['owner_id'])}。",
    )  # fmt: skip
    cards.redraw_others(tx, f"lead:{lead_id}", now=ctx.now)


def _whose(tx: Tx, owner_id: str | None) -> str:
    return f"还是 {people.name_of(tx, owner_id)} 负责" if owner_id else "回到线索公海"


def _owners(tx: Tx, now: dict[str, Any], before: dict[str, Any]) -> dict[str, tuple[str, str]]:
    if now["owner_id"] == before["owner_id"]:
        return {}
    names = people.names_of(tx, [now["owner_id"], before["owner_id"]])
    return {"负责人": (names.get(now["owner_id"], rules.POOL), names.get(before["owner_id"], rules.POOL))}
