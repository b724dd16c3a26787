"""The small company with every section of a world file filled."""

from copy import deepcopy
from typing import Any

from tests.support.world import small_world


def follow_up(by: str, at: str, content: str = "聊了报价", **more: Any) -> dict[str, Any]:
    return {"by": by, "at": at, "method": "电话", "content": content, "next_at": None, **more}


def full_world() -> dict[str, Any]:
    """A fresh copy each time."""
    world = deepcopy(small_world())
    world["customers"][7] |= {
        "class": "重点客户",
        "source": "展会",
        "follow_ups": [
            follow_up("lina04", "2026-02-25T10:00:00+08:00", next_at="2026-03-05T00:00:00+08:00"),
            follow_up("gone99", "2025-12-01T15:00:00+08:00", "首次联系", next_at="2026-02-01T09:30:00+08:00"),
            follow_up("lina04", "2026-01-10T02:00:00+00:00", "同一句话"),
            follow_up("lina04", "2026-01-10T10:00:00+08:00", "同一句话"),  # the same moment: said twice
        ],
    }
    world["customers"][0]["follow_ups"] = [follow_up("lina04", "2026-02-01T10:00:00+08:00", next_at="2026-03-09")]
    world["dictionaries"] += [
        {"name": "产品分类", "values": ["主机", "备件"]},
        {"name": "计量单位", "values": ["台", "件"]},
        {"name": "渠道", "values": ["抖音", "百度"]},
    ]
    return world | {
        "field_dictionaries": [{"form": "lead", "field": "source", "dictionary": "渠道"}],
        "stages": [
            {"name": "初步接洽", "win_rate": 10, "kind": "open"},
            {"name": "赢单", "win_rate": 100, "kind": "won"},
            {"name": "输单", "win_rate": 0, "kind": "lost"},
        ],
        "products": [{"code": "ZJ-001", "name": "数控主轴", "category": "主机", "unit": "台", "price": "12800.00"}],
        "competitors": [{"name": "岭北装备", "strengths": "便宜", "weaknesses": "慢", "tactics": "带客户看现场"}],
        "leads": [
            {"company": "湖州某厂", "contact": "钱工", "mobile": "13800020001", "source": "抖音", "owner": "lina04"},
            {"company": "湖州某厂", "contact": "钱工", "mobile": "13800020001", "source": "百度", "owner": None},
        ],
        "claims": [{"user": "zhao05", "count": 2}],
        "opportunities": [
            {
                "name": "主轴改造", "customer": "宁波华东精密机械有限责任公司", "amount": "860000.00",
                "stage": "初步接洽", "source": "展会", "owner": "lina04", "expected_on": "2026-04-30",
                "competitors": ["岭北装备"],
            }
        ],
        "contracts": [
            {
                "no": "HT-2026-007", "customer": "宁波华东精密机械有限公司", "owner": "lina04", "amount": "500000.00",
                "signed_on": "2026-02-10", "starts_on": "2026-02-10", "ends_on": "2026-03-16", "state": "effective",
                "invoiced": [{"amount": "150000.00", "on": "2026-02-12"}],
                "payments": [
                    {"amount": "200000.00", "on": "2026-02-20", "method": "转账"},
                    {"amount": "200000.00", "on": "2026-02-20", "method": "转账"},
                ],
            }
        ],
        "targets": [
            {"user": "lina04", "metric": "contract", "year": 2026, "monthly": "300000.00", "months": {"2": "1.50"}},
            {"department": 101, "metric": "payment", "year": 2026, "months": {"1": "400000.00"}},
        ],
        "invoice_flow": {
            "nodes": [
                {
                    "name": "出纳开票", "participants": {"roles": ["业务员"], "users": ["qian07"]},
                    "hidden_fields": ["contract_amount", "contact_mobile"],
                }
            ]
        },
    }  # fmt: skip
