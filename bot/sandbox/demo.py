"""The company that comes with the product: something to look at and to play with (contract sandbox-api.md).

A maker of industrial equipment with thirty people, three hundred customers and a year of work behind it. Every
name, number and firm is invented. The same day gives the same company, to the letter.
"""

from datetime import datetime
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from bot.sandbox import demo_sales as sales
from bot.sandbox.demo_customers import RETURN_AFTER, Generator
from bot.sandbox.demo_people import SELLERS, org, roles

BEIJING: Final = ZoneInfo("Asia/Shanghai")
SEED: Final = 20260302
LEADS: Final = 26


def demo_world(now: datetime) -> dict[str, Any]:
    """A whole world file as it stands at `now` (aware)."""
    moment = now.astimezone(BEIJING)
    draw = Generator(moment, Random(SEED))  # noqa: S311 -- a story, no secret
    deals = draw.customers()
    rng = Random(SEED + 1)  # noqa: S311
    return {
        "version": 1,
        "now": moment.isoformat(timespec="seconds"),
        **org(),
        "settings": _settings(),
        **sales.catalogue(),
        "roles": roles(),
        "leads": sales.leads(rng, draw.names[:LEADS], draw.mobile + 1),
        "customers": [deal.record for deal in deals],
        "claims": [{"user": user, "count": rng.randint(0, 7)} for user in SELLERS],
        "opportunities": sales.opportunities(rng, deals, draw.today),
        "contracts": sales.contracts(rng, deals, draw.today),
        "targets": sales.targets(rng, draw.today.year),
    }


def _settings() -> dict[str, Any]:
    return {
        "opened": True,
        "consented_by": "chen01",
        "edition": "paid",
        "usage_scope": {"mode": "all", "departments": [], "users": []},
        "admins": ["chen01"],
        "pool": {
            "claim_cap": 20,
            "claims_per_day": 5,
            "holding_cap": None,
            "return_after_days": RETURN_AFTER,
            "return_with_contract": False,
            "reclaim_after_days": 7,
        },
        "reminders": {
            "not_closed_days": None,
            "not_followed_days": 20,
            "contract_expiry_days": 30,
            "next_follow_up_days": 1,
            "at": "09:00",
        },
        "quiet_hours": ["20:00", "08:30"],
        "approvals": {"urge_gap_minutes": 30},
    }
