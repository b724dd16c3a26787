"""`dingcrm init`: the same records as by the card, resumable, and its last lines name what was mirrored."""

from argparse import Namespace
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.commands import init
from bot.commands.house import Refused
from bot.sandbox import server
from bot.sandbox.state import Sandbox
from storage import secrets as vault
from storage.database import Database
from storage.settings import read_settings
from tests.support.stage import KEY
from tests.support.world import small_world

OPTIONS = ("client_id", "client_secret", "corp_id", "agent_id", "admins", "scope", "test_to")
WHO = {
    "client_id": "dingapp0001", "client_secret": "s3cret-for-tests", "corp_id": "dingcorp0001", "agent_id": "100001",
}  # fmt: skip


def given(**options: Any) -> Namespace:
    return Namespace(**dict.fromkeys(OPTIONS) | {"consent": False} | options)


@pytest.fixture
async def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    running = await server.start(Sandbox.from_world(small_world()), 0)
    for name, value in (
        ("API_BASE", running.url), ("OAPI_BASE", running.url), ("DATA_DIR", str(tmp_path)), ("SECRET_KEY", KEY),
    ):  # fmt: skip
        monkeypatch.setenv(f"DINGCRM_{name}", value)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    yield running.sandbox
    await running.close()


async def test_step_by_step_each_answer_once(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Refused, match="--client-secret"):
        await init._init(given(client_id="dingapp0001"))
    with pytest.raises(Refused, match="--consent"):
        await init._init(given(**WHO))
    with pytest.raises(Refused, match="--admins"):
        await init._init(given(consent=True))
    with pytest.raises(Refused, match="没有找到"):
        await init._init(given(admins="查无此人"))
    assert await init._init(given(admins="陈静，wang03", scope="部分员工 销售一部 周敏")) == 0
    assert await init._init(given()) == 0, "again: nothing is asked"
    lines = capsys.readouterr().out.strip().split("\n")
    assert lines[-1] == "已同步部门 5 个，人员 6 人。"
    assert "使用范围：部分员工：销售一部、周敏（5 人），管理员：陈静、王强" in lines[-2]
    assert "s3cret" not in "".join(lines)
    db = Database(f"sqlite+aiosqlite:///{tmp_path}/dingcrm.sqlite3")
    try:
        settings = await db.system(read_settings)
        assert settings.opened and settings.admins == ("chen01", "wang03")
        assert settings.consented_by == "chen01" and settings.consented_terms and settings.consented_at
        assert settings.usage_scope.departments == (101,) and settings.usage_scope.users == ("zhou06",)
        secret = await db.system(lambda tx: vault.read_secret(tx, KEY, "dingtalk.client_secret"))
        assert secret == "s3cret-for-tests"
    finally:
        await db.close()


async def test_everybody_unless_said_otherwise(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert await init._init(given(**WHO, consent=True, admins="陈静")) == 0
    assert "使用范围：全部员工（6 人）" in capsys.readouterr().out
