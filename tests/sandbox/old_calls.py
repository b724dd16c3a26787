"""Old-style calls of the app: the token in the query, the verdict in errcode."""

from typing import Any

from tests.sandbox.wire_client import Wire

SEND = "/topapi/message/corpconversation"


async def old(wire: Wire, path: str, body: Any = None, *, errcode: int = 0, **options: Any) -> Any:
    """An old-style call that must give this errcode; always HTTP 200."""
    target = f"{path}{'&' if '?' in path else '?'}access_token={await wire.token()}"
    status, answer = await wire.api("POST", target, body, **options)
    assert status == 200, answer
    assert answer["errcode"] == errcode, answer
    assert answer["request_id"]
    return answer


async def result(wire: Wire, path: str, body: Any = None) -> Any:
    """The `result` of an old-style call that succeeds."""
    return (await old(wire, path, body))["result"]


async def notify(wire: Wire, users: str = "lina04", **more: Any) -> int:
    """A work notification that is accepted; its task."""
    body = {"agent_id": 100001, "userid_list": users, "msg": text("请提交日报"), **more}
    return int((await old(wire, f"{SEND}/asyncsend_v2", body))["task_id"])


async def fates(wire: Wire, task: int) -> Any:
    """What getsendresult tells."""
    answer = await old(wire, f"{SEND}/getsendresult", {"agent_id": 100001, "task_id": task})
    return answer["send_result"]


def text(content: str) -> dict[str, Any]:
    """A text message."""
    return {"msgtype": "text", "text": {"content": content}}
