"""The app's DingTalk credentials as they are kept: encrypted, asked for once (R2.12, R2.14).

What an administrator sends in chat is an offer: it replaces what is known only after DingTalk has accepted it, for
with wrong ones the app could not even say that they are wrong.
"""

from collections.abc import Mapping

from storage import secrets as vault
from storage.database import Tx

NAMES = ("client_id", "client_secret", "corp_id", "agent_id")
OFFERED = ("client_id", "client_secret")
_REPLACED = "dingtalk.replaced_secret"


def known(tx: Tx, key: str) -> dict[str, str]:
    """What is kept; empty where there is nothing. Raises WrongKey."""
    return {name: vault.read_secret(tx, key, f"dingtalk.{name}") or "" for name in NAMES}


def keep(tx: Tx, key: str, values: Mapping[str, str]) -> None:
    """Keeps what is given and not empty. Raises WeakKey, WrongKey."""
    for name, value in values.items():
        if value:
            vault.store_secret(tx, key, f"dingtalk.{name}", value)


def offer(tx: Tx, key: str, *, client_id: str, client_secret: str) -> None:
    """New ones, to be tried. `client_id` empty: the one that is known."""
    withdraw(tx)
    for name, value in zip(OFFERED, (client_id, client_secret), strict=True):
        if value:
            vault.store_secret(tx, key, f"offered.{name}", value)


def offered(tx: Tx, key: str) -> dict[str, str]:
    """What was sent and not tried yet; empty where nothing was."""
    return {name: vault.read_secret(tx, key, f"offered.{name}") or "" for name in OFFERED}


def withdraw(tx: Tx) -> None:
    """The offer is no good."""
    for name in OFFERED:
        vault.forget_secret(tx, f"offered.{name}")


def accept(tx: Tx, key: str) -> None:
    """DingTalk takes them: the old secret counts no more, also where the environment still has it."""
    new, old = offered(tx, key), known(tx, key)["client_secret"]
    if old and old != new["client_secret"]:
        vault.store_secret(tx, key, _REPLACED, old)
    keep(tx, key, new)
    withdraw(tx)


def is_replaced(tx: Tx, key: str, client_secret: str) -> bool:
    """Whether this secret was replaced by one an administrator sent later."""
    return bool(client_secret) and vault.read_secret(tx, key, _REPLACED) == client_secret
