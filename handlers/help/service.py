"""Who can help."""

from bot.context import Context
from storage import people


def administrators(ctx: Context) -> str:
    """The administrators' names, at most three."""
    with ctx.begin() as tx:
        names = people.names_of(tx, ctx.settings.admins[:3])
    return "、".join(names[a] for a in ctx.settings.admins[:3] if a in names)
