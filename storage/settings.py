"""An administrator's settings: the `settings` section of a world file, kept in the database."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlmodel import select

from bot.core.errors import InvalidInput
from storage.database import Tx
from storage.tables import Setting

FORMS = (
    "lead", "customer", "contact", "opportunity", "contract", "payment", "invoice", "product", "competitor",
    "followup", "target",
)  # fmt: skip
ADVANCED = ("delete", "import", "export", "transfer", "void")  # D11


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
    reclaim_after_days: int | None = Field(default=None, ge=0)  # before a former owner may claim again


class ReminderSettings(_Part):
    """提醒规则 (manual 3.6), in days. None: off."""

    not_closed_days: int | None = Field(default=None, ge=1)
    not_followed_days: int | None = Field(default=None, ge=1)
    contract_expiry_days: int | None = Field(default=None, ge=0)
    next_follow_up_days: int | None = Field(default=None, ge=0)
    at: str = "09:00"  # Beijing time of the morning message

    @field_validator("at")
    @classmethod
    def _clock_time(cls, value: str) -> str:
        datetime.strptime(value, "%H:%M")  # noqa: DTZ007 -- a time of day, no moment
        return value


class ApprovalSettings(_Part):
    """催办 (D21)."""

    urge_gap_minutes: int = Field(default=30, ge=1)


class CompanySettings(_Part):
    """Everything an administrator sets, with the defaults of the decisions."""

    opened: bool = False
    consented_by: str = ""
    edition: Literal["paid", "free"] = "paid"
    usage_scope: UsageScope = UsageScope()
    admins: tuple[str, ...] = ()
    pool: PoolSettings = PoolSettings()
    reminders: ReminderSettings = ReminderSettings()
    quiet_hours: tuple[str, str] = ("20:00", "08:30")
    approvals: ApprovalSettings = ApprovalSettings()
    advanced_operations: dict[str, tuple[str, ...]] = {form: ADVANCED for form in FORMS}
    pool_rule_since: date | None = None  # the day the return rule was switched on or tightened (D3)

    @property
    def paid(self) -> bool:
        """Whether pool and reminder rules have effect (D15)."""
        return self.edition == "paid"


def read_settings(tx: Tx) -> CompanySettings:
    """The settings as they are now: read anew in every transaction, so a change takes effect at once."""


    rows = tx.exec(select(Setting.name, Setting.value)).all()
    return CompanySettings.model_validate({n: v for n, v in rows if n in CompanySettings.model_fields})


def write_setting(tx: Tx, name: str, value: Any, *, by: str, now: datetime) -> None:
    """Stores one setting.

    Raises:
        InvalidInput: no such setting, or not such a value.
    """
    if name not in CompanySettings.model_fields:
        raise InvalidInput(f"没有「{name}」这个设置。")
    try:
        parsed = CompanySettings.model_validate({name: value})
    except ValueError as wrong:
        raise InvalidInput(f"「{name}」的值不对：{value}") from wrong
    stored = parsed.model_dump(mode="json")[name]
    row = tx.get(Setting, name) or Setting(name=name)
    row.value, row.changed_at, row.changed_by = stored, now, by
    tx.add(row)


def is_loaded(tx: Tx) -> bool:
    """Whether the database already holds a company: then a demo does not load one again."""
    return tx.get(Setting, "opened") is not None
