"""How much of the company's monthly quota we have used (platform.md section 11)."""

from collections import Counter
from enum import StrEnum

_EXEMPT = (
    "/v1.0/oauth2/",
    "/v1.0/contact/",
    "/v1.0/gateway/",
    "/gettoken",
    "/auth/scopes",
    "/topapi/user/",
    "/topapi/v2/user/",
    "/topapi/department/",
    "/topapi/v2/department/",
    "/topapi/role/",
    "/topapi/inactive/",
)


class Bucket(StrEnum):
    """What a call is counted against."""

    API = "api"
    WEBHOOK_STREAM = "webhook_stream"
    EXEMPT = "exempt"


def bucket_of(path: str) -> Bucket:
    """The bucket a call to `path` draws on; tokens, login and contacts are free."""
    if path.startswith("/robot/"):
        return Bucket.WEBHOOK_STREAM
    return Bucket.EXEMPT if path.startswith(_EXEMPT) else Bucket.API


class UsageMeter:
    """Counts calls that DingTalk counts: those it answered without throttling."""

    def __init__(self) -> None:
        self.by_api: Counter[str] = Counter()  # since the start of the process
        self._undrained: Counter[Bucket] = Counter()

    def count(self, bucket: Bucket, api: str) -> None:
        """One more call."""
        self.by_api[api] += 1
        self._undrained[bucket] += 1

    def drain(self) -> dict[Bucket, int]:
        """What was counted since the last drain, for whoever keeps the month's sum."""
        taken = dict(self._undrained)
        self._undrained.clear()
        return taken
