"""Which lead is meant by (part of) its company, or its contact."""

from bot.context import Context
from bot.core.errors import InvalidInput, NotFound
from bot.dispatch import Reply, Talk
from bot.language.match import Candidate, rank
from bot.language.normalize import fold
from bot.language.pinyin import initials, pinyin_of
from handlers.leads import service
from handlers.leads.rules import STATES
from storage.leads import OPEN


def _flat(text: str) -> str:
    return fold(text).replace(" ", "").strip("「」")


def find_leads(ctx: Context, words: str) -> list[tuple[int, str]]:
    """Those it may be, with what tells them apart; one: certain. Open ones come before those that are over."""
    named = service.list_named(ctx)
    said = _flat(words)
    exact = [r for r in named if _flat(r[1]) == said]
    if exact:
        open_ones = [r for r in exact if r[3] in OPEN]
        return [(r[0], _line(r)) for r in (open_ones if len(open_ones) == 1 else exact)[:5]]
    candidates = [
        Candidate(id=i, name=n, initials=initials(n), pinyin=pinyin_of(n), contacts=(c,) if c else ())
        for i, n, c, _ in named
    ]
    match = rank(words, candidates)
    by_id = {r[0]: r for r in named}
    if match.certain is not None:
        return [(match.certain.id, _line(by_id[match.certain.id]))]
    found = [(c.id, _line(by_id[c.id])) for c in match.options]
    return found if len(found) > 1 else [*found, *([(0, "")] if found else [])]  # a single likeness is not certain


def _line(row: tuple[int, str, str, str]) -> str:
    return " · ".join(p for p in (row[1], row[2], STATES[row[3]]) if p)


def split(ctx: Context, words: str) -> tuple[list[tuple[int, str]], str]:
    """The lead at the start of a sentence, and the rest of it: the longest beginning that is a lead."""
    parts = words.split()
    for count in range(min(4, len(parts)), 0, -1):
        found = find_leads(ctx, " ".join(parts[:count]))
        if found and (count == 1 or len(found) == 1):
            return found, " ".join(parts[count:])
    return [], " ".join(parts[1:])


def ask_which(talk: Talk, found: list[tuple[int, str]], words: str, act: str, rest: str) -> Reply:
    """Lists what it could be; the answer is a number. Raises NotFound, InvalidInput."""
    options = [(i, line) for i, line in found if i]
    if not words.strip():
        raise InvalidInput("哪条线索？写上公司名称，例如「查线索 远航贸易」；发送「我的线索」看看有哪些。")
    if not options:
        raise NotFound(f"没有找到线索「{words[:40]}」，发送「线索」看看有哪些。")
    talk.ask("leads.which", ids=[i for i, _ in options], act=act, rest=rest)
    head = "是哪一条线索？回复数字：" if len(options) > 1 else "是这条线索吗？回复 1 就是："
    return Reply("\n".join([head, *(f"{n} {line}" for n, (_, line) in enumerate(options, start=1))]))
