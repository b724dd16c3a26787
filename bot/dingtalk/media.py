"""Files kept by DingTalk, to be sent in messages (platform.md section 9)."""

from enum import StrEnum

import aiohttp

from bot.dingtalk.api import DingTalkApi
from bot.dingtalk.errors import DingTalkError, TooLarge


class MediaKind(StrEnum):
    """What DingTalk checks size and format by."""

    IMAGE = "image"  # jpg gif png bmp
    VOICE = "voice"  # amr mp3 wav
    VIDEO = "video"  # mp4
    FILE = "file"


_MIB = 1024 * 1024
LIMITS = {
    MediaKind.IMAGE: 20 * _MIB,
    MediaKind.VOICE: 2 * _MIB,
    MediaKind.VIDEO: 20 * _MIB,
    MediaKind.FILE: 20 * _MIB,
}


class Media:
    """Uploads."""

    def __init__(self, api: DingTalkApi) -> None:
        self._api = api

    async def upload(self, kind: MediaKind, name: str, content: bytes) -> str:
        """The media id, which does not expire; a second upload of the same only makes a second id.

        Raises:
            TooLarge: over DingTalk's limit for this kind.
            DingTalkError: it was not taken.
        """
        if len(content) > LIMITS[kind]:
            raise TooLarge(f"a {kind} of more than {LIMITS[kind]} bytes")

        def form() -> aiohttp.FormData:
            data = aiohttp.FormData(quote_fields=False)
            data.add_field("media", content, filename=name, content_type="application/octet-stream")
            return data

        answer = await self._api.old("/media/upload", params={"type": kind.value}, form=form, repeatable=True)
        media_id = answer.get("media_id")
        if not isinstance(media_id, str) or not media_id:
            raise DingTalkError("the answer holds no media id")
        return media_id
