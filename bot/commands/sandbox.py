"""`dingcrm sandbox`: the stand-in alone; the app is pointed at it by its ordinary settings."""

import argparse
import sys

from bot.commands import demo, house


def main(given: argparse.Namespace) -> int:
    """Runs until it is told to stop."""
    return house.go(_sandbox(given))


async def _sandbox(given: argparse.Namespace) -> int:
    now = house.read_moment(given.now)
    world = house.read_world_file(given.world) if given.world else demo.built_in_world(now)
    running = await demo.start_sandbox(world, now, given.port)
    app = running.sandbox.app
    print(f"钉钉沙箱已就绪：{running.url}/", flush=True)
    print(
        f"DINGCRM_API_BASE={running.url} DINGCRM_OAPI_BASE={running.url} DINGCRM_LOGIN_BASE={running.url} "
        f"DINGCRM_CLIENT_ID={app.client_id} DINGCRM_AGENT_ID={app.agent_id} "
        f"DINGCRM_CORP_ID={running.sandbox.company.corp_id}",
        file=sys.stderr,  # on stdout there is one line, the page's address
    )
    try:
        await house.wait_for_signal()
    finally:
        await running.close()
    return 0
