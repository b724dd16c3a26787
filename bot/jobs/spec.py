"""What a scheduled job is: a name, its times, and a door to the use cases."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, ParamSpec, TypeVar

from bot.context import Context, make_context
from bot.core.actor import SYSTEM_ACTOR
from bot.core.clock import BEIJING, Clock
from storage.database import Database, Tx
from storage.settings import CompanySettings, read_settings

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(slots=True)
class Toolbox:
    """What a job gets: the database, the time, and DingTalk where it needs it.

    Errors and permissions go the same road as with messages: each use case is one unit with the system actor.
    """

    db: Database
    clock: Clock
    contacts: Any  # bot.dingtalk.contacts.Contacts
    notice_fates: Callable[[str, list[str]], Awaitable[dict[str, str]]]
    requested_by: str = ""
    request_id: int | None = None  # of the request in chat this run answers
    dingtalk: Any = None  # bot.dingtalk.client.DingTalk, for the self-check
    renew_credentials: Callable[[], Awaitable[bool]] | None = None  # tries those sent in chat; False: refused
    probe_card: Callable[[], tuple[str, dict[str, str]]] | None = None  # template and variables, for the self-check

    async def run(self, use_case: Callable[..., R], *arguments: Any, **named: Any) -> R:
        """One use case in one transaction."""

        def work(tx: Tx) -> R:
            ctx = make_context(tx, SYSTEM_ACTOR, self.clock.now(), read_settings(tx), "job")
            return use_case(ctx, *arguments, **named)

        return await self.db.unit(None, work)


Run = Callable[[Toolbox], Awaitable[str]]
NextDue = Callable[[Context, datetime], datetime | None]


@dataclass(frozen=True, slots=True)
class Job:
    """One job. `times`: times of day in Beijing, from the settings; `next_due`: for jobs whose times are data."""

    name: str
    run: Run
    times: Callable[[CompanySettings], tuple[str, ...]] = lambda _settings: ()
    next_due: NextDue | None = None
    scheduled: bool = True  # False: only on request
    awaited: bool = False  # somebody waits for what it does: the house is not at rest while it is due

    def due_after(self, ctx: Context, moment: datetime) -> datetime | None:
        """The first time after `moment` this job is due."""
        if self.next_due is not None:
            return self.next_due(ctx, moment)
        dues = [_next_time(time.fromisoformat(clock), moment) for clock in self.times(ctx.settings)]
        return min(dues) if dues else None


def _next_time(clock: time, after: datetime) -> datetime:
    due = datetime.combine(after.astimezone(BEIJING).date(), clock, tzinfo=BEIJING)
    return due if due > after else due + timedelta(days=1)
