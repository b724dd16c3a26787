"""HTTP event callbacks: the fallback to the stream (platform.md section 10, behaviour 46).

Events are POSTed AES-encrypted and signed to the address of knob `http_callback_url`; the app answers
within 2.5 s with an encrypted "success", else the push is repeated as often as an EVENT frame would be.
"""

import asyncio
import base64
import binascii
import hashlib
import secrets
import struct
import uuid
from typing import Any

import aiohttp
import orjson
from aiohttp import web
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC

from bot.sandbox.auth import require_oapi
from bot.sandbox.clock import iso
from bot.sandbox.control import V1, read_body
from bot.sandbox.errors import ControlError, bad
from bot.sandbox.state import Sandbox
from bot.sandbox.wire import oapi_ok

TIMEOUT = 2.5
BLOCK = 32
MISSED = "missed_callbacks"


class EnvelopeError(ValueError):
    """An encrypted message that cannot be opened. `code` as in DingTalk's sample library (900004, 900005 …)."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Envelope:
    """Encrypts and signs as section 10 says. `owner_key`: the AppKey for events registered in the console."""

    def __init__(self, token: str, aes_key: str, owner_key: str) -> None:
        if len(aes_key) != 43:
            raise EnvelopeError(900004, "aes_key 应为 43 个字符")
        self._token = token
        self._key = base64.b64decode(f"{aes_key}=")
        self._owner_key = owner_key

    def seal(self, message: str, *, timestamp: str, nonce: str) -> tuple[str, str]:
        """Return the ciphertext (base64) and its signature."""
        content = message.encode()
        plain = secrets.token_bytes(16) + struct.pack(">I", len(content)) + content + self._owner_key.encode()
        padding = BLOCK - len(plain) % BLOCK
        encryptor = self._cipher().encryptor()
        sealed = encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()
        encrypted = base64.b64encode(sealed).decode()
        return encrypted, self.signature(timestamp, nonce, encrypted)

    def signature(self, timestamp: str, nonce: str, encrypted: str) -> str:
        """Return SHA-1 (hex) over the sorted token, timestamp, nonce and ciphertext."""
        parts = "".join(sorted((self._token, timestamp, nonce, encrypted)))
        return hashlib.sha1(parts.encode()).hexdigest()  # noqa: S324 -- the documented algorithm

    def open(self, encrypted: str, *, signature: str, timestamp: str, nonce: str) -> str:
        """Return the message; raise EnvelopeError for a wrong signature, key or owner."""
        if self.signature(timestamp, nonce, encrypted) != signature:
            raise EnvelopeError(900005, "签名不匹配")
        try:
            sealed = base64.b64decode(encrypted, validate=True)
            decryptor = self._cipher().decryptor()
            plain = decryptor.update(sealed) + decryptor.finalize()
        except (binascii.Error, ValueError) as wrong:
            raise EnvelopeError(900008, "解密失败") from wrong
        padding = plain[-1] if plain else 0
        if not 1 <= padding <= BLOCK or len(plain) < 20 + padding:
            raise EnvelopeError(900008, "解密失败")
        plain = plain[:-padding]
        (length,) = struct.unpack(">I", plain[16:20])
        content, owner = plain[20 : 20 + length], plain[20 + length :]
        if owner != self._owner_key.encode():
            raise EnvelopeError(900010, "ownerKey 不匹配")
        return content.decode()

    def _cipher(self) -> Cipher[CBC]:
        return Cipher(AES256(self._key), CBC(self._key[:16]))


def envelope_of(sandbox: Sandbox) -> Envelope:
    """Return the envelope of the knobs' token and key; events of the console carry the AppKey."""
    knobs = sandbox.knobs
    return Envelope(knobs.http_callback_token, knobs.http_callback_aes_key, sandbox.app.client_id)


def deliver(sandbox: Sandbox, event_type: str, data: dict[str, Any]) -> None:
    """Push one event beside the caller, in the flat form of HTTP pushes, until it is answered or given up."""
    stamp = str(sandbox.clock.millis())
    event = {
        **data,
        "EventType": event_type,
        "EventTime": stamp,
        "CorpId": sandbox.company.corp_id,
        "BizId": uuid.uuid4().hex,
        "eventId": uuid.uuid4().hex,
    }
    sandbox.switchboard.in_flight += 1
    sandbox.switchboard.keep(_deliver(sandbox, event))


async def _deliver(sandbox: Sandbox, event: dict[str, Any]) -> None:
    try:
        for attempt in range(sandbox.knobs.event_attempts):
            if attempt:
                await asyncio.sleep(sandbox.knobs.event_retry_seconds)
            if await post(sandbox, event) is None:
                return
        missed: list[dict[str, Any]] = sandbox.memory.setdefault(MISSED, [])
        missed.append(event)
    finally:
        sandbox.switchboard.in_flight -= 1


async def post(sandbox: Sandbox, event: dict[str, Any]) -> str | None:
    """Push one event once; return None when it was answered as it must be, else what was wrong."""
    timestamp, nonce = str(sandbox.clock.millis()), secrets.token_hex(4)
    encrypted, signature = envelope_of(sandbox).seal(orjson.dumps(event).decode(), timestamp=timestamp, nonce=nonce)
    query = {"msg_signature": signature, "signature": signature, "timestamp": timestamp, "nonce": nonce}
    row = sandbox.pushes.add(
        {
            "at": iso(sandbox.clock.now()),
            "type": "HTTP",
            "topic": event["EventType"],
            "message_id": event.get("eventId", nonce),
            "userid": None,
            "ack": None,
            "elapsed_ms": None,
            "kind": "event",
        }
    )
    loop = asyncio.get_running_loop()
    started = loop.time()
    try:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(sandbox.knobs.http_callback_url, params=query, json={"encrypt": encrypted}) as answer,
        ):
            status, body = answer.status, await answer.read()
    except TimeoutError:
        return f"{TIMEOUT} 秒内没有应答"
    except (aiohttp.ClientError, OSError) as failure:
        return f"连接失败：{failure}"
    row["elapsed_ms"] = round((loop.time() - started) * 1000)
    row["ack"] = {"code": status}
    if status != 200:
        return f"HTTP {status}"
    return _complaint(sandbox, body)


def _complaint(sandbox: Sandbox, body: bytes) -> str | None:
    """Return what is wrong with an answer; it must hold the encrypted word success."""
    try:
        reply = orjson.loads(body)
        message = envelope_of(sandbox).open(
            str(reply["encrypt"]),
            signature=str(reply["msg_signature"]),
            timestamp=str(reply["timeStamp"]),
            nonce=str(reply["nonce"]),
        )
    except EnvelopeError as wrong:
        return f"{wrong.code} {wrong}"
    except (ValueError, KeyError, TypeError) as wrong:
        return f"应答不是约定的 JSON：{wrong}"
    return None if message == "success" else f"应答不是 success：{message[:50]}"


def routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """Additions of ours: register an address (with the `check_url` push), and see what was given up."""

    async def register(request: web.Request) -> web.Response:
        url = (await read_body(request)).get("url")
        if not isinstance(url, str) or not url.startswith(("http://127.0.0.1", "http://localhost")):
            raise bad("url 应为本机地址")
        before = sandbox.knobs.http_callback_url
        sandbox.knobs.http_callback_url = url
        complaint = await post(sandbox, {"EventType": "check_url"})
        if complaint is not None:
            sandbox.knobs.http_callback_url = before
            raise ControlError(409, "check_url_failed", complaint)
        return web.json_response({"url": url})

    async def unregister(_request: web.Request) -> web.Response:
        sandbox.knobs.http_callback_url = ""
        return web.json_response({"url": ""})

    async def missed(request: web.Request) -> web.Response:
        require_oapi(sandbox, request)
        events: list[dict[str, Any]] = sandbox.memory.get(MISSED, [])
        page, rest = events[:200], events[200:]
        sandbox.memory[MISSED] = rest
        rows = [
            {"call_back_tag": one["EventType"], "event_time": int(one["EventTime"]), one["EventType"]: one}
            for one in page
        ]
        return oapi_ok(has_more=bool(rest), failed_list=rows)

    return [
        web.post(f"{V1}/http-callback", register),
        web.delete(f"{V1}/http-callback", unregister),
        web.get("/call_back/get_call_back_failed_result", missed),
    ]
