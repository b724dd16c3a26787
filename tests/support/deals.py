"""The small company with what contracts and payments need: functions, an opportunity, finance, contracts of old."""

from typing import Any

from tests.support.world import small_world

SELLS = [
    "contract:view", "contract:add", "payment:view", "payment:add", "opportunity:view", "opportunity:add",
    "invoice:view",
]  # fmt: skip
LEADS = ["contract:edit", "contract:void", "contract:transfer", "contract:delete", "payment:edit", "payment:void",
         "payment:delete"]  # fmt: skip
BOOKS = ["payment:view", "payment:add", "payment:edit", "payment:void", "contract:view", "customer:view"]


def deals_world(**settings: Any) -> dict[str, Any]:
    """lina sells, wang manages her team, qian keeps the books of all."""
    world = small_world(**settings)
    world["settings"]["usage_scope"] = {"mode": "all", "departments": [], "users": []}
    world["settings"]["reminders"] = {"contract_expiry_days": 7, "next_follow_up_days": 1, "at": "09:00"}
    world["roles"][0]["functions"] = [*world["roles"][0]["functions"], *SELLS]
    world["roles"][1]["functions"] = [*world["roles"][1]["functions"], *SELLS, *LEADS]
    world["roles"].append(
        {
            "name": "财务", "data_scope": "all", "level": "advanced",
            "functions": [*BOOKS],
            "members": [{"user": "qian07", "departments": []}],
        }
    )  # fmt: skip
    world["stages"] = [
        {"name": "初步沟通", "win_rate": 10, "kind": "open"}, {"name": "赢单", "win_rate": 100, "kind": "won"},
        {"name": "输单", "win_rate": 0, "kind": "lost"},
    ]  # fmt: skip
    world["opportunities"] = [
        {
            "name": "二期扩容",
            "customer": "华兴科技有限公司",
            "amount": "300000.00",
            "stage": "初步沟通",
            "owner": "lina04",
        }
    ]
    world["contracts"] = [
        {
            "no": "HT-2025-112", "customer": "宁波华东精密机械有限公司", "owner": "lina04", "amount": "1200000.00",
            "signed_on": "2025-06-01", "starts_on": "2025-06-01", "ends_on": "2026-05-31", "state": "effective",
            "invoiced": [{"amount": "450000.00", "on": "2025-08-01"}],
            "payments": [{"amount": "400000.00", "on": "2025-09-01", "method": "转账"}],
        },
        {
            "no": "HT-2026-007", "customer": "深圳创想电子有限公司", "owner": "zhou06", "amount": "500000.00",
            "signed_on": "2026-02-10", "starts_on": "2026-02-10", "ends_on": "2026-03-06", "state": "effective",
            "payments": [{"amount": "200000.00", "on": "2026-02-20", "method": "转账"}],
        },
    ]  # fmt: skip
    return world
