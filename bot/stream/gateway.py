"""Asking DingTalk for a place to connect to (platform.md 1.1)."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import aiohttp
import orjson
from yarl import URL

from bot.dingtalk.credentials import CredentialsSource
from bot.dingtalk.errors import Answer, BadRequest, DingTalkError, TokenExpired, WrongCredentials, failure_of
from bot.stream.frames import BOT_TOPIC, CARD_TOPIC

UA = "dingcrm/0.1"
_SUBSCRIPTIONS = (
    {"type": "EVENT", "topic": "*"},
    {"type": "CALLBACK", "topic": BOT_TOPIC},
    {"type": "CALLBACK", "topic": CARD_TOPIC},
)
Socket: TypeAlias = aiohttp.ClientWebSocketResponse[Literal[False]]
"""Gives texts as bytes: one that is not UTF-8 is then a bad frame, and not the end of the connection."""

_FRAME_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ticket:
    """Where to connect: for 90 seconds, once."""

    address: URL = field(repr=False)  # holds the ticket itself


class Gateway:
    """Opens websockets. Everything has a deadline, and every failure is a DingTalkError."""

    def __init__(
        self,
        credentials: CredentialsSource,
        session: aiohttp.ClientSession,
        *,
        api_base: str,
        deadline: float = 10.0,
    ) -> None:
        """`deadline`: seconds for each of the two steps."""
        self._credentials = credentials
        self._session = session
        self._url = URL(f"{api_base.rstrip('/')}/v1.0/gateway/connections/open")
        self._deadline = deadline

    async def connect(self) -> Socket:
        """A new websocket, subscribed to events, bot messages and taps.

        Raises:
            WrongCredentials: trying again at once is pointless.
            DingTalkError: otherwise.
        """
        ticket = await self._ticket()
        try:
            async with asyncio.timeout(self._deadline):
                return await self._session.ws_connect(
                    ticket.address,
                    decode_text=False,
                    autoping=False,  # the link counts pings and pongs as signs of life
                    max_msg_size=_FRAME_BYTES,
                    timeout=aiohttp.ClientWSTimeout(ws_close=2.0),
                )
        except aiohttp.WSServerHandshakeError as problem:
            status = problem.status
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise failure_of(problem, repeatable=True) or DingTalkError("no connection") from None
        raise BadRequest(f"the websocket was refused with HTTP {status}", code=str(status))

    async def _ticket(self) -> Ticket:
        ours = self._credentials()
        body: dict[str, Any] = {
            "clientId": ours.client_id,
            "clientSecret": ours.client_secret,
            "subscriptions": list(_SUBSCRIPTIONS),
            "ua": UA,
        }
        outcome: Answer | Exception
        try:
            async with self._session.post(
                self._url,
                data=orjson.dumps(body),
                headers={"Content-Type": "application/json", "Accept": "application/json", "User-Agent": UA},
                timeout=aiohttp.ClientTimeout(total=self._deadline, connect=min(3.0, self._deadline)),
                allow_redirects=False,
            ) as response:
                outcome = Answer(response.status, await response.read())
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            outcome = problem
        failure = failure_of(outcome, repeatable=True)
        if isinstance(failure, TokenExpired):  # none was sent: a 401 here is about the secret
            raise WrongCredentials(failure.message, code=failure.code, request_id=failure.request_id)
        if failure is not None:
            raise failure
        return _read_ticket(outcome.json() if isinstance(outcome, Answer) else None)


def _read_ticket(answer: object) -> Ticket:
    endpoint = answer.get("endpoint") if isinstance(answer, dict) else None
    ticket = answer.get("ticket") if isinstance(answer, dict) else None
    if not isinstance(endpoint, str) or not isinstance(ticket, str) or not endpoint or not ticket:
        raise DingTalkError("the gateway's answer holds no endpoint and ticket")
    try:
        address = URL(endpoint)
    except ValueError:
        raise DingTalkError("the gateway's endpoint is no address") from None
    if address.scheme not in {"ws", "wss"} or not address.host:
        raise DingTalkError("the gateway's endpoint is no websocket address")
    return Ticket(address.update_query(ticket=ticket))
