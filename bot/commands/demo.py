"""`dingcrm demo`: the sandbox and the unchanged app in one process, one clock, one command."""

import argparse
import tempfile
from collections.abc import Iterable
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.app import App
from bot.commands import card_template, house
from bot.commands.driver import DemoDriver
from bot.commands.house import Refused
from bot.sandbox import server
from bot.sandbox.company_records import ROOT_ID
from bot.sandbox.company_records import Person as Leaver
from bot.sandbox.state import Sandbox, WorldError
from bot.settings import Settings, read_settings
from storage import org
from storage.database import Database, Tx
from storage.org import Person
from storage.settings import is_loaded
from storage.world.load import load_world


def main(given: argparse.Namespace) -> int:
    """Runs until it is told to stop."""
    return house.go(_demo(given))


async def _demo(given: argparse.Namespace) -> int:
    now = house.read_moment(given.now)
    world = house.read_world_file(given.world) if given.world else built_in_world(now)
    async with AsyncExitStack() as stack:
        if given.data_dir:
            data_dir = Path(given.data_dir).expanduser().resolve()
            data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        else:
            data_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dingcrm-demo-")))
        running = await start_sandbox(world, now, given.port)
        stack.push_async_callback(running.close)
        app = running.sandbox.app
        settings = read_settings(
            data_dir=data_dir,
            api_base=running.url,
            oapi_base=running.url,
            login_base=running.url,
            client_id=app.client_id,
            client_secret=app.client_secret,
            corp_id=running.sandbox.company.corp_id,
            agent_id=app.agent_id,
        )
        house.log_to_stderr("WARNING" if settings.log_level == "INFO" else settings.log_level)
        if not settings.secret_key.get_secret_value():
            house.keep_key(data_dir)
        lock = house.alone(settings)
        if lock is not None:
            stack.callback(lock.close)
        house.keep_sandbox(data_dir, running.url)
        db = await stack.enter_async_context(house.open_database(settings))
        await _play(stack, running.sandbox, settings, db, world)
        print(f"钉钉沙箱已就绪：{running.url}/", flush=True)
        if not given.no_browser:
            _open_page(running.url)
        await house.wait_for_signal()
    return 0


async def _play(
    stack: AsyncExitStack, sandbox: Sandbox, settings: Settings, db: Database, world: dict[str, Any]
) -> None:
    """Mirrors the organisation, loads the company, opens the stream."""
    who = await house.find_credentials(settings, db)  # and keeps them for the other commands
    know_leavers(sandbox, (await db.read(None, org.read_people)).values())
    app = App(settings, db, sandbox.clock, lambda: who)
    driver = DemoDriver(app, sandbox)
    sandbox.driver = driver
    stack.push_async_callback(app.stop)
    await app.jobs.start()
    outcome = await app.jobs.run_once("sync")
    if outcome.failed:
        raise Refused(f"第一次同步没有成功：{outcome.result}")
    await load_if_new(db, world, sandbox.clock.now())
    driver.loaded = True
    await card_template.ensure(app)
    await app.start()
    await app.stream.wait_connected(15)


def know_leavers(sandbox: Sandbox, mirrored: Iterable[Person]) -> None:
    """Who was employed before this start and is not in the file given has left meanwhile: his phone is still there."""
    company = sandbox.company
    for person in mirrored:
        if person.user_id not in company.people:
            known = tuple(post.department_id for post in person.posts if post.department_id in company.departments)
            company.former[person.user_id] = Leaver(person.user_id, person.name, known or (ROOT_ID,))


async def load_if_new(db: Database, world: dict[str, Any], now: datetime) -> None:
    """Loads the company unless the database holds one already: then the database wins. Raises Refused."""

    def work(tx: Tx) -> None:
        if not is_loaded(tx):
            load_world(tx, world, now)

    await db.system(work)


async def start_sandbox(world: dict[str, Any], now: datetime | None, port: int) -> server.Running:
    """Raises Refused with one line: a world that cannot be read, a port that is taken."""
    try:
        sandbox = Sandbox.from_world(world, now)
    except WorldError as wrong:
        raise Refused(f"世界文件有问题：{wrong}") from wrong
    try:
        return await server.start(sandbox, port)
    except OSError as taken:
        raise Refused(f"端口 {port} 已被占用，换一个试试：--port {port + 1}") from taken


def built_in_world(now: datetime | None) -> dict[str, Any]:
    """The company that comes with the product."""
    from bot.core.clock import SystemClock
    from bot.sandbox.demo import demo_world

    return demo_world(now or SystemClock().now())


def _open_page(url: str) -> None:
    import webbrowser

    webbrowser.open(url)
