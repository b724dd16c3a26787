"""`dingcrm demo` and `dingcrm sandbox` as programs of their own (contract sandbox-api.md, Starting)."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.world import small_world


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def written(path: Path, world: dict[str, Any]) -> str:
    path.write_text(json.dumps(world, ensure_ascii=False))
    return str(path)


async def program(*words: str) -> asyncio.subprocess.Process:
    env = {name: value for name, value in os.environ.items() if not name.startswith("DINGCRM_")}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.cli", *words, env={**env, "NO_PROXY": "*"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


@asynccontextmanager
async def running(*words: str, stop: signal.Signals = signal.SIGTERM) -> AsyncIterator[str]:
    """The program between its ready line and a clean stop; its address."""
    child = await program(*words)
    assert child.stdout is not None
    try:
        async with asyncio.timeout(60):
            line = (await child.stdout.readline()).decode()
        if not line:
            raise AssertionError((await child.communicate())[1].decode())
        assert line.startswith("钉钉沙箱已就绪：http://127.0.0.1:")
        yield line.partition("：")[2].strip().rstrip("/")
    finally:
        if child.returncode is None:
            child.send_signal(stop)
            async with asyncio.timeout(30):
                out, _ = await child.communicate()
            assert out == b""
            assert await child.wait() == 0


async def ended(*words: str) -> tuple[int | None, bytes, bytes]:
    """What a program that refuses to start leaves: exit code, stdout, stderr."""
    child = await program(*words)
    async with asyncio.timeout(60):
        out, err = await child.communicate()
    return child.returncode, out, err


async def call(http: aiohttp.ClientSession, method: str, url: str, body: Any = None) -> tuple[int, Any]:
    async with http.request(method, url, json=body) as answer:
        return answer.status, await answer.json()


@pytest.mark.timeout(240)
async def test_a_demo_begun_again_with_people_changed_while_it_was_down(tmp_path: Path) -> None:
    first = small_world()
    port, data = free_port(), str(tmp_path / "data")
    start = ("demo", "--no-browser", "--port", str(port), "--data-dir", data, "--world")
    async with aiohttp.ClientSession() as http:
        async with running(*start, written(tmp_path / "first.json", first), stop=signal.SIGINT) as url:
            assert url == f"http://127.0.0.1:{port}"
            api = f"{url}/sandbox/v1"
            assert (await call(http, "GET", f"{api}/health"))[1]["ready"]
            code, out, err = await ended("demo", "--no-browser", "--port", str(port))
            assert (code, out, err.count(b"\n")) == (1, b"", 1)
            assert f"端口 {port} 已被占用" in err.decode()
            await call(http, "POST", f"{api}/messages", {"from": "lina04", "text": "今天"})
            await call(http, "GET", f"{api}/idle?wait=10")
            assert (await call(http, "GET", f"{api}/inbox/lina04"))[1]["next"] > 0
        second = json.loads(json.dumps(first))
        second["users"] = [one for one in second["users"] if one["userid"] != "lina04"]
        for group in second.get("groups", ()):
            group["members"] = [one for one in group["members"] if one != "lina04"]
        second["users"].append({"userid": "xin88", "name": "辛格", "departments": [101]})
        second["settings"] = {**second["settings"], "admins": ["xin88"]}  # not loaded again
        later = ("--now", "2026-03-05T10:00:00+08:00")
        async with running(*start, written(tmp_path / "second.json", second), *later) as url:
            api = f"{url}/sandbox/v1"
            now = (await call(http, "GET", f"{api}/clock"))[1]["now"]
            assert "2026-03-05T10:00:00+08:00" <= now < "2026-03-05T10:05:00+08:00"
            assert (await call(http, "GET", f"{api}/calls?after=0"))[1]["items"][0]["seq"] == 1
            assert (await call(http, "GET", f"{api}/inbox/lina04"))[1] == {"items": [], "next": 0}
            for userid in ("lina04", "xin88"):  # she left meanwhile, and does not know yet
                status, said = await call(http, "POST", f"{api}/messages", {"from": userid, "text": "组织机构"})
                assert (status, said["ack"]["code"]) == (200, 200)
            await call(http, "GET", f"{api}/idle?wait=10")
            items = (await call(http, "GET", f"{api}/inbox/xin88"))[1]["items"]
            assert ["这是管理员的功能" in one["text"] for one in items] == [True]
            # Nothing reaches a leaver; and she may join again with nothing but her userid.
            assert (await call(http, "GET", f"{api}/inbox/lina04"))[1]["items"] == []
            assert (await call(http, "POST", f"{api}/company/users", {"userid": "lina04"}))[0] == 200


@pytest.mark.timeout(120)
async def test_the_sandbox_alone(tmp_path: Path) -> None:
    world, port = written(tmp_path / "world.json", small_world()), str(free_port())
    moment = "2027-01-02T03:04:05+08:00"
    async with (
        aiohttp.ClientSession() as http,
        running("sandbox", "--port", port, "--world", world, "--now", moment) as url,
    ):
        health = (await call(http, "GET", f"{url}/sandbox/v1/health"))[1]
        assert (health["ready"], health["connections"], health["now"][:16]) == (False, 0, moment[:16])
        assert (await call(http, "GET", f"{url}/sandbox/v1/idle"))[1] == {"idle": True}
        answer = (await call(http, "POST", f"{url}/sandbox/v1/clock", {"advance_seconds": 60}))[1]
        assert answer["jobs"] == []
    for words, said in (
        (("--now", "gestern"), "--now"),
        (("--world", str(tmp_path / "nothing.json")), "nothing.json"),
        (("--world", written(tmp_path / "bad.json", {"version": 1, "users": [{"userid": "a"}]})), "users[0].name"),
    ):
        code, out, err = await ended("sandbox", "--port", port, *words)
        assert (code, out, err.count(b"\n")) == (1, b"", 1)
        assert said in err.decode()
