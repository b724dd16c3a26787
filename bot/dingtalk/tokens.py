"""The app's access token: one at a time, fetched once however many ask (platform.md 5.1).

Several processes share theirs through a `TokenStore`: whoever may fetch does, the others read what he stored.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from bot.dingtalk.errors import DingTalkError

_USE = 0.8  # of a token's life; then the next caller renews it
_PATIENCE = 30.0  # seconds between attempts to renew a token that still works
_GLANCE = 0.1  # seconds between looks at what another process fetches
_GIVEN_UP = 20.0  # seconds after which it is fetched here all the same

Fetch: TypeAlias = Callable[[], Awaitable[tuple[str, float]]]
"""Asks DingTalk: the token and its life in seconds."""


@dataclass(frozen=True, slots=True)
class Token:
    """`generation` counts fetches, so that a rejection names the token it is about."""

    value: str = field(repr=False)
    generation: int
    renew_at: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class SharedToken:
    """A token as other processes get it; the moments are seconds of the clock they all go by."""

    value: str = field(repr=False)
    renew_at: float
    expires_at: float


class TokenStore(Protocol):
    """Where the processes of one app keep their token."""

    async def read(self) -> SharedToken | None:
        """What is stored for the credentials in force, expired or not."""

    async def claim(self) -> bool:
        """Whether this process may fetch now; only one may at a time, and a dead one's right ends."""

    async def write(self, token: SharedToken) -> None:
        """Stores what was fetched."""

    async def release(self) -> None:
        """The fetch is over, however it ended."""


class TokenCache:
    """Single-flight: while a fetch is under way everybody waits for that one.

    `now` gives seconds and should not follow the wall clock's jumps; with a `store` all its users go by the same.
    """

    def __init__(
        self, fetch: Fetch, *, now: Callable[[], float] = time.monotonic, store: TokenStore | None = None
    ) -> None:
        self._fetch = fetch
        self._now = now
        self._store = store
        self._token: Token | None = None
        self._fetching: asyncio.Task[Token] | None = None
        self._rejected = ""  # value DingTalk refused last
        self._generation = 0
        self._rejected_generation = 0

    async def get(self) -> Token:
        """A token that should be accepted.

        Raises:
            DingTalkError: none could be had.
        """
        token, now = self._token, self._now()
        if token is not None and now < token.renew_at:
            return token
        try:
            return await self._shared_fetch()
        except DingTalkError:
            if token is None or self._token is not token or now >= token.expires_at:
                raise
            # It still works: serve it, and let the next attempt wait.
            self._token = Token(token.value, token.generation, now + _PATIENCE, token.expires_at)
            return self._token

    def reject(self, token: Token) -> bool:
        """DingTalk refused `token`. False: it had refused this very value before, so renewing is useless."""
        if token.generation <= self._rejected_generation:
            return True  # somebody has seen to it already
        self._rejected_generation = token.generation
        if self._token is not None and self._token.generation == token.generation:
            self._token = None
        useless = token.value == self._rejected
        self._rejected = token.value
        return not useless

    def forget(self) -> None:
        """The credentials changed: what is cached belongs to the old ones."""
        self._token = None
        self._rejected = ""

    async def _shared_fetch(self) -> Token:
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._renew(), name="dingtalk-token")
            self._fetching.add_done_callback(self._fetched)
        # Shielded: a caller that gives up must not take the others' token along.
        return await asyncio.shield(self._fetching)

    async def _renew(self) -> Token:
        if self._store is None:
            return self._adopt(await self._fetched_now())
        giving_up = time.monotonic() + _GIVEN_UP
        while True:
            if (stored := self._usable(await self._store.read())) is not None:
                return self._adopt(stored)
            if await self._store.claim():
                return await self._renew_for_all(self._store)
            if time.monotonic() >= giving_up:
                return self._adopt(await self._fetched_now())
            await asyncio.sleep(_GLANCE)

    async def _renew_for_all(self, store: TokenStore) -> Token:
        try:
            # Between the last look and the claim somebody may have stored one.
            stored = self._usable(await store.read())
            if stored is None:
                stored = await self._fetched_now()
                await store.write(stored)
            return self._adopt(stored)
        finally:
            await store.release()

    def _usable(self, stored: SharedToken | None) -> SharedToken | None:
        if stored is None or stored.value == self._rejected or self._now() >= stored.renew_at:
            return None
        return stored

    async def _fetched_now(self) -> SharedToken:
        value, life = await self._fetch()
        now = self._now()
        return SharedToken(value, now + life * _USE, now + life)

    def _adopt(self, token: SharedToken) -> Token:
        self._generation += 1
        self._token = Token(token.value, self._generation, token.renew_at, token.expires_at)
        return self._token

    def _fetched(self, task: "asyncio.Task[Token]") -> None:
        self._fetching = None
        if not task.cancelled():
            task.exception()  # the waiters raise it; without waiters it is nobody's
