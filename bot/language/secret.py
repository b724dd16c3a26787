"""Does a message carry a secret? Then it is stored sealed, and not at all once it is worked off (R2.12)."""

import re
from dataclasses import dataclass

_CHARACTER = r"[A-Za-z0-9_\-]"
_GAP = r"[\s:：=是为]*"
_SECRET = re.compile(
    rf"(?:client[\s_]*secret|app[\s_]*secret|corp[\s_]*sec(?:re|er)t|secret|密钥){_GAP}({_CHARACTER}{{8,256}})",
    re.IGNORECASE,
)
_ID = re.compile(rf"(?:client[\s_]*id|app[\s_]*key){_GAP}({_CHARACTER}{{6,128}})", re.IGNORECASE)
_BARE = re.compile(rf"(?:({_CHARACTER}{{6,128}})[\s,，;；]+)?({_CHARACTER}{{12,256}})")


@dataclass(frozen=True, slots=True)
class SentCredentials:
    """What was sent; `client_id` empty: the secret alone."""

    client_id: str
    client_secret: str


def read_credentials(text: str, *, asked: bool = False) -> SentCredentials | None:
    """Client ID and Client Secret with their names; `asked`: also bare, one or both. None: nothing of the kind."""
    secret, client_id = _SECRET.search(text), _ID.search(text)
    if secret is not None:
        return SentCredentials(client_id[1] if client_id else "", secret[1])
    bare = _BARE.fullmatch(text.strip()) if asked else None
    return SentCredentials(bare[1] or "", bare[2]) if bare is not None else None


def looks_secret(text: str) -> bool:
    """Named as one, or nothing but one or two long tokens with small letters (no phone, no credit code)."""
    if _SECRET.search(text) is not None:
        return True
    bare = _BARE.fullmatch(text.strip().removeprefix("凭证").removeprefix("填写凭证").strip())
    return bare is not None and len(bare[2]) >= 16 and any(c.islower() for c in bare[2])
