"""The process that is killed: `dingcrm run` unchanged, or one of the deliberately broken variants.

Broken on purpose, so that the harness can prove that it would notice:
  ack_first   a message is acknowledged before it is stored
  two_steps   a message is marked done in a transaction before the one of its effects
"""

import asyncio
import sys
from typing import Any

from bot import app as house
from bot.commands import run
from bot.dispatch.desk import Desk
from bot.dispatch.messages import ChatMessage
from bot.stream.frames import BotFrame
from storage import inbox


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

        await self._db.unit(None, work)
        self.drawing.on_outbox()


def main(variant: str) -> int:
    if variant == "ack_first":
        vars(run)["App"] = AckFirst
    elif variant == "two_steps":
        vars(house)["Desk"] = MarkFirstDesk
    elif variant != "sound":
        raise SystemExit(f"no variant {variant!r}")
    return run.main(None)  # type: ignore[arg-type]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
