"""What a row of the access table says, and the words rows have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.clock import BEIJING

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=BEIJING)
LATER = NOW + timedelta(days=3)
ABSENT = 999_999

P = Permission
SYSTEM = "called by jobs with the system actor only"
OWN_IMPORT = "an import is its sender's alone, and its kind's function is asked for: test_exchange.py"
UNDO = "called by the undo door, which has checked whose it is"

# Objects by name (tests/access/objects.py): lina's, and one of another team's, made when asked for.
CONTACTED: Any = {"own": "华兴科技有限公司", "foreign": "深圳创想电子有限公司"}
DEAL, DRAFT = ("HT-LINA", "HT-ZHOU"), ("HD-LINA", "HD-ZHOU")  # contracts
PAID, VOIDED = ("HK-LINA", "HK-ZHOU"), ("HV-LINA", "HV-ZHOU")  # payments
SCAN = ("HS-LINA", "HS-ZHOU")
APPLIED, TASK, BILL = ("FL-LINA", "FL-ZHOU"), ("FT-LINA", "FT-ZHOU"), ("FI-LINA", "FI-ZHOU")  # flow, task, invoice
RETURNED = ("FR-LINA", "FR-ZHOU")  # the applicant's task of what was returned to him
LEAD, POOLED_LEAD = ("XS-LINA", "XS-ZHOU"), ("XP-LINA", "XS-ZHOU")  # of the pool's, both are somebody's again or still
CHANCE, LOST = ("SJ-LINA", "SJ-ZHOU"), ("SX-LINA", "SX-ZHOU")  # opportunities, with a line and a competitor
ASKED, VISIT, PLACED = ("QX-LINA", "QX-ZHOU"), ("VS-LINA", "VS-ZHOU"), ("VL-LINA", "VL-ZHOU")  # 协作申请, visits
OFFER, INTENT, FILE = ("UD-LINA", "UD-ZHOU"), ("IN-LINA", "IN-ZHOU"), ("EX-LINA", "EX-ZHOU")  # 撤销, 确认, imports


@dataclass(frozen=True)
class Row:
    """One use case: whom it needs, and how it is called for an object."""

    needs: Permission | str | None  # "admin", or None: everybody in scope may
    call: Callable[[Callable[..., Any], Context, int], Any]
    own: str = "宁波华东精密机械有限公司"  # lina's: the object she may act on
    foreign: str | None = "深圳创想电子有限公司"  # another team's; None: no object
    free: str = ""  # why it is no door of its own
    seen_by: str = "lina04"  # who acts on `own`
    also: tuple[Permission, ...] = ()  # what it needs besides
