"""What is noted of what was refused, and of what went wrong."""

import logging
import uuid
from datetime import datetime

from bot.core.errors import AppError, Forbidden, NotFound, Stranger
from bot.core.redaction import one_line, redact
from storage import audit
from storage.database import Tx

log = logging.getLogger(__name__)


def note_refusal(
    tx: Tx, refusal: AppError, *, user_id: str | None, via: str, what: str, source: str, now: datetime
) -> None:
    """A refusal for lack of rights goes into the audit, whichever use case made it (house 4.7).

    A thing that is not there is no attempt; one that is there but out of the asker's sight is, though he is told the
    same. `what` was said may hold anything, so it is cut and redacted.
    """
    attempt = refusal.attempt if isinstance(refusal, NotFound) else ""
    if not user_id or not (isinstance(refusal, Forbidden | Stranger) or attempt):
        return
    audit.record(
        tx, at=now, user_id=user_id, via=via, action="refuse.attempt", subject=attempt,
        said=one_line(redact(what[:200]))[:80], why=refusal.text, code=refusal.code, source=source,
    )  # fmt: skip


def error_number(bug: Exception, where: str) -> str:
    """Logs a bug under a number that finds it."""
    number = uuid.uuid4().hex[:8]
    log.error("unexpected error %s in %s", number, where, exc_info=bug)
    return number
