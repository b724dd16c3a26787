"""A file or picture sent to the bot: fetched after its message is stored and acknowledged; tables are read."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from bot.core.scans import scan_kind
from bot.dingtalk.errors import DingTalkError, TooLarge
from bot.dispatch import SentFile
from bot.sheets import HEAD_ROWS, BadFile, read_sheet
from bot.sheetwork import MAX_FILE

log = logging.getLogger(__name__)
TABLES = (".xlsx", ".xls", ".xlsm", ".csv", ".et")
TOO_LARGE = "文件超过 10 MB，请拆成几个小一点的再发。"
NO_TABLE = "这是图片或 PDF，不是表格。合同的扫描件先发送「合同扫描件 合同编号」，再把文件发给我。"
NOT_FETCHED = "文件没有下载成功，请再发一次。"


class Downloads(Protocol):
    """DingTalk's robot, as far as it is needed here."""

    async def download_file(self, download_code: str, *, limit: int = ...) -> bytes:
        """Raises TooLarge, DingTalkError."""
        ...


async def fetch_file(robot: Downloads, content: Mapping[str, Any], waits: Sequence[float]) -> SentFile:
    """Never raises for what the sender or DingTalk did: the problem is in what it returns."""
    name = str(content.get("fileName") or "")[:200]
    code = content.get("downloadCode")
    if not isinstance(code, str) or not code:
        return SentFile(name, problem=NOT_FETCHED)
    for wait in (*waits, None):
        try:
            data = await robot.download_file(code, limit=MAX_FILE)
            if (kind := scan_kind(data)) and not name.lower().endswith(TABLES):  # else it was meant as a table
                return SentFile(name, problem=NO_TABLE, content=data, scan=kind)
            return SentFile(name, await read_sheet(data, most=HEAD_ROWS + 1), content=data)
        except TooLarge:
            return SentFile(name, problem=TOO_LARGE)
        except BadFile as refusal:
            return SentFile(name, problem=refusal.text)
        except DingTalkError as failure:
            if wait is None or not failure.retryable:
                log.warning("a file could not be fetched: %s", failure)
                return SentFile(name, problem=NOT_FETCHED)
            await asyncio.sleep(wait)
    raise AssertionError("unreachable")
