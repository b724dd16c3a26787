"""Scans of a contract, over the real SDK: sent with it, listed, sent back, and nobody else's business (dialogue 6)."""

from typing import Any

import pytest
from sqlmodel import select

from storage.tables import Audit, ContractScan
from tests.support.deals import deals_world
from tests.support.files import fetch_file, only_file, send_file, send_picture
from tests.support.stage import Stage

PDF = b"%PDF-1.7 the signed contract\n" + b"x" * 2000
PNG = b"\x89PNG\r\n\x1a\n" + b"a photograph" * 50


@pytest.fixture
def world() -> dict[str, Any]:
    return deals_world()


def _texts(items: list[dict[str, Any]]) -> str:
    return "\n".join(str(i["text"]) for i in items)


async def test_a_scan_is_kept_with_the_contract_just_registered_and_comes_back(both: Stage) -> None:
    stage = both
    await stage.ask("lina04", "合同 华兴科技 30万 一年")
    assert "把扫描件直接发给我就会挂上" in _texts(await stage.say("lina04", "登记合同"))
    done = await send_file(stage, "lina04", PDF, "华兴/正本.PDF")
    assert "已挂到合同 HT-2026-0008：正本.pdf" in _texts(done)
    item = await stage.ask("lina04", "合同 HT-2026-0008")
    assert "扫描件 1 份" in str(item["text"])
    shown = await stage.ask("lina04", "合同扫描件 HT-2026-0008")
    assert "正本.pdf" in str(shown["text"])
    assert "已挂到合同 HT-2026-0008：HT-2026-0008 扫描件 2.png" in _texts(await send_picture(stage, "lina04", PNG))
    sent = only_file(await stage.say("lina04", "1"))
    assert await fetch_file(stage, sent) == PDF
    picture = [i for i in await stage.say("lina04", "2") if i["kind"] == "image"]
    assert await fetch_file(stage, picture[0]) == PNG
    assert "已从合同 HT-2026-0008 移除：正本.pdf" in _texts(await stage.say("lina04", "移除第1份"))
    assert "恢复原样" in _texts(await stage.say("lina04", "撤销"))
    lines = await stage.app.db.system(
        lambda tx: [a.action for a in tx.exec(select(Audit).order_by(Audit.id)).all() if a.action.endswith(".scan")]  # type: ignore[arg-type]
    )
    assert lines == ["add.scan", "add.scan", "send.scan", "send.scan", "remove.scan", "undo.scan"]


async def test_what_is_no_scan_or_whose_contract_is_not_known_is_said_so(stage: Stage) -> None:
    assert "要挂到哪份合同" in _texts(await send_picture(stage, "lina04", PNG))
    await stage.ask("lina04", "合同扫描件 HT-2025-112")
    assert "不是" in _texts(await send_file(stage, "lina04", b"MZ an executable", "合同.pdf"))
    assert "没有找到" in _texts(await stage.say("lina04", "合同扫描件 HT-2026-007"))
    await stage.ask("qian07", "合同扫描件 HT-2026-007")  # who may look, but not change
    assert "只能查看" in _texts(await send_file(stage, "qian07", PDF, "正本.pdf")) or "没有" in _texts(
        await send_file(stage, "qian07", PDF, "正本.pdf")
    )
    kept = await stage.app.db.system(lambda tx: tx.exec(select(ContractScan)).all())
    assert kept == []
