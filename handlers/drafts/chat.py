"""`继续`, `继续新建客户`, `草稿`, `放弃草稿`."""

from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.core.markup import escape
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.language.normalize import fold
from bot.language.replies import ordinal
from handlers.drafts.service import drop_drafts, list_drafts, nothing_text, take_up, undo_drop
from handlers.drafts.titles import TOPICS
from storage.tables import DialogueDraft

router = Router("drafts.chat")
router.topics.update(TOPICS)
router.undoer("drafts.drop")(lambda payload, ctx: undo_drop(ctx, payload))
TITLES = {fold(topic.title): topic.title for topic in TOPICS.values() if topic.kept}
FILLERS = ("刚才的", "上次的", "填", "写", "做", "刚才", "草稿")


def title_of(words: str) -> str | None:
    """新建客户 of 「刚才的新建客户」."""
    said = fold(words).strip()
    for filler in FILLERS:
        said = said.removeprefix(filler).strip()
    return TITLES.get(said)


@router.command("继续", when=lambda rest: not rest or title_of(rest) is not None, yields=True)
def go_on(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """The newest draft, or that of the name, with all that was known."""
    return _resume(take_up(ctx, talk.conversation_id, title_of(message.args)), ctx, talk)


def _resume(draft: DialogueDraft, ctx: Context, talk: Talk) -> Reply:
    question = dict(draft.question)
    talk.ask(question.pop("kind"), **question)
    talk.resumed = draft.asked or None
    asked = draft.asked
    head = f"接着刚才的{draft.kind}" + (f"「{escape(asked['words'])}」" if asked.get("words") else "") + "："
    card = asked.get("card")
    if card is not None and card["kind"] in ctx.painters:
        return Reply(asked.get("text", ""), CardRef(card["kind"], card["state"], tuple(card["subjects"])))
    return Reply(f"{head}\n{asked.get('text') or '直接发内容就行。'}")


@router.command("草稿", "我的草稿", "草稿箱", whole=True)
def show(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """What was put aside here, newest first."""
    found = list_drafts(ctx, talk.conversation_id)
    if not found:
        return Reply(nothing_text(None, []))
    talk.ask("drafts.list", kinds=[draft.kind for draft in found])
    lines = [f"草稿（共 {len(found)} 份），回复数字接着填，「放弃草稿」就不要了："]
    for number, draft in enumerate(found, start=1):
        words = str(draft.asked.get("words", ""))
        day = "今天" if draft.put_aside_at.date() == ctx.today else "昨天"
        lines.append(
            f"{number} {draft.kind} · {day} {draft.put_aside_at:%H:%M} 放下" + (f" · {escape(words)}" if words else "")
        )
    return Reply("\n".join(lines))


@router.question("drafts.list")
def choose(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one."""
    number, kinds = ordinal(message.text), list(pending["kinds"])
    if number is None:
        return None
    if not 1 <= number <= len(kinds):
        raise InvalidInput(f"上面没有第 {number} 份，回复 1 到 {len(kinds)} 之间的数字。")
    return _resume(take_up(ctx, talk.conversation_id, kinds[number - 1]), ctx, talk)


@router.command("放弃草稿", "删除草稿", "清空草稿", when=lambda rest: not rest or title_of(rest) is not None)
def drop(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """All of them, or that of the name."""
    talk.settle()
    title, open_one = title_of(message.args), TOPICS.get(talk.left["kind"]) if talk.left is not None else None
    if open_one is not None and open_one.kept and title in (None, open_one.title):
        talk.left = None  # what is being filled in just now is given up as well
        others = [draft.kind for draft in list_drafts(ctx, talk.conversation_id) if title in (None, draft.kind)]
        if not others:
            return Reply(f"好的，{open_one.title}不填了。")
    gone = drop_drafts(ctx, talk.conversation_id, title)
    return Reply(f"已放弃{'、'.join(gone)}的草稿。发送「撤销」可找回。")
