"""A small company with leads and a pool of them, and its use cases called as somebody."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlmodel import select

from bot.context import Context, make_context
from bot.core.errors import AppError
from bot.identity import identify
from storage.database import Database, Tx
from storage.settings import read_settings
from storage.tables import Lead
from tests.support.room import DISPATCHER, NOW
from tests.support.world import small_world

SELLS = ["lead:view", "lead:add", "opportunity:view", "opportunity:add", "pool:view", "pool:claim"]
LEADS = ["lead:edit", "lead:transfer", "lead:delete"]
XINQIAO, SECRET, NOBODY = "无锡新桥电机有限公司", "深圳秘密电子", "没人管的公司"


def lead_company(**settings: Any) -> dict[str, Any]:
    """李娜 sells and has 新桥; 王强 leads her team; 赵磊 is of the same team; one lead is nobody's."""
    world = small_world(**{"pool": {"leads": True}, **settings})
    world["roles"][0]["functions"] = [*world["roles"][0]["functions"], *SELLS]
    world["roles"][1]["functions"] = [*world["roles"][1]["functions"], *SELLS, *LEADS]
    world["stages"] = [
        {"name": "初步沟通", "win_rate": 10, "kind": "open"}, {"name": "赢单", "win_rate": 100, "kind": "won"},
        {"name": "输单", "win_rate": 0, "kind": "lost"},
    ]  # fmt: skip
    world["leads"] = [
        {"company": XINQIAO, "contact": "沈工", "mobile": "13811110001", "owner": "lina04"},
        {"company": SECRET, "mobile": "13811110002", "owner": "zhou06"},
        {"company": NOBODY, "contact": "老金", "mobile": "13811110003", "source": "展会"},
    ]
    return world


async def lead_of(database: Database, company: str) -> Lead:
    """By its company, the deleted ones too."""
    found: Lead = await database.system(lambda tx: tx.exec(select(Lead).where(Lead.company == company)).one())
    return found


async def do(
    database: Database, who: str, use_case: Callable[..., Any], *arguments: Any, at: datetime = NOW, **named: Any
) -> Any:
    """Calls a use case as that person."""

    def work(tx: Tx) -> Any:
        return use_case(_context(tx, who, at), *arguments, **named)

    return await database.unit(None, work)


async def tried(database: Database, who: str, use_case: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """The same; a refusal is the result."""
    try:
        return await do(database, who, use_case, *arguments, **named)
    except AppError as refusal:
        return refusal


def _context(tx: Tx, who: str, at: datetime) -> Context:
    settings = read_settings(tx)
    ctx = make_context(tx, identify(tx, who, settings), at, settings, "chat")
    ctx.undoers = DISPATCHER.undoers
    return ctx
