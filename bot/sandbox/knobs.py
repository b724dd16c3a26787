"""What the documents leave open, or a test wants to vary; defaults are the strict readings (platform.md 12)."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any

_CHOICES: dict[str, tuple[str, ...]] = {
    "offline_events": ("retry", "queue", "drop"),
    "offline_bot": ("drop", "queue"),
}


@dataclass(slots=True)
class Knobs:
    """Seconds unless the name says otherwise; 0 switches a limit or habit off. The numbers are the behaviours'."""

    ticket_seconds: float = 90.0  # 2; by the sandbox's clock
    bad_ticket_status: int = 403  # 2
    wrong_secret_status: int = 400  # 3
    keep_message_id: bool = False  # 4: of a redelivery
    ping_seconds: float = 30.0  # 6; keep-alive pings are not listed under /pushes
    disconnect_seconds: float = 1800.0  # 7: life of a connection
    disconnect_grace: float = 10.0  # 7: from the announcement until TCP is dropped
    event_ack_seconds: float = 3.0  # 9
    event_attempts: int = 3  # 9
    event_retry_seconds: float = 1.0  # 9
    event_duplicate_rate: float = 0.0  # 10: share of acknowledged events that are pushed again
    event_delay_seconds: float = 0.0  # 11: up to so late, hence out of order
    bot_redeliver_seconds: float = 0.0  # 12: 0 is fire and forget
    bot_attempts: int = 3  # 12
    offline_events: str = "retry"  # 14: retry | queue | drop
    offline_bot: str = "drop"  # 14: drop | queue
    offline_queue_seconds: float = 300.0  # 14
    quota_exhausted: bool = False  # 15
    published: bool = True  # 16: False leaves senderStaffId and isAdmin out
    webhook_millis: int = 5_400_000  # 17: life of a sessionWebhook
    webhook_expired_code: int = 300001  # 17
    throttled_users: list[str] = field(default_factory=list)  # 18: flowControlledStaffIdList
    processing_seconds: float = 0.0  # 19: a send is PROCESSING so long
    robot_events: bool = False  # 19: robot_msg_read and robot_msg_recall are ticked in the console
    download_once: bool = False  # 20: a downloadCode works once
    download_seconds: float = 600.0  # 20: life of a downloadUrl
    bot_per_minute: int = 0  # 21
    card_broadcast: bool = False  # 27: a callback's cardData for all viewers
    tap_seconds: float = 2.0  # 27
    daily_notices: int = 500  # 32
    notices_per_minute: int = 5000  # 32
    to_all_per_day: int = 3  # 33
    invalid_token_status: int = 400  # 35
    denied_permissions: list[str] = field(default_factory=list)  # 37
    qps: int = 20  # 38
    monthly_api: int = 0  # 38; the standard edition has 5000
    monthly_webhook_stream: int = 0  # 15, 38; the standard edition has 3000
    hidden_fields: list[str] = field(default_factory=list)  # 40: mobile, email, extension …
    strings_for_bools: bool = False  # 41
    read_delay_seconds: float = 0.0  # 42: reads show a change so late
    http_callback_url: str = ""  # 46
    http_callback_token: str = "sandboxtoken"  # noqa: S105 -- of the stand-in
    http_callback_aes_key: str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

    def set(self, values: dict[str, Any]) -> None:
        """Sets all or none.

        Raises:
            ValueError: names the knob that is unknown or whose value does not fit.
        """
        known = {f.name for f in fields(self)}
        fitting = {}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"no such knob: {name}")
            fitting[name] = _fit(name, getattr(self, name), value)
        for name, value in fitting.items():
            setattr(self, name, value)

    def as_dict(self) -> dict[str, Any]:
        """All knobs as they stand."""
        return asdict(self)


def _fit(name: str, present: Any, value: Any) -> Any:
    if isinstance(present, bool) or isinstance(value, bool):
        fits = isinstance(present, bool) and isinstance(value, bool)
    elif isinstance(present, int | float):
        fits = isinstance(value, int | float) and value >= 0
        if fits and isinstance(present, int):
            fits = isinstance(value, int)
    elif isinstance(present, list):
        fits = isinstance(value, list) and all(isinstance(one, str) for one in value)
    else:
        fits = isinstance(value, str) and value in _CHOICES.get(name, (value,))
    if not fits:
        raise ValueError(f"{name}: {value!r} does not fit")
    return value
