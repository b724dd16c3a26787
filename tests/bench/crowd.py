"""A company of a million customers and five million follow-ups, written as fast as SQLite takes rows."""

import random
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from bot.language import grams
from bot.language.companies import hard_key, soft_key
from bot.language.pinyin import syllables
from storage.database import Database
from storage.migrate import upgrade
from storage.search_index import entries_of
from storage.tables.search import ENTRY_CODES
from tests.bench.company import bench_world, load, seller, sqlite_url


def _words(text: str) -> list[str]:
    return text.split()


PLACES = _words(
    "宁波 杭州 苏州 绍兴 台州 温州 嘉兴 上海 深圳 无锡 广州 佛山 东莞 青岛 济南 烟台 "
    "成都 重庆 武汉 长沙 郑州 西安 天津 北京 厦门 福州 泉州 南京 常州 南通 合肥 芜湖 "
    "南昌 大连 沈阳 昆明 贵阳 南宁 珠海 中山"
)
SIGNS = (
    "海蓝远航越达金阳恒通乐家明德创想华东同瑞丰博嘉禾新星宏盛鼎泰安信诚汇康源正道天成百川云帆凯旋万里中北南方江河山岳松柏"
    "竹梅兰荣昌富国强民兴隆启迪智慧光辉耀腾飞翔龙凤祥麟宝玉珠玺卓越优品至"
)
TRADES = _words(
    "食品 机械 贸易 纺织 模具 电器 家具 仪器 电子 物流 化工 印刷 科技 建材 医药 服饰 "
    "五金 包装 塑料 光电 精密机械 新材料 网络科技 生物科技 自动化设备 进出口 环保设备 "
    "信息技术 汽车配件 工程"
)
INDUSTRIES = ("制造业", "贸易", "零售", "互联网", "建筑", "教育", "医疗", "金融", "物流", "餐饮", "农业", "能源")
CLASSES = ("重点客户", "普通客户", "潜在客户", "一般客户")
SOURCES = ("展会", "转介绍", "电话", "官网", "广告", "老客户", "陌拜", "抖音")
FAMILY, GIVEN = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚"
TEAMS = 50
FIRST_TEAM = 1000  # id of the first team's department


async def make_crowd(directory: Path, *, customers: int, follow_ups: int, sellers: int, now: datetime) -> Database:
    """The database, whole and closed for bulk writing; a fifth of the customers is in the pool.

    One of an earlier run is brought to the present schema; it has its name only when it is whole.
    """
    directory.mkdir(parents=True, exist_ok=True)
    whole = Database(sqlite_url(directory, f"crowd{customers}"))
    assert whole.path is not None
    if whole.path.exists():
        await upgrade(whole)
        return whole
    db = Database(sqlite_url(directory, f"crowd{customers}.part"))
    assert db.path is not None
    db.path.unlink(missing_ok=True)
    await load(db, bench_world(sellers, 0, 0))
    await db.close()
    _fill(db.path, customers, follow_ups, sellers, now)
    db.path.rename(whole.path)
    return whole


def _fill(path: Path, customers: int, follow_ups: int, sellers: int, now: datetime) -> None:
    chance = random.Random(7)
    disk = sqlite3.connect(path, isolation_level=None)
    for pragma in ("synchronous=OFF", "journal_mode=MEMORY", "cache_size=-800000", "temp_store=FILE"):
        disk.execute(f"PRAGMA {pragma}")
    tables = ("customer", "contact", "follow_up", "owner_history")
    later = disk.execute(
        f"SELECT type, name, sql FROM sqlite_master WHERE tbl_name IN {tables} AND type IN ('index', 'trigger') "
        "AND sql IS NOT NULL"
    ).fetchall()
    for kind, name, _ in later:
        disk.execute(f"DROP {kind} {name}")
    disk.execute("BEGIN")
    disk.execute("CREATE TABLE entries (kind TEXT, gram TEXT, ref_id INTEGER)")
    _teams(disk, sellers)
    names = _names(chance, customers)
    _customers(disk, chance, names, sellers, now)
    _follow_ups(disk, chance, customers, follow_ups, now)
    disk.execute("INSERT INTO search_entry SELECT DISTINCT kind, gram, ref_id FROM entries ORDER BY 1, 2, 3")
    disk.execute("DROP TABLE entries")
    disk.execute(
        "UPDATE customer SET touched_at = max(coalesce(last_follow_up_at, owner_since), owner_since) "
        "WHERE owner_id IS NOT NULL"
    )
    for _, _, sql in later:
        disk.execute(sql)
    disk.execute("COMMIT")
    disk.close()


def _teams(disk: sqlite3.Connection, sellers: int) -> None:
    teams = [(FIRST_TEAM + n, f"战区{n}", 1, n, False, True) for n in range(TEAMS)]
    disk.executemany(
        "INSERT INTO department (department_id, name, parent_id, position, stub, active) VALUES (?, ?, ?, ?, ?, ?)",
        teams,
    )
    disk.executemany(
        "UPDATE employee_department SET department_id = ? WHERE user_id = ?",
        [(FIRST_TEAM + n % TEAMS, seller(n)) for n in range(sellers)],
    )


def _names(chance: random.Random, count: int) -> list[tuple[str, str, str]]:
    found: dict[tuple[str, str, str], None] = {}
    while len(found) < count:
        sign = chance.choice(SIGNS) + chance.choice(SIGNS)
        found[chance.choice(PLACES), sign, chance.choice(TRADES)] = None
    return list(found)


@cache
def _spelled(part: str) -> tuple[str, ...]:
    return syllables(part)


@cache
def _person(name: str) -> tuple[tuple[str, str], ...]:
    return tuple((kind, gram) for kind, gram, _ in entries_of("contact", {"name": name}, 0))


FORM = "有限公司"


def _stored(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.000000")


def _customers(
    disk: sqlite3.Connection, chance: random.Random, names: list[tuple[str, str, str]], sellers: int, now: datetime
) -> None:
    days = [_stored(now - timedelta(days=n, hours=2)) for n in range(1_000)]
    rows: list[tuple[object, ...]] = []
    people: list[tuple[object, ...]] = []
    pages: list[tuple[object, ...]] = []
    entries: list[tuple[str, str, int]] = []
    for number, (place, sign, trade) in enumerate(names, start=1):
        name = f"{place}{sign}{trade}{FORM}"
        spelled = (*_spelled(place), *_spelled(sign), *_spelled(trade), *_spelled(FORM))
        letters = "".join(s[:1] for s in spelled)
        owner = None if number % 5 == 0 else seller((number // 5 * 4 + number % 5) % sellers)
        since = days[chance.randrange(30, 900)]
        rows.append(
            (
                number, name, hard_key(name), soft_key(name) if number < 20_000 else sign, "".join(spelled), letters,
                chance.choice(CLASSES), chance.choice(INDUSTRIES), chance.choice(SOURCES), place, owner,
                since if owner else None, None if owner else since, since, since,
                days[0] if number % 3 == 0 and owner else None,
            )
        )  # fmt: skip
        contact = chance.choice(FAMILY) + chance.choice(GIVEN) + chance.choice(GIVEN)
        mobile = f"13{chance.randrange(10**9):09}"
        people.append((number, number, contact, mobile, mobile[-4:], since))
        pages.append((number, owner, since))
        entries += [("customer.name", g, number) for g in grams.of_name(name)]
        entries += [("customer.initials", g, number) for g in grams.of_initials(letters)]
        entries += [("customer.pinyin", g, number) for g in grams.of_syllables(name, spelled)]
        entries += [(kind, gram, number) for kind, gram in _person(contact)]
        entries += [("contact.mobile", g, number) for g in grams.of_number(mobile)]
        if len(rows) == 10_000 or number == len(names):
            _write(disk, rows, people, pages, entries)
            for some in (rows, people, pages, entries):
                some.clear()


def _write(
    disk: sqlite3.Connection, rows: list[tuple[object, ...]], people: list[tuple[object, ...]],
    pages: list[tuple[object, ...]], entries: list[tuple[str, str, int]],
) -> None:  # fmt: skip
    disk.executemany(
        "INSERT INTO customer (id, name, name_key, soft_key, pinyin, initials, customer_class, industry, source, city, "
        "owner_id, owner_since, pooled_at, created_at, updated_at, next_follow_up_at, phone, remark, pool_reason, "
        "next_timed, created_by, version) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?, '', '', '', 0, '', 1)",
        rows,
    )
    disk.executemany(
        "INSERT INTO contact (id, customer_id, name, mobile, mobile_tail, created_at, initials, title, wechat, main, "
        "created_by) VALUES (?,?,?,?,?,?, '', '采购经理', '', 1, '')",
        people,
    )
    disk.executemany(
        "INSERT INTO owner_history (customer_id, owner_id, from_at, how, by_user_id, reason) "
        "VALUES (?, ?, ?, 'load', '', '')",
        pages,
    )
    coded = ((ENTRY_CODES[kind], gram, number) for kind, gram, number in entries)
    disk.executemany("INSERT INTO entries VALUES (?, ?, ?)", coded)


def _follow_ups(disk: sqlite3.Connection, chance: random.Random, customers: int, count: int, now: datetime) -> None:
    days = [_stored(now - timedelta(days=n, hours=3)) for n in range(400)]

    def rows() -> Iterator[tuple[object, ...]]:
        for n in range(count):
            at = days[chance.randrange(400)]
            customer = n % customers + 1
            yield customer, seller(customer % 1_000), at, "电话聊了报价，对方下周给答复", at

    disk.executemany(
        "INSERT INTO follow_up (customer_id, user_id, at, method, content, created_at, next_timed) "
        "VALUES (?, ?, ?, '电话', ?, ?, 0)",
        rows(),
    )
    disk.execute("CREATE TEMP TABLE latest AS SELECT customer_id AS id, max(at) AS at FROM follow_up GROUP BY 1")
    disk.execute("CREATE UNIQUE INDEX temp.latest_id ON latest (id)")
    disk.execute(
        "UPDATE customer SET last_follow_up_at = (SELECT at FROM latest WHERE latest.id = customer.id) "
        "WHERE id % 10 <> 0"
    )


def names_of(path: Path, count: int) -> Iterator[str]:
    """Some customers' names, evenly spread."""
    disk = sqlite3.connect(path)
    try:
        last = disk.execute("SELECT max(id) FROM customer").fetchone()[0]
        for n in range(count):
            yield disk.execute("SELECT name FROM customer WHERE id = ?", (1 + n * last // count,)).fetchone()[0]
    finally:
        disk.close()
