"""One access token for all processes of an app on PostgreSQL, encrypted at rest (platform.md 13, trap 43)."""

import hashlib
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import orjson

from bot.dingtalk.credentials import Credentials
from bot.dingtalk.tokens import SharedToken
from storage import leases
from storage import secrets as vault
from storage.database import Database, Tx

NAME = "dingtalk.access_token"  # the secret, and the lease of whoever fetches it
LASTS = timedelta(seconds=45)  # by the real clock: longer than a fetch with all its tries


class SharedTokens:
    """Implements `bot.dingtalk.tokens.TokenStore`. `key`: DINGCRM_SECRET_KEY."""

    def __init__(self, db: Database, key: str, credentials: Callable[[], Credentials]) -> None:
        self._db, self._key, self._credentials = db, key, credentials
        self._holder = uuid.uuid4().hex

    async def read(self) -> SharedToken | None:
        """None also when what is stored belongs to other credentials: a new secret must prove itself."""
        text = await self._db.read(None, lambda tx: vault.read_secret(tx, self._key, NAME))
        if text is None:
            return None
        stored = orjson.loads(text)
        if stored["owner"] != self._owner():
            return None
        return SharedToken(stored["value"], stored["renew_at"], stored["expires_at"])

    async def claim(self) -> bool:
        """One conditional update decides."""

        def work(tx: Tx) -> bool:
            wall = datetime.now(UTC)
            return leases.hold(tx, NAME, holder=self._holder, wall=wall, lasts=LASTS) is not None

        return await self._db.system(work)

    async def write(self, token: SharedToken) -> None:
        """Instead of what was stored."""
        stored = {
            "owner": self._owner(), "value": token.value, "renew_at": token.renew_at, "expires_at": token.expires_at,
        }  # fmt: skip
        text = orjson.dumps(stored).decode()
        await self._db.system(lambda tx: vault.store_secret(tx, self._key, NAME, text))

    async def release(self) -> None:
        """Lets the next one in at once."""
        wall = datetime.now(UTC) - timedelta(seconds=1)
        await self._db.system(lambda tx: leases.release(tx, NAME, holder=self._holder, wall=wall))

    def _owner(self) -> str:
        ours = self._credentials()
        return hashlib.sha256(f"{ours.client_id}\n{ours.client_secret}".encode()).hexdigest()[:16]
