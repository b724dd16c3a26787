"""Use cases of the mirrored organisation: what an administrator sees, asks for and decides."""

from dataclasses import dataclass

from bot.context import Context
from bot.core.errors import NotFound, RuleBroken
from handlers.handover.service import announce_departures
from storage import audit, jobs, people
from storage import org_chart as org
from storage.tables import SyncRun
from sync.removals import confirm_removals, refuse_removals


class SyncRunning(RuleBroken, code="org.sync_running"):
    """One sync at a time."""


def request_sync(ctx: Context) -> None:
    """Asks for a full sync. Raises Forbidden, SyncRunning."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        if not jobs.request(tx, "sync", by=ctx.actor.user_id, now=ctx.now):
            raise SyncRunning("正在同步，完成后会告诉你。")
        audit.record(
            tx,
            at=ctx.now,
            user_id=ctx.actor.user_id,
            via=ctx.via,
            action="request.sync",
            subject="org",
            name="组织机构",
        )


@dataclass(frozen=True, slots=True)
class OrgSheet:
    """The mirror in figures."""

    departments: int
    people: int
    tree: list[tuple[int, str, int]]  # depth, name, head-count
    last: SyncRun | None
    leavers_owning: list[tuple[str, int]]  # name, customers


def show_org(ctx: Context) -> OrgSheet:
    """The tree with head-counts, the last sync, and departed people who still own customers (R2.10)."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        return OrgSheet(
            people.count_departments(tx),
            people.count_active(tx),
            org.tree(tx),
            org.last_run(tx),
            org.leavers_owning(tx),
        )


def decide_removals(ctx: Context, *, agree: bool) -> str:
    """The administrator's word on a sync that would remove too many. Raises Forbidden, NotFound."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        run = org.waiting_run(tx)
        if run is None or run.id is None:
            raise NotFound("没有等待确认的离职名单。")
        decide = confirm_removals if agree else refuse_removals
        concerned = decide(tx, run.id, ctx.actor.user_id, ctx.now)
        audit.record(
            tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="decide.removals", subject=f"sync:{run.id}",
            agree=agree, people=len(concerned), name="离职名单",
            changes={f"{len(concerned)} 人": ("等待确认", "停用" if agree else "保留")},
        )  # fmt: skip
    if agree:
        announce_departures(ctx)
    return f"已停用 {len(concerned)} 人。" if agree else f"好的，{len(concerned)} 人都保留，没有停用。"
