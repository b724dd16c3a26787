"""`dingcrm bench`: the benchmark table of tests/bench/, which a source checkout has."""

import argparse
import importlib
import importlib.util

from bot.commands.house import Refused


def main(given: argparse.Namespace) -> int:
    """Runs it and prints it, as JSON with --json."""
    if importlib.util.find_spec("tests.bench.table") is None:
        raise Refused("基准测试在源码目录的 tests/bench/ 里，请在源码目录运行。")
    module = importlib.import_module("tests.bench.table")
    result: int = module.run(as_json=given.json)
    return result
