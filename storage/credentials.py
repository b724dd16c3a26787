"""The app's DingTalk credentials as they are kept: encrypted, asked for once (R2.12, R2.14)."""

from collections.abc import Mapping

from storage import secrets as vault
from storage.database import Tx

NAMES = ("client_id", "client_secret", "corp_id", "agent_id")
_REPLACED = "dingtalk.replaced_secret"


def known(tx: Tx, key: str) -> dict[str, str]:
    """What is kept; empty where there is nothing. Raises WrongKey."""
    return {name: vault.read_secret(tx, key, f"dingtalk.{name}") or "" for name in NAMES}


def keep(tx: Tx, key: str, values: Mapping[str, str]) -> None:
    """Keeps what is given and not empty. Raises WeakKey, WrongKey."""
    for name, value in values.items():
        if value:
            vault.store_secret(tx, key, f"dingtalk.{name}", value)


def replace(tx: Tx, key: str, *, client_id: str, client_secret: str) -> None:
    """An administrator has sent new ones: the old secret counts no more, also where the environment still has it."""
    old = known(tx, key)["client_secret"]
    if old and old != client_secret:
        vault.store_secret(tx, key, _REPLACED, old)
    keep(tx, key, {"client_id": client_id, "client_secret": client_secret})


def is_replaced(tx: Tx, key: str, client_secret: str) -> bool:
    """Whether this secret was replaced by one an administrator sent later."""
    return bool(client_secret) and vault.read_secret(tx, key, _REPLACED) == client_secret
