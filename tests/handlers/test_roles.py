"""角色权限: what can be said and tapped, what it does on the next message, what is refused, what is kept."""

from dataclasses import replace

import pytest
from sqlmodel import col, select

from bot.core.errors import AppError, InvalidInput
from bot.core.fields import FieldLevel
from bot.core.roles import RoleSheet, effective_functions
from bot.identity import rights_of
from cards.roles import DeleteRoleButton, RemoveMemberButton, RoleFieldButton, RoleFunctionButton, RoleScopeButton
from handlers.roles import rules
from storage import roles
from storage.database import Database, Tx
from storage.settings import read_settings
from storage.tables import Audit, SyncRun
from tests.support.company import NOW, id_of, load_company
from tests.support.room import Room

SALES = RoleSheet(
    2, "业务员", functions=frozenset({"customer:view", "customer:export"}), members={"lina04": frozenset()}
)


@pytest.fixture
async def room(database: Database) -> Room:
    await load_company(database)
    await database.system(lambda tx: tx.add(SyncRun(kind="full", status="ok", started_at=NOW, finished_at=NOW)))
    return Room(database)


async def role(room: Room, name: str) -> RoleSheet:
    found = await room.db.system(lambda tx: roles.find_by_name(tx, name))
    assert found is not None, name
    return found


@pytest.mark.parametrize(
    ("words", "functions"),
    [
        ("公海-领取", {"pool:claim"}),
        ("公海领取、客户－导出", {"pool:claim", "customer:export"}),
        ("客户-更换负责人", {"customer:transfer"}),
        ("公海-全部", {"pool:assign", "pool:claim", "pool:return", "pool:view"}),
        ("pool:claim", {"pool:claim"}),
        ("客户-批量导入 和 报表查看", {"customer:import", "report:view"}),
    ],
)
def test_functions_are_read_as_people_write_them(words: str, functions: set[str]) -> None:
    assert rules.read_functions(words) == functions


@pytest.mark.parametrize(
    ("words", "offered"), [("公海-领去", "公海-领取"), ("客护-查看", "客户"), ("合同-领取", "作废")]
)
def test_an_unknown_function_offers_what_is_near(words: str, offered: str) -> None:
    with pytest.raises(InvalidInput, match=offered):
        rules.read_functions(words)


@pytest.mark.parametrize("name", ["所有用户", " 所有用户 ", "", "查看", "很" * 21])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(AppError):
        rules.check_name(name)


def test_an_advanced_operation_counts_only_at_that_level() -> None:
    advanced = {"customer": ("delete", "export")}
    assert effective_functions(SALES.functions, "normal", advanced) == {"customer:view"}
    assert effective_functions(SALES.functions, "advanced", advanced) == SALES.functions
    assert effective_functions(SALES.functions, "normal", {"customer": ()}) == SALES.functions


def test_a_role_survives_being_written_down() -> None:
    whole = replace(SALES, fields={("customer", "phone"): FieldLevel.MASKED}, members={"a": frozenset({3, 1})})
    assert RoleSheet.from_json(whole.to_json()) == whole


async def test_before_the_first_sync_nothing_is_shown(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    for sentence in (
        "角色权限", "角色 业务员", "新建角色 电销", "角色 业务员 添加 王强", "删除角色 业务员", "字段权限 业务员",
        "高级操作", "角色 查看 李娜",
    ):  # fmt: skip
        said = await room.say("chen01", sentence)
        assert "请先同步组织机构" in said, (sentence, said)
        assert "李娜" not in said


async def test_names_are_unique_whatever_their_width_and_case(room: Room) -> None:
    assert "新建角色" in await room.say("chen01", "新建角色 Sales 助理")
    for twin in ("ｓａｌｅｓ 助理", "SALES  助理", "Ｓales 助理"):
        assert "已经有「Sales 助理」" in await room.say("chen01", f"新建角色 {twin}")
        assert "已经有「Sales 助理」" in await room.say("chen01", f"角色 业务员 改名 {twin}")
    assert "内置角色" in await room.say("chen01", "角色 业务员 改名 所有用户")
    assert "业务员" in (await role(room, "业务员")).name


async def test_a_change_counts_on_the_next_message_and_can_be_taken_back(room: Room) -> None:
    assert "没有找到" in await room.say("lina04", "查 上海明德")
    assert "本人 → 全部" in await room.say("chen01", "角色 业务员 数据权限 全部")
    assert "上海明德" in await room.say("lina04", "查 上海明德")
    assert "已撤销" in await room.say("chen01", "撤销")
    assert "没有找到" in await room.say("lina04", "查 上海明德")


async def test_an_undo_after_another_change_is_refused(room: Room) -> None:
    await room.say("chen01", "角色 业务员 数据权限 全部")
    first = await role(room, "业务员")
    await room.db.system(lambda tx: roles.write_role(tx, first, replace(first, level="advanced")))
    assert "之后又改过" in await room.say("chen01", "撤销")
    assert (await role(room, "业务员")).data_scope == "all"


async def test_served_departments_hold_what_is_below_them_and_none_is_like_oneself(room: Room) -> None:
    async def count() -> str:
        return await room.say("wang03", "客户")

    assert "共 4 家" in await count()
    assert "销售一部 → 销售部" in await room.say("chen01", "角色 部门经理 王强 服务部门 销售部")
    assert "共 5 家" in await count()
    assert "销售部 → 无" in await room.say("chen01", "角色 部门经理 王强 服务部门 无")
    assert "还没有客户" in await count()
    assert "李娜 的服务部门" in await room.say("chen01", "角色 部门经理 李娜 服务部门 销售二部"), "added as a member"
    assert "共 4 家" in await room.say("lina04", "客户")


async def test_members_come_and_go_by_name(room: Room) -> None:
    assert "1 → 3 人" in await room.say("chen01", "角色 部门经理 添加 李娜、@赵磊")
    assert "没有变化" in await room.say("chen01", "角色 部门经理 添加 李娜")
    assert "王强" in await room.say("chen01", "角色 部门经理 添加 王墙")
    assert "3 → 2 人" in await room.say("chen01", "角色 部门经理 移除 李娜、周敏")
    assert set((await role(room, "部门经理")).members) == {"wang03", "zhao05"}


async def test_all_users_is_fixed_and_computed(room: Room) -> None:
    for sentence in (
        "删除角色 所有用户", "角色 所有用户 改名 全体", "角色 所有用户 移除 李娜", "角色 所有用户 添加 李娜",
        "角色 所有用户 李娜 服务部门 销售部",
    ):  # fmt: skip
        assert "内置角色" in await room.say("chen01", sentence), sentence
    assert "6 人" in await room.say("chen01", "角色权限")
    assert "添加功能" in await room.say("chen01", "角色 所有用户 添加功能 公海-分配")
    assert "没有「公海-分配」" not in await room.say("lina04", "分配 宁波海蓝 给 赵磊")


async def test_deleting_says_what_it_means_and_asks(room: Room) -> None:
    said = await room.say("chen01", "删除角色 业务员")
    assert "成员 3 人" in said and "没有别的角色" in said
    assert (await role(room, "业务员")).members
    assert "已删除角色" in await room.say("chen01", "确认删除")
    assert "没有「公海-查看」的权限" in await room.say("lina04", "公海")
    assert "已撤销" in await room.say("chen01", "撤销")
    assert "累计领取" in await room.say("lina04", "公海")


async def test_limited_fields_are_not_shown_searched_or_filled_in(room: Room) -> None:
    assert "138" in await room.say("lina04", "查 华兴科技")
    assert "没有限制 → 隐藏" in await room.say("chen01", "字段权限 业务员 联系人 手机 隐藏")
    shown = await room.say("lina04", "查 华兴科技")
    assert "陈强" in shown and "5678" not in shown
    assert "没有找到" in await room.say("lina04", "查 5678")
    assert "不能填联系人的「手机」" in await room.say("lina04", "新建客户 杭州新远航贸易 王五 13812340000")
    assert "不能填联系人的「手机」" in await room.say("lina04", "联系人 华兴科技 王五 13812340000")
    likeness = await room.say("lina04", "新建客户 杭州新远航贸易 王五 ")
    assert "可能重复" not in likeness
    assert "隐藏 → 脱敏" in await room.say("chen01", "字段权限 业务员 联系人 手机 脱敏")
    assert "138＊＊＊＊5678" in await room.say("lina04", "查 华兴科技")
    assert "不能限制" in await room.say("chen01", "字段权限 业务员 客户 客户名称 隐藏")
    assert "没法脱敏" in await room.say("chen01", "字段权限 业务员 合同 合同金额 脱敏")


async def test_a_card_held_before_a_change_shows_what_one_may_see_now(room: Room) -> None:
    await room.say("lina04", "查 华兴科技")
    (card,) = await room.cards("lina04")
    assert "5678" in str(await room.desk.drawing.draw(card))
    await room.say("chen01", "字段权限 业务员 联系人 手机 隐藏")
    assert "5678" not in str(await room.desk.drawing.draw(card))


async def test_notices_are_cut_by_their_receivers_rights(room: Room) -> None:
    await room.say("lina04", "跟进 华兴科技 电话聊了报价，明天再打")
    await room.say("chen01", "字段权限 业务员 跟进 下次跟进 隐藏")
    room.shown.clear()
    await room.morning()
    (notice,) = [t for t in room.shown["lina04"] if "user_ids" in t]
    assert "「华兴科技有限公司」该跟进了" in notice
    assert "3月3日" not in notice


async def test_advanced_operations_are_set_by_form(room: Room) -> None:
    await room.say("chen01", "角色 业务员 添加功能 客户-导出")

    def may_export(tx: Tx) -> bool:
        return "customer:export" in rights_of(tx, "lina04", read_settings(tx)).permissions

    assert not await room.db.system(may_export)
    assert "→ 删除" in await room.say("chen01", "高级操作 客户 删除")
    assert await room.db.system(may_export)
    await room.say("chen01", "撤销")
    assert not await room.db.system(may_export)
    await room.say("chen01", "角色 业务员 操作权限 高级")
    assert await room.db.system(may_export)


WHY = [
    ("为什么 李娜 看不到 深圳创想", "数据权限"),
    ("为什么李娜看不到火星重工", "没有找到"),
    ("为什么 钱多 看不到 华兴科技", "使用范围"),
    ("为什么 王强 看不到 产品", "功能权限"),
    ("李娜为什么看不到手机", "字段权限"),
    ("为什么 王强 看不到 华兴科技", "能看到"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "reason"), WHY)
async def test_an_administrator_is_told_the_reason(room: Room, asked: str, reason: str) -> None:
    await room.say("chen01", "字段权限 业务员 联系人 手机 隐藏")
    assert reason in await room.say("chen01", asked)
    if "我" not in asked:
        assert "管理员的功能" in await room.say("lina04", asked)


async def test_everybody_may_ask_what_he_can_do_himself(room: Room) -> None:
    assert "公海：领取 查看（业务员）" in await room.say("lina04", "我的权限")
    assert "公海：领取 查看（业务员）" in await room.say("chen01", "李娜 有什么权限")
    assert "管理员的功能" in await room.say("lina04", "赵磊 有什么权限")


async def test_forged_taps_of_others_change_nothing(room: Room) -> None:
    await room.say("chen01", "角色 业务员")
    (card,) = await room.cards("chen01")
    number = (await role(room, "业务员")).id
    before = await role(room, "业务员")
    for button in (
        RoleScopeButton(role_id=number, data_scope="all"), RemoveMemberButton(role_id=number, user_id="zhao05"),
        RoleFunctionButton(role_id=number, function="pool:assign", give=1), DeleteRoleButton(role_id=number),
        RoleFieldButton(role_id=number, form="customer", field="phone", level="hidden"),
    ):  # fmt: skip
        said = await room.tap("lina04", card, button)
        assert "管理员" in said and "成员" not in said
    assert await role(room, "业务员") == before
    await room.tap("chen01", card, RoleScopeButton(role_id=number, data_scope="all"))
    assert (await role(room, "业务员")).data_scope == "all"


async def test_a_groups_card_does_not_become_the_tappers(room: Room) -> None:
    from cards.customers import OpenButton

    room.group = ("lina04", "zhao05")
    await room.say("lina04", "公海", group=True)
    (card,) = await room.cards()
    await room.tap("lina04", card, OpenButton(customer_id=await id_of(room.db, "华兴科技有限公司")))
    assert "华兴" not in str(await room.desk.drawing.draw(card))
    assert any("华兴科技" in t for t in room.shown["lina04"])
    assert not any("华兴" in t for t in room.shown["zhao05"])


async def test_changes_are_audited_with_what_was_and_what_is(room: Room) -> None:
    await room.say("chen01", "角色 业务员 数据权限 全部")
    row = await room.db.system(lambda tx: tx.exec(select(Audit).order_by(col(Audit.id).desc()).limit(1)).one())
    assert (row.user_id, row.via, row.action) == ("chen01", "chat", "change.role")
    assert (row.detail["before"]["data_scope"], row.detail["after"]["data_scope"]) == ("self", "all")
