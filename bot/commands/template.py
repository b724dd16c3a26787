"""`dingcrm template KIND FILE.xlsx`: the columns, a sample, and drop-downs from the dictionaries."""

import argparse
import json

from bot.commands import house, sheets
from bot.sheets import write_table
from handlers.exchange.catalogue import KINDS
from handlers.exchange.export import template_table


def main(given: argparse.Namespace) -> int:
    """Exit 1 if it cannot be written."""
    house.go(_template(given.kind, given.file))
    said = {"kind": given.kind, "file": given.file}
    print(
        json.dumps(said, ensure_ascii=False) if given.json else f"{KINDS[given.kind].label}导入模板已写到 {given.file}"
    )
    return 0


async def _template(name: str, path: str) -> None:
    async with sheets.open_desk() as desk:
        table = await desk.run(lambda tx, ctx: template_table(tx, ctx, KINDS[name]))
        sheets.write_file(path, await write_table(table.dump()))
