"""Does a message carry a secret? Then it is stored sealed, and not at all once it is worked off (R2.12)."""

import re
from dataclasses import dataclass

_CHARACTER = r"[A-Za-z0-9_\-]"
_APART = rf"(?<!{_CHARACTER})"
_GAP = r"\s*(?:[:：=]|是|为|\s)\s*"
_SECRET = re.compile(
    rf"(?:{_APART}(?:client[\s_]*secret|app[\s_]*secret|corp[\s_]*sec(?:re|er)t|secret)|密钥){_GAP}({_CHARACTER}{{8,256}})",
    re.IGNORECASE,
)
_ID = re.compile(rf"{_APART}(?:client[\s_]*id|app[\s_]*key){_GAP}({_CHARACTER}{{6,128}})", re.IGNORECASE)
_BARE = re.compile(rf"(?:({_CHARACTER}{{6,128}})[\s,，;；]+)?({_CHARACTER}{{12,256}})")
_WORD = re.compile(r"^(?:填写|更新|更换|设置|修改)?凭证[\s:：]*")


@dataclass(frozen=True, slots=True)
class SentCredentials:
    """What was sent; `client_id` empty: the secret alone."""

    client_id: str
    client_secret: str


def read_credentials(text: str, *, asked: bool = False) -> SentCredentials | None:
    """Client ID and Client Secret with their names; `asked`: also bare, one or both. None: nothing of the kind."""
    text = _WORD.sub("", text.strip())
    bare = _BARE.fullmatch(text)
    if bare is not None:
        return SentCredentials(bare[1] or "", bare[2]) if asked else None
    secret, client_id = _SECRET.search(text), _ID.search(text)
    return SentCredentials(client_id[1] if client_id else "", secret[1]) if secret is not None else None


def looks_secret(text: str) -> bool:
    """Named as one, or nothing but one or two long tokens with small letters (no phone, no credit code)."""
    announced = _WORD.match(text.strip())
    text = _WORD.sub("", text.strip())
    if _SECRET.search(text) is not None:
        return True
    bare = _BARE.fullmatch(text)
    if bare is not None and announced is not None:
        return True
    return bare is not None and len(bare[2]) >= 16 and any(c.islower() for c in bare[2])
