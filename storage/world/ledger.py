"""What a load has done, and the memory that lets the same record pass without being written again.

Every record of a file is remembered by section and natural key with a digest of its text
(`storage.tables.LoadedRecord`). A record with the digest it was last loaded with is passed over, whatever people
have done to the row since: loading a file twice changes nothing. A record that is new or different is written
over the row of the same natural key (only the keys it has), or becomes a new row.
"""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import select

from storage.database import Tx
from storage.tables import LoadedRecord
from storage.world.schema import World


@dataclass(slots=True)
class SectionCount:
    """Records of one section: created + updated + unchanged = those in the file."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0

    @property
    def total(self) -> int:
        """Records of the section in the file."""
        return self.created + self.updated + self.unchanged


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What one load did, by section; children of customers and contracts as `customers.follow_ups` and the like."""

    sections: dict[str, SectionCount]

    @property
    def counts(self) -> dict[str, int]:
        """Records written by section, new ones and changed ones."""
        return {name: one.created + one.updated for name, one in self.sections.items()}

    @property
    def changed(self) -> bool:
        """Whether anything was written."""
        return any(self.counts.values())


@dataclass(slots=True)
class Loading:
    """One load under way: the transaction, the file as text and as read, and the memory."""

    tx: Tx
    now: datetime
    world: World
    raw: dict[str, Any]  # the sections as they stand in the file
    running: bool  # the database already held a company
    sections: dict[str, SectionCount] = field(default_factory=dict)
    _known: dict[tuple[str, str], LoadedRecord] = field(default_factory=dict)
    _fresh: dict[tuple[str, str], LoadedRecord] = field(default_factory=dict)

    def remember(self) -> None:
        """Reads what earlier loads brought."""
        self._known = {(one.section, one.key): one for one in self.tx.exec(select(LoadedRecord)).all()}

    def count(self, section: str) -> SectionCount:
        """The section's figures."""
        return self.sections.setdefault(section, SectionCount())

    def is_new(self, section: str, key: str, record: Any, *, size: int = 1) -> bool:
        """Whether `record` (as in the file; a list of `size`) has to be written; counts it as unchanged if not."""
        text = json.dumps(record, sort_keys=True, separators=(",", ":"))
        digest = hashlib.sha256(text.encode()).hexdigest()
        known = self._known.get((section, key))
        if known is not None and known.digest == digest:
            self.count(section).unchanged += size
            return False
        if known is None:
            known = self._known[section, key] = LoadedRecord(section=section, key=key, digest=digest)
        known.digest = digest
        self._fresh[section, key] = known
        return True

    def wrote(self, section: str, *, created: bool) -> None:
        """Counts a record that was written."""
        if created:
            self.count(section).created += 1
        else:
            self.count(section).updated += 1

    def close(self) -> LoadResult:
        """Stores the memory."""
        self.tx.add_all(self._fresh.values())
        self.tx.flush()
        return LoadResult(self.sections)
