"""Imports by their rules: the counts add up, twice changes nothing, nobody's import is another's, caps hold."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, func, select

from bot.context import Context, make_context
from bot.core.actor import SYSTEM_ACTOR
from bot.core.clock import FixedClock
from bot.core.errors import Forbidden, NotFound
from bot.core.tabular import sheet_of
from bot.identity import identify
from bot.jobs.spec import Toolbox
from handlers.exchange import service
from handlers.exchange.catalogue import KINDS
from handlers.exchange.cells import BadCell, read_day, read_money, read_number
from handlers.exchange.rules import NothingToImport, guess_kinds, is_sure, read_rows
from handlers.exchange.work import Worker
from storage import roles
from storage.database import Database, Tx
from storage.settings import read_settings
from storage.tables import Audit, Contact, Contract, Customer, Lead, Opportunity, Payment, Product, Stage
from tests.support.company import NOW, load_company

Row = Sequence[str]


def context(tx: Tx, who: str) -> Context:
    settings_ = read_settings(tx)
    return make_context(tx, identify(tx, who, settings_) if who else SYSTEM_ACTOR, NOW, settings_, "tap")


async def bring(
    db: Database, who: str, rows: Sequence[Row], *, kind: str = "", merge: bool = True, run: bool = True
) -> dict[str, Any]:
    """What a file of these rows, the header first, does: the counts of its dry run and of what was done."""
    sheet = sheet_of([(n, row) for n, row in enumerate(rows, start=1) if any(row)])

    def start(tx: Tx) -> int:
        return service.start_import(context(tx, who), "表.xlsx", sheet, kind=kind)

    exchange_id = await db.unit(None, start)

    def go(tx: Tx) -> None:
        with contextlib.suppress(NothingToImport):
            service.run_import(context(tx, who), exchange_id, merge=merge)

    if run:
        await db.unit(None, go)
    shown = await db.unit(None, lambda tx: service.show_import(context(tx, who), exchange_id))
    return {**shown.outcomes, "total": shown.counted.total, "id": exchange_id, "text": shown.text, "state": shown.state}


def count(tx: Tx, model: Any) -> int:
    return tx.exec(select(func.count()).select_from(model)).one()


NAMES = st.sampled_from(
    [
        "甲机床有限公司",
        "乙模具厂",
        " 甲机床 有限公司",
        "丙",
        "",
        "华兴科技有限公司",
        "示例公司",
        "丁（宁波）贸易有限公司",
    ]
)
PHONES = st.sampled_from(
    ["", "13900001111", "1390000111", "13900002222.0", "１３９００００３３３３", "1.39E+10", "没有"]
)
CITIES = st.sampled_from(["", "杭州", "<清空>", "宁 波"])
SOURCES = st.sampled_from(["", "展会", "火星"])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(NAMES, PHONES, CITIES, SOURCES), min_size=1, max_size=8))
async def test_the_counts_add_up_and_the_second_time_nothing_happens(database: Database, rows: list[Row]) -> None:
    """Invariants 84 and 85."""
    if await database.system(lambda tx: count(tx, Customer)) == 0:
        await load_company(database)
    table = [["客户名称", "电话", "城市", "客户来源"], *rows]
    first = await bring(database, "chen01", table, kind="customers")
    last = max((n for n, row in enumerate(rows, start=1) if any(row)), default=0)
    assert first["total"] == last
    if first["state"] == "done":
        done = sum(int(first.get(n, 0)) for n in ("created", "updated", "failed"))
        assert done <= last and f"共 {last:,} 行" in first["text"]
    before = await database.system(lambda tx: (count(tx, Customer), count(tx, Audit)))
    second = await bring(database, "chen01", table, kind="customers")
    if int(first.get("alike", 0)):  # it was like one whose number this very file has changed: now it is like nobody
        assert int(second.get("created", 0)) <= int(first["alike"]) and int(second.get("updated", 0)) == 0
        return
    assert int(second.get("created", 0)) == 0 and int(second.get("updated", 0)) == 0
    after = await database.system(lambda tx: (count(tx, Customer), count(tx, Audit)))
    assert after == before


async def test_an_import_is_its_senders_alone_and_needs_its_kinds_function_at_every_step(database: Database) -> None:
    await load_company(database)
    checked = await bring(database, "chen01", [["客户名称"], ["甲机床有限公司"]], kind="customers", run=False)
    steps: list[Any] = [
        lambda c: service.run_import(c, checked["id"]),
        lambda c: service.drop_import(c, checked["id"]),
        lambda c: service.show_import(c, checked["id"]),
        lambda c: service.map_columns(c, checked["id"], {0: "name"}),
        lambda c: service.set_blank_owner(c, checked["id"], to_pool=True),
        lambda c: service.send_problems(c, checked["id"]),
        lambda c: service.undo_import(c, {"exchange_id": checked["id"]}),
        lambda c: service.choose_kind(c, checked["id"], "customers"),
    ]
    for step in steps:
        with pytest.raises((NotFound, Forbidden)):
            await database.unit(None, lambda tx, step=step: step(context(tx, "lina04")))  # type: ignore[misc]

    def lose(tx: Tx) -> None:
        ctx = context(tx, "chen01")
        ctx.actor = replace(ctx.actor, permissions=frozenset())
        service.run_import(ctx, checked["id"])

    with pytest.raises(Forbidden):
        await database.unit(None, lose)
    assert await database.system(lambda tx: count(tx, Customer)) == 12


async def test_the_holding_cap_holds_row_by_row(database: Database) -> None:
    """Invariant 17."""
    world = await load_company(database)
    assert world["settings"]["pool"]["claim_cap"] == 3

    def cap(tx: Tx) -> None:
        from storage.settings import put_setting

        pool = read_settings(tx).pool.model_dump() | {"holding_cap": 2}
        put_setting(tx, "pool", pool, by="chen01", now=NOW)

    await database.system(cap)
    done = await bring(
        database, "chen01", [["客户名称"], *[[f"{n}号机床有限公司"] for n in "一二三四"]], kind="customers"
    )
    assert (done["created"], done["problem"]) == (2, 2)

    def owned(tx: Tx) -> int:
        return tx.exec(select(func.count()).select_from(Customer).where(Customer.owner_id == "chen01")).one()

    assert await database.system(owned) == 2


async def test_the_whole_chain_comes_in_and_changes_nothing_the_second_time(database: Database) -> None:
    await load_company(database)

    def stage(tx: Tx) -> None:
        if count(tx, Stage) == 0:
            tx.add(Stage(name="初步接触", win_rate=10, position=0))

    await database.system(stage)
    files: list[tuple[str, Any, list[Row]]] = [
        ("leads", Lead, [["公司", "联系人", "手机", "负责人"],
                        ["新泰电子", "周一", "13900001111", "李娜(lina04)"],
                        ["新泰电子", "周二", "13900002222", ""]]),
        ("opportunities", Opportunity, [["客户名称", "商机名称", "商机金额", "预计成交"],
                                        ["华兴科技有限公司", "主轴", "12万", "2026/12/31"],
                                        ["没有这家", "主轴", "1", ""]]),
        ("contracts", Contract, [["合同编号", "客户", "合同金额", "签订日期", "到期日期"],
                                 ["HT-1", "华兴科技", "100000", "46083", "2026年12月31日"],
                                 ["HT-2", "华兴科技有限公司", "-1", "", ""]]),
        ("payments", Payment, [["合同编号", "回款金额", "回款日期", "回款方式"],
                               ["HT-1", "60000", "2026-03-01", "转账"],
                               ["HT-1", "60000", "2026-03-02", "转账"], ["HT-1", "4万", "2026-03-02", ""]]),
        ("products", Product, [["编号", "名称", "单价"], ["P-1", "主轴", "1"], ["p-2", "主轴二", "2"]]),
        ("contacts", Contact, [["客户名称", "姓名", "手机"], ["华兴科技有限公司", "王五", "13900005555"],
                                ["华兴科技有限公司", "王五", "13900006666"]]),
    ]  # fmt: skip
    made = {"leads": 2, "opportunities": 1, "contracts": 1, "payments": 2, "products": 2, "contacts": 2}
    for kind, model, rows in files:
        before = await database.system(lambda tx, model=model: count(tx, model))  # type: ignore[misc]
        first = await bring(database, "chen01", rows, kind=kind)
        assert first["created"] == made[kind], (kind, first)
        assert await database.system(lambda tx, model=model: count(tx, model)) == before + made[kind]  # type: ignore[misc]
        again = await bring(database, "chen01", rows, kind=kind)
        assert not again.get("created") and not again.get("updated"), (kind, again)
    for kind in [k for k, *_ in files][::-1]:
        exported = await database.unit(None, lambda tx, kind=kind: _exported(tx, kind))  # type: ignore[misc]
        back = await bring(database, "chen01", exported, kind=kind, run=False)
        assert back.get("same") == len(exported) - 1, (kind, back, exported)

    def taken_back(tx: Tx) -> str:
        from storage.tables import Exchange

        job = tx.exec(select(Exchange.id).where(Exchange.kind == "payments").order_by(col(Exchange.id)).limit(1)).one()
        return service.undo_import(context(tx, "chen01"), {"exchange_id": job})

    assert "已撤销导入的 2 笔回款" in await database.unit(None, taken_back)


def _exported(tx: Tx, kind: str) -> list[Row]:
    from handlers.exchange import export
    from handlers.exchange.kinds import Wanted

    ctx = context(tx, "chen01")
    with ctx.begin():
        of = KINDS[kind]
        columns = export.export_columns(tx, ctx, of)
        rows, _ = export.page_of(tx, ctx, of, columns, Wanted(), 0)
        return [[c.header for c in columns], *rows]


async def test_an_update_touches_no_record_and_no_column_out_of_reach(database: Database) -> None:
    """Invariant 87."""
    await load_company(database)

    def allow(tx: Tx) -> None:
        sheet = roles.find_by_name(tx, "业务员")
        assert sheet is not None
        functions = sheet.functions | {"customer:import"}
        roles.write_role(tx, sheet, replace(sheet, functions=functions, level="advanced"))

    await database.system(allow)
    rows = [
        ["客户名称", "城市"],
        ["上海明德仪器有限公司", "上海"],
        ["宁波海蓝食品有限公司", "宁波"],
        ["华兴科技有限公司", "杭州"],
    ]
    done = await bring(database, "lina04", rows, kind="customers")
    assert (done.get("updated"), done["problem"]) == (1, 2)

    def cities(tx: Tx) -> set[str]:
        return {c.name for c in tx.exec(select(Customer)).all() if c.city}

    assert await database.system(cities) == {"华兴科技有限公司"}


@pytest.mark.parametrize(
    ("text", "number"),
    [("13812345678", "13812345678"), ("13812345678.0", "13812345678"), ("1.3812345678E+10", "13812345678"),
     ("１３８１２３４５６７８", "13812345678"), ("'138 1234 5678", "13812345678"), ("+86 13812345678", "13812345678"),
     ("0571-88881111", "057188881111")],
)  # fmt: skip
def test_numbers_that_a_spreadsheet_has_spoiled(text: str, number: str) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize("text", ["1.38E+10", "1381234567", "电话", "13812345678;13812345679"])
def test_numbers_that_cannot_be_known(text: str) -> None:
    with pytest.raises(BadCell):
        read_number(text)


def test_days_and_amounts() -> None:
    assert {
        read_day(t).isoformat()
        for t in ("2026-03-02", "2026/3/2", "2026年3月2日", "20260302", "46083", "2026.03.02 10:00")
    } == {"2026-03-02"}
    assert str(read_money("1.28万")) == "12800.00" and str(read_money("12,800.5")) == "12800.50"
    for text in ("-1", "1.234", "很多"):
        with pytest.raises(BadCell):
            read_money(text)
    with pytest.raises(BadCell):
        read_day("2026-02-30")


def test_rows_by_their_numbers() -> None:
    assert (
        read_rows("3-5,9") == frozenset({3, 4, 5, 9})
        and read_rows("第3行") == frozenset({3})
        and read_rows("1130 条") is None
    )


async def test_the_kind_is_guessed_from_header_and_name_or_asked(database: Database) -> None:
    await load_company(database)

    def guess(tx: Tx, header: Row, name: str = "表.xlsx") -> tuple[str, bool]:
        kinds = {k.name: (k.columns(tx), k.keys, (k.label, *k.words)) for k in KINDS.values()}
        found = guess_kinds([header], name, kinds)
        return (found[0].kind if found else ""), is_sure(found)

    def look(tx: Tx) -> None:
        for kind in KINDS.values():
            header = [c.header for c in kind.columns(tx)]
            assert guess(tx, header) == (kind.name, True)
        assert guess(tx, ["品名", "货号", "售价"]) == ("products", True)
        assert not guess(tx, ["姓名", "手机"])[1]
        assert guess(tx, ["客户名称", "联系人", "手机"], "客户名单.xlsx") == ("customers", True)

    await database.system(look)


async def test_working_off_what_is_done_takes_nothing_back(database: Database) -> None:
    await load_company(database)
    done = await bring(database, "chen01", [["编号", "名称", "单价"], ["P-1", "主轴", "1"]], kind="products")
    worker = Worker(Toolbox(database, FixedClock(NOW), None, no_fates))
    assert not await worker.step(done["id"])
    assert await database.system(lambda tx: count(tx, Product)) == 1


async def no_fates(_task_id: str, _user_ids: list[str]) -> dict[str, str]:
    return {}
