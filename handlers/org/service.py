"""Use cases of the mirrored organisation: what an administrator sees, asks for and decides."""

from dataclasses import dataclass
from datetime import timedelta

from bot.context import Context
from bot.core.errors import InvalidInput, NotFound
from handlers.handover.service import announce_departures
from handlers.org import rules
from handlers.org.rules import SyncRunning
from storage import audit, credentials, handovers, jobs, people, talks
from storage import org_chart as org
from storage.database import Tx
from storage.handovers import Leaver
from storage.org_chart import Branch, Member
from storage.tables import JobRequest, SyncRun
from sync.removals import confirm_removals, refuse_removals

SYNC = "sync"
PAGE = 15  # departments, or people
PATIENCE = timedelta(minutes=30)  # to fetch the credentials from the console


def request_sync(ctx: Context) -> int:
    """Asks for a full sync; returns the request's id. Raises Forbidden, SyncRunning."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        return _step_request(tx, ctx)


def _step_request(tx: Tx, ctx: Context) -> int:
    request_id = jobs.request(tx, SYNC, by=ctx.actor.user_id, now=ctx.now)
    if request_id is None:
        running = jobs.open_request(tx, SYNC)
        facts = running.arguments if running is not None else {}
        raise SyncRunning(rules.running_text(int(facts.get("done", 0)), int(facts.get("total", 0))))
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="request.sync", subject="org", name="组织机构",
    )  # fmt: skip
    return request_id


def show_request(ctx: Context, request_id: int) -> JobRequest | None:
    """How far a sync is. Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        return jobs.find_request(tx, request_id)


def note_progress(ctx: Context, request_id: int, done: int, total: int) -> None:
    """So many departments have been read."""
    with ctx.begin() as tx:
        jobs.note_progress(tx, request_id, now=ctx.now, done=done, total=total)


def ask_credentials(ctx: Context, user_id: str, *, offered: bool = False) -> str:
    """DingTalk does not accept the credentials: the next message in single chat is taken for new ones (R2.14).

    `offered`: it is those just sent, which are forgotten; what was known before stays.

    Returns what to say.
    """
    with ctx.begin() as tx:
        row = talks.load(tx, user_id, "bot")
        talks.save(
            tx, row, pending={"kind": "org.credentials", "secret": True}, pending_until=ctx.now + PATIENCE,
            subject_id=row.subject_id, subject_until=row.subject_until, misses=row.misses,
        )  # fmt: skip
        which = "刚发的凭证，没有采用" if offered else "应用的凭证"
        return f"同步没有开始：钉钉不认{which}，请重新填一次。\n{rules.GUIDE}\n{rules.PROMISE}"


def show_guide(ctx: Context) -> str:
    """The guide, for an administrator who asks. Raises Forbidden."""
    ctx.actor.require_admin()
    return f"{rules.GUIDE}\n{rules.PROMISE}"


def store_credentials(ctx: Context, client_id: str, client_secret: str) -> tuple[str, int]:
    """Keeps new credentials encrypted, to be tried, and starts a sync with them.

    Returns at most the last four characters of the secret, and the sync's request.

    Raises:
        Forbidden, SyncRunning.
        InvalidInput: no Client ID is known and none was sent.
    """
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        if not client_id and not credentials.known(tx, ctx.secret_key)["client_id"] and not ctx.client_id:
            raise InvalidInput(rules.UNREAD)
        credentials.offer(tx, ctx.secret_key, client_id=client_id, client_secret=client_secret)
        shown = rules.tail(client_secret)
        audit.record(
            tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="change.credentials", subject="dingtalk",
            client_id=client_id, secret=shown,
        )  # fmt: skip
        return shown, _step_request(tx, ctx)


@dataclass(frozen=True, slots=True)
class OrgSheet:
    """One page of the mirror, all of it or one branch."""

    title: str
    department_id: int | None  # None: the whole tree
    departments: int
    people: int
    rows: tuple[Branch | Member, ...]
    page: int
    pages: int
    last: SyncRun | None
    leavers: tuple[Leaver, ...]


def show_org(ctx: Context, page: int = 1, department_id: int | None = None) -> OrgSheet:
    """The tree, or a branch with its people; the last sync; departed people who still own things (R2.10).

    Raises:
        Forbidden, NotFound.
    """
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        tree = org.tree(tx, department_id)
        rows: list[Branch | Member] = [*tree]
        title = "组织机构"
        if department_id is not None:
            if not tree:
                raise NotFound("没有这个部门了，发送「组织机构」看全部。")
            title = tree[0].name
            rows = [*tree[1:], *org.members_of(tx, department_id)]
        pages = max(1, -(-len(rows) // PAGE))
        page = min(max(1, page), pages)
        return OrgSheet(
            title, department_id, len(tree), tree[0].people if department_id is not None else people.count_active(tx),
            tuple(rows[(page - 1) * PAGE : page * PAGE]), page, pages, org.last_run(tx),
            tuple(handovers.list_leavers(tx)) if department_id is None else (),
        )  # fmt: skip


def find_departments(ctx: Context, name: str) -> list[tuple[int, str]]:
    """Departments of that name, else those whose name contains it: id, and name with what is above it.

    Raises:
        Forbidden, NotFound.
    """
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        everything = people.list_departments(tx)
        names = {d.department_id: d.name for d in everything}
        found = [d for d in everything if name in (d.name, str(d.department_id))]
        found = found or [d for d in everything if name in d.name]
        if not found:
            raise NotFound(f"没有找到部门「{name}」，发送「组织机构」看全部部门。")
        return [(d.department_id, f"{names[d.parent_id]}/{d.name}" if d.parent_id in names else d.name) for d in found]


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


def note_met(ctx: Context, user_id: str) -> None:
    """Somebody the mirror did not know has written and is in it now: for the record (R-LOGIN-2)."""
    with ctx.begin() as tx:
        audit.record(
            tx, at=ctx.now, user_id=user_id, via=ctx.via, action="mirror.employee", subject=f"employee:{user_id}"
        )
