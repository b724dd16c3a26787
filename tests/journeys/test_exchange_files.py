"""Files as people have them: hostile ones get one sentence, odd ones a card, and what failed can be put right."""

import io
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook

from bot.commands import import_
from bot.sheets import BadFile
from storage.database import Database
from storage.migrate import upgrade
from tests.bot.test_sheets import HOSTILE, package, sheet_xml, text_cell
from tests.journeys.test_exchange import card_of, customers
from tests.support.company import load_company
from tests.support.files import fetch_file, only_file, rows_of, send_file, table
from tests.support.stage import KEY, Stage


def _empty_rows() -> bytes:
    return package(sheet_xml(f'<row r="1">{text_cell("A1", "客户名称")}</row>' + "<row/>" * 2_000_000))


def _huge_cell() -> bytes:
    return package(sheet_xml(f'<row r="1">{text_cell("A1", "客" * 11_000_000)}</row>'))


def _csv() -> bytes:
    return "\N{BYTE ORDER MARK}客户名称,城市\n杭州启明贸易有限公司,杭州\n".encode()


FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    **{name: HOSTILE[name] for name in ("bomb", "billion laughs", "old xls", "many columns", "truncated")},
    "csv": (_csv, "另存为"),
    "csv of a Chinese Windows": (lambda: "客户名称,城市\n".encode("gb18030"), "另存为"),
    "two million empty rows": (_empty_rows, "太大"),
    "a huge cell": (_huge_cell, "太"),
}


async def test_a_hostile_file_gets_one_sentence_in_chat(stage: Stage) -> None:
    before = await customers(stage)
    for name, (make, why) in FILES.items():
        items = await send_file(stage, "chen01", make(), "客户.xlsx")
        assert len(items) == 1 and items[0]["kind"] != "card", (name, items)
        assert why in items[0]["text"] and len(items[0]["text"]) < 90, (name, items[0]["text"])
    assert await customers(stage) == before


async def test_and_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db = Database(f"sqlite+aiosqlite:///{tmp_path}/dingcrm.sqlite3")
    await upgrade(db)
    await load_company(db)
    await db.close()
    monkeypatch.setenv("DINGCRM_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DINGCRM_SECRET_KEY", KEY)
    path = tmp_path / "客户.xlsx"
    given = Namespace(file=str(path), kind="customers", owner="", dry_run=False, new_only=False, errors="", json=False)
    for name, (make, why) in FILES.items():
        path.write_bytes(make())
        with pytest.raises(BadFile) as refusal:
            await import_._import(given)
        assert why in refusal.value.text, name
    path.write_bytes(table(["城市", "公司名称"], ["杭州", "启明贸易有限公司"], ["杭州", "启"]))
    done = await import_._import(given)
    assert (done["created"], done["failed"]) == (1, 1) and Path(done["errors"]).exists()


async def test_macros_and_formulas_do_nothing_and_values_count(stage: Stage) -> None:
    made = Workbook()
    assert made.active is not None
    made.active.append(["客户名称", "城市", "备注"])
    made.active.append(["启明贸易有限公司", "杭州", '=HYPERLINK("http://evil.example","看")'])
    out = io.BytesIO()
    made.save(out)
    checked = card_of(await send_file(stage, "chen01", out.getvalue(), "客户.xlsm"))
    await stage.tap("chen01", checked, "导入 1 条")
    assert (await customers(stage))["启明贸易有限公司"].remark == "", "a formula without a value kept for it is nothing"
    macros = package(
        sheet_xml(
            f'<row r="1">{text_cell("A1", "客户名称")}{text_cell("B1", "城市")}</row>'
            f'<row r="2">{text_cell("A2", "新泰电子有限公司")}{text_cell("B2", "苏州")}</row>'
        ),
        **{"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0macro"},
    )
    checked = card_of(await send_file(stage, "chen01", macros, "客户.xlsm"))
    assert "可导入 1" in checked["text"]


async def test_odd_headers_and_a_missing_column_then_what_failed_is_put_right_and_sent_again(stage: Stage) -> None:
    odd = ["移动电话", "级别（重点/普通）", "对接人", " 单 位 名 称 ：", "渠道", "业务员"]
    rows = [
        ["13911112222", "重点客户", "赵一", "东方机床有限公司", "展会", "李娜"],
        ["139", "普通客户", "钱二", "西门模具有限公司", "展会", "李娜(lina04)"],
        ["13911113333", "特级", "孙三", "南山电子有限公司", "展会", "查无此人"],
        ["13911114444", "普通客户", "李四", "", "网络", ""],
        ["13911115555", "普通客户", "周五", "北海包装有限公司", "火星", ""],
    ]
    nameless = await send_file(stage, "chen01", table(odd[:3], *(r[:3] for r in rows)), "名单.xlsx")
    assert not any("可导入 5" in i["text"] for i in nameless), "without names there is nobody to import"
    checked = card_of(await send_file(stage, "chen01", table(odd, *rows), "客户名单.xlsx"))
    assert "认出 6/6 列" in checked["text"] and "可导入 1 · 疑似重复 0 · 有问题 4" in checked["text"], checked["text"]
    await stage.tap("chen01", checked, "导入 1 条")
    await stage.tap("chen01", checked, "下载失败行")
    await stage.settle()
    returned = [list(r) for r in rows_of(await fetch_file(stage, only_file(await stage.look("chen01"))))]
    assert returned[0] == [*(t.strip() for t in odd), "错误原因"]
    assert [r[-1].partition("：")[0] for r in returned[1:]] == ["第 3 行", "第 4 行", "第 5 行", "第 6 行"]
    assert "级别" in returned[2][-1] or "客户分类" in returned[2][-1]
    assert "查无此人" in returned[2][-1], "every fault of a row is named, not the first alone"
    returned[1][0], returned[2][1], returned[2][5] = "13911116666", "重点客户", "李娜"
    returned[3][3], returned[4][4] = "中原五金有限公司", "转介绍"
    again = card_of(await send_file(stage, "chen01", table(*returned), "客户名单_问题.xlsx"))
    assert "可导入 4 · 疑似重复 0 · 有问题 0" in again["text"], again["text"]
    done = await stage.tap("chen01", again, "导入 4 条")
    assert "完成：新增 4 · 更新 0 · 跳过 0 · 失败 0" in done["card"]["text"]
    made = await customers(stage)
    assert {"东方机床有限公司", "西门模具有限公司", "南山电子有限公司", "中原五金有限公司", "北海包装有限公司"} <= set(
        made
    )
    assert (made["南山电子有限公司"].owner_id, made["南山电子有限公司"].customer_class) == ("lina04", "重点客户")
