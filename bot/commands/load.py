"""`dingcrm load FILE [--dry-run]`: sections `settings` and below of a world file, after an org sync."""

import argparse
import json
from typing import Any

from bot.commands import house
from bot.commands.house import Refused
from bot.core.clock import SystemClock
from bot.settings import read_settings
from storage.database import Tx
from storage.world.load import load_world
from storage.world.schema import WorldError


class _DryRun(Exception):
    """Rolls back what was only tried."""


def main(given: argparse.Namespace) -> int:
    """All or nothing; loading the same file twice changes nothing."""
    counts = house.go(_load(given.file, dry_run=given.dry_run))
    if given.json:
        print(json.dumps(counts, ensure_ascii=False))
    else:
        head = "检查通过，没有写入：" if given.dry_run else "已导入："
        print(head + ("、".join(f"{name} {count}" for name, count in counts.items() if count) or "没有变化"))
    return 0


async def _load(file: str, *, dry_run: bool) -> dict[str, int]:
    world = house.read_world_file(file)
    settings = read_settings()
    kept: dict[str, int] = {}

    def work(tx: Tx) -> None:
        result: Any = load_world(tx, world, SystemClock().now())
        kept.update(result.counts)
        if dry_run:
            raise _DryRun

    async with house.open_database(settings) as db:
        try:
            await db.system(work)
        except _DryRun:
            pass
        except WorldError as wrong:
            raise Refused(f"{file}：{wrong}") from wrong
    return kept
