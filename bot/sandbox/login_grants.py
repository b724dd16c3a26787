"""Codes and tokens of people: single-use codes, user access tokens, the JSAPI ticket (platform.md section 7)."""

import hashlib
import hmac
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal
from urllib.parse import unquote

from bot.sandbox.state import Sandbox

CODE_LIFE: Final = timedelta(minutes=5)
TOKEN_LIFE: Final = timedelta(seconds=7200)
REFRESH_LIFE: Final = timedelta(days=30)
TICKET_CAP: Final = timedelta(hours=24)

CodeKind = Literal["in_app", "web"]


@dataclass(frozen=True, slots=True)
class Code:
    """A login code; `scope` is that of the web login, empty for codes of the client."""

    userid: str
    kind: CodeKind
    until: datetime
    scope: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UserToken:
    """A person's token (or refresh token) and what it was granted for."""

    userid: str
    until: datetime
    scope: tuple[str, ...]


@dataclass(slots=True)
class JsapiTicket:
    """The one ticket of the app: renewed by asking, but never older than 24 h (behaviour 45)."""

    value: str
    born: datetime
    until: datetime


@dataclass(slots=True)
class Grants:
    """What was given out and is still good."""

    codes: dict[str, Code] = field(default_factory=dict)
    refresh_tokens: dict[str, UserToken] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    ticket: JsapiTicket | None = None


def grants_of(sandbox: Sandbox) -> Grants:
    """Return the sandbox's grants, begun at the first use."""
    grants: Grants | None = sandbox.memory.get("grants")
    if grants is None:
        grants = sandbox.memory["grants"] = Grants()
    return grants


def user_tokens(sandbox: Sandbox) -> dict[str, UserToken]:
    """Return people's access tokens; `POST /tokens` expire throws them away with the app's."""
    tokens: dict[str, UserToken] = sandbox.memory.setdefault("user_tokens", {})
    return tokens


def new_code(sandbox: Sandbox, userid: str, kind: CodeKind, scope: tuple[str, ...] = ()) -> str:
    """Give out a code: 5 minutes, once. The life of a web login's code is not documented; it gets the same."""
    now = sandbox.clock.now()
    codes = grants_of(sandbox).codes
    for old in [code for code, grant in codes.items() if grant.until < now]:
        del codes[old]
    value = uuid.uuid4().hex
    codes[value] = Code(userid, kind, now + CODE_LIFE, scope)
    return value


def redeem(sandbox: Sandbox, value: object, kind: CodeKind) -> Code | None:
    """Take a code in; None when unknown, used, too old or of the other kind. Whatever it was, it is used up."""
    if not isinstance(value, str):
        return None
    code = grants_of(sandbox).codes.pop(value, None)
    if code is None or code.kind != kind or code.until < sandbox.clock.now():
        return None
    return code


def new_user_tokens(sandbox: Sandbox, userid: str, scope: tuple[str, ...]) -> tuple[str, str]:
    """Give out an access token (2 h) and a refresh token (30 days)."""
    now = sandbox.clock.now()
    access, refresh = uuid.uuid4().hex, uuid.uuid4().hex
    user_tokens(sandbox)[access] = UserToken(userid, now + TOKEN_LIFE, scope)
    grants_of(sandbox).refresh_tokens[refresh] = UserToken(userid, now + REFRESH_LIFE, scope)
    return access, refresh


def jsapi_ticket(sandbox: Sandbox) -> JsapiTicket:
    """Return the app's ticket, renewed, or a new one once the old one is expired or 24 h old."""
    grants, now = grants_of(sandbox), sandbox.clock.now()
    ticket = grants.ticket
    if ticket is None or ticket.until <= now:
        ticket = grants.ticket = JsapiTicket(uuid.uuid4().hex, now, now)
    ticket.until = min(now + TOKEN_LIFE, ticket.born + TICKET_CAP)
    return ticket


SignatureState = Literal["ok", "sha1", "mismatch", "no_ticket"]


def check_signature(sandbox: Sandbox, *, url: str, nonce: str, timestamp: str, signature: str) -> SignatureState:
    """Check a dd.config signature: SHA-256 by today's documents; `sha1` is right by the old ones."""
    ticket = grants_of(sandbox).ticket
    if ticket is None or ticket.until <= sandbox.clock.now():
        return "no_ticket"
    page = unquote(url.partition("#")[0])
    plain = f"jsapi_ticket={ticket.value}&noncestr={nonce}&timestamp={timestamp}&url={page}".encode()
    given = signature.lower()
    if hmac.compare_digest(hashlib.sha256(plain).hexdigest().encode(), given.encode()):
        return "ok"
    sha1 = hashlib.sha1(plain).hexdigest()  # noqa: S324 -- only to name the outdated algorithm
    return "sha1" if hmac.compare_digest(sha1.encode(), given.encode()) else "mismatch"
