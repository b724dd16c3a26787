"""The other company, which invoices too: a1 applies, m1 decides, c1 and c2 keep the books, boss administers."""

from typing import Any

from tests.support.deals import SELLS
from tests.support.other_world import other_world
from tests.support.world import user

TAX_NO = "91510100MA6CLHR35U"
FIRST, SECOND = "XS-20260801", "XS-20260802"  # both with 喆堃: 300,000, and 80,000 of which 60,000 are invoiced


def invoicing_world(**settings: Any) -> dict[str, Any]:
    """Two nodes: 大区经理, then 会计 by one of two bookkeepers from whom the contract's sum is hidden."""
    world = other_world(**settings)
    world["users"] += [user("c1", "邓会计", 20), user("c2", "何出纳", 20)]
    world["roles"][0]["functions"] = [*world["roles"][0]["functions"], *SELLS, "invoice:apply"]
    world["roles"].append(
        {
            "name": "会计", "data_scope": "self", "level": "advanced", "functions": ["approval:handle", "invoice:void"],
            "members": [{"user": u, "departments": []} for u in ("c1", "c2")],
        }
    )  # fmt: skip
    world["contracts"] = [
        {
            "no": no, "customer": customer, "owner": "a1", "amount": amount, "signed_on": "2026-08-01",
            "starts_on": "2026-08-01", "ends_on": "2027-07-31", "state": "effective", "invoiced": invoiced,
        }
        for no, customer, amount, invoiced in (
            (FIRST, "喆堃科技", "300000.00", []),
            (SECOND, "喆堃科技", "80000.00", [{"amount": "60000.00", "on": "2026-08-20"}]),
            ("XS-20260803", "重庆长江轴承股份有限公司", "50000.00", []),
        )
    ]  # fmt: skip
    world["invoice_flow"] = {
        "nodes": [
            {"name": "大区经理", "participants": {"roles": [], "users": ["m1"]}, "hidden_fields": []},
            {"name": "会计", "participants": {"roles": ["会计"], "users": []}, "hidden_fields": ["contract_amount"]},
        ]
    }
    return world
