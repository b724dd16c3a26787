"""An administrator's settings: the `settings` section of a world file, kept in the database.

One row per top-level name (`storage.tables.Setting`); a name without a row has its default.
"""

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import Text, cast
from sqlalchemy import select as core_select
from sqlmodel import col, select

from bot.core.clock import beijing_day
from bot.core.errors import InvalidInput
from storage.database import Tx
from storage.inbox import insert_ignore
from storage.kept import kept
from storage.plain import Plain, table_of
from storage.tables import Setting

Form = Literal[
    "lead", "customer", "contact", "opportunity", "contract", "payment", "invoice", "product", "competitor",
    "followup", "target",
]  # fmt: skip
Operation = Literal["delete", "import", "export", "transfer", "void"]  # D11
FORMS: tuple[Form, ...] = (
    "lead", "customer", "contact", "opportunity", "contract", "payment", "invoice", "product", "competitor",
    "followup", "target",
)  # fmt: skip
ADVANCED: tuple[Operation, ...] = ("delete", "import", "export", "transfer", "void")
LIKENESS_LOCK = ".likeness_lock"  # no setting: locked by whoever looks for a twin and then creates a customer
BASE_LOCK = ".base_lock"  # no setting: locked by whoever changes products, stages, targets …
LOCK = ".lock"  # no setting either: the row whoever changes settings locks first
LOADED = "world_loaded"  # the row that says a world file is in this database; not a setting

ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]  # Beijing time of day, HH:MM


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class UsageScope(_Part):
    """Who may use the app (R1.05). Departments include their sub-departments."""

    mode: Literal["all", "some", "admins"] = "all"
    departments: tuple[int, ...] = ()
    users: tuple[str, ...] = ()


class PoolSettings(_Part):
    """公海设置 (manual 3.5). None: no such limit."""

    claim_cap: int | None = Field(default=None, ge=0)  # claims per person, cumulative (D1)
    claims_per_day: int | None = Field(default=None, ge=0)  # per person and Beijing day
    holding_cap: int | None = Field(default=None, ge=0)  # customers a person may own when claiming
    return_after_days: int | None = Field(default=None, ge=1)  # days without follow-up
    return_with_contract: bool = False  # D2
    lock_cap: int | None = Field(default=None, ge=0)  # customers a person may keep locked (R-POOL-16)
    reclaim_after_days: int | None = Field(default=None, ge=0)  # before a former owner may claim again
    leads: bool = False  # leads without an owner are a pool of their own (R-LEAD-6)
    lead_claims_per_day: int | None = Field(default=None, ge=0)  # leads per person and Beijing day
    lead_holding_cap: int | None = Field(default=None, ge=0)  # open leads a person may own when claiming
    lead_return_after_days: int | None = Field(default=None, ge=1)  # days without follow-up of a lead


class ReminderSettings(_Part):
    """提醒规则 (manual 3.6), in days. None: off."""

    not_closed_days: int | None = Field(default=None, ge=1)
    not_followed_days: int | None = Field(default=None, ge=1)
    contract_expiry_days: int | None = Field(default=None, ge=0)
    next_follow_up_days: int | None = Field(default=None, ge=0)
    at: ClockTime = "09:00"  # of the morning message


class VisitSettings(_Part):
    """外勤设置 (R-VISIT-2, R-VISIT-3, R-VISIT-8)."""

    near_m: int = Field(default=500, ge=50, le=5000)  # metres: what is nearer may be meant, what is not is 超出范围
    keep_days: int = Field(default=180, ge=1, le=3650)  # how long it is kept where somebody was


class ApprovalSettings(_Part):
    """催办 (D21), above which sum 同意 takes two taps (D24; None: never), and DingTalk's own 待办 besides (D22)."""

    urge_gap_minutes: int = Field(default=30, ge=1)
    confirm_above: Decimal | None = Field(default=None, gt=0)  # yuan; from this sum on
    dingtalk_todo: bool = False
    buyer_details: bool = False  # a 专票 must name the buyer's bank, account, address and phone (R-INV-2)


class CompanySettings(_Part):
    """Everything an administrator sets, with the defaults of the decisions."""

    opened: bool = False
    consented_by: str = ""
    consented_at: datetime | None = None
    consented_terms: str = ""  # the version of the terms agreed to
    edition: Literal["paid", "free"] = "paid"
    usage_scope: UsageScope = UsageScope()
    admins: tuple[str, ...] = ()
    pool: PoolSettings = PoolSettings()
    reminders: ReminderSettings = ReminderSettings()
    quiet_hours: tuple[ClockTime, ClockTime] = ("20:00", "08:30")
    approvals: ApprovalSettings = ApprovalSettings()
    visits: VisitSettings = VisitSettings()
    allow_over_collect: bool = False  # payments may go above their contract, with a warning on record (R-PAY-2)
    advanced_operations: dict[Form, tuple[Operation, ...]] = dict.fromkeys(FORMS, ADVANCED)
    pool_rule_since: date | None = None  # the day the return rule was switched on or tightened (D3)
    lead_rule_since: date | None = None  # the same of the leads' rule

    @field_validator("advanced_operations")
    @classmethod
    def _every_form(cls, value: dict[Form, tuple[Operation, ...]]) -> dict[Form, tuple[Operation, ...]]:
        return {form: value.get(form, ADVANCED) for form in FORMS}

    @property
    def paid(self) -> bool:
        """Whether pool and reminder rules have effect (D15)."""
        return self.edition == "paid"

    @property
    def lead_pool(self) -> bool:
        """Whether there is a pool of leads; it is one of the pool's rules (D15)."""
        return self.paid and self.pool.leads

    @property
    def return_days(self) -> int | None:
        """Days without follow-up after which a customer goes to the pool; None: it never does."""
        return self.pool.return_after_days if self.paid else None

    @property
    def lead_return_days(self) -> int | None:
        """Days without follow-up after which a lead goes to the leads' pool; None: it never does."""
        return self.pool.lead_return_after_days if self.lead_pool else None


RULES = {"pool_rule_since": "return_days", "lead_rule_since": "lead_return_days"}  # since when which rule counts
INTERNAL = frozenset({*RULES, "consented_at", "consented_terms"})  # kept by us, set by nobody


S = table_of(Setting)
ALL = Plain(core_select(S.c.name, cast(S.c.value, Text).label("json")).order_by(S.c.name))


@kept
def read_settings(tx: Tx) -> CompanySettings:
    """The settings as they are now: a change takes effect at once."""
    return _validated(tuple((row.name, row.json) for row in ALL.run(tx)))


@lru_cache(maxsize=8)  # PostgreSQL reads the rows every time; equal rows are equal settings
def _validated(rows: tuple[tuple[str, str | None], ...]) -> CompanySettings:
    known = [(name, json) for name, json in rows if name in CompanySettings.model_fields]
    return CompanySettings.model_validate({name: None if json is None else orjson.loads(json) for name, json in known})


def write_setting(tx: Tx, name: str, value: Any, *, by: str, now: datetime) -> None:
    """Stores one top-level setting whole (`pool`, `reminders`, `admins` …), on a company at work.

    A return rule that is thereby switched on, tightened, or extended to customers with a contract counts from today:
    nobody loses a customer over days that passed before the rule stood (D3).

    Raises:
        InvalidInput: no such setting, or not such a value.
    """
    if name not in CompanySettings.model_fields or name in INTERNAL:
        raise InvalidInput(f"没有「{name}」这个设置。")
    try:
        parsed = CompanySettings.model_validate({name: value})
    except ValueError as wrong:
        raise InvalidInput(f"「{name}」的值不对：{value}") from wrong
    before = read_settings(tx)
    put_setting(tx, name, parsed.model_dump(mode="json")[name], by=by, now=now)
    after = read_settings(tx)
    for since in RULES:
        if _takes_more(since, after, before):
            put_setting(tx, since, beijing_day(now).isoformat(), by=by, now=now)


def rule_of(settings: CompanySettings, since: str) -> list[Any]:
    """The return rule in force whose first day is kept as `since`, as an undo remembers it."""
    return [getattr(settings, RULES[since]), since == "pool_rule_since" and settings.pool.return_with_contract]


def _takes_more(since: str, now: CompanySettings, before: CompanySettings) -> bool:
    (days, sold), (was, sold_before) = rule_of(now, since), rule_of(before, since)
    return days is not None and (was is None or days < was or (sold and not sold_before))


def lock_settings(tx: Tx) -> CompanySettings:
    """The settings, which nobody else changes until this transaction ends: read, judge, write."""
    _lock(tx, LOCK)
    return read_settings(tx)


def lock_base_data(tx: Tx) -> None:
    """Products, competitors, stages, targets and the approval's nodes are changed by one person after the other."""
    _lock(tx, BASE_LOCK)


def lock_likeness(tx: Tx) -> None:
    """Customers are created by one person after the other, so that each meets those who are like it (D18)."""
    _lock(tx, LIKENESS_LOCK)


def _lock(tx: Tx, name: str) -> None:
    tx.execute(insert_ignore(tx, Setting, [{"name": name}], ["name"]))
    tx.execute(core_select(table_of(Setting).c.name).where(table_of(Setting).c.name == name).with_for_update())


def changed(tx: Tx, name: str) -> tuple[str, datetime] | None:
    """Who changed a setting last, and when. None: nobody has."""
    row = tx.exec(select(Setting.changed_by, Setting.changed_at).where(Setting.name == name)).first()
    return (row[0], row[1]) if row is not None and row[1] is not None else None


def put_setting(tx: Tx, name: str, value: Any, *, by: str, now: datetime) -> None:
    """Stores one row as it is given: for the world loader, whose values are checked already."""
    row = tx.get(Setting, name) or Setting(name=name)
    row.value, row.changed_at, row.changed_by = value, now, by
    tx.add(row)
    tx.flush()


def is_loaded(tx: Tx) -> bool:
    """Whether the database already holds a company: then a demo does not load one again."""
    return tx.exec(select(Setting.name).where(col(Setting.name).in_(("opened", LOADED)))).first() is not None
