"""One full sync at a time, whichever process it runs in; a dead one's turn ends at once on the same machine."""

import asyncio
import contextlib
import os
import socket
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from storage import leases, sync_runs
from storage.database import Database, Tx
from sync.report import SyncRunning

NAME = "org-sync"
LASTS = timedelta(seconds=60)  # by the real clock
RENEWED = 15.0  # seconds

_PROCESS = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex}"


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to write what was read."""

    holder: str
    epoch: int

    def check(self, tx: Tx) -> None:
        """Raises SyncRunning if somebody else took over meanwhile: his reading is the newer one."""
        if not leases.still_leads(tx, NAME, holder=self.holder, epoch=self.epoch):
            raise SyncRunning("这次同步停得太久，已经有另一次同步接手了，这次的结果不用了。")


@asynccontextmanager
async def turn(db: Database) -> AsyncIterator[Turn]:
    """Raises SyncRunning while another sync is at work."""
    holder = f"{_PROCESS}/{uuid.uuid4().hex}"

    def take(tx: Tx) -> int | None:
        last = sync_runs.holder_of(tx, NAME)
        dead = [last] if last and is_dead(last) else []
        return sync_runs.take_turn(tx, NAME, holder=holder, wall=datetime.now(UTC), lasts=LASTS, dead=dead)

    epoch = await db.system(take)
    if epoch is None:
        raise SyncRunning("正在同步，请等它完成再试。")
    renewal = asyncio.create_task(_renew(db, holder))
    try:
        yield Turn(holder, epoch)
    finally:
        renewal.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await renewal
        await db.system(lambda tx: leases.release(tx, NAME, holder=holder, wall=datetime.now(UTC)))


async def _renew(db: Database, holder: str) -> None:
    while True:
        await asyncio.sleep(RENEWED)
        await db.system(lambda tx: leases.hold(tx, NAME, holder=holder, wall=datetime.now(UTC), lasts=LASTS))


def is_dead(holder: str) -> bool:
    """Whether the process that wrote this name on this machine is surely gone; in doubt it lives."""
    host, _, rest = holder.partition("/")
    pid, _, _ = rest.partition("/")
    if holder.startswith(_PROCESS) or host != socket.gethostname() or not pid.isdigit():
        return False
    if int(pid) == os.getpid():  # an earlier process with our number, as in a container started anew
        return True
    if sys.platform == "win32":  # there, asking would kill it
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
