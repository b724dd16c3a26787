"""`dingcrm migrate`: brings the database's schema up to date."""

import argparse

from bot.commands import house
from bot.settings import read_settings
from storage.migrate import current


def main(given: argparse.Namespace) -> int:  # noqa: ARG001 -- all comes from the settings
    """Prints the revision it stands at."""

    async def work() -> str:
        async with house.open_database(read_settings()) as db:
            return str(await current(db))

    print(f"数据库结构已是最新：{house.go(work())}")
    return 0
