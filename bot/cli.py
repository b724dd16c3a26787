"""`dingcrm`: the command line (contract cli.md). Imports wait until a command needs them."""

import argparse
import sys
from collections.abc import Callable, Sequence

from bot.core.errors import AppError

COMMANDS: dict[str, str] = {
    "demo": "local DingTalk, the app and a company to play with",
    "sandbox": "the local DingTalk alone",
    "run": "the app, against real DingTalk or a sandbox, by settings",
    "init": "first set-up: credentials, consent, usage scope, administrators, first sync, test message",
    "doctor": "what is wrong and how to mend it",
    "sync": "one full sync of the organisation",
    "load": "load a world file",
    "import": "import a table (xlsx) of records",
    "export": "write records into a table (xlsx)",
    "template": "write an empty table (xlsx) to be filled in and imported",
    "job": "run one scheduled job once",
    "backup": "a consistent copy of the database while it runs",
    "restore": "put a copy back; refuses a running database",
    "migrate": "bring the database's schema up to date",
    "bench": "the benchmark table",
}
SHEETS = (
    "customers", "leads", "contacts", "products", "competitors", "opportunities", "contracts", "payments", "targets",
)  # fmt: skip
MODULES = {"import": "import_"}  # where a command's name is a word of Python's


class Failure(AppError, code="failed"):
    """A command refused or failed: one clear line, exit 1."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit 0 done, 1 refused or failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(
        prog="dingcrm", description="The CRM a sales team works in without leaving DingTalk."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, what in COMMANDS.items():
        _describe(name, commands.add_parser(name, help=what, description=what))
    given = parser.parse_args(arguments)
    try:
        return _load(given.command)(given)
    except AppError as refusal:
        print(refusal.text, file=sys.stderr)
        return 1
    except TimeoutError:
        print("等太久没有回应，请稍后再试。", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _describe(name: str, parser: argparse.ArgumentParser) -> None:
    match name:
        case "demo" | "sandbox":
            parser.add_argument("--world", metavar="FILE", help="a world file instead of the built-in company")
            parser.add_argument("--port", type=int, default=8077, help="of the local DingTalk (8077)")
            parser.add_argument("--now", metavar="ISO", help="the clock at start, e.g. 2026-03-02T09:00:00+08:00")
            if name == "demo":
                parser.add_argument(
                    "--data-dir", metavar="DIR", help="keep the data here; default: a temporary directory"
                )
                parser.add_argument("--no-browser", action="store_true", help="do not open the page")
        case "load":
            parser.add_argument("file", metavar="FILE")
            parser.add_argument("--dry-run", action="store_true", help="check only, load nothing")
            parser.add_argument("--json", action="store_true", help="the result as JSON")
        case "import" | "export" | "template":
            parser.add_argument("kind", metavar="KIND", choices=SHEETS, help=", ".join(SHEETS))
            parser.add_argument("file", metavar="FILE.xlsx")
            parser.add_argument("--json", action="store_true", help="the result as JSON")
            if name == "import":
                parser.add_argument("--dry-run", action="store_true", help="check only, import nothing")
                parser.add_argument("--new-only", action="store_true", help="leave what is there already as it is")
                parser.add_argument("--owner", metavar="USERID", help="whose records are that name no owner")
                parser.add_argument(
                    "--errors", metavar="FILE.xlsx", help="where rows go that fail (beside FILE.xlsx: …_问题.xlsx)"
                )
        case "job":
            parser.add_argument("name", metavar="NAME")
            parser.add_argument("--now", metavar="ISO", help="as if it were then")
            parser.add_argument("--json", action="store_true", help="the result as JSON")
        case "backup" | "restore":
            parser.add_argument("file", metavar="FILE")
        case "init":
            for option in ("client-id", "client-secret", "corp-id", "agent-id", "admins", "scope", "test-to"):
                parser.add_argument(f"--{option}")
            parser.epilog = (
                "--scope: 全部员工, 管理员, or '部分员工 销售一部 张三'. "
                "--admins: names or userIds, separated by commas. "
                "What an earlier run has settled need not be given again."
            )
            parser.add_argument("--consent", action="store_true", help="我同意")
        case "doctor" | "sync" | "bench":
            parser.add_argument("--json", action="store_true", help="the result as JSON")
        case _:
            pass


def _load(name: str) -> Callable[[argparse.Namespace], int]:
    import importlib

    module = importlib.import_module(f"bot.commands.{MODULES.get(name, name)}")
    command: Callable[[argparse.Namespace], int] = module.main
    return command


if __name__ == "__main__":
    sys.exit(main())
