"""A company that invoices: lina applies, qian and sun are cashiers, wang leads lina's department, chen administers."""

from typing import Any

from tests.support.deals import deals_world
from tests.support.world import user

CONTRACT = "HT-2025-112"  # lina's: 1,200,000, of which 450,000 are invoiced
TAX_NO = "91330100799655058B"
HIDDEN = ["contract_amount", "contact_mobile"]


def flows_world(**settings: Any) -> dict[str, Any]:
    """One node, 出纳开票, which hides the contract's amount and the contact's number."""
    world = deals_world(**settings)
    world["users"] += [user("sun08", "孙悦", 103, mobile="13800000008"), user("zheng09", "郑安", 1)]
    world["roles"][0]["functions"] = [*world["roles"][0]["functions"], "invoice:apply"]
    world["roles"].append(
        {
            "name": "出纳", "data_scope": "self", "level": "advanced", "functions": ["approval:handle", "invoice:void"],
            "members": [{"user": u, "departments": []} for u in ("qian07", "sun08")],
        }
    )  # fmt: skip
    world["invoice_flow"] = {
        "nodes": [{"name": "出纳开票", "participants": {"roles": ["出纳"], "users": []}, "hidden_fields": HIDDEN}]
    }
    return world
