"""An import as its card shows it."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.context import Context
from handlers.exchange import engine, reading, rules
from handlers.exchange.catalogue import KINDS
from handlers.exchange.rules import Counted
from handlers.exchange.steps import undone_text
from storage.database import Tx
from storage.tables import Exchange


@dataclass(frozen=True, slots=True)
class Shown:
    """An import as its card shows it."""

    id: int
    state: str
    file: str
    kind: str  # empty: to be asked
    label: str
    unit: str
    guesses: tuple[tuple[str, str], ...]  # kind and label, while it is asked
    counted: Counted
    outcomes: Mapping[str, int]
    text: str
    percent: int
    header: tuple[str, ...]
    mapping: Mapping[int, str]
    columns: tuple[tuple[str, str], ...]  # field and title, of those the actor may fill in
    owned: bool
    to_pool: bool
    undo_id: int | None
    chosen: int  # rows named by number


def step_show(tx: Tx, ctx: Context, job: Exchange) -> Shown:
    """How far it is, with the columns that the actor may fill in."""
    kind = KINDS.get(job.kind)
    columns = reading.writable(ctx, kind.columns(tx)) if kind is not None else []
    done = job.cursor - job.header_number if job.state == "running" else job.cursor
    return Shown(
        id=job.id or 0, state=job.state, file=job.name, kind=job.kind, label=kind.label if kind else "",
        unit=kind.unit if kind else "", counted=engine.counted(job), outcomes=dict(job.counts),
        guesses=tuple((k, KINDS[k].label) for k in job.options.get("guesses", ()) if k in KINDS),
        text=_text(tx, job), percent=min(99, max(0, done) * 100 // max(1, job.total)),
        header=tuple(job.header), mapping={int(i): f for i, f in job.mapping.items()},
        columns=tuple((c.field, c.title) for c in columns), owned=bool(kind and kind.owned),
        to_pool=job.options.get("blank") == "pool", undo_id=job.undo_id if job.state == "done" else None,
        chosen=len(job.options.get("rows") or ()),
    )  # fmt: skip


def _text(tx: Tx, job: Exchange) -> str:
    match job.state:
        case "ready":
            kind = KINDS[job.kind]
            columns = kind.columns(tx)
            mapped = set(job.mapping.values())
            missing = [c.title for c in columns if c.required and c.field not in mapped]
            return rules.found_text(
                engine.counted(job), columns=len([t for t in job.header if t]), mapped=len(mapped),
                unknown=engine.unknown_titles(job), problems=job.counts.get("rows", ()), why=job.counts.get("why", ""),
                missing=missing,
            )  # fmt: skip
        case "done":
            return rules.done_text(job.counts, total=job.total)
        case "undone":
            return undone_text(job)
        case _:
            return job.text
