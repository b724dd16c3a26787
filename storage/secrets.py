"""Secrets at rest, encrypted under DINGCRM_SECRET_KEY (contract cli.md).

The text of the key is stretched with scrypt and a salt that lies in the database; what is stored is a Fernet
token per secret. A canary encrypted the same way tells a key that does not fit before anything is read.
Neither keys nor values are ever logged, and no exception carries them.
"""

import base64
import os
from functools import lru_cache
from hashlib import scrypt

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from bot.core.errors import AppError
from storage.database import Tx
from storage.tables import Secret

SHORTEST_KEY = 16  # characters
_SALT = ".salt"
_CANARY = ".canary"
_CANARY_TEXT = b"dingcrm"


class WeakKey(AppError, code="weak_key"):
    """The key is shorter than SHORTEST_KEY characters."""


class WrongKey(AppError, code="wrong_key"):
    """The key is not the one this database was encrypted under."""


@lru_cache(maxsize=4)  # scrypt costs some 50 ms on purpose; a process has one key
def _derive(key: str, salt: bytes) -> Fernet:
    stretched = scrypt(key.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)
    return Fernet(base64.urlsafe_b64encode(stretched))


def check_key(tx: Tx, key: str) -> None:
    """Makes sure `key` fits this database; on a fresh one it becomes the key. Needs a writing unit.

    Raises:
        WeakKey: shorter than SHORTEST_KEY characters.
        WrongKey: the database was encrypted under another key.
    """
    if len(key) < SHORTEST_KEY:
        raise WeakKey(f"DINGCRM_SECRET_KEY 太短：至少要 {SHORTEST_KEY} 个字符。")
    if _salt(tx) is None:
        _begin(tx, key)
    _open(tx, key)


def store_secret(tx: Tx, key: str, name: str, value: str) -> None:
    """Encrypts `value` and keeps it under `name`, instead of what was there.

    Raises:
        ValueError: names that begin with a dot are ours.
        WeakKey, WrongKey: as `check_key`.
    """
    if not name or name.startswith("."):
        raise ValueError(f"no name for a secret: {name!r}")
    check_key(tx, key)
    row = tx.get(Secret, name) or Secret(name=name, cipher="")
    row.cipher = _open(tx, key).encrypt(value.encode()).decode()
    tx.add(row)
    tx.flush()


def read_secret(tx: Tx, key: str, name: str) -> str | None:
    """The secret in clear; None: there is none of that name.

    Raises:
        WrongKey: the database was encrypted under another key.
    """
    row = None if name.startswith(".") else tx.get(Secret, name)
    if row is None:
        return None
    try:
        return _open(tx, key).decrypt(row.cipher.encode()).decode()
    except InvalidToken:
        raise _wrong() from None


def forget_secret(tx: Tx, name: str) -> None:
    """It is not kept any more."""
    row = None if name.startswith(".") else tx.get(Secret, name)
    if row is not None:
        tx.delete(row)
        tx.flush()


def seal(tx: Tx, key: str, text: str) -> str:
    """`text` encrypted, to be stored somewhere else. Raises WrongKey."""
    return _open(tx, key).encrypt(text.encode()).decode()


def unseal(tx: Tx, key: str, sealed: str) -> str:
    """The inverse of `seal`. Raises WrongKey."""
    try:
        return _open(tx, key).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise _wrong() from None


def list_secret_names(tx: Tx) -> list[str]:
    """The names kept, without ours."""
    names = tx.exec(select(Secret.name).order_by(col(Secret.name))).all()
    return [name for name in names if not name.startswith(".")]


def _salt(tx: Tx) -> bytes | None:
    row = tx.get(Secret, _SALT)
    return None if row is None else base64.b64decode(row.cipher)


def _begin(tx: Tx, key: str) -> None:
    """Salt and canary of a fresh database. A process that starts at the same moment may be faster: then its."""
    salt = os.urandom(16)
    canary = _derive(key, salt).encrypt(_CANARY_TEXT).decode()
    try:
        with tx.begin_nested():
            tx.add(Secret(name=_SALT, cipher=base64.b64encode(salt).decode()))
            tx.add(Secret(name=_CANARY, cipher=canary))
    except IntegrityError:
        tx.expire_all()


def _open(tx: Tx, key: str) -> Fernet:
    salt, canary = _salt(tx), tx.get(Secret, _CANARY)
    if salt is None or canary is None:
        raise _wrong()
    box = _derive(key, salt)
    try:
        box.decrypt(canary.cipher.encode())
    except InvalidToken:
        raise _wrong() from None
    return box


def _wrong() -> WrongKey:
    return WrongKey("DINGCRM_SECRET_KEY 与数据库里的数据不符：请用最初设置的那个密钥。")
