import asyncio

import pytest

from bot.dingtalk.api import open_session
from bot.stream.connection import StreamConnection
from bot.stream.gateway import Gateway
from bot.stream.link import StreamLimits
from tests.support.stream_bench import Taker, streaming, until
from tests.support.stub_api import OURS
from tests.support.stub_gateway import stub_gateway


async def test_stopping_finishes_what_is_in_hand() -> None:
    gate = asyncio.Event()
    taker = Taker(on_bot=lambda frame: gate.wait())  # type: ignore[arg-type, return-value]
    async with stub_gateway() as stub, streaming(stub, taker, StreamLimits(drain=5)) as connection:
        peer = await stub.wait_peers(1)
        message_id = await stub.say(peer)
        await until(lambda: connection.in_hand == 1)
        stopping = asyncio.create_task(connection.stop())
        await asyncio.sleep(0.05)
        assert not stopping.done()
        assert not connection.connected
        gate.set()
        await stopping
        await stub.ack_of(message_id, peer)
        async with asyncio.timeout(5):
            await peer.gone.wait()
        assert peer.close_code == 1000
        assert len(stub.peers) == 1
        assert (connection.connections, connection.in_hand) == (0, 0)


async def test_stopping_does_not_wait_for_ever() -> None:
    taker = Taker(on_bot=lambda frame: asyncio.Event().wait())  # type: ignore[arg-type, return-value]
    async with stub_gateway() as stub, streaming(stub, taker, StreamLimits(drain=0.2)) as connection:
        await stub.say(await stub.wait_peers(1))
        await until(lambda: connection.in_hand == 1)
        async with asyncio.timeout(3):
            await connection.stop()
        assert connection.in_hand == 0


async def test_stopping_while_connecting() -> None:
    async with stub_gateway() as stub:
        stub.always = "hang"
        async with streaming(stub, Taker(), deadline=30) as connection:
            await until(lambda: len(stub.requests) == 1)
            async with asyncio.timeout(3):
                await connection.stop()
        stub.always = (500, b"")
        async with streaming(stub, Taker(), StreamLimits()) as connection:
            await until(lambda: connection.counters.open_failures == 1)
            async with asyncio.timeout(3):
                await connection.stop()


async def test_stopping_before_running_and_running_twice() -> None:
    async with stub_gateway() as stub, open_session() as session:
        gateway = Gateway(lambda: OURS, session, api_base=stub.url)
        early = StreamConnection(gateway, Taker())
        await early.stop()
        async with asyncio.timeout(3):
            await early.run()
        with pytest.raises(RuntimeError):
            await early.run()


async def test_a_cancelled_run_leaves_nothing_behind() -> None:
    async with stub_gateway() as stub, open_session() as session:
        before = asyncio.all_tasks()
        connection = StreamConnection(Gateway(lambda: OURS, session, api_base=stub.url), Taker())
        running = asyncio.create_task(connection.run())
        peer = await stub.wait_peers(1)
        await connection.wait_connected(5)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        async with asyncio.timeout(5):
            await peer.gone.wait()
        ours = {task for task in asyncio.all_tasks() - before if (task.get_name() or "").startswith("stream")}
        assert ours == set()
