"""`dingcrm export KIND FILE.xlsx`: every record, with the columns of the template, so that it can be imported again."""

import argparse
import json

from bot.commands import house, sheets
from bot.context import Context
from handlers.exchange.catalogue import KINDS
from handlers.exchange.kinds import Wanted
from handlers.exchange.work import Worker
from storage import audit, exchange
from storage.database import Tx
from storage.tables import Exchange


def main(given: argparse.Namespace) -> int:
    """Exit 1 if it cannot be written."""
    count = house.go(_export(given.kind, given.file))
    label = KINDS[given.kind].label
    said = {"kind": given.kind, "file": given.file, "count": count}
    print(
        json.dumps(said, ensure_ascii=False)
        if given.json
        else f"已导出 {count:,} {KINDS[given.kind].unit}{label}到 {given.file}"
    )
    return 0


async def _export(name: str, path: str) -> int:
    kind = KINDS[name]

    def begin(tx: Tx, ctx: Context) -> tuple[int, int]:
        total = kind.count(tx, ctx, Wanted())
        job = Exchange(
            user_id="", direction="export", kind=name, name=path[-120:], state="running", total=total,
            options=Wanted().row(), created_at=ctx.now,
        )  # fmt: skip
        exchange_id = exchange.add(tx, job)
        audit.record(
            tx, at=ctx.now, user_id="", via=ctx.via, action="export.records", subject=f"export:{name}", name=kind.label,
            changes={"条数": ("", str(total))},
        )  # fmt: skip
        return exchange_id, total

    async with sheets.open_desk() as desk:
        exchange_id, total = await desk.run(begin)
        content = await Worker(desk.tools).records(exchange_id)
        sheets.write_file(path, content)
        await desk.run(lambda tx, ctx: exchange.finish(tx, exchange_id, now=ctx.now))
    return total
