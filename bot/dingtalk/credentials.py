"""Who we are to DingTalk."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Credentials:
    """One internal app of one company, as the developer console shows it."""

    client_id: str  # AppKey; also the robotCode
    client_secret: str = field(repr=False)
    corp_id: str
    agent_id: int  # sender of work notifications


CredentialsSource: TypeAlias = Callable[[], Credentials]
"""Asked at each use, so that a secret changed in the admin page holds from the next call on."""
