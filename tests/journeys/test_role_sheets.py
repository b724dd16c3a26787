"""Roles by xlsx: template, export, dry run, one tap, nothing by halves."""

from typing import Any

from bot.core.roles import RoleSheet
from storage import roles as role_store
from storage.database import Tx
from tests.support.files import fetch_file, only_file, rows_of, send_file, table
from tests.support.stage import Stage

HEADER: list[str | None] = ["角色*", "数据权限", "操作权限", "功能", "成员", "服务部门"]


async def roles(stage: Stage) -> dict[str, RoleSheet]:
    def look(tx: Tx) -> dict[str, RoleSheet]:
        return {r.name: r for r in role_store.list_sheets(tx)}

    return await stage.app.db.system(look)


def card_of(items: list[dict[str, Any]]) -> dict[str, Any]:
    cards = [i for i in items if i["kind"] == "card"]
    assert len(cards) == 1, [i["text"] for i in items]
    return cards[0]


async def test_the_template_has_drop_downs_and_a_sample_that_is_not_imported(stage: Stage) -> None:
    content = await fetch_file(stage, only_file(await stage.say("chen01", "角色导入模板")))
    assert rows_of(content)[0] == tuple(HEADER)
    allowed = rows_of(content, 1)
    assert "公海-领取" in {row[3] for row in allowed} and "销售二部" in {row[5] for row in allowed}
    before = await roles(stage)
    checked = card_of(await send_file(stage, "chen01", content))
    assert "新增 0 个角色" in checked["text"] and not checked["buttons"]
    assert await roles(stage) == before


async def test_what_is_exported_changes_nothing_when_it_comes_back(stage: Stage) -> None:
    before = await roles(stage)
    content = await fetch_file(stage, only_file(await stage.say("chen01", "导出角色")))
    checked = card_of(await send_file(stage, "chen01", content))
    assert "新增 0 个角色 · 修改 0 个 · 不变 3 个 · 有问题 0 个" in checked["text"] and not checked["buttons"]
    assert await roles(stage) == before


async def test_a_dry_run_then_one_tap_then_at_once_in_effect(both: Stage) -> None:
    stage = both
    assert "没有「公海-分配」的权限" in (await stage.ask("lina04", "分配 宁波海蓝食品 给 赵磊"))["text"]
    content = table(
        HEADER,
        ["调度", "部门", "高级", "公海-分配;公海-查看；客户-全部", "李娜", "销售一部"],
        [None, None, None, None, "赵磊", "销售一部;销售二部"],
        ["业务员", None, None, None, None, None],
    )
    checked = card_of(await send_file(stage, "chen01", content))
    assert "新增 1 个角色 · 修改 0 个 · 不变 1 个" in checked["text"]
    assert "调度" not in await roles(stage), "a dry run writes nothing"
    done = await stage.tap("chen01", checked, "导入 1 个角色")
    assert "已导入：新增 1 个角色" in done["card"]["text"]
    made = (await roles(stage))["调度"]
    assert (made.data_scope, made.level) == ("departments", "advanced")
    assert made.members == {"lina04": frozenset({101}), "zhao05": frozenset({101, 102})}
    assert {"pool:assign", "customer:delete", "customer:transfer"} <= made.functions
    assert "已把「宁波海蓝食品有限公司」分配给" in (await stage.ask("lina04", "分配 宁波海蓝食品 给 赵磊"))["text"]
    again = card_of(await send_file(stage, "chen01", content))
    assert "不变 2 个" in again["text"] and not again["buttons"], "the same file twice changes nothing"
    shown = (await stage.ask("chen01", "操作记录 权限"))["text"]
    assert "共 1 条" in shown and "陈静 导入角色「调度」" in shown and "成员 无 → 李娜（销售一部）" in shown


async def test_a_second_tap_does_nothing_more(stage: Stage) -> None:
    checked = card_of(
        await send_file(stage, "chen01", table(HEADER, ["出纳", "全部", "普通", "开票-查看", "周敏", None]))
    )
    button = next(b for b in checked["buttons"] if b["text"].startswith("导入"))
    body = {"as": "chen01", "force": True, "action_ids": button["action_ids"], "params": button["params"]}
    for _ in range(2):
        await stage.post(f"/cards/{checked['card']['out_track_id']}/tap", body)
    assert "共 1 条" in (await stage.ask("chen01", "操作记录 权限"))["text"]
    await stage.post(f"/cards/{checked['card']['out_track_id']}/tap", {**body, "as": "lina04"})
    assert "共 1 条" in (await stage.ask("chen01", "操作记录 李娜 被拒绝"))["text"]


async def test_each_wrong_cell_is_named_and_the_file_comes_back_to_be_corrected(stage: Stage) -> None:
    rows: list[list[str | None]] = [
        ["出纳", "全部", "普通", "开票-查看", "周敏", None],
        ["文员", "全公司内", "最高", "客户-看;合同-查看", "周名", "销售三部"],
        ["所有用户", None, None, "帮助", "李娜", None],
        ["出纳", "本人", None, None, None, None],
    ]
    items = await send_file(stage, "chen01", table(HEADER, *rows), name="角色表.xlsx")
    checked, file = card_of(items), only_file(items)
    assert "有问题 3 个" in checked["text"] and file["file"]["name"] == "角色表_问题.xlsx"
    for sentence in (
        "第 3 行「数据权限」：「全公司内」不是数据权限，可以填：本人、服务部门、全部",
        "第 3 行「操作权限」：「最高」不是操作权限，可以填：普通、高级",
        "第 3 行「功能」：没有「客户-看」这个功能，是不是「客户-查看」",
        "第 3 行「成员」：没有叫「周名」的在职同事，是不是「周敏」",
        "第 3 行「服务部门」：没有「销售三部」这个部门，是不是「销售",
        "第 5 行「数据权限」：和第 2 行写的不一样",
    ):
        assert sentence in checked["text"]
    assert not any(b["text"].startswith("导入") for b in checked["buttons"]), "no role of it is whole"
    back = rows_of(await fetch_file(stage, file))
    assert back[0][-1] == "问题" and "不是操作权限" in back[2][-1] and back[1][-1] == ""
    back[2] = ("文员", "全部", "普通", "客户-查看", "周敏", "", "")
    back[3] = ("所有用户", "", "", "无", "", "", "")
    back[4] = ("", "", "", "", "", "", "")
    corrected = card_of(await send_file(stage, "chen01", table(*[list(r) for r in back])))
    assert "新增 2 个角色" in corrected["text"] and "有问题 0 个" in corrected["text"]
    assert (await stage.ask("chen01", "确认导入"))["text"].startswith("已导入：新增 2 个角色")
    assert {"出纳", "文员"} <= set(await roles(stage))


async def test_what_changed_since_the_check_is_shown_again(stage: Stage) -> None:
    first = card_of(await send_file(stage, "chen01", table(HEADER, ["业务员", "全部", None, None, None, None])))
    second = card_of(await send_file(stage, "chen01", table(HEADER, ["业务员", None, "高级", None, None, None])))
    await stage.tap("chen01", second, "导入")
    button = next(b for b in first["buttons"] if b["text"].startswith("导入"))
    body = {"as": "chen01", "button": button["id"], "stale": True}
    answer = await stage.post(f"/cards/{first['card']['out_track_id']}/tap", body)
    assert "检查之后角色又变过，没有导入" in answer["card"]["text"]
    assert (await roles(stage))["业务员"].data_scope == "self"
    await stage.tap("chen01", first, "导入")
    assert (await roles(stage))["业务员"].data_scope == "all"


async def test_files_are_read_for_administrators_by_their_header(stage: Stage) -> None:
    sheet = table(HEADER, ["出纳", "全部", "普通", "开票-查看", "周敏", None])
    assert (await send_file(stage, "lina04", sheet))[-1]["text"] == "这是管理员的功能，需要的话请联系管理员。"
    assert "没认出这张表的列名" in (await send_file(stage, "chen01", table(["天气"], ["晴"])))[-1]["text"]
    assert "不是 xlsx" in (await send_file(stage, "chen01", b"%PDF-1.7", name="角色.xlsx"))[-1]["text"]
    assert "先发送" not in (await send_file(stage, "chen01", sheet, name="照片.png"))[-1]["text"], "the content counts"
    await stage.ask("chen01", "导入角色")
    assert "没有「角色」这一列" in (await send_file(stage, "chen01", table(["天气"], ["晴"])))[-1]["text"]


async def test_strangers_files_are_not_fetched(stage: Stage) -> None:
    await send_file(stage, "qian07", table(HEADER))
    assert not await stage.calls("/v1.0/robot/messageFiles/download")


async def test_a_file_that_cannot_be_fetched_is_asked_for_again(stage: Stage) -> None:
    fault = {"path": "/v1.0/robot/messageFiles/download", "method": "*", "times": 9, "do": {"status": 400, "body": {}}}
    await stage.post("/faults", fault)
    assert "请再发一次" in (await send_file(stage, "chen01", table(HEADER)))[-1]["text"]


async def test_a_file_in_a_group_is_asked_for_in_single_chat(stage: Stage) -> None:
    await stage.say("lina04", "公海", to="cidSALES")
    frame = {
        "type": "CALLBACK", "topic": "/v1.0/im/bot/messages/get", "headers": {},
        "data": {
            "msgId": "msgGroupFile1", "msgtype": "file", "conversationType": "2", "conversationId": "cidSALES",
            "senderStaffId": "lina04", "senderNick": "李娜", "createAt": 1772415000000,
            "content": {"downloadCode": "x", "fileName": "a.xlsx"},
        },
    }  # fmt: skip
    await stage.post("/frames", frame)
    await stage.settle()
    assert [i["text"] for i in await stage.look("lina04")] == ["群里收不到文件，请私聊我发送。"]
