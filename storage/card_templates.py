"""Which card template of our own the firm has: kept beside the settings, set by nobody by hand."""

from dataclasses import dataclass
from datetime import datetime

from storage.database import Tx
from storage.settings import put_setting
from storage.tables import Setting

NAME = "card_template"


@dataclass(frozen=True, slots=True)
class KeptTemplate:
    """`digest`: of the file it was imported from. `refused`: a template DingTalk did not take when a card was sent."""

    template_id: str = ""
    digest: str = ""
    refused: str = ""

    def usable(self, template_id: str) -> bool:
        """Whether cards may be sent with it."""
        return bool(template_id) and template_id != self.refused


def read(tx: Tx) -> KeptTemplate:
    """What is known of it."""
    row = tx.get(Setting, NAME)
    return KeptTemplate() if row is None else KeptTemplate(**row.value)


def imported(tx: Tx, template_id: str, digest: str, *, now: datetime) -> None:
    """A template was imported: what was refused before is forgotten."""
    _write(tx, KeptTemplate(template_id, digest), now)


def note_refused(tx: Tx, template_id: str, *, now: datetime) -> bool:
    """DingTalk does not take it. False: that was known."""
    kept = read(tx)
    if kept.refused == template_id:
        return False
    _write(tx, KeptTemplate(kept.template_id, kept.digest, template_id), now)
    return True


def note_good(tx: Tx, *, now: datetime) -> None:
    """It can be used again."""
    kept = read(tx)
    _write(tx, KeptTemplate(kept.template_id, kept.digest), now)


def _write(tx: Tx, kept: KeptTemplate, now: datetime) -> None:
    value = {"template_id": kept.template_id, "digest": kept.digest, "refused": kept.refused}
    put_setting(tx, NAME, value, by="", now=now)
