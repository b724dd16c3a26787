"""What the commands share: opening the database, knowing who we are to DingTalk."""

import asyncio
import contextlib
import fcntl
import gc
import json
import logging
import os
import secrets
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any, TypeVar

import aiohttp

from bot.core.clock import BEIJING
from bot.core.errors import AppError
from bot.core.redaction import SafeFormatter
from bot.dingtalk.api import open_session
from bot.dingtalk.credentials import Credentials
from bot.settings import KEY_FILE, SANDBOX_FILE, BadSettings, Settings
from storage import credentials as kept
from storage import secrets as vault
from storage.database import Database, DatabaseBusy
from storage.migrate import upgrade

T = TypeVar("T")

# Seconds after which Python lets the next thread run. The writer thread gives the interpreter away with every statement
# and the loop with every wait; at Python's own 5 ms each would wait for the other longer than the work takes.
SWITCH = 0.0005
COLLECT = (20_000, 20, 20)  # objects made, rounds, rounds before the next generation is collected


class Refused(AppError, code="refused"):
    """The command cannot be done; one clear line."""


def go(work: Coroutine[Any, Any, T]) -> T:
    """Runs a command on the fast loop where there is one."""
    sys.setswitchinterval(SWITCH)
    gc.set_threshold(*COLLECT)
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)


def log_to_stderr(level: str) -> None:
    """Plain lines; libraries only from warnings on, for they would print frames and addresses."""
    to_stderr = logging.StreamHandler(sys.stderr)
    to_stderr.setFormatter(SafeFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[to_stderr])
    for name in ("dingtalk_stream", "aiohttp", "alembic", "websockets", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # it warns of each second a tick takes longer than one


def read_world_file(path: str) -> dict[str, Any]:
    """Raises Refused with one line."""
    try:
        world = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as missing:
        raise Refused(f"读不了 {path}：{missing.strerror}") from missing
    except ValueError as wrong:
        raise Refused(f"{path} 不是合法的 JSON：{wrong}") from wrong
    if not isinstance(world, dict):
        raise Refused(f"{path} 应该是一个 JSON 对象")
    return world


def read_moment(text: str | None) -> datetime | None:
    """ISO 8601 with offset. Raises Refused."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise Refused(f"--now 要写成 2026-03-02T09:00:00+08:00 这样，收到的是 {text}") from wrong
    return moment.astimezone(BEIJING) if moment.tzinfo else moment.replace(tzinfo=BEIJING)


def keep_key(data_dir: Path) -> None:
    """A demo's own key, kept beside its data with mode 0600."""
    path = data_dir / KEY_FILE
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(32))


def keep_sandbox(data_dir: Path, url: str) -> None:
    """Where this demo's local DingTalk listens, for `job`, `doctor` and the rest on its data directory."""
    (data_dir / SANDBOX_FILE).write_text(json.dumps({"url": url}))


async def sandbox_clock(settings: Settings) -> datetime | None:
    """What time it is in the demo that runs on this data directory; None: none runs."""
    if not settings.sandbox:
        return None
    try:
        async with open_session() as session, session.get(f"{settings.sandbox}/sandbox/v1/clock") as answer:
            return datetime.fromisoformat(str((await answer.json())["now"]))
    except (aiohttp.ClientError, KeyError, ValueError, TimeoutError):
        return None


@asynccontextmanager
async def open_database(settings: Settings, *, create: bool = True) -> AsyncIterator[Database]:
    """The database, with its schema up to date and a key that fits.

    Raises:
        BadSettings, WrongKey, Refused: each one clear line.
    """
    key = settings.key()
    if settings.database.startswith("sqlite"):
        path = Path(settings.database.partition(":///")[2])
        if not create and not path.exists():
            raise Refused(f"没有数据库 {path}，请先运行 dingcrm run 或 dingcrm init。")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        db = Database(settings.database)
    except ValueError as wrong:
        raise BadSettings(f"DINGCRM_DATABASE_URL 不对：{wrong}") from wrong
    try:
        await upgrade(db)
        await db.system(lambda tx: vault.check_key(tx, key))
        yield db
    except DatabaseBusy as busy:
        raise Refused("数据库正忙（另一个进程在写），请稍后再试一次。") from busy
    except OSError as unreachable:
        raise Refused(f"连不上数据库：{unreachable}") from unreachable
    finally:
        await db.close()


def alone(settings: Settings) -> IO[str] | None:
    """SQLite: exactly one running app. The lock ends with the process. Raises Refused."""
    if not settings.database.startswith("sqlite"):
        return None
    path = settings.data_dir / "running.lock"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as taken:
        file.close()
        raise Refused(
            f"{settings.data_dir} 上已经有一个 dingcrm 在运行（SQLite 只能一个进程；多机请用 PostgreSQL）。"
        ) from taken
    return file


GUIDE = (
    "还没有应用凭证。CorpSecret 已被应用凭证取代，这样获取：\n"
    "1. 用管理员打开 open-dev.dingtalk.com（开发者后台）\n"
    "2. 应用开发 → 企业内部应用 → 点开这个应用\n"
    "3. 凭证与基础信息：复制 Client ID、Client Secret、AgentId（CorpId 在开发者后台首页）\n"
    "4. 运行 dingcrm init 填写一次（或设置 DINGCRM_CLIENT_ID 等），之后不再询问"
)


async def find_credentials(settings: Settings, db: Database) -> Credentials:
    """From the environment, then from the database, where the environment's are kept encrypted (asked for once).

    Raises:
        BadSettings: there are none; the text is the guide of manual 2.2.3.
    """
    key = settings.key()
    given = {
        "client_id": settings.client_id, "client_secret": settings.client_secret.get_secret_value(),
        "corp_id": settings.corp_id, "agent_id": str(settings.agent_id or ""),
    }  # fmt: skip

    def work(tx: Any) -> dict[str, str]:
        known = kept.known(tx, key)
        if kept.is_replaced(tx, key, given["client_secret"]):  # the environment still has the old one
            given["client_id"] = given["client_secret"] = ""
        kept.keep(tx, key, {name: value for name, value in given.items() if value != known[name]})
        return {name: given[name] or known[name] for name in kept.NAMES}

    found = await db.system(work)
    if not found["client_id"] or not found["client_secret"]:
        raise BadSettings(GUIDE)
    agent = found["agent_id"]
    return Credentials(
        found["client_id"], found["client_secret"], found["corp_id"], int(agent) if agent.isdecimal() else 0
    )


async def wait_for_signal() -> None:
    """Until SIGINT or SIGTERM.

    What starting has made lives as long as the process. The garbage collector need not look through it again: it would
    hold up every acknowledgement for a tenth of a second each time.
    """
    import signal

    gc.collect()
    gc.freeze()

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(name, stop.set)
    await stop.wait()
