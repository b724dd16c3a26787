"""Whose application a dry run is of."""

from bot.context import Context
from bot.core.errors import NotFound
from storage import flows


def applicant_in(ctx: Context, words: str) -> tuple[str, str]:
    """The colleague whose whole name is one of the words (empty: none is), and the rest of them.

    Raises:
        Forbidden: no administrator.
        NotFound: several are called so.
    """
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        parts = words.split()
        for place, word in enumerate(parts):
            found = flows.find_people(tx, word.lstrip("@＠"))
            if len(found) > 1:
                some = "、".join(p.user_id for p in found)
                raise NotFound(f"有好几位「{word}」：{some}。请用编号再说一次。")
            if found:
                return found[0].user_id, " ".join(parts[:place] + parts[place + 1 :])
    return "", words
