"""Sentences about dictionaries read and done: for what is typed, and for a corrected line that is tapped."""

import re
from collections.abc import Callable

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.language.normalize import fold
from handlers.dictionaries import service
from handlers.dictionaries.rules import WrongSemicolon
from handlers.dictionaries.sheets import Changed

NAME = re.compile(r"^\s*([^\s:：]+)[\s:：]*([\s\S]*)$")
SPLIT = re.compile(r"\s*(?:→|->|=>|改成|改为|为|\s)\s*")


class Corrected(InvalidInput, code="dictionaries.corrected"):
    """Refused; `line` is the whole sentence as it should have been."""

    def __init__(self, text: str, line: str) -> None:
        super().__init__(f"{text}\n改好的一句，复制发给我就行：\n{line}")
        self.why, self.line = text, line


def create(ctx: Context, words: str) -> Changed:
    """`客户等级 A级;B级`. Raises Corrected and what the use case raises."""
    match = NAME.match(words)
    name, line = (match[1], match[2]) if match else ("", "")
    return _corrected(f"新建字典 {name} ", lambda: service.create_dictionary(ctx, name, line))


def edit(ctx: Context, words: str) -> Changed:
    """`客户等级 A级;B级;C级`."""
    dictionary_id, line = service.split_name(ctx, words)
    head = words[: len(words) - len(line)].strip() if line else words
    if re.match(r"(?:改名|重命名|名称改)", line):
        raise InvalidInput(service.refuse_rename(ctx, dictionary_id))
    return _corrected(f"编辑字典 {head} ", lambda: service.edit_dictionary(ctx, dictionary_id, line))


def _add(ctx: Context, dictionary_id: int, rest: str, head: str) -> Changed:
    return _corrected(f"字典 {head} 添加 ", lambda: service.add_values(ctx, dictionary_id, rest))


def _off(ctx: Context, dictionary_id: int, rest: str, head: str) -> Changed:  # noqa: ARG001 -- one shape for all
    return service.switch_value(ctx, dictionary_id, rest, on=False)


def _on(ctx: Context, dictionary_id: int, rest: str, head: str) -> Changed:  # noqa: ARG001
    return service.switch_value(ctx, dictionary_id, rest, on=True)


def _label(ctx: Context, dictionary_id: int, rest: str, head: str) -> Changed:
    was, now = two(rest, f"字典 {head} 改值 展会 线下展会")
    return service.correct_label(ctx, dictionary_id, was, now)


def _rename(ctx: Context, dictionary_id: int, rest: str, head: str) -> Changed:  # noqa: ARG001
    raise InvalidInput(service.refuse_rename(ctx, dictionary_id))


def _delete(ctx: Context, dictionary_id: int, rest: str, head: str) -> Changed:
    if rest:
        raise InvalidInput(
            f"要去掉一个选项，发送「字典 {head} 停用 {rest}」（老数据照常显示）；"
            f"要删整个字典，发送「删除字典 {head}」。"
        )
    return service.delete_dictionary(ctx, dictionary_id)


ACTIONS: dict[str, Callable[[Context, int, str, str], Changed]] = {
    "添加": _add, "新增": _add, "增加": _add, "加": _add, "停用": _off, "禁用": _off, "启用": _on, "恢复": _on,
    "改值": _label, "修改值": _label, "改名": _rename, "重命名": _rename, "名称改": _rename, "删除": _delete,
    "编辑": lambda ctx, dictionary_id, rest, head: _corrected(
        f"编辑字典 {head} ", lambda: service.edit_dictionary(ctx, dictionary_id, rest)
    ),
}  # fmt: skip


def act(ctx: Context, words: str) -> tuple[int, Changed | None]:
    """`来源 添加 抖音`, `来源 停用 展会`: the dictionary, and what was done; None: only named.

    Raises:
        Corrected, InvalidInput, and what the use cases raise.
    """
    dictionary_id, rest = service.split_name(ctx, words)
    if not rest:
        return dictionary_id, None
    head = words[: len(words) - len(rest)].strip(" :：,，")
    folded = fold(rest)
    for word in sorted(ACTIONS, key=len, reverse=True):
        if folded.startswith(word):
            return dictionary_id, ACTIONS[word](ctx, dictionary_id, rest[len(word) :].strip(" :：,，"), head)
    raise InvalidInput(
        f"没认出要对「{head}」做什么。可以：「字典 {head} 添加 新值」「字典 {head} 停用 旧值」「字典 {head} 启用 旧值」"
        f"「字典 {head} 改值 旧 新」「编辑字典 {head} 值1;值2」「删除字典 {head}」。"
    )


def two(words: str, example: str) -> tuple[str, str]:
    """旧 新, also 旧 → 新. Raises InvalidInput."""
    parts = [p for p in SPLIT.split(words.strip(), maxsplit=1) if p]
    if len(parts) != 2:
        raise InvalidInput(f"要写原来的值和新的值，例如「{example}」。")
    return parts[0], parts[1]


def _corrected(head: str, work: Callable[[], Changed]) -> Changed:
    try:
        return work()
    except WrongSemicolon as wrong:
        raise Corrected(wrong.text, head + wrong.corrected) from wrong


def run(ctx: Context, line: str) -> Changed:
    """A whole corrected sentence."""
    for word, work in (("新建字典", create), ("编辑字典", edit)):
        if line.startswith(word):
            return work(ctx, line.removeprefix(word).strip())
    _, done = act(ctx, line.removeprefix("字典").strip())
    if done is None:
        raise InvalidInput("没认出要做什么，发送「数据字典」看看。")
    return done
