"""Loads a world file into the database: all of it, or nothing (contract world.md).

Same file, same database: nothing changes. Another file, or a changed one: a record is written over the row of the
same natural key with the keys it has, or becomes a new row; what the file does not name stays. Natural keys: a
dictionary's, role's, stage's, competitor's name; a product's code; a customer's name as a legal person; an
opportunity's customer and name; a contract's number; a lead's company, contact and mobile; a target's subject,
metric and month; a follow-up's customer, author, moment and content. See `storage.world.ledger`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from storage import audit
from storage.database import Tx
from storage.settings import LOADED, is_loaded, put_setting
from storage.world.company import (
    BY,
    load_catalogue,
    load_claims,
    load_dictionaries,
    load_flow,
    load_roles,
    load_settings,
    load_targets,
)
from storage.world.customers import load_customers
from storage.world.ledger import Loading, LoadResult
from storage.world.references import References, check_values, read_vocabulary
from storage.world.sales import load_contracts, load_leads, load_opportunities
from storage.world.schema import SECTIONS, read_world, sections_of

__all__ = ["LoadResult", "load_world"]


def load_world(tx: Tx, world: Mapping[str, Any], now: datetime) -> LoadResult:
    """Loads the sections `settings` and below of a parsed world file; needs a system unit after an org sync.

    People and departments must be in the mirror or in the file's own upper sections. The caller's transaction is
    to be rolled back if this raises, and for a dry run.

    Raises:
        WorldError: with the path of the first thing that is wrong.
    """
    read = read_world(world)
    References(tx, read, world).check()
    vocabulary = read_vocabulary(tx, read)
    check_values(read, vocabulary)
    running = is_loaded(tx)
    load = Loading(tx=tx, now=now, world=read, raw=sections_of(world), running=running)
    load.remember()
    for name in SECTIONS:
        if name in load.raw:
            load.count(name)
    with tx.no_autoflush:
        load_settings(load)
        load_dictionaries(load, vocabulary)
        load_catalogue(load, vocabulary)
        load_roles(load)
        load_leads(load, vocabulary)
        ids = load_customers(load, vocabulary)
        load_claims(load)
        load_opportunities(load, vocabulary, ids)
        load_contracts(load, ids)
        load_targets(load)
        load_flow(load)
        result = load.close()
    if result.changed or not running:
        put_setting(tx, LOADED, {"at": now.isoformat()}, by=BY, now=now)
        counts: dict[str, Any] = dict(result.counts)
        audit.record(
            tx, at=now, user_id=BY, via="load", action="world.load", subject="company", name="公司数据", **counts
        )
    return result
