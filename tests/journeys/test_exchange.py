"""Imports and exports by file message, over the real socket: dry run, one tap, returned rows, undo, round trip."""

from typing import Any

from sqlmodel import col, select

from storage.database import Tx
from storage.tables import Contact, Customer, OwnerHistory, Product
from tests.support.files import fetch_file, only_file, rows_of, send_file, table
from tests.support.stage import Stage

HEADER: list[str | None] = ["客户名称*", "城市", "客户来源", "联系人", "联系人手机", "备注2"]


def card_of(items: list[dict[str, Any]]) -> dict[str, Any]:
    cards = [i for i in items if i["kind"] == "card"]
    assert len(cards) == 1, [i["text"] for i in items]
    return cards[0]


async def customers(stage: Stage) -> dict[str, Customer]:
    def look(tx: Tx) -> dict[str, Customer]:
        return {c.name: c for c in tx.exec(select(Customer)).all()}

    return await stage.app.db.system(look)


async def test_a_table_of_customers_is_checked_then_imported_by_one_tap(both: Stage) -> None:
    stage = both
    before = await customers(stage)
    content = table(
        HEADER,
        ["杭州启明贸易有限公司", "杭州", "展会", "陈强", "13900001111", "x"],
        ["苏州新泰电子有限公司", "苏州", "网络", None, None, None],
        ["宁波华东精密机械有限公司", "宁波", None, None, None, None],
        ["绍兴华美纺织有限公司", "绍兴", "展会", "王芳", "1381234567", None],
    )
    checked = card_of(await send_file(stage, "chen01", content, "客户.xlsx"))
    assert "读到 4 行 · 认出 5/6 列（“备注2” 没认出）" in checked["text"]
    assert "可导入 2 · 疑似重复 1 · 有问题 1（第 5 行：联系人手机：位数不对）" in checked["text"]
    assert await customers(stage) == before, "a dry run writes nothing"
    done = await stage.tap("chen01", checked, "导入 2 条")
    assert "完成：新增 2 · 更新 0 · 跳过 1 · 失败 1" in done["card"]["text"]
    after = await customers(stage)
    assert set(after) - set(before) == {"杭州启明贸易有限公司", "苏州新泰电子有限公司"}
    assert after["杭州启明贸易有限公司"].owner_id == "chen01"
    await stage.tap("chen01", checked, "下载失败行")
    await stage.settle()
    returned = rows_of(await fetch_file(stage, only_file(await stage.look("chen01"))))
    assert returned[0][-1] == "错误原因" and returned[1][0] == "绍兴华美纺织有限公司" and "位数不对" in returned[1][-1]
    fixed = [list(r) for r in returned]
    fixed[1][4] = "13812345670"
    again = card_of(await send_file(stage, "chen01", table(*fixed), "客户_问题.xlsx"))
    assert "可导入 1 · 疑似重复 0 · 有问题 0" in again["text"] and "错误原因" not in again["text"]
    same = card_of(await send_file(stage, "chen01", content, "客户.xlsx"))
    assert "可导入 0" in same["text"] and "没有变化 2" in same["text"]


async def products(stage: Stage) -> dict[str, tuple[str, str, str, str]]:
    def look(tx: Tx) -> dict[str, tuple[str, str, str, str]]:
        return {p.code: (p.name, p.category, p.unit, str(p.price)) for p in tx.exec(select(Product)).all()}

    return await stage.app.db.system(look)


PRODUCTS: list[str | None] = ["产品编号*", "产品名称*", "产品分类", "计量单位", "单价*"]


async def test_products_round_trip_and_are_updated_by_their_code(both: Stage) -> None:
    stage = both
    content = table(
        PRODUCTS,
        ["ZJ-001", "数控主轴", None, None, "12800"],
        ["ZJ-002", "@SUM(A1)", None, None, "1.5万"],
        ["ZJ-003", "负数", None, None, "-1"],
        [None, None, None, None, None],
        ["ZJ-001", "又一个", None, None, "1"],
    )
    checked = card_of(await send_file(stage, "chen01", content, "产品.xlsx"))
    assert "读到 5 行" in checked["text"] and "可导入 2 · 疑似重复 0 · 有问题 2" in checked["text"]
    done = await stage.tap("chen01", checked, "导入 2 条")
    assert "完成：新增 2 · 更新 0 · 跳过 1 · 失败 2（共 5 行）" in done["card"]["text"]
    assert (await products(stage))["ZJ-002"][3] == "15000.00"
    sent = await fetch_file(stage, only_file(await stage.say("chen01", "导出产品")))
    rows = rows_of(sent)
    assert rows[0] == (*PRODUCTS, "规格", "描述") and "数控主轴" in rows[1]
    before = await products(stage)
    back = card_of(await send_file(stage, "chen01", sent, "产品.xlsx"))
    assert "可导入 0 · 疑似重复 0 · 有问题 0" in back["text"] and f"没有变化 {len(before)}" in back["text"]
    dearer = card_of(
        await send_file(stage, "chen01", table(["单价", "编号"], ["13800", "zj-001"], [None, "ZJ-002"]), "调价.xlsx")
    )
    assert "可导入 0 · 疑似重复 1" in dearer["text"] and "缺少必填的列：产品名称" in dearer["text"]
    done = await stage.tap("chen01", dearer, "更新 1 条")
    assert "更新 1 · 跳过 1" in done["card"]["text"]
    after = await products(stage)
    assert after["ZJ-001"] == ("数控主轴", "", "", "13800.00") and after["ZJ-002"] == before["ZJ-002"]
    undone = await stage.tap("chen01", dearer, "撤销")
    assert "已撤销导入的 1 个产品" in undone["card"]["text"]
    assert await products(stage) == before


async def test_what_was_worked_on_since_stays_when_an_import_is_taken_back(stage: Stage) -> None:
    content = table(
        ["客户名称", "联系人", "手机"], ["甲乙机床有限公司", "王一", "13900002221"], ["丙丁模具有限公司", None, None]
    )
    checked = card_of(await send_file(stage, "chen01", content, "客户.xlsx"))
    await stage.tap("chen01", checked, "导入 2 条")
    await stage.say("chen01", "跟进 甲乙机床 电话聊了报价")
    undone = await stage.tap("chen01", checked, "撤销")
    assert "已撤销导入的 1 家客户；1 家之后又改过或用过，没有动" in undone["card"]["text"]
    names = await customers(stage)
    assert "甲乙机床有限公司" in names and "丙丁模具有限公司" not in names


async def test_only_named_rows_and_words_instead_of_taps(stage: Stage) -> None:
    content = table(
        ["客户名称"], ["一号机床有限公司"], ["二号机床有限公司"], ["三号机床有限公司"], ["五号机床有限公司"]
    )
    await send_file(stage, "chen01", content, "客户.xlsx")
    done = card_of(await stage.say("chen01", "导入 3-4,9"))
    assert "新增 2 · 更新 0 · 跳过 2 · 失败 0" in done["text"]
    assert {"二号机床有限公司", "三号机床有限公司"} <= set(await customers(stage))
    assert "一号机床有限公司" not in await customers(stage)
    assert "已撤销导入的 2 家客户" in (await stage.ask("chen01", "撤销"))["text"]


async def test_a_seller_without_the_right_is_refused_and_nothing_is_kept(stage: Stage) -> None:
    content = table(["客户名称", "城市"], ["一号机床有限公司", "杭州"])
    assert "你没有「客户-导入」的权限" in (await stage.ask("lina04", "导入客户"))["text"]
    assert "你没有「客户-导入」的权限" in (await send_file(stage, "lina04", content, "客户.xlsx"))[0]["text"]
    assert "你没有「客户-导出」的权限" in (await stage.ask("lina04", "导出 我的客户"))["text"]
    assert "一号机床有限公司" not in await customers(stage)


async def allow(stage: Stage, *functions: str) -> None:
    for function in functions:
        await stage.say("chen01", f"角色 业务员 添加功能 {function}")
    await stage.say("chen01", "角色 业务员 操作权限 高级")


async def test_a_column_one_may_not_write_is_refused_by_its_name(stage: Stage) -> None:
    await allow(stage, "客户-导入", "客户-导出", "产品-导入", "客户-编辑")
    await stage.say("chen01", "字段权限 业务员 客户 电话 只读")
    await stage.say("chen01", "字段权限 业务员 产品 单价 隐藏")
    content = table(["客户名称", "电话"], ["一号机床有限公司", "057188881111"])
    said = (await send_file(stage, "lina04", content, "客户.xlsx"))[0]["text"]
    assert "你不能填客户的「电话」" in said
    said = (await send_file(stage, "lina04", table(PRODUCTS, ["A1", "甲", None, None, "1"]), "产品.xlsx"))[0]["text"]
    assert "你不能填产品的「单价」" in said
    assert "一号机床有限公司" not in await customers(stage) and "A1" not in await products(stage)
    empty = card_of(
        await send_file(stage, "lina04", table(["客户名称", "电话"], ["一号机床有限公司", None]), "客户.xlsx")
    )
    assert "可导入 1" in empty["text"], "an empty column is no wish to write it"
    header = rows_of(await fetch_file(stage, only_file(await stage.say("lina04", "客户导入模板"))))[0]
    assert "客户名称*" in header and "电话" not in header and "联系人手机" in header


async def test_an_export_shows_no_more_than_a_card(stage: Stage) -> None:
    await allow(stage, "客户-导出", "客户-导入")
    await stage.say("chen01", "字段权限 业务员 联系人 手机 脱敏")
    await stage.say("chen01", "字段权限 业务员 客户 行业 隐藏")
    items = await stage.say("lina04", "导出 我的客户")
    assert any("共 3 家客户" in i["text"] for i in items)
    rows = rows_of(await fetch_file(stage, only_file(items)))
    assert {r[0] for r in rows[1:]} == {"宁波华东精密机械有限公司", "华兴科技有限公司", "华星电子有限公司"}
    assert "客户行业" not in rows[0]
    mobile = rows[0].index("联系人手机")
    assert {r[mobile] for r in rows[1:]} == {"138****0001", "138****5678", ""}
    assert rows[1][rows[0].index("负责人")] == "李娜(lina04)"
    assert "导出数据" in (await stage.ask("chen01", "操作记录 导出"))["text"]
    assert "没有符合条件的客户" in (await stage.ask("lina04", "导出 我的客户 火星"))["text"]
    assert "深圳创想" not in str(rows_of(await fetch_file(stage, only_file(await stage.say("lina04", "导出客户")))))


async def test_customers_round_trip_with_contacts_and_owners(both: Stage) -> None:
    stage = both
    sent = await fetch_file(stage, only_file(await stage.say("chen01", "导出客户")))
    count = len(rows_of(sent)) - 1
    back = card_of(await send_file(stage, "chen01", sent, "客户.xlsx"))
    assert f"没有变化 {count}" in back["text"] and "可导入 0 · 疑似重复 0 · 有问题 0" in back["text"]
    contacts = await fetch_file(stage, only_file(await stage.say("chen01", "导出联系人")))
    people = len(rows_of(contacts)) - 1
    back = card_of(await send_file(stage, "chen01", contacts, "联系人.xlsx"))
    assert people and f"没有变化 {people}" in back["text"] and "可导入 0 · 疑似重复 0 · 有问题 0" in back["text"]


async def test_others_records_the_pool_and_owners(stage: Stage) -> None:
    await allow(stage, "客户-导入")
    content = table(
        ["客户", "城市", "负责人"],
        ["华兴科技有限公司", "杭州", None],
        ["深圳创想电子有限公司", "深圳", None],
        ["宁波海蓝食品有限公司", "宁波", None],
        ["一号机床有限公司", "杭州", "赵磊"],
        ["二号机床有限公司", "杭州", "赵磊(lina04)"],
        ["三号机床有限公司", "杭州", "李娜(lina04)"],
    )
    checked = card_of(await send_file(stage, "lina04", content))
    assert "可导入 1 · 疑似重复 1 · 有问题 4" in checked["text"]
    await stage.tap("lina04", checked, "重复的也更新")
    await stage.tap("lina04", checked, "下载失败行")
    await stage.settle()
    rows = rows_of(await fetch_file(stage, only_file(await stage.look("lina04"))))
    reasons = {r[0]: r[-1] for r in rows[1:]}
    assert "深****************" not in str(reasons)
    assert "已经有这家客户了" in reasons["深圳创想电子有限公司"] and "深圳创想" not in reasons["深圳创想电子有限公司"]
    assert "在公海里" in reasons["宁波海蓝食品有限公司"]
    assert "你没有「客户-更换负责人」的权限" in reasons["一号机床有限公司"]
    assert "不是赵磊" in reasons["二号机床有限公司"]
    names = await customers(stage)
    assert names["华兴科技有限公司"].city == "杭州" and names["深圳创想电子有限公司"].city == ""
    assert names["三号机床有限公司"].owner_id == "lina04"


async def test_without_an_owner_into_the_pool_if_one_says_so(stage: Stage) -> None:
    checked = card_of(await send_file(stage, "chen01", table(["客户名称", "城市"], ["一号机床有限公司", "杭州"])))
    pooled = await stage.tap("chen01", checked, "没写负责人的进公海")
    assert "没写负责人的：进公海" in pooled["card"]["text"]
    await stage.tap("chen01", checked, "导入 1 条")

    def look(tx: Tx) -> list[tuple[str | None, str]]:
        customer = tx.exec(select(Customer).where(Customer.name == "一号机床有限公司")).one()
        assert customer.owner_id is None and customer.pooled_at is not None
        return [
            (h.owner_id, h.how) for h in tx.exec(select(OwnerHistory).where(OwnerHistory.customer_id == customer.id))
        ]

    assert await stage.app.db.system(look) == [(None, "import")]


async def test_a_header_below_a_title_other_names_and_the_form_for_the_rest(stage: Stage) -> None:
    content = table(
        ["2026 年展会名单", None, None, None],
        [None, None, None, None],
        ["公司", "所在地", "意向", "联系电话"],
        ["一号机床有限公司", "杭州", "想买主轴", "13900003331.0"],
    )
    checked = card_of(await send_file(stage, "chen01", content, "名单.xlsx"))
    if "这是什么表" in checked["text"]:
        await stage.tap("chen01", checked, "客户")
    shown = await stage.card("chen01", checked)
    assert "认出 3/4 列（“意向” 没认出）" in shown["text"], shown["text"]
    form = await stage.tap("chen01", checked, "改对应关系")
    assert "对应关系" in form["card"]["text"]
    mapped = await stage.fill("chen01", checked, c0="name", c1="city", c2="remark", c3="contact.mobile")
    assert "认出 4/4 列" in mapped["card"]["text"]
    await stage.tap("chen01", checked, "导入 1 条")
    made = (await customers(stage))["一号机床有限公司"]
    assert (made.city, made.remark) == ("杭州", "想买主轴")

    def look(tx: Tx) -> list[str]:
        return list(tx.exec(select(Contact.mobile).where(col(Contact.customer_id) == made.id)).all())

    assert await stage.app.db.system(look) == ["13900003331"]


async def test_templates_with_drop_downs_and_a_sample_that_is_passed_over(stage: Stage) -> None:
    which = card_of(await stage.say("chen01", "导入模板"))
    await stage.tap("chen01", which, "产品")
    await stage.settle()
    assert only_file(await stage.look("chen01"))["file"]["name"] == "产品导入模板.xlsx"
    for asked, title in (("客户导入模板", "客户名称*"), ("导入模板 竞争对手", "竞争对手*"), ("目标导入模板", "对象*")):
        sent = await fetch_file(stage, only_file(await stage.say("chen01", asked)))
        rows = rows_of(sent)
        assert rows[0][0] == title and rows[1][0].startswith("示例")
        back = card_of(await send_file(stage, "chen01", sent, f"{asked}.xlsx"))
        assert "读到 1 行" in back["text"] and "可导入 0 · 疑似重复 0 · 有问题 0" in back["text"], back["text"]
    sent = await fetch_file(stage, only_file(await stage.say("chen01", "客户导入模板")))
    assert "展会" in {cell for row in rows_of(sent, 1) for cell in row}


async def test_clearing_needs_a_word_and_blank_cells_change_nothing(stage: Stage) -> None:
    content = table(["客户名称", "行业", "城市"], ["宁波华东精密机械有限公司", "<清空>", None])
    checked = card_of(await send_file(stage, "chen01", content, "客户.xlsx"))
    await stage.tap("chen01", checked, "更新 1 条")
    made = (await customers(stage))["宁波华东精密机械有限公司"]
    assert made.industry == ""


async def test_targets_and_competitors(stage: Stage) -> None:
    content = table(
        ["对象", "指标", "年份", "1月", "2月"],
        ["李娜", "合同额", "2026", "30万", "300000"],
        ["没有人", "合同额", "2026", "1", None],
    )
    checked = card_of(await send_file(stage, "chen01", content, "目标.xlsx"))
    assert "可导入 1 · 疑似重复 0 · 有问题 1" in checked["text"]
    await stage.tap("chen01", checked, "导入 1 条")
    sent = await fetch_file(stage, only_file(await stage.say("chen01", "导出目标 2026年")))
    assert rows_of(sent)[1][:5] == ("李娜", "合同额", "2026", "300000.00", "300000.00")
    assert "没有变化 1" in card_of(await send_file(stage, "chen01", sent, "目标.xlsx"))["text"]
    await stage.tap("chen01", checked, "撤销")
    assert "没有符合条件" in (await stage.ask("chen01", "导出目标"))["text"]
    content = table(["名称", "优势", "弱项"], ["某某机床", "价格低", "服务慢"])
    checked = card_of(await send_file(stage, "chen01", content, "竞争对手.xlsx"))
    await stage.tap("chen01", checked, "导入 1 条")
    sent = await fetch_file(stage, only_file(await stage.say("chen01", "导出竞争对手")))
    assert rows_of(sent)[1][:3] == ("某某机床", "价格低", "服务慢")


async def test_somebody_elses_import_cannot_be_touched(stage: Stage) -> None:
    checked = card_of(await send_file(stage, "chen01", table(["客户名称", "城市"], ["一号机床有限公司", "杭州"])))
    button = next(b for b in checked["buttons"] if b["text"].startswith("导入"))
    body = {"as": "wang03", "force": True, "action_ids": button["action_ids"], "params": button["params"]}
    await stage.post(f"/cards/{checked['card']['out_track_id']}/tap", body)
    assert "一号机床有限公司" not in await customers(stage)


async def test_many_rows_are_a_jobs_work_with_progress_and_an_end(both: Stage) -> None:
    stage = both
    rows = [["批量客户名称", "城市"], *([f"批量{n:05}号制造有限公司", "杭州"] for n in range(2600))]
    rows[0] = ["客户名称", "城市"]
    items = await send_file(stage, "chen01", table(*rows), "客户.xlsx")
    checked = card_of(items)
    shown = await stage.card("chen01", checked)
    assert "读到 2,600 行" in shown["text"] and "可导入 2,600" in shown["text"]
    await stage.tap("chen01", checked, "导入 2,600 条")
    await stage.settle(60)
    said = [i["text"] for i in await stage.look("chen01")]
    assert any("新增 2,600 · 更新 0 · 跳过 0 · 失败 0" in text for text in said), said
    assert len(await customers(stage)) == 12 + 2600
    sent = await stage.say("chen01", "导出客户")
    file = await fetch_file(stage, only_file(sent))
    assert len(rows_of(file)) == 1 + 2600 + 5
    await stage.tap("chen01", checked, "撤销")
    await stage.settle(60)
    assert len(await customers(stage)) == 12


async def test_in_a_group_one_is_told_where_to_send_it(stage: Stage) -> None:
    said = await stage.say("lina04", "导入客户", to="cidSALES")
    assert any("群里收不到文件，请私聊我发送" in i["text"] for i in said), said


async def test_a_file_that_was_announced_is_of_that_kind(stage: Stage) -> None:
    assert "私聊发给我" in (await stage.ask("chen01", "导入线索"))["text"]
    checked = card_of(await send_file(stage, "chen01", table(["公司", "手机"], ["新泰电子", "13900001111"])))
    assert "检查结果：线索" in checked["text"] and "可导入 1" in checked["text"]
    done = card_of(await stage.say("chen01", "导入"))
    assert "新增 1 · 更新 0 · 跳过 0 · 失败 0" in done["text"]
