"""An export takes the words of the list and has what the list has; rights and scope cut both alike."""

import re
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import select

from bot.core.errors import InvalidInput, NotFound
from handlers.exchange import export
from handlers.exchange.catalogue import KINDS
from handlers.exchange.kinds import Wanted, wanted_of
from handlers.exchange.service import export_records
from handlers.filters.service import list_customers
from storage import custom_fields, roles
from storage.custom_fields import Definition
from storage.database import Database, Tx
from storage.tables import Audit, Customer, SyncRun
from tests.handlers.test_exchange import context
from tests.support.company import load_company
from tests.support.leadworld import lead_company
from tests.support.room import NOW, Room

ADMIN, LINA = "chen01", "lina04"
MONEY = "money_0001"


@pytest.fixture
async def room(database: Database) -> Room:
    await load_company(database, lead_company())

    def prepare(tx: Tx) -> None:
        tx.add(SyncRun(kind="full", status="ok", started_at=NOW, finished_at=NOW))
        custom_fields.put_definitions(tx, "customer", [Definition(MONEY, "年采购额", "money", False, 0, True)])
        role = roles.find_by_name(tx, "业务员")
        assert role is not None
        more = {"customer:export", "lead:export"}
        roles.write_role(tx, role, replace(role, functions=role.functions | more, level="advanced"))
        for n, one in enumerate(tx.exec(select(Customer).order_by(Customer.id)).all()):  # type: ignore[arg-type]
            custom_fields.put_values(tx, one, {MONEY: f"{n}00000.00"})

    await database.system(prepare)
    return Room(database)


async def exported(room: Room, who: str, kind: str, wanted: Wanted) -> list[str]:
    """The names in the file."""

    def work(tx: Tx) -> list[str]:
        ctx, of = context(tx, who), KINDS[kind]
        with ctx.begin() as inner:
            columns = export.export_columns(inner, ctx, of)
            total = of.count(inner, ctx, wanted_of(wanted.row()))
            rows, _ = export.page_of(inner, ctx, of, columns, wanted, 0)
            assert len(rows) == total
            place = next(i for i, c in enumerate(columns) if c.field in ("name", "company"))
            return [row[place] for row in rows]

    return await room.db.unit(None, work)


SENTENCES = (
    "", "机械", "华", "不要机械", "30天未跟进", "没有下次跟进", "李娜", "不是李娜", "本月新建", "华东",
    "年采购额 大于10万", "年采购额 没填", "机械 李娜", "按名称", "已成交", "未成交 机械",
)  # fmt: skip


@pytest.mark.parametrize("who", [ADMIN, "wang03", LINA])
async def test_it_has_what_the_list_has(room: Room, who: str) -> None:
    seen = 0
    for mine in (False, True):
        for said in SENTENCES:
            listed = await room.db.unit(None, lambda tx, s=said, m=mine: _listed(tx, who, s, m))  # type: ignore[misc]
            if listed is None:
                with pytest.raises(InvalidInput):
                    await exported(room, who, "customers", Wanted(tuple(said.split()), mine))
                continue
            got = await exported(room, who, "customers", Wanted(tuple(said.split()), mine))
            assert sorted(got) == sorted(listed), (who, said, mine)
            seen += bool(listed)
    assert seen > 8


def _listed(tx: Tx, who: str, said: str, mine: bool) -> list[str] | None:
    """None: a word was not understood."""
    ctx, names, number = context(tx, who), list[str](), 1
    while True:
        page = list_customers(ctx, said, mine=mine, page=number)
        if page.meaning.unknown:
            return None
        names += [c.name for c in page.rows]
        if number >= page.pages:
            return names
        number += 1


def told(text: str) -> int:
    found = re.search(r"共 ([\d,]+) [家条]", text)
    assert found is not None, text
    return int(found[1].replace(",", ""))


async def test_a_sentence_exports_what_the_list_counts(room: Room) -> None:
    for words in ("机械", "年采购额 大于10万", "没有下次跟进"):
        assert told(await room.say(ADMIN, f"导出客户 {words}")) == told(await room.say(ADMIN, f"客户 {words}")), words
    assert told(await room.say(LINA, "导出 我的客户 没有下次跟进")) == told(
        await room.say(LINA, "我的客户 没有下次跟进")
    )


async def test_people_say_it_in_other_words(room: Room) -> None:
    whole = told(await room.say(ADMIN, "导出客户 机械"))
    for said in ("把机械的客户都导出来", "帮我把客户 机械导出成表格", "机械客户导出来一份。"):
        assert told(await room.say(ADMIN, said)) == whole, said
    mine = told(await room.say(LINA, "导出 我的客户"))
    assert told(await room.say(LINA, "把我的客户全部导出来")) == mine
    assert "共" not in await room.say(LINA, "把昨天说的导出来")


async def test_a_saved_filter_is_exported_by_its_name(room: Room) -> None:
    await room.say(ADMIN, "保存筛选 大户 年采购额 大于10万")
    whole = told(await room.say(ADMIN, "筛选 大户"))
    for said in ("导出 筛选 大户", "导出客户 筛选 大户", "导出筛选 大户"):
        assert told(await room.say(ADMIN, said)) == whole
    assert (
        told(await room.say(ADMIN, "导出 筛选 大户 李娜"))
        == told(await room.say(ADMIN, "客户 年采购额 大于10万 李娜"))
        < whole
    )
    assert "没有叫「小户」的筛选" in await room.say(ADMIN, "导出 筛选 小户")
    assert "没有叫「大户」的筛选" in await room.say(LINA, "导出 筛选 大户"), "another's that is not shared"
    [*_, line] = await room.db.system(lambda tx: tx.exec(select(Audit).where(Audit.action == "export.records")).all())
    assert "年采购额 大于10万" in line.name


async def test_a_word_that_means_nothing_exports_nothing(room: Room) -> None:
    refused = await room.say(ADMIN, "导出客户 机械 火星文")
    assert "没有导出：没认出「火星文」" in refused and "out_track_id" not in refused


async def test_a_field_that_is_hidden_is_no_condition(room: Room) -> None:
    assert "已生效" in await room.say(ADMIN, "字段权限 业务员 客户 年采购额 隐藏")
    assert "没认出" in await room.say(LINA, "导出客户 年采购额 大于10万")


async def test_leads_too(room: Room) -> None:
    await room.say(LINA, "新建线索 嘉兴丰收电缆 陈强 13811110009 展会")
    await room.say(LINA, "线索有意向 嘉兴丰收电缆")
    assert await exported(room, LINA, "leads", Wanted(("有意向",))) == ["嘉兴丰收电缆"]
    assert await exported(room, LINA, "leads", Wanted(("展会", "有意向"), mine=True)) == ["嘉兴丰收电缆"]
    assert await exported(room, ADMIN, "leads", Wanted(("李娜", "新线索"))) == ["无锡新桥电机有限公司"]
    await room.say(LINA, "线索无效 嘉兴丰收电缆 空号")
    assert await exported(room, LINA, "leads", Wanted(("无效",))) == ["嘉兴丰收电缆"]
    assert len(await exported(room, LINA, "leads", Wanted())) == 2, "those that are over too"
    with pytest.raises(NotFound):
        await room.db.unit(None, _none)


def _none(tx: Tx) -> Any:
    return export_records(context(tx, LINA), "leads", Wanted(("已转客户",)))


# -- opportunities, contracts and payments ----------------------------------------------------------------------------

SELLS = [
    f"{what}:{act}" for what in ("opportunity", "contract", "payment") for act in ("view", "add", "export")
]  # fmt: skip


@pytest.fixture
async def deals(database: Database) -> Room:
    world = lead_company()
    world["stages"].insert(1, {"name": "报价", "win_rate": 40, "kind": "open"})
    world["contracts"] = [
        {"no": f"HT-{n}", "customer": "华兴科技有限公司", "owner": owner, "amount": f"{n}0000.00", "state": state,
         "signed_on": f"2026-0{1 + n % 2}-10", "starts_on": "2026-01-01", "ends_on": f"2026-0{3 + n}-20"}
        for n, owner, state in ((1, LINA, "effective"), (2, LINA, "draft"), (3, "wang03", "effective"))
    ]  # fmt: skip
    await load_company(database, world)

    def prepare(tx: Tx) -> None:
        role = roles.find_by_name(tx, "业务员")
        assert role is not None
        roles.write_role(tx, role, replace(role, functions=role.functions | set(SELLS), level="advanced"))

    await database.system(prepare)
    room = Room(database)
    for said in (
        "商机 华兴科技 二期扩容 30万 3月20日", "商机 华星电子 样品 5万 4月10日 报价",
        "商机 华兴科技 旧线改造 12万 月底", "旧线改造 赢了",
        "回款 HT-1 2000 转账", "登记回款", "回款 HT-1 1000 2月3日 承兑", "登记回款",
    ):  # fmt: skip
        await room.say(LINA, said)
    return room


LISTS = {
    "opportunities": (
        "商机",
        "|报价|10万以上|10万以下|本月|4月|赢单|全部|李娜|陈刚|二期|华兴|30天没跟进|逾期|李娜 10万以上 本月",
    ),
    "contracts": ("合同", "|生效|草稿|1万到2万|李娜|本月签的|2月签的|60天内到期|华兴 李娜"),
    "payments": ("回款记录", "|华兴|本月|上月|承兑|李娜|HT-1|华星"),
}


@pytest.mark.parametrize("kind", LISTS)
async def test_each_list_and_its_export_have_the_same(deals: Room, kind: str) -> None:
    """A list of opportunities without a result is of the open ones; its export of all of them."""
    word, sentences = LISTS[kind]
    seen = 0
    for who in (ADMIN, LINA):
        for words in sentences.split("|"):
            asked = f"全部 {words}" if kind == "opportunities" and words not in ("赢单", "逾期") else words
            listed = await deals.say(who, f"{word} {asked}")
            count = re.search(r"共 (\d+) [个份笔]", listed)
            shown = int(count[1]) if count else 0
            made = await deals.say(who, f"导出 {KINDS[kind].label} {words}")
            if shown:
                assert f"共 {shown} " in made, (who, words, listed, made)
            else:
                assert "没有导出" in made, (who, words, listed, made)
            seen += bool(shown)
    assert seen > 8


async def test_saved_filters_are_of_customers_alone(deals: Room) -> None:
    assert "筛选是客户的" in await deals.say(ADMIN, "导出合同 筛选 重点")
