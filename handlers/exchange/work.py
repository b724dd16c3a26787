"""Long imports and exports, a piece at a time: what a killed process leaves is gone on with, no row is done twice."""

import time
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, TypeVar

from bot.context import Context, make_context
from bot.core.actor import SYSTEM_ACTOR
from bot.core.errors import AppError
from bot.identity import identify
from bot.jobs.spec import Toolbox
from bot.sheets import Rows, long_table, stream_sheet
from handlers.exchange import engine, export, steps
from handlers.exchange.catalogue import KINDS
from handlers.exchange.kinds import Wanted, wanted_of
from handlers.exchange.reading import Reader
from handlers.exchange.rules import done_text
from storage import attachments, exchange, outbox, records
from storage.database import Tx, is_awaited
from storage.search_index import gathered
from storage.settings import read_settings
from storage.tables import Exchange

MOST: Final = 3_000  # rows of one transaction: a COMMIT writes pages, and more rows share one
HOLD: Final = 1.0  # seconds of rows, at most MOST, written in one transaction that nobody waits for
SLICE: Final = 4.0  # seconds of one run; other jobs get their turn between two
TRIES: Final = 5  # of a piece that never ends
LONG: Final = 2_000  # rows from which on the card is told how far it is: three times at most
TELL: Final = (25, 50, 75)
T = TypeVar("T")


class Worker:
    """Works for the person whose import it is, with the rights he has at that moment."""

    def __init__(self, tools: Toolbox) -> None:
        self._tools, self._db, self._clock = tools, tools.db, tools.clock
        self._boldly = True  # until a row clashes

    async def run(self, exchange_id: int, work: Callable[[Tx, Context, Exchange], T], *, reading: bool = False) -> T:
        """One transaction. Raises AppError."""

        def unit(tx: Tx) -> T:
            tx.info["scope"] = SYSTEM_ACTOR.scope
            job = exchange.get(tx, exchange_id)
            assert job is not None
            settings = read_settings(tx)
            actor = identify(tx, job.user_id, settings) if job.user_id else SYSTEM_ACTOR
            ctx = make_context(tx, actor, self._clock.now(), settings, "import", f"exchange:{exchange_id}")
            return work(tx, ctx, job)

        return await (self._db.read(None, unit) if reading else self._db.unit(None, unit))

    async def step(self, exchange_id: int) -> bool:
        """The next piece. False: it is over, for better or worse."""
        try:
            return await self._step(exchange_id)
        except AppError as refusal:
            await self._db.system(lambda tx, refusal=refusal: self._fail(tx, exchange_id, refusal.text))  # type: ignore[misc]
            return False

    async def _step(self, exchange_id: int) -> bool:
        direction, state, content = await self.run(
            exchange_id,
            lambda tx, _, job: (job.direction, job.state, exchange.file_of(tx, exchange_id)),
            reading=True,
        )  # fmt: skip
        if state == "reading":
            if content is not None:
                await self.read(exchange_id, stream_sheet(content))
                return False
            return await self.run(exchange_id, self._look_again)
        if state not in ("running", "undoing"):
            return False  # done at once, with the tap or the command
        if direction == "import":
            if state == "undoing":
                return await self.run(exchange_id, self._take_back)
            try:
                return await self.run(exchange_id, self._write)
            except records.Clash:
                self._boldly = False
                return True
        await self._send(exchange_id, problems=direction == "problems")
        return False

    # -- reading ---------------------------------------------------------------------------------------

    async def read(self, exchange_id: int, batches: AsyncIterator[Rows]) -> None:
        """The dry run of a file, as it is read. Begins anew if it was broken off. Raises AppError."""
        await self.run(exchange_id, self._begin)
        waiting: Rows = []
        async for batch in batches:
            waiting += batch
            if len(waiting) >= engine.LOOKED:
                rows, waiting = waiting, []
                await self.run(exchange_id, lambda tx, ctx, job, rows=rows: self._look(tx, ctx, job, rows))  # type: ignore[misc]
        await self.run(exchange_id, lambda tx, ctx, job: self._look(tx, ctx, job, waiting))
        await self.run(exchange_id, self._ready)

    def _begin(self, tx: Tx, _ctx: Context, job: Exchange) -> None:
        exchange.clear_rows(tx, job.id or 0)
        job.counts, job.cursor, job.told = {}, 0, 0

    def _look(self, tx: Tx, ctx: Context, job: Exchange, rows: Rows) -> None:
        below = [(number, cells) for number, cells in rows if number > job.header_number]
        if below:
            exchange.add_rows(tx, engine.rows_to_store(job, engine.look_at(tx, ctx, job, below)))
            job.cursor = below[-1][0]
            self._tell(tx, ctx, job)

    def _ready(self, tx: Tx, ctx: Context, job: Exchange) -> None:
        job.total = max(0, job.cursor - job.header_number)
        job.state, job.told = "ready", 0
        exchange.drop_file(tx, job.id or 0)
        tx.flush()
        exchange.redraw(tx, job.id or 0, now=ctx.now)

    def _look_again(self, tx: Tx, ctx: Context, job: Exchange) -> bool:
        rows = exchange.rows_after(tx, job.id or 0, job.cursor, limit=engine.LOOKED)
        if rows:
            steps.step_look_again(tx, ctx, job, rows)
            self._tell(tx, ctx, job)
            return True
        job.state, job.told = "ready", 0
        tx.flush()
        exchange.redraw(tx, job.id or 0, now=ctx.now)
        return False

    # -- writing ---------------------------------------------------------------------------------------

    def _write(self, tx: Tx, ctx: Context, job: Exchange) -> bool:
        """Piece after piece until others wait, or HOLD is over: a COMMIT of many rows costs little more than of few."""
        reader, until = Reader(tx, ctx, job), time.monotonic() + HOLD
        more = True
        with gathered(tx):
            for _ in range(MOST // engine.CHUNK):
                more = steps.step_write(tx, ctx, job, reader, boldly=self._boldly)
                if not more or is_awaited(tx) or time.monotonic() > until:
                    break
        if more:
            self._tell(tx, ctx, job)
            job.options = {**job.options, "tries": 0}  # it moves
            return True
        self._say(tx, ctx, job, f"「{job.name}」导入{done_text(job.counts, total=job.total)}")
        return False

    def _take_back(self, tx: Tx, ctx: Context, job: Exchange) -> bool:
        if steps.step_take_back(tx, ctx, job):
            job.options = {**job.options, "tries": 0}
            return True
        self._say(tx, ctx, job, steps.undone_text(job))
        return False

    def _tell(self, tx: Tx, ctx: Context, job: Exchange) -> None:
        """Cards are told a few times, not of every piece: each telling is a call."""
        percent = max(0, job.cursor - job.header_number) * 100 // max(1, job.total)
        due = max((t for t in TELL if t <= percent), default=0)
        if job.total >= LONG and due > job.told:
            job.told = due
            tx.flush()
            exchange.redraw(tx, job.id or 0, now=ctx.now)

    def _say(self, tx: Tx, ctx: Context, job: Exchange, text: str) -> None:
        tx.flush()
        exchange.redraw(tx, job.id or 0, now=ctx.now)
        if job.user_id:
            outbox.put(
                tx, key=f"exchange:{job.id}:{job.state}", lane=f"user:{job.user_id}", channel="robot", now=ctx.now,
                payload={"user_id": job.user_id, "title": text[:40], "text": text},
            )  # fmt: skip

    def _fail(self, tx: Tx, exchange_id: int, text: str) -> None:
        job = exchange.get(tx, exchange_id)
        if job is None:
            return
        now = self._clock.now()
        job.state, job.text, job.done_at = "failed", text, now
        exchange.drop_file(tx, exchange_id)
        tx.flush()
        exchange.redraw(tx, exchange_id, now=now)
        if job.user_id and job.direction != "import":
            payload = {"user_id": job.user_id, "title": "没有导出", "text": text}
            outbox.put(
                tx,
                key=f"exchange:{exchange_id}:failed",
                lane=f"user:{job.user_id}",
                channel="robot",
                payload=payload,
                now=now,
            )

    # -- going out -------------------------------------------------------------------------------------

    async def _send(self, exchange_id: int, *, problems: bool) -> None:
        content = await (self.problems(exchange_id) if problems else self.records(exchange_id))

        def work(tx: Tx, ctx: Context, job: Exchange) -> None:
            attachments.send(
                tx, user_id=job.user_id, name=job.name, content=content, key=f"exchange:{exchange_id}:file", now=ctx.now
            )
            job.state, job.done_at = "done", ctx.now

        await self.run(exchange_id, work)

    async def records(self, exchange_id: int) -> bytes:
        """The file of an export. Raises Forbidden: the right was taken away meanwhile."""

        def begin(tx: Tx, ctx: Context, job: Exchange) -> tuple[str, Wanted, list[Any]]:
            ctx.actor.require(KINDS[job.kind].exporting)
            return job.kind, wanted_of(job.options), export.export_columns(tx, ctx, KINDS[job.kind])

        name, wanted, columns = await self.run(exchange_id, begin, reading=True)
        kind, after, rows = KINDS[name], 0, [[""]]
        async with long_table(export.head_of(kind, columns)) as made:
            while rows:
                rows, after = await self.run(
                    exchange_id,
                    lambda tx, ctx, _job, after=after: export.page_of(tx, ctx, kind, columns, wanted, after),  # type: ignore[misc]
                    reading=True,
                )
                await made.put(rows)
            return await made.file()

    async def problems(self, exchange_id: int) -> bytes:
        """The file of rows that were not imported."""

        def begin(tx: Tx, _ctx: Context, job: Exchange) -> Exchange | None:
            return exchange.get(tx, int(job.options.get("of") or exchange_id))

        of = await self.run(exchange_id, begin, reading=True)
        assert of is not None
        source, after, rows = of, 0, [[""]]

        def page(tx: Tx, _ctx: Context, _job: Exchange) -> tuple[list[list[str]], int]:
            found = exchange.left_rows(tx, source.id or 0, after, limit=export.PAGE, done=source.state != "ready")
            return export.problem_rows(source, found), found[-1].number if found else after

        async with long_table(export.problem_head(of)) as made:
            while rows:
                rows, after = await self.run(exchange_id, page, reading=True)
                await made.put(rows)
            return await made.file()


async def work_off(tools: Toolbox, *, seconds: float = SLICE) -> str:
    """What is open, for a few seconds; the rest at the next run."""
    worker = Worker(tools)
    until = time.monotonic() + seconds
    pieces = 0
    while time.monotonic() < until:
        open_one = await tools.db.system(_take)
        if open_one is None:
            break
        while await worker.step(open_one) and time.monotonic() < until:
            pieces += 1
        await tools.db.system(lambda tx, one=open_one: _note_tries(tx, one, 0))  # type: ignore[misc]
    return f"{pieces} 段"


def _take(tx: Tx) -> int | None:
    """The next open one, unless it has been tried in vain too often."""
    while (job := exchange.next_open(tx)) is not None:
        tries = int(job.options.get("tries", 0)) + 1
        if tries > TRIES:
            job.state, job.text = "failed", "处理不下去了，请重新发一次文件；还不行请联系管理员。"
            tx.flush()
            continue
        _note_tries(tx, job.id or 0, tries)
        return job.id
    return None


def _note_tries(tx: Tx, exchange_id: int, tries: int) -> None:
    job = exchange.get(tx, exchange_id)
    if job is not None:
        job.options = {**job.options, "tries": tries}
        tx.flush()
