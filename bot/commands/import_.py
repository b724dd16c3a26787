"""`dingcrm import KIND FILE.xlsx`: as by file message, with the system's rights; what fails comes back as a file."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bot.commands import house, sheets
from bot.commands.house import Refused
from bot.sheets import HEAD_ROWS, read_sheet, stream_sheet
from handlers.exchange import service
from handlers.exchange.rules import done_text
from handlers.exchange.work import Worker
from storage import exchange, people


def main(given: argparse.Namespace) -> int:
    """Exit 1 if the file is refused, or any row of it failed."""
    result = house.go(_import(given))
    if given.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        print(result["text"])
    if result["failed"]:
        where = f"，已写到 {result['errors']}，改好后再导入" if result["errors"] else ""
        print(f"有 {result['failed']} 行有问题（{result['why']}）{where}。", file=sys.stderr)
        return 1
    return 0


async def _import(given: argparse.Namespace) -> dict[str, Any]:
    content = sheets.read_file(given.file)
    sheet = await read_sheet(content, most=HEAD_ROWS + 1)
    async with sheets.open_desk() as desk:
        worker = Worker(desk.tools)
        if given.owner and not await desk.run(lambda tx, _: people.filter_active(tx, [given.owner])):
            raise Refused(f"没有在职同事 {given.owner}（--owner 要写 userId）")
        name = Path(given.file).name
        exchange_id = await desk.run(lambda _, ctx: service.start_import(ctx, name, sheet, content, kind=given.kind))
        if given.owner:
            await desk.run(lambda tx, _: exchange.set_option(tx, exchange_id, "owner", given.owner))
        if not sheet.complete:
            await worker.read(exchange_id, stream_sheet(content))
        checked = await desk.run(lambda _, ctx: service.show_import(ctx, exchange_id))
        counted = checked.counted
        if not given.dry_run and counted.new + (0 if given.new_only else counted.update):
            await desk.run(lambda _, ctx: service.run_import(ctx, exchange_id, merge=not given.new_only))
            while await worker.step(exchange_id):
                pass
        shown = await desk.run(lambda _, ctx: service.show_import(ctx, exchange_id))
        done = dict(shown.outcomes) if shown.state == "done" else {}
        failed = int(done.get("failed", counted.problem))
        left = failed + counted.alike
        result: dict[str, Any] = {
            "kind": given.kind, "rows": counted.total, "created": int(done.get("created", 0)),
            "updated": int(done.get("updated", 0)), "failed": failed, "alike": counted.alike, "unchanged": counted.same,
            "dry_run": bool(given.dry_run), "why": str(shown.outcomes.get("why", "")), "errors": "",
        }  # fmt: skip
        result["skipped"] = result["rows"] - result["created"] - result["updated"] - failed
        if left:
            path = given.errors or str(Path(given.file).with_name(f"{Path(given.file).stem}_问题.xlsx"))
            sheets.write_file(path, await worker.problems(exchange_id))
            result["errors"] = path
        found = checked.text if given.dry_run else done_text({**result, "failed": failed}, total=counted.total)
        result["text"] = found
        if not done:
            await desk.run(lambda _, ctx: service.drop_import(ctx, exchange_id))
    return result
