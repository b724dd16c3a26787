"""`dingcrm restore FILE`: puts a copy back; refuses a running database."""

import argparse
from pathlib import Path

from bot.commands import house
from bot.commands.house import Refused
from bot.settings import read_settings
from storage.copying import copy_database


def main(given: argparse.Namespace) -> int:
    """What was there is kept beside it as .before-restore."""
    settings = read_settings()
    if not settings.database.startswith("sqlite"):
        raise Refused("PostgreSQL 请用 pg_restore 恢复。")
    source, target = Path(given.file), Path(settings.database.partition(":///")[2])
    if not source.exists():
        raise Refused(f"没有备份文件 {source}。")
    lock = house.alone(settings)
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if target.exists():
            target.replace(target.with_suffix(".before-restore"))
            for tail in ("-wal", "-shm"):
                Path(f"{target}{tail}").unlink(missing_ok=True)
        house.go(copy_database(source, target))
    finally:
        if lock is not None:
            lock.close()
    print(f"已从 {source} 恢复。")
    return 0
