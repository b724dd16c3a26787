"""`dingcrm sync`: one full sync of the organisation, with its result."""

import argparse
import json

from bot.commands.job import run_job


def main(given: argparse.Namespace) -> int:
    """Exit 1 if it did not succeed."""
    outcome = run_job("sync", None)
    print(
        json.dumps({"result": outcome.result, "failed": outcome.failed}, ensure_ascii=False)
        if given.json
        else outcome.result
    )
    return 1 if outcome.failed else 0
