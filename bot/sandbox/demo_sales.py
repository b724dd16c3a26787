"""The built-in company's leads, opportunities, contracts and targets. All names are invented."""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from bot.sandbox import demo_words as words
from bot.sandbox.demo_customers import Deal
from bot.sandbox.demo_people import SELLERS, TEAMS

STAGES: Final = (
    ("初步接洽", 10, "open"), ("需求确认", 30, "open"), ("方案报价", 50, "open"), ("商务谈判", 70, "open"),
    ("赢单", 100, "won"), ("输单", 0, "lost"),
)  # fmt: skip
PRODUCTS: Final = (
    ("ZJ-001", "数控主轴", "主机", "台", "12800.00"), ("ZJ-002", "立式加工中心", "主机", "台", "286000.00"),
    ("ZJ-003", "伺服送料机", "主机", "台", "46800.00"), ("ZJ-004", "激光打标机", "主机", "台", "58600.00"),
    ("ZJ-005", "自动装配线", "主机", "套", "1280000.00"), ("ZJ-006", "冷却机组", "主机", "台", "33500.00"),
    ("ZJ-007", "空压机组", "主机", "套", "92000.00"), ("BJ-101", "主轴轴承", "备件", "件", "1860.00"),
    ("BJ-102", "伺服驱动器", "备件", "件", "4250.00"), ("BJ-103", "检测工装", "备件", "套", "15600.00"),
    ("FW-201", "年度保养", "服务", "次", "9800.00"), ("FW-202", "操作培训", "服务", "次", "3600.00"),
)  # fmt: skip
COMPETITORS: Final = (
    ("岭北装备", "价格低，账期长", "故障率高，售后慢", "带客户看我们三年以上的老用户"),
    ("德曼机床", "进口品牌，精度高", "贵，备件要等两个月", "比总成本和响应时间"),
    ("江桥自动化", "方案快，关系好", "只做标准机，不接非标", "主动提非标改造"),
    ("海屏激光", "打标速度快", "没有本地服务点", "承诺四小时到现场"),
)
HIDDEN: Final = ("contract_amount", "contact_mobile")
DECIDES = timedelta(days=12)  # from taking a customer over to its opportunity


def catalogue() -> dict[str, Any]:
    """Dictionaries, stages, products, competitors, the invoice approval."""
    dictionaries = {
        "客户分类": words.CLASSES,
        "客户行业": tuple(industry for industry, _ in words.TRADES),
        "商机及客户来源": words.SOURCES,
        "产品分类": ("主机", "备件", "服务"),
        "计量单位": ("台", "套", "件", "次"),
        "跟进方式": words.METHODS,
    }
    return {
        "dictionaries": [{"name": name, "values": list(values)} for name, values in dictionaries.items()],
        "field_dictionaries": [{"form": "customer", "field": "source", "dictionary": "商机及客户来源"}],
        "stages": [{"name": name, "win_rate": rate, "kind": kind} for name, rate, kind in STAGES],
        "products": [dict(zip(("code", "name", "category", "unit", "price"), one, strict=True)) for one in PRODUCTS],
        "competitors": [
            dict(zip(("name", "strengths", "weaknesses", "tactics"), one, strict=True)) for one in COMPETITORS
        ],
        "invoice_flow": {
            "nodes": [
                {"name": "财务复核", "participants": {"roles": ["财务"], "users": []}, "hidden_fields": []},
                {"name": "出纳开票", "participants": {"roles": ["出纳"], "users": []}, "hidden_fields": list(HIDDEN)},
            ]
        },
    }


def leads(rng: Random, own_names: Sequence[str], mobile: int) -> list[dict[str, Any]]:
    """Firms nobody has made a customer of yet."""
    found = []
    for n, own in enumerate(own_names):
        team = rng.choice(list(TEAMS))
        _, kinds = rng.choice(words.TRADES)
        found.append(
            {
                "company": rng.choice(words.PLACES[team]) + own + rng.choice(kinds) + "有限公司",
                "contact": rng.choice(words.SURNAMES) + rng.choice(words.GIVEN),
                "mobile": f"138000{mobile + n:05d}",
                "source": rng.choice(words.SOURCES),
                "owner": rng.choice(TEAMS[team]) if rng.random() < 0.8 else None,
                "state": "open",
            }
        )
    return found


def opportunities(rng: Random, deals: Sequence[Deal], today: date) -> list[dict[str, Any]]:
    """One for most customers that asked for an offer."""
    found = []
    for deal in deals:
        if not deal.owner or deal.phase == 0 or rng.random() < 0.45:
            continue
        stage = ("初步接洽", "需求确认", "方案报价", "商务谈判", "赢单")[deal.phase]
        lost = deal.phase > 1 and rng.random() < 0.1
        found.append(
            {
                "name": f"{deal.goods}采购",
                "customer": deal.record["name"],
                "amount": _yuan(rng.randint(4, 180) * 10000),
                "stage": "输单" if lost else stage,
                "source": deal.record["source"],
                "owner": deal.owner,
                "expected_on": (today + timedelta(days=rng.randint(-40 if lost else 5, 120))).isoformat(),
                "created_on": min(date.fromisoformat(deal.record["owner_since"]) + DECIDES, today).isoformat(),
                "competitors": rng.sample([one[0] for one in COMPETITORS], rng.choice((0, 0, 1, 1, 2))),
            }
        )
    return found


def contracts(rng: Random, deals: Sequence[Deal], today: date) -> list[dict[str, Any]]:
    """Those of customers that bought, numbered by year and date of signing; some end soon, some are not paid."""
    signed = []
    for deal in deals:
        if deal.owner and deal.phase >= 3 and rng.random() < (0.5 if deal.phase == 4 else 0.15):
            signed.append((today - timedelta(days=rng.randint(8, 330)), deal))
    found, numbers = [], dict.fromkeys(range(today.year - 1, today.year + 1), 0)
    ends = [3, 6, 12, 20, 27]  # days until the first of them end
    for day, deal in sorted(signed, key=lambda one: one[0]):
        numbers[day.year] += 1
        total = rng.randint(3, 120) * 10000
        state = rng.choices(("effective", "draft", "void"), (18, 1, 1))[0]
        lasts = (today - day).days + ends.pop() if ends and state == "effective" else rng.choice((365, 540, 730))
        paid = _parts(rng, total, rng.choice((0, 1, 2, 2, 3))) if state == "effective" else []
        billed = _parts(rng, total, min(len(paid), 2)) if paid else []
        found.append(
            {
                "no": f"HT-{day.year}-{numbers[day.year]:03d}",
                "customer": deal.record["name"],
                "owner": deal.owner,
                "amount": _yuan(total),
                "signed_on": day.isoformat(),
                "starts_on": day.isoformat(),
                "ends_on": (day + timedelta(days=lasts)).isoformat(),
                "state": state,
                "invoiced": [{"amount": _yuan(one), "on": _between(rng, day, today)} for one in billed],
                "payments": [
                    {"amount": _yuan(one), "on": _between(rng, day, today), "method": rng.choice(("转账", "承兑"))}
                    for one in paid
                ],
            }
        )
    return found


def targets(rng: Random, year: int) -> list[dict[str, Any]]:
    """A monthly figure for each seller, and one for each team."""
    found: list[dict[str, Any]] = [
        {"user": user, "metric": "contract", "year": year, "monthly": _yuan(rng.choice((200000, 300000, 400000)))}
        for user in SELLERS
    ]
    for team, members in TEAMS.items():
        months = {str(month): _yuan(len(members) * (200000 + 20000 * (month % 3))) for month in range(1, 13)}
        found.append({"department": team, "metric": "payment", "year": year, "months": months})
    return found


def _parts(rng: Random, total: int, count: int) -> list[int]:
    """`count` shares of thirty per cent or less each."""
    return [total * rng.choice((10, 20, 30)) // 100 for _ in range(count)]


def _between(rng: Random, first: date, last: date) -> str:
    return (first + timedelta(days=rng.randint(0, (last - first).days))).isoformat()


def _yuan(amount: int) -> str:
    return f"{amount}.00"
