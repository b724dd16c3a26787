"""Which column is which, what kind of table it is, and what is said of it. Pure.

Source: requirements R3.02, R3.03; crm-rules.md R-IMP-1 to R-IMP-4; conversation.md dialogue 14.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.core.errors import InvalidInput, RuleBroken
from bot.core.forms import FormField

CLEAR: Final = "<清空>"
SAMPLE: Final = "示例"
REASON: Final = "错误原因"
HEADER_WITHIN: Final = 20  # rows that may stand above the header
_NOTE: Final = re.compile(r"[(（\[【].*?[)）\]】]")
_RANGE: Final = re.compile(r"(\d{1,6})(?:[-~至到](\d{1,6}))?")
_RANGES: Final = re.compile(
    r"(?:第)?\d{1,6}(?:\s*[-~至到]\s*\d{1,6})?(?:[\s,，、]+\d{1,6}(?:\s*[-~至到]\s*\d{1,6})?)*(?:\s*行)?"
)


class NotReadable(InvalidInput, code="exchange.header"):
    """No kind of record's columns are in the table."""


class NothingToImport(RuleBroken, code="exchange.nothing"):
    """Done already, or nothing to do."""


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """One column of a kind of record: in the template, the import and the export.

    `form`, `form_field`: whose field rights rule it; empty: nobody's, it names the record or its owner.
    """

    field: str
    title: str
    kind: str = "text"  # text | choice | phone | money | date | person | code | whole | number
    required: bool = False
    synonyms: tuple[str, ...] = ()
    form: str = ""
    form_field: str = ""
    sample: str = ""
    width: int = 16
    longest: int = 200
    own: FormField | None = None  # a field of the company's

    @property
    def plain(self) -> bool:
        """Words that nothing is looked up for."""
        return self.kind == "text" and self.own is None

    @property
    def header(self) -> str:
        """As it stands in the template: required ones end in a star (contract cli.md)."""
        return f"{self.title}*" if self.required else self.title


def plain_title(text: str) -> str:
    """客户 名称（必填）* → 客户名称."""
    folded = unicodedata.normalize("NFKC", text)
    return re.sub(r"[\s*＊:：_\-.。]+", "", _NOTE.sub("", folded)).casefold()


def guess_mapping(header: Sequence[str], columns: Sequence[SheetColumn]) -> dict[int, str]:
    """Place in the file → field, each field once: equal titles first, then other names for them."""
    mapping: dict[int, str] = {}
    titles = [plain_title(t) for t in header]
    for spelled in (lambda c: (c.title,), lambda c: c.synonyms):
        for column in columns:
            if column.field in mapping.values():
                continue
            wanted = {plain_title(s) for s in spelled(column)}
            at = next((i for i, t in enumerate(titles) if t in wanted and i not in mapping), None)
            if at is not None:
                mapping[at] = column.field
    return mapping


@dataclass(frozen=True, slots=True)
class Guess:
    """A kind of record a table may be: how many of its columns are there."""

    kind: str
    header_at: int  # which of the rows given is the header
    mapping: Mapping[int, str]
    fits: bool  # all that names a record is there
    score: float


def guess_kinds(
    rows: Sequence[Sequence[str]], name: str,
    kinds: Mapping[str, tuple[Sequence[SheetColumn], Sequence[str], Sequence[str]]]
) -> list[Guess]:  # fmt: skip
    """The likeliest first. `kinds`: name → columns, the fields that name a record, words for it in a file's name."""
    found = []
    for kind, (columns, keys, words) in kinds.items():
        best: Guess | None = None
        for at, row in enumerate(rows[:HEADER_WITHIN]):
            mapping = guess_mapping(row, columns)
            fits = set(keys) <= set(mapping.values())
            exact = sum(plain_title(row[i]) == plain_title(_column(columns, f).title) for i, f in mapping.items())
            score = len(mapping) + exact * 0.5 + (2 if fits else 0)
            filled = sum(1 for cell in row if cell)
            score -= 0.25 * max(0, filled - len(mapping))
            if mapping and (best is None or score > best.score):
                best = Guess(kind, at, mapping, fits, score)
        if best is not None:
            said = any(word in name for word in words)
            found.append(Guess(kind, best.header_at, best.mapping, best.fits, best.score + (3 if said else 0)))
    return sorted(found, key=lambda g: (-g.fits, -g.score, g.kind))


def is_sure(guesses: Sequence[Guess]) -> bool:
    """Whether the first is clearly the one."""
    if not guesses or not guesses[0].fits or guesses[0].score < 3.5:  # one column by another name is little to go by
        return False
    return len(guesses) == 1 or not guesses[1].fits or guesses[0].score - guesses[1].score >= 1


def _column(columns: Sequence[SheetColumn], field: str) -> SheetColumn:
    return next(c for c in columns if c.field == field)


def read_rows(text: str) -> frozenset[int] | None:
    """`3-20,25`, `第3行`, `3到20`: rows by their number in the file. None: it says something else."""
    if not _RANGES.fullmatch(text.strip()):
        return None
    rows: set[int] = set()
    for found in _RANGE.finditer(re.sub(r"\s*([-~至到])\s*", r"\1", text)):
        first = int(found[1])
        last = int(found[2] or first)
        if last < first or last - first > 200_000:
            raise InvalidInput("行号要从小到大，例如「导入 3-20,25」。")
        rows.update(range(first, last + 1))
    return frozenset(rows)


@dataclass(frozen=True, slots=True)
class Counted:
    """What a dry run has found. `blank`: with the sample row."""

    total: int = 0
    new: int = 0
    update: int = 0
    alike: int = 0
    same: int = 0
    problem: int = 0
    blank: int = 0

    @property
    def twins(self) -> int:
        """疑似重复: there already, or something like it."""
        return self.update + self.alike


def found_text(
    counted: Counted, *, columns: int, mapped: int, unknown: Sequence[str], problems: Sequence[int], why: str,
    missing: Sequence[str] = (),
) -> str:  # fmt: skip
    """The two lines of dialogue 14."""
    not_known = (
        f"（{'、'.join(f'“{t}”' for t in unknown[:5])}{'…' if len(unknown) > 5 else ''} 没认出）" if unknown else ""
    )
    lines = [f"读到 {counted.total:,} 行 · 认出 {mapped}/{columns} 列{not_known}"]
    parts = [
        f"可导入 {counted.new:,}",
        f"疑似重复 {counted.twins:,}",
        f"有问题 {counted.problem:,}{_where(counted, problems, why)}",
    ]
    if counted.same:
        parts.append(f"没有变化 {counted.same:,}")
    if counted.blank:
        parts.append(f"空行和示例 {counted.blank:,}")
    lines.append(" · ".join(parts))
    if missing:
        lines.append(f"缺少必填的列：{'、'.join(missing)}，已有的能更新，新的导不进。")
    return "\n".join(lines)


def _where(counted: Counted, rows: Sequence[int], why: str) -> str:
    if not counted.problem or not rows:
        return ""
    more = "…" if counted.problem > len(rows) else ""
    return f"（第 {'、'.join(str(r) for r in rows)}{more} 行：{why}）"


def done_text(outcomes: Mapping[str, int], *, total: int) -> str:
    """完成：新增 1,130 · 更新 0 · 跳过 61 · 失败 13. They add up to the file's rows, blank ones passed over."""
    created, updated, failed = (int(outcomes.get(name, 0)) for name in ("created", "updated", "failed"))
    skipped = total - created - updated - failed
    return f"完成：新增 {created:,} · 更新 {updated:,} · 跳过 {skipped:,} · 失败 {failed:,}（共 {total:,} 行）"


def some(labels: Iterable[str], most: int = 8) -> str:
    """A、B … 等 12 个."""
    known = list(labels)
    return "、".join(known[:most]) + (f" 等 {len(known)} 个" if len(known) > most else "")
