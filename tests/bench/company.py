"""A company to measure on: sellers with customers of their own, and a pool."""

from datetime import datetime
from pathlib import Path
from typing import Any

from bot.app import App
from bot.core.clock import SystemClock
from bot.dingtalk.credentials import Credentials
from bot.dingtalk.limiter import Limiter
from bot.settings import read_settings
from storage.database import Database, Tx
from storage.migrate import upgrade
from storage.world.load import load_world
from tests.bench.light import APP
from tests.support.company import mirror
from tests.support.world import SELLER, customer, small_world, user

PLACES = ("宁波", "杭州", "苏州", "绍兴", "台州", "温州", "嘉兴", "上海", "深圳", "无锡")
NAMES = ("海蓝", "远航", "越达", "金阳", "恒通", "乐家", "明德", "创想", "华东", "同创", "瑞丰", "博远", "嘉禾")
TRADES = ("食品", "机械", "贸易", "纺织", "模具", "电器", "家具", "仪器", "电子", "物流", "化工", "印刷")
KEY = "a key for benches only"


def company_name(number: int) -> str:
    """The same number, the same name; all different."""
    place, name, trade = number % 10, number // 10 % 13, number // 130 % 12
    line = "甲乙丙丁戊己庚辛壬癸"[number // 1560]
    return f"{PLACES[place]}{NAMES[name]}{line}{TRADES[trade]}有限公司"


def seller(number: int) -> str:
    return f"u{number:03}"


def bench_world(sellers: int, each: int, pool: int) -> dict[str, Any]:
    """`sellers` with `each` customers; customer n·each … belongs to seller n; the pool's come after those."""
    people = [seller(n) for n in range(sellers)]
    world = small_world(pool={}, usage_scope={"mode": "all"}, quiet_hours=["23:58", "23:59"])
    world["users"] = [user("chen01", "陈静", 1, dingtalk_admin=True)]
    world["users"] += [user(u, f"员工{u[1:]}", 101) for u in people]
    world["groups"] = []
    world["roles"] = [
        {
            "name": "业务员", "data_scope": "self", "level": "normal", "functions": SELLER,
            "members": [{"user": u, "departments": []} for u in people],
        }
    ]  # fmt: skip
    owned = [customer(company_name(n), people[n // each]) for n in range(sellers * each)]
    world["customers"] = owned + [customer(company_name(sellers * each + n)) for n in range(pool)]
    return world


async def load(db: Database, world: dict[str, Any]) -> None:
    """Migrates and fills an empty database."""
    now = SystemClock().now()

    def work(tx: Tx) -> None:
        mirror(tx, world, now)
        load_world(tx, world, now)

    await upgrade(db)
    await db.system(work)


def sqlite_url(directory: Path, name: str = "bench") -> str:
    return f"sqlite+aiosqlite:///{directory / name}.sqlite3"


def make_app(db: Database, directory: Path, url: str) -> App:
    """The app as it is, but for DingTalk's 20 calls a second: the benches ask what we could do."""
    settings = read_settings(
        data_dir=directory, api_base=url, oapi_base=url, login_base=url, database_url=db.url, secret_key=KEY,
        client_id=APP[0], client_secret=APP[1], corp_id="dingcorp", agent_id=1,
    )  # fmt: skip
    who = Credentials(*APP, "dingcorp", 1)
    app = App(settings, db, SystemClock(), lambda: who)
    app.dingtalk.robot._api._limiter = Limiter(per_second=1_000_000)
    return app


def now() -> datetime:
    return SystemClock().now()
