"""The process that is killed: `dingcrm run` unchanged, or one of the deliberately broken variants.

But for the notices a person may get in a day: two cashiers are told more in these minutes than others in weeks.

Broken on purpose, so that the harness can prove that it would notice:
  ack_first   a message is acknowledged before it is stored
  two_steps   a message is marked done in a transaction before the one of its effects
  tap_first   a tap is answered before what it does is done
  half_tap    同意 closes the task in one transaction and the application in the next
"""

import asyncio
import contextlib
import sys
from typing import Any

from bot import app as house
from bot.commands import run
from bot.core.errors import AppError
from bot.dispatch import desk
from bot.dispatch.desk import Desk
from bot.dispatch.drawing import TapAnswer
from bot.dispatch.messages import ChatMessage, RawTap
from bot.dispatch.taps import Taps
from bot.stream.frames import BotFrame
from cards.flows import AgreeButton
from storage import flow_runs, inbox, invoices, notices
from storage.database import Tx
from storage.tables import Flow


class AckFirst(house.App):
    """Answers first, stores afterwards."""

    async def bot(self, frame: BotFrame) -> None:
        async def later() -> None:
            await asyncio.sleep(0.05)
            await super(AckFirst, self).bot(frame)

        task = asyncio.ensure_future(later())
        _kept.add(task)
        task.add_done_callback(_kept.discard)


_kept: set[asyncio.Future[None]] = set()


class MarkFirstDesk(Desk):
    """Marks a message done, then works it."""

    async def chat(self, message: ChatMessage) -> None:
        now = self._clock.now()
        await self._db.system(lambda tx: inbox.finish(tx, message.key, now=now))
        await asyncio.sleep(0.05)

        def work(tx: Any) -> None:
            self._work_message(tx, message)

        with contextlib.suppress(AppError):  # nobody tells of a refusal here
            await self._db.unit(None, work)
        self.drawing.on_outbox()


class TapFirst(Taps):
    """Answers, then works the tap."""

    async def tap(self, raw: RawTap) -> TapAnswer:
        async def later() -> None:
            await asyncio.sleep(0.3)
            await super(TapFirst, self).tap(raw)

        task = asyncio.ensure_future(later())
        _kept.add(task)
        task.add_done_callback(_kept.discard)
        return TapAnswer({})


class HalfTap(Taps):
    """Works 同意 in two transactions."""

    async def tap(self, raw: RawTap) -> TapAnswer:
        if raw.params["action"] != AgreeButton.action:
            return await super().tap(raw)
        task_id, now, by = int(raw.params["task_id"]), self._contexts.clock.now(), raw.user_id
        closed = await self._db.system(
            lambda tx: flow_runs.close(tx, task_id, "agreed", by=by, comment="", now=now)
        )  # fmt: skip
        await asyncio.sleep(0.3)

        def rest(tx: Tx) -> None:
            task = flow_runs.get_task(tx, task_id)
            assert task is not None
            flow = tx.get_one(Flow, task.flow_id)
            flow_runs.log(tx, task.flow_id, node="", user_id=by, action="agree", now=now)
            flow_runs.close_others(tx, flow, "superseded", by=by, now=now)
            flow_runs.finish(tx, task.flow_id, "approved", now)
            invoices.move(tx, flow.record_id, "approved", of=("pending",))

        if closed:
            await self._db.system(rest)
        return TapAnswer({})


TAPS: dict[str, type[Taps]] = {"tap_first": TapFirst, "half_tap": HalfTap}


def main(variant: str) -> int:
    notices.PER_DAY = 100_000
    if variant == "ack_first":
        vars(run)["App"] = AckFirst
    elif variant == "two_steps":
        vars(house)["Desk"] = MarkFirstDesk
    elif variant in TAPS:
        vars(desk)["Taps"] = TAPS[variant]
    elif variant != "sound":
        raise SystemExit(f"no variant {variant!r}")
    return run.main(None)  # type: ignore[arg-type]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
