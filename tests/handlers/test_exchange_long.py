"""An import of many rows, written in long transactions: a clash loses no other row, others wait for a piece at most,
and what it wrote is found as if it had been written singly.
"""

import asyncio
import contextlib
import itertools
import random

from sqlmodel import col, func, select
from stdnum.cn import uscc

from bot.core.clock import FixedClock
from bot.jobs.spec import Toolbox
from bot.language.phones import read_phone
from handlers.customers.creating import NewCustomer, step_create_customer
from handlers.exchange import engine
from handlers.exchange.cells import read_number
from handlers.exchange.work import Worker
from storage import customers, search_index
from storage.database import Database, Tx
from storage.tables import Customer, ExchangeRow, SearchEntry
from tests.handlers.test_exchange import bring, context, no_fates
from tests.support.company import NOW, load_company

HEAD = ["客户名称", "简称", "电话", "信用代码", "联系人", "联系人手机"]
CODE = "91330100MA27X2Y35"
CODE += uscc.calc_check_digit(CODE)


def rows(count: int) -> list[list[str]]:
    chance = random.Random(5)
    signs = "华东海天新宏远盛德隆泰丰瑞祥重庆长乐A9"
    return [
        [
            f"{''.join(chance.choices(signs, k=3))}{n}{chance.choice(('机械', '（宁波）贸易', ' 银行'))}有限公司",
            "".join(chance.choices(signs, k=chance.randint(0, 3))), f"0571-{80_000_000 + n}" if n % 3 else "",
            "", chance.choice(("单强", "欧阳娜娜", "张三", "Tom", "")), f"139{n:08}",
        ]
        for n in range(count)
    ]  # fmt: skip


async def work_off(db: Database, exchange_id: int) -> None:
    worker = Worker(Toolbox(db, FixedClock(NOW), None, no_fates))
    while await worker.step(exchange_id):
        pass


def entries(tx: Tx) -> set[tuple[str, str, int]]:
    return {(e.kind, e.gram, e.ref_id) for e in tx.exec(select(SearchEntry)).all()}


async def test_what_was_imported_is_found_as_if_written_singly(database: Database) -> None:
    await load_company(database)
    table = rows(1_700)
    done = await bring(database, "chen01", [HEAD, *table])
    await work_off(database, done["id"])

    def compare(tx: Tx) -> None:
        created = tx.exec(select(func.count()).select_from(ExchangeRow).where(ExchangeRow.outcome == "created")).one()
        assert created == len(table)
        imported = entries(tx)
        search_index.rebuild(tx.connection())
        tx.expire_all()
        assert entries(tx) == imported
        # and one by one: the same name and person again, elsewhere
        for name, _, _, _, person, mobile in table[::170]:
            there = tx.exec(select(Customer).where(Customer.name == name.replace("  ", " ").strip())).one()
            contact = customers.contacts_of(tx, [there.id or 0]).get(there.id or 0, [None])[0]
            customers.remove_customer(tx, there, context(tx, "chen01").now)
            new = NewCustomer(there.name, contact=person or "联系人", mobile=mobile)
            single = step_create_customer(tx, context(tx, "chen01"), new, "chen01", anyway=True)
            now = entries(tx)
            skipped = ("customer.short", "customer.phone")  # not said in that sentence
            assert {(k, g) for k, g, i in now if k.startswith("customer.") and i == single.id and k not in skipped} == {
                (k, g) for k, g, i in imported if k.startswith("customer.") and i == there.id and k not in skipped
            }
            again = customers.contacts_of(tx, [single.id or 0])[single.id or 0][0]
            assert contact is not None
            assert {(k, g) for k, g, i in now if k.startswith("contact.") and i == again.id} == {
                (k, g) for k, g, i in imported if k.startswith("contact.") and i == contact.id
            }

    await database.system(compare)


async def test_rows_that_clash_take_none_of_the_others_with_them(database: Database) -> None:
    await load_company(database)
    table = rows(900)
    for at in (250, 260, 700):  # the last in another piece
        table[at][3] = CODE
    before = await database.system(lambda tx: tx.exec(select(func.count()).select_from(Customer)).one())
    done = await bring(database, "chen01", [HEAD, *table])
    await work_off(database, done["id"])

    def look(tx: Tx) -> None:
        assert tx.exec(select(func.count()).select_from(Customer)).one() == before + 898
        left = tx.exec(select(ExchangeRow).where(ExchangeRow.outcome == "failed").order_by(col(ExchangeRow.number)))
        assert [row.number for row in left] == [262, 702]  # as the spreadsheet counts
        imported = entries(tx)
        search_index.rebuild(tx.connection())
        tx.expire_all()
        assert entries(tx) == imported

    await database.system(look)


async def test_others_write_between_its_pieces(database: Database) -> None:
    await load_company(database)
    done = await bring(database, "chen01", [HEAD, *rows(1_600)])
    seen: list[int] = []

    async def others() -> None:
        while True:
            seen.append(await database.system(lambda tx: tx.exec(select(func.max(Customer.id))).one() or 0))

    watching = asyncio.create_task(others())
    await work_off(database, done["id"])
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching
    steps = [later - sooner for sooner, later in itertools.pairwise(seen)]
    # one may come just after the question whether anybody waits, and then sees two pieces
    assert max(steps) <= 2 * engine.CHUNK, "they waited for more than a piece"
    assert sum(step > 0 for step in steps) >= 1_600 // (2 * engine.CHUNK)


def test_landlines_are_read_as_ever() -> None:
    chance = random.Random(7)
    for _ in range(2_000):
        area = chance.choice(["10", f"2{chance.randint(0, 9)}", str(chance.randint(300, 999))])
        number = f"{chance.randint(2, 8)}{chance.randint(0, 10**7 - 1):07}"[: chance.choice((7, 8))]
        text = f"0{area}{chance.choice(('-', ''))}{number}"
        assert read_number(text) == read_phone(text)
