"""A consistent copy of a SQLite database that is being written to (reliability.md, fact 14)."""

from pathlib import Path

import aiosqlite


async def copy_database(source: Path, target: Path) -> int:
    """SQLite's online backup; returns the pages copied. A plain file copy of a busy database is broken."""
    target.parent.mkdir(parents=True, exist_ok=True)
    async with aiosqlite.connect(f"file:{source}?mode=ro", uri=True) as reading, aiosqlite.connect(target) as writing:
        await reading.backup(writing, pages=500)
        row = await (await writing.execute("PRAGMA page_count")).fetchone()
        check = await (await writing.execute("PRAGMA quick_check")).fetchone()
    if check is None or check[0] != "ok":
        raise OSError(f"the copy {target} is damaged")
    return int(row[0]) if row else 0
