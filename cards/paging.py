"""The buttons that turn a list's pages."""

from collections.abc import Callable

from bot.dispatch import Button, CardButton


def turns(page: int, pages: int, to: Callable[[int], Button], *, typed: bool = True) -> list[CardButton]:
    """上一页, 下一页, as far as there are any. `typed`: the words do the same as the buttons."""
    found = [("上一页", page - 1)] if page > 1 else []
    if page < pages:
        found.append(("下一页", page + 1))
    return [CardButton(words, to(number), typed=words if typed else "") for words, number in found]
