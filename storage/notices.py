"""The ledger of work notifications: per person and Beijing day, what was asked for and what became of it.

DingTalk answers "ok" and drops equal content to the same person on the same day, and anything over 500 a day
(platform.md 4.1); so equal content is made different here, and the fate is read back later.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, func, select, update

from bot.core.markup import escape, inert
from storage import outbox
from storage.database import Tx
from storage.tables import Notice

PER_DAY = 400  # ours; DingTalk's cap is 500
PER_CALL = 100  # receivers; getsendresult times out above
BYTES = 2048  # of the msg object, UTF-8
READABLE = timedelta(hours=24)  # DingTalk keeps a result so long


def queue(
    tx: Tx, *, key: str, user_ids: Iterable[str], title: str, text: str, now: datetime,
    not_before: datetime | None = None,
) -> int:  # fmt: skip
    """Queues one notice to several people, in calls of at most a hundred. Returns how many will get it.

    The text is made to differ from what the person got that day; who has had too many is left out, loudly.
    """
    moment = not_before or now
    day = moment.date()
    title, text = escape(title), inert(text)
    groups: dict[str, list[str]] = {}
    for user_id in dict.fromkeys(user_ids):
        sent_today = tx.exec(select(Notice.content_hash).where(Notice.user_id == user_id, Notice.day == day)).all()
        if len(sent_today) >= PER_DAY:
            tx.add(
                Notice(
                    user_id=user_id,
                    day=day,
                    content_hash="",
                    text=f"{title}\n{text}",
                    fate="undelivered:本日通知已达上限",
                    fate_at=now,
                )
            )
            continue
        groups.setdefault(_different(text, set(sent_today), moment), []).append(user_id)
    count = 0
    for index, (words, people) in enumerate(groups.items()):
        for start in range(0, len(people), PER_CALL):
            some = people[start : start + PER_CALL]
            part = f"{key}:{index}:{start}" if (index or start) else key
            message = markdown(title, words)
            outbox_id = outbox.put(
                tx, key=part, lane=f"notice:{some[0]}", channel="notice", now=now, not_before=not_before,
                payload={"user_ids": some, "message": message},
            )  # fmt: skip
            if outbox_id is None:
                continue
            count += len(some)
            tx.add_all(
                Notice(outbox_id=outbox_id, user_id=u, day=day, content_hash=_hash(words), text=f"{title}\n{words}")
                for u in some
            )
    tx.flush()
    return count


def markdown(title: str, text: str) -> dict[str, Any]:
    """A markdown notice within DingTalk's 2,048 bytes; longer text is cut at a line."""
    message = {"msgtype": "markdown", "markdown": {"title": title, "text": text}}
    if _size(message) <= BYTES:
        return message
    lines = text.split("\n")
    while lines and _size(message) > BYTES:
        lines.pop()
        message["markdown"] = {"title": title, "text": "\n".join([*lines, "…更多请发送「今天」查看"])}
    if _size(message) > BYTES:
        message["markdown"] = {"title": title[:40], "text": text[:500] + "…"}
    return message


def _size(message: dict[str, Any]) -> int:
    return len(json.dumps(message, ensure_ascii=False).encode())


def _different(text: str, had: set[str], moment: datetime) -> str:
    """`text`, or `text` with the moment (and a number), so that DingTalk does not take it for a repeat."""
    if _hash(text) not in had:
        return text
    stamped = f"{text}\n（{moment:%m-%d %H:%M}）"
    number = 2
    words = stamped
    while _hash(words) in had:
        words = f"{stamped}（第 {number} 条）"
        number += 1
    return words


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def settle(tx: Tx, outbox_id: int, *, now: datetime, task_id: str, state: str, error: str) -> None:
    """What the sending itself told: accepted under a task id, unknown, or refused."""
    fate = {"sent": "accepted", "unknown": "unknown"}.get(state, f"undelivered:{error[:120]}")
    tx.execute(
        update(Notice)
        .where(col(Notice.outbox_id) == outbox_id, col(Notice.fate).in_(("queued", "unknown")))
        .values(fate=fate, task_id=task_id, sent_at=now, fate_at=now if fate.startswith("undelivered") else None)
    )


def list_to_reconcile(tx: Tx, *, now: datetime) -> dict[str, list[str]]:
    """Task id → receivers whose fate is not read back yet and still can be."""
    query = select(Notice.task_id, Notice.user_id).where(
        Notice.fate == "accepted", Notice.task_id != "", col(Notice.sent_at) >= now - READABLE
    )
    found: dict[str, list[str]] = {}
    for task_id, user_id in tx.exec(query.order_by(col(Notice.id))).all():
        found.setdefault(task_id, []).append(user_id)
    return found


def record_fates(tx: Tx, task_id: str, fates: dict[str, str], *, now: datetime) -> int:
    """Keeps what DingTalk says became of each receiver; returns how many did not get it."""
    lost = 0
    for notice in tx.exec(select(Notice).where(Notice.task_id == task_id, Notice.fate == "accepted")).all():
        fate = fates.get(notice.user_id)
        if fate is None:
            continue
        notice.fate, notice.fate_at = fate, now
        lost += fate.startswith("undelivered")
    return lost


def list_undelivered(tx: Tx, *, since: datetime, untold: bool = False, limit: int = 50) -> list[Notice]:
    """Notices that did not arrive, newest first; `untold`: no administrator has been told yet."""
    query = select(Notice).where(
        col(Notice.fate).startswith("undelivered") | (col(Notice.fate) == "unknown"),
        func.coalesce(Notice.fate_at, Notice.sent_at) >= since,
    )
    if untold:
        query = query.where(col(Notice.told_at).is_(None))
    return list(tx.exec(query.order_by(col(Notice.id).desc()).limit(limit)).all())


def mark_told(tx: Tx, ids: Iterable[int], now: datetime) -> None:
    """An administrator has been told about these."""
    tx.execute(update(Notice).where(col(Notice.id).in_(list(ids))).values(told_at=now))


def count_by_fate(tx: Tx, *, since: datetime) -> dict[str, int]:
    """For `doctor` and the administrator's page."""
    query = select(Notice.fate, func.count()).where(col(Notice.sent_at) >= since).group_by(col(Notice.fate))
    return _summed(tx.exec(query).all())


def _summed(rows: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for fate, count in rows:
        name = fate.split(":", 1)[0]
        found[name] = found.get(name, 0) + count
    return found
