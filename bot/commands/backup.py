"""`dingcrm backup FILE`: a consistent copy while the app runs."""

import argparse
from pathlib import Path

from bot.commands import house
from bot.commands.house import Refused
from bot.settings import read_settings
from storage.copying import copy_database


def main(given: argparse.Namespace) -> int:
    """SQLite's own online copy; PostgreSQL has its own tools."""
    settings = read_settings()
    if not settings.database.startswith("sqlite"):
        raise Refused("PostgreSQL 请用 pg_dump 备份。")
    source, target = Path(settings.database.partition(":///")[2]), Path(given.file)
    if not source.exists():
        raise Refused(f"没有数据库 {source}。")
    if target.exists():
        raise Refused(f"{target} 已经存在，换个文件名。")
    pages = house.go(copy_database(source, target))
    print(f"已备份到 {target}（{pages} 页）。密钥不在备份里，请另外保存。")
    return 0
