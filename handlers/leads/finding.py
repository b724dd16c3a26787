"""Which lead is meant by (part of) its company, or its contact."""

from dataclasses import dataclass

from bot.context import Context
from bot.core.errors import InvalidInput, NotFound
from bot.dispatch import Reply, Talk
from bot.language.match import Candidate, rank
from bot.language.normalize import fold
from bot.language.pinyin import initials, pinyin_of
from handlers.customers.finding import THIS
from handlers.leads import service
from handlers.leads.rules import STATES
from storage import leads
from storage.leads import OPEN

LONGEST = 20  # characters of a name at the start of a sentence
IT = (*THIS, "这条", "这条线索", "那条线索")


def _flat(text: str) -> str:
    return fold(text).replace(" ", "").strip("「」")


@dataclass(frozen=True, slots=True)
class Found:
    """The lead meant (an id), or those it could be: id, and what tells it apart."""

    certain: int | None
    options: tuple[tuple[int, str], ...] = ()


def find_lead(ctx: Context, words: str) -> Found:
    """Among those the actor sees. Of several of that very name, the only open one is certain."""
    named = service.list_named(ctx)
    said = _flat(words)
    exact = [r for r in named if said and _flat(r[1]) == said]
    open_ones = [r for r in exact if r[3] in OPEN]
    if len(open_ones) == 1 or len(exact) == 1:
        return Found((open_ones or exact)[0][0])
    if exact:
        return Found(None, tuple((r[0], _line(r)) for r in exact[:5]))
    candidates = [
        Candidate(id=i, name=n, initials=initials(n), pinyin=pinyin_of(n), contacts=(c,) if c else ())
        for i, n, c, _ in named
    ]
    match = rank(words, candidates)
    by_id = {r[0]: r for r in named}
    certain = match.certain.id if match.certain is not None else None
    return Found(certain, tuple((c.id, _line(by_id[c.id])) for c in match.options))


def named_first(ctx: Context, sentence: str) -> tuple[int, str, str] | None:
    """The open lead a sentence begins with, its name as it was said, and the rest: `宏达加了微信`.

    None: it begins with none, or with what several are called.
    """
    open_ones = [(i, _flat(name)) for i, name, _, state in service.list_named(ctx) if state in OPEN]
    said = fold(sentence)
    for length in range(min(LONGEST, len(said) - 1), 1, -1):
        head = said[:length]
        met = [i for i, name in open_ones if head in name] if " " not in head else []
        if len(met) == 1:
            return met[0], sentence[:length], sentence[length:].strip(" ，,：:")
        if met:
            return None
    return None


def _line(row: tuple[int, str, str, str]) -> str:
    return " · ".join(p for p in (row[1], row[2], STATES[row[3]]) if p)


def spoken_of(ctx: Context, talk: Talk, words: str) -> int | None:
    """The lead last spoken of, where 它 or nothing at all names it."""
    lead_id = talk.subject_lead() if not words or words in IT else None
    if lead_id is None:
        return None
    with ctx.begin() as tx:  # it may be another's, or in the pool, by now
        return lead_id if leads.is_visible(tx, lead_id) else None


def split(ctx: Context, talk: Talk, words: str) -> tuple[Found, str]:
    """The lead at the start of a sentence, and the rest of it: the longest beginning that is certainly one."""
    parts = words.split()
    meant = spoken_of(ctx, talk, parts[0] if parts else "")
    if meant is not None:
        return Found(meant), " ".join(parts[1:])
    for count in range(min(4, len(parts)), 0, -1):
        found = find_lead(ctx, " ".join(parts[:count]))
        if found.certain is not None or (count == 1 and found.options):
            return found, " ".join(parts[count:])
    return Found(None), " ".join(parts[1:])


def ask_which(talk: Talk, found: Found, words: str, act: str, rest: str) -> Reply:
    """Lists what it could be; the answer is a number. Raises NotFound, InvalidInput."""
    if not words.strip():
        raise InvalidInput("哪条线索？写上公司名称，例如「查线索 远航贸易」；发送「我的线索」看看有哪些。")
    if not found.options:
        raise NotFound(f"没有找到线索「{words[:40]}」，发送「线索」看看有哪些。")
    talk.ask("leads.which", ids=[i for i, _ in found.options], act=act, rest=rest)
    head = "是哪一条线索？回复数字：" if len(found.options) > 1 else "是这条线索吗？回复 1 就是："
    return Reply("\n".join([head, *(f"{n} {line}" for n, (_, line) in enumerate(found.options, start=1))]))
