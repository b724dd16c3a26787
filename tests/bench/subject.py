"""What is measured, as a process of its own: the other core plays DingTalk.

Arguments: the kind, the address of a light DingTalk, a directory, and numbers that the kind knows. The
connection says that it is ready. It ends by SIGTERM.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from bot.commands import house
from bot.core.clock import SystemClock
from bot.dingtalk.api import open_session
from bot.dingtalk.credentials import Credentials
from bot.dispatch import ChatMessage
from bot.stream.connection import StreamConnection
from bot.stream.frames import BotFrame, EventFrame, TapFrame
from bot.stream.gateway import Gateway
from bot.stream.inbox import InboxWorker
from storage.database import Database
from storage.inbox import NewFrame, store
from storage.migrate import upgrade
from tests.bench.company import bench_world, load, make_app, seller, sqlite_url
from tests.bench.light import APP


async def bare_echo(url: str, directory: Path, *numbers: int) -> None:
    """A websocket, JSON, an acknowledgement; nothing else."""
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{url}/v1.0/gateway/connections/open", json={}) as answer:
            ticket = await answer.json()
        async with session.ws_connect(f"{ticket['endpoint']}?ticket={ticket['ticket']}") as ws:
            async for message in ws:
                frame = json.loads(message.data)
                headers = {"contentType": "application/json", "messageId": frame["headers"]["messageId"]}
                ack = {"code": 200, "headers": headers, "message": "OK", "data": '{"response": {}}'}
                await ws.send_str(json.dumps(ack))


async def sdk_echo(url: str, directory: Path, *numbers: int) -> None:
    """The official SDK, whose handler does nothing."""
    await _sdk(url, reply=False)


async def sdk_reply(url: str, directory: Path, *numbers: int) -> None:
    """The official SDK's own way to answer."""
    await _sdk(url, reply=True)


async def _sdk(url: str, *, reply: bool) -> None:
    import dingtalk_stream
    from dingtalk_stream import AckMessage, ChatbotMessage
    from dingtalk_stream.stream import DingTalkStreamClient

    class Handler(dingtalk_stream.ChatbotHandler):  # type: ignore[misc]
        async def process(self, callback: Any) -> tuple[int, str]:
            message = ChatbotMessage.from_dict(callback.data)
            if reply:
                self.reply_text("收到", message)
            return AckMessage.STATUS_OK, "OK"

    DingTalkStreamClient.OPEN_CONNECTION_API = f"{url}/v1.0/gateway/connections/open"
    client = DingTalkStreamClient(dingtalk_stream.Credential(*APP))
    client.register_callback_handler(ChatbotMessage.TOPIC, Handler())
    await client.start()


async def inbox(url: str, directory: Path, *numbers: int) -> None:
    """Our connection and our inbox: acknowledged once stored; the work is nothing."""
    db = Database(sqlite_url(directory, "inbox"))
    try:
        await upgrade(db)
        await _take_in(url, db)
    finally:
        await db.close()


async def _take_in(url: str, db: Database) -> None:
    async def nothing(frame: NewFrame) -> None:
        del frame

    worker = InboxWorker(db, SystemClock(), nothing, alone=True)

    class Intake:
        def bot(self, frame: BotFrame) -> asyncio.Future[bool]:
            return worker.take(
                f"bot:{frame.msg_id}", f"user:{frame.user_id}", "bot", orjson.dumps({"text": frame.text}).decode()
            )

        async def event(self, frame: EventFrame) -> bool:
            return True

        async def tap(self, frame: TapFrame) -> dict[str, Any] | None:
            return None

        async def tap_unanswered(self, frame: TapFrame, response: dict[str, Any] | None) -> None:
            raise AssertionError("nothing is tapped here")

    who = Credentials(*APP, "dingcorp", 1)
    async with open_session() as session:
        stream = StreamConnection(Gateway(lambda: who, session, api_base=url), Intake())
        await worker.start()
        running = asyncio.create_task(stream.run())
        try:
            await house.wait_for_signal()
        finally:
            await stream.stop()
            await running
            await worker.stop()


async def whole_app(url: str, directory: Path, *numbers: int) -> None:
    """The app on SQLite. Numbers: sellers, customers each, pool customers, sellers who hold a pool card."""
    sellers, each, pool, holders = numbers
    db = Database(sqlite_url(directory, "app"))
    try:
        await load(db, bench_world(sellers, each, pool))
        app = make_app(db, directory, url)
        for n in range(holders):
            await app.desk.chat(await _stored(app, seller(n), "公海"))
        await app.start(schedule=False)
        await house.wait_for_signal()
        await app.stop()
    finally:
        await db.close()


async def _stored(app: Any, user_id: str, words: str) -> ChatMessage:
    key = f"bot:setup-{user_id}"
    frame = NewFrame(key, f"user:{user_id}", "bot", "{}")
    now = SystemClock().now()
    await app.db.system(lambda tx: store(tx, [frame], holder=app.inbox.holder, now=now, wall=now))
    return ChatMessage(key=key, user_id=user_id, text=words)


Kind = Callable[..., Awaitable[None]]
KINDS: dict[str, Kind] = {
    "bare": bare_echo, "sdk": sdk_echo, "sdk_uvloop": sdk_echo, "sdk_reply": sdk_reply, "inbox": inbox,
    "app": whole_app,
}  # fmt: skip


def main() -> None:
    kind, url, directory, *numbers = sys.argv[1:]
    work = _until_told(KINDS[kind](url, Path(directory), *(int(n) for n in numbers)))
    if kind in ("sdk", "sdk_reply"):
        asyncio.run(work)  # as its own start_forever does
    else:
        house.go(work)


async def _until_told(work: Awaitable[None]) -> None:
    task = asyncio.ensure_future(work)
    told = asyncio.ensure_future(house.wait_for_signal())
    await asyncio.wait({task, told}, return_when=asyncio.FIRST_COMPLETED)
    if not task.done():  # those that listen for the signal themselves come to an end by it
        task.cancel()
    told.cancel()
    await asyncio.gather(task, told, return_exceptions=True)
    if not task.cancelled() and task.exception() is not None:
        task.result()


if __name__ == "__main__":
    main()
