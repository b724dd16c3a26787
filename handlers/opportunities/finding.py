"""Which opportunity is meant by what people type."""

from bot.context import Context
from bot.core.errors import InvalidInput, NotFound
from bot.language.match import Candidate, rank
from bot.language.normalize import fold
from bot.language.pinyin import initials, pinyin_of
from handlers.opportunities import service


def find_opportunity(ctx: Context, words: str) -> int | None:
    """The one certainly meant by (part of) its name, or its customer and name. None: none, or not certain.

    Raises:
        InvalidInput: several have that very name; the text shows how to say which.
    """
    said = fold(words).replace(" ", "").strip("「」")
    named = service.list_named(ctx)
    exact = [r for r in named if fold(r[1]).replace(" ", "") == said]
    opened = [r for r in exact if r[3] == "open"]
    exact = opened if len(opened) == 1 else exact
    if len(exact) == 1:
        return exact[0][0]
    if exact:
        some = "、".join(f"「商机 {r[2]} {r[1]}」" for r in exact[:3])
        raise InvalidInput(f"有好几个商机叫「{exact[0][1]}」，写上客户再说一次：{some}。")
    both = [r for r in named if said.endswith(fold(r[1]).replace(" ", "")) and len(said) > len(r[1])]
    if both:
        head = said[: -len(fold(both[0][1]).replace(" ", ""))]
        known = [r for r in both if head and rank(head, [Candidate(id=r[0], name=r[2])]).certain is not None]
        if len(known) == 1:
            return known[0][0]
    candidates = [Candidate(id=i, name=n, initials=initials(n), pinyin=pinyin_of(n)) for i, n, _, _ in named]
    match = rank(words, candidates)
    return match.certain.id if match.certain is not None else None


def meant(ctx: Context, words: str) -> int:
    """As `find_opportunity`. Raises NotFound, InvalidInput."""
    found = find_opportunity(ctx, words)
    if found is None:
        raise NotFound(f"没有找到商机「{words[:40]}」，发送「我的商机」看看有哪些。")
    return found
