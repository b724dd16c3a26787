"""What administrators type about 交接, and about who came back."""

from typing import Any

from bot.context import Context
from bot.core.errors import AppError, InvalidInput, NotFound
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from handlers.handover import rules, views
from handlers.handover.parties import Wanted
from handlers.handover.rules import Over
from handlers.handover.service import (
    find_people,
    hand_over,
    last_handover,
    list_givers,
    nothing_text,
    preview,
    restore_roles,
    undo_handover,
)

router = Router("handover.chat")
YES = ("开始交接", "确认交接", "确认", "确定", "开始", "是", "是的", "好", "好的", "可以", "对", "ok")


@router.command("交接任务", "任务交接", "工作交接", "交接")
def start(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`交接 赵六 给 钱七 全部`; alone: the guide."""
    if not message.args:
        list_givers(ctx)  # who may not is told so, not shown a card
        talk.ask("handover.from")
        return Reply(card=CardRef("handover.start", {}))
    return _begin(ctx, talk, message.args)


@router.sentence(30)
def sentence(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`把赵六的客户交接给钱七`."""
    if not any(verb in message.text for verb in ("交接给", "移交给")):
        return None
    return _begin(ctx, talk, message.text)


def _begin(ctx: Context, talk: Talk, words: str) -> Reply:
    giver, receiver = rules.split_people(words)
    if not giver:
        raise InvalidInput(f"还差交出的人。{rules.EXAMPLE}。")
    return _proceed(ctx, talk, {"giver_words": giver, "receiver_words": receiver, "kinds": []})


def _proceed(ctx: Context, talk: Talk, draft: dict[str, Any]) -> Reply:
    """Settles what the sentence left open, one question at a time: who, to whom, what."""
    for role in ("giver", "receiver"):
        words = str(draft.get(f"{role}_words", ""))
        if role in draft or not words:
            continue
        found = find_people(ctx, words, giver=role == "giver")
        draft["kinds"] = list(rules.chosen_of([*draft["kinds"], *rules.read_kinds(found.rest)]))
        if len(found.options) > 1:
            talk.ask("handover.who", draft=draft, role=role, ids=[user_id for user_id, _ in found.options])
            verb = "交出的" if role == "giver" else "接手的"
            lines = [f"{n} {text}" for n, (_, text) in enumerate(found.options, start=1)]
            return Reply("\n".join([f"{verb}是哪一位？回复数字：", *lines]))
        draft[role] = found.options[0][0]
    if "receiver" not in draft:
        talk.ask("handover.to", draft=draft)
        return Reply(card=views.person_card(str(draft["giver"])))
    return _plan(ctx, talk, Wanted(str(draft["giver"]), str(draft["receiver"]), tuple(draft["kinds"])))


def _plan(ctx: Context, talk: Talk, wanted: Wanted, note: str = "") -> Reply:
    now = preview(ctx, wanted)
    empty = not now.total if wanted.kinds else not now.holdings.total
    if empty and not now.joined and not now.blocked:
        talk.settle()
        return Reply(nothing_text(ctx, wanted))
    card = views.plan_card(ctx, wanted)
    talk.ask("handover.plan", state=card.state)
    return Reply(note, card=card)


@router.question("handover.from")
def answer_from(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:  # noqa: ARG001
    """Whose things: `赵六`, or the whole `赵六 给 钱七`."""
    try:
        return _begin(ctx, talk, message.text)
    except (NotFound, InvalidInput):
        return None


@router.question("handover.who")
def answer_who(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several people."""
    ids = pending["ids"]
    if message.text.isdecimal() and 1 <= int(message.text) <= len(ids):
        draft = {**pending["draft"], str(pending["role"]): ids[int(message.text) - 1]}
        return _proceed(ctx, talk, draft)
    return None


@router.question("handover.to")
def answer_to(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """Who takes over: `钱七`, `给 钱七 全部`."""
    words = message.text.removeprefix("交给").removeprefix("给").strip()
    try:
        return _proceed(ctx, talk, {**pending["draft"], "receiver_words": words})
    except (NotFound, InvalidInput):
        return None


@router.question("handover.plan")
def answer_plan(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`开始交接`, other kinds, or what to do above the cap."""
    state, text = dict(pending["state"]), message.text.strip("。.!！ ").lower()
    wanted = views.wanted_of(state)
    if text in YES:
        if not wanted.kinds:
            return _plan(ctx, talk, wanted, "还没选要交接什么。")
        done = hand_over(ctx, wanted, shown=state.get("shown"))
        if done.handover_id is None:
            return _plan(ctx, talk, wanted, done.text)
        talk.settle()
        return Reply(card=views.done_card(done.handover_id, wanted.giver_id))
    over: Over = "allow" if "超上限" in text else "fit" if text.startswith("先交") else ""
    if over:
        return _plan(ctx, talk, Wanted(wanted.giver_id, wanted.receiver_id, wanted.kinds, over))
    try:
        kinds = rules.read_kinds(text)
    except AppError:
        return None
    return _plan(ctx, talk, Wanted(wanted.giver_id, wanted.receiver_id, kinds)) if kinds else None


@router.command("撤销交接")
def undo(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """The latest handover, or `撤销交接 赵六` that person's."""
    talk.settle()
    giver = ""
    if message.args:
        words, _ = rules.split_people(message.args)
        found = find_people(ctx, words, giver=True)
        if len(found.options) > 1:
            talk.ask("handover.undo_which", ids=[user_id for user_id, _ in found.options])
            lines = [f"{n} {text}" for n, (_, text) in enumerate(found.options, start=1)]
            return Reply("\n".join(["撤销哪一位的交接？回复数字：", *lines]))
        giver = found.options[0][0]
    return Reply(undo_handover(ctx, {"handover_id": last_handover(ctx, giver)}))


@router.question("handover.undo_which")
def answer_undo(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several people."""
    ids = pending["ids"]
    if not (message.text.isdecimal() and 1 <= int(message.text) <= len(ids)):
        return None
    talk.settle()
    return Reply(undo_handover(ctx, {"handover_id": last_handover(ctx, ids[int(message.text) - 1])}))


@router.command("恢复角色")
def restore(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`恢复角色 赵六`: somebody who came back has the roles he had."""
    if not message.args:
        raise InvalidInput("要恢复谁的角色？例如「恢复角色 赵六」。")
    found = find_people(ctx, message.args, giver=False)
    if len(found.options) > 1:
        talk.ask("handover.restore_which", ids=[user_id for user_id, _ in found.options])
        lines = [f"{n} {text}" for n, (_, text) in enumerate(found.options, start=1)]
        return Reply("\n".join(["恢复哪一位的角色？回复数字：", *lines]))
    return Reply(restore_roles(ctx, found.options[0][0]))


@router.question("handover.restore_which")
def answer_restore(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several people."""
    ids = pending["ids"]
    if not (message.text.isdecimal() and 1 <= int(message.text) <= len(ids)):
        return None
    talk.settle()
    return Reply(restore_roles(ctx, str(ids[int(message.text) - 1])))
