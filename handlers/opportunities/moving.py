"""An opportunity's way through the stages (R-STAGE-4 to R-STAGE-6)."""

from bot.context import Context
from bot.core.errors import InvalidInput
from handlers.opportunities import rules
from handlers.opportunities.history import step_record
from storage import competitors, digest, opportunities, stages
from storage.database import Tx
from storage.tables import Opportunity, OpportunityCompetitor, Stage


def step_change_stage(
    tx: Tx, ctx: Context, found: Opportunity, stage: str, *, result: str = "", reason: str = "", rival: str = ""
) -> str:
    """The one function every change of stage goes through (R-STAGE-6); returns what happened in words."""
    rules.check_open(found.name, found.result)
    was = tx.get_one(Stage, found.stage_id)
    kind = "won" if result == "won" else "lost"
    now = stages.access_stage(tx, stage) if stage else next(
        (s for s in stages.list_stages(tx) if s.kind == kind and s.active), None
    )  # fmt: skip
    if now is None:
        raise InvalidInput(f"还没有{rules.RESULTS[kind]}阶段，请联系管理员加一个。")
    if not now.active:
        raise InvalidInput(f"阶段「{now.name}」已停用，换一个；发送「商机」看看有哪些阶段。")
    result = result or now.kind
    met = {m.competitor.name: m.competitor for m in opportunities.list_met(tx, found.id or 0)}
    winner = competitors.access_competitor(tx, rival) if rival else None
    if winner is None and reason in rules.BY_RIVAL and len(met) == 1:
        winner = next(iter(met.values()))
    rules.check_close(found.name, result, reason, winner.name if winner else None)
    if was.id == now.id:
        return f"「{found.name}」已经在{now.name}了"
    seconds = int((ctx.now - found.stage_since).total_seconds())
    average = opportunities.average_seconds(tx, was.id or 0)
    opportunities.enter_stage(tx, found, now, by=ctx.actor.user_id, now=ctx.now, result=result)
    found.lost_reason = reason.strip() if result in ("lost", "invalid") else ""
    if winner is not None and result == "lost":
        found.won_by_id = winner.id
        if winner.name not in met:
            tx.add(OpportunityCompetitor(opportunity_id=found.id or 0, competitor_id=winner.id or 0))
    tx.add(found)
    tx.flush()
    digest.cancel(tx, f"opportunity:{found.id}", rules=("stale",), now=ctx.now)
    mean = rules.days_text(average)
    stay = rules.days_text(seconds) or ("不到 1 小时" if mean else "")
    stayed = f"  停留 {stay}{f'（平均 {mean}）' if mean else ''}" if stay else ""
    ended = f" · {rules.RESULTS[result]}" if result != "open" and now.name != rules.RESULTS[result] else ""
    why = f"：{found.lost_reason}" if found.lost_reason else ""
    step_record(tx, ctx, "move.opportunity", found, changes={"阶段": (was.name, now.name)}, reason=found.lost_reason)
    return f"{was.name} → {now.name}{ended}{why}{stayed}"
