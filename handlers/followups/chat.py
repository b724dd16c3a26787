"""What people say about follow-ups: one sentence is one follow-up."""

from datetime import datetime, time
from typing import Any

from bot.language.dates import find_moments

from bot.context import Context
from bot.core.clock import BEIJING
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.language.followup import FollowUpSlots, read_follow_up, sounds_like_follow_up
from bot.language.match import Candidate
from handlers.customers.finding import candidates_of, describe, find_customer
from handlers.customers.views import moment_text
from handlers.followups.service import NewFollowUp, log_follow_up, plan_next
from storage import customers, dictionaries, people

router = Router("followups.chat")


@router.command("跟进", "记录跟进", "记一下", "记录一下", "补记")
def log(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`跟进 华兴 电话聊了报价，下周三下午3点再打`."""
    if not message.args:
        talk.ask("followups.slots", content="", customer_id=None, method="")
        return Reply("跟进哪家客户、聊了什么？一句话就行，例如：华兴 电话聊了报价，下周三下午3点再打")
    return _log(message.args, message, ctx, talk, certain_only=False) or Reply("")


@router.sentence(30)
def free_sentence(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`刚和华兴通了电话…`, `拜访了华兴`, a voice message; only if it names a customer for certain."""
    if message.group or not sounds_like_follow_up(message.text):
        return None
    return _log(message.text, message, ctx, talk, certain_only=True)


def _read(ctx: Context, words: str, talk: Talk, *, voice: bool) -> tuple[FollowUpSlots, list[Candidate]]:
    with ctx.begin() as tx:
        plates = customers.list_nameplates(tx)
        candidates = candidates_of(tx, plates)
        methods = dictionaries.list_methods(tx)
    last = next((c for c in candidates if c.id == talk.subject()), None)
    return read_follow_up(words, candidates, methods, ctx.now, last=last, voice=voice), candidates


def _log(words: str, message: ChatMessage, ctx: Context, talk: Talk, *, certain_only: bool) -> Reply | None:
    slots, _ = _read(ctx, words, talk, voice=message.kind == "audio")
    if slots.customer is None and certain_only and not slots.options:
        return None
    return _settle(slots, ctx, talk)


def _settle(slots: FollowUpSlots, ctx: Context, talk: Talk) -> Reply:
    """Stores it, or asks once for all that is missing."""
    next_at, timed = _moment(slots)
    draft = {
        "content": slots.content, "method": slots.method, "next_at": next_at.isoformat() if next_at else None,
        "timed": timed, "at": slots.happened_at.isoformat() if slots.happened_at else None,
    }  # fmt: skip
    if slots.customer is None and slots.options:
        with ctx.begin() as tx:
            rows = customers.list_by_ids(tx, [c.id for c in slots.options][:5])
            names = people.names_of(tx, [c.owner_id for c in rows])
            options = [describe(c, names) for c in rows]
        talk.ask("followups.which", ids=[c.id for c in rows], draft=draft)
        lines = [f"{n} {words}" for n, words in enumerate(options, start=1)]
        head = f"找到 {len(lines)} 家，回复数字：" if len(lines) > 1 else "是这家吗？回复 1 就记下："
        return Reply("\n".join([head, *lines]))
    missing = []
    if slots.customer is None:
        missing.append("哪家客户")
    if not slots.content:
        missing.append("聊了什么")
    if slots.next_unsure:
        missing.append(f"下次联系的时间（没认准「{slots.next_unsure}」，可以写：7月15日 / 下周三下午3点 / 3天后）")
    if missing:
        talk.ask("followups.slots", customer_id=slots.customer.id if slots.customer else None, **draft)
        return Reply(f"还差：{'、'.join(missing)}。一条发给我就行，例如：华兴 对方要 8 折，下周三再打")
    assert slots.customer is not None
    return _store(ctx, talk, slots.customer.id, draft)


def _store(ctx: Context, talk: Talk, customer_id: int, draft: dict[str, Any]) -> Reply:
    next_at = datetime.fromisoformat(draft["next_at"]) if draft.get("next_at") else None
    at = datetime.fromisoformat(draft["at"]) if draft.get("at") else None
    new = NewFollowUp(draft["content"], draft.get("method", ""), at, next_at, bool(draft.get("timed")))
    done = log_follow_up(ctx, customer_id, new)
    talk.settle()
    talk.about(customer_id)
    if next_at is None:
        talk.ask("followups.next", customer_id=customer_id)
    state = {"follow_up_id": done.follow_up_id, "undo_id": done.undo_id, "name": done.customer_name}
    return Reply(card=CardRef("followups.logged", state, (f"customer:{customer_id}",)))


def _moment(slots: FollowUpSlots) -> tuple[datetime | None, bool]:
    if slots.next_at is None:
        return None, False
    value = slots.next_at.value
    if isinstance(value, datetime):
        return value, slots.next_at.has_time
    return datetime.combine(value, time(0, 0), tzinfo=BEIJING), False


@router.question("followups.which")
def choose(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several customers."""
    ids = pending.get("ids", [])
    if message.text.isdecimal() and 1 <= int(message.text) <= len(ids):
        customer_id, draft = int(ids[int(message.text) - 1]), pending["draft"]
        if not draft["content"]:
            talk.ask("followups.slots", customer_id=customer_id, **draft)
            return Reply("聊了什么？直接发内容就行，例如：对方要 8 折，下周三再打")
        return _store(ctx, talk, customer_id, draft)
    return None


@router.question("followups.slots")
def complete(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """What was missing: the customer, the content, the next time; what is known stays."""
    if message.text in ("取消", "算了", "退出"):
        talk.settle()
        return Reply("好的，没有记。")
    slots, candidates = _read(ctx, message.text, talk, voice=message.kind == "audio")
    known = next((c for c in candidates if c.id == pending.get("customer_id")), None)
    if known is not None and (slots.customer is None or slots.customer.id == known.id or slots.assumed):
        slots = slots.with_customer(known, whole=message.text if slots.customer is None or slots.assumed else None)
    if pending.get("content"):
        slots = slots.with_content(str(pending["content"]))
    if not slots.method and pending.get("method"):
        slots = slots.with_method(str(pending["method"]))
    if slots.next_at is None and pending.get("next_at"):
        draft = {**pending, "next_at": pending["next_at"]}
        if slots.customer is not None and slots.content:
            return _store(ctx, talk, slots.customer.id, {**draft, "content": slots.content, "method": slots.method})
    return _settle(slots, ctx, talk)


@router.question("followups.next")
def next_time(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """Only a time, right after a follow-up without one."""
    found = find_moments(message.text.removeprefix("下次").removeprefix("改到").strip(), ctx.now, prefer="future")
    if len(found) != 1 or not found[0].sure or found[0].end - found[0].start < len(message.text.strip()) - 6:
        return None
    return _planned(ctx, talk, int(pending["customer_id"]), found[0])


@router.command("改到", "下次联系", "下次跟进", "下次")
def move_next(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`改到后天`, `下次 华兴 下周三`: plans the next contact of that customer, or of the last one."""
    found = find_moments(message.args, ctx.now, prefer="future")
    if not found or not found[0].sure:
        raise InvalidInput("没认出时间，可以写：7月15日 / 下周三下午3点 / 3天后。")
    name = (message.args[: found[0].start] + message.args[found[0].end :]).strip(" ，,。再联系跟进")
    customer_id = talk.subject()
    if name:
        meant = find_customer(ctx, name, pooled=False)
        if meant.certain is None:
            return meant.ask(talk, "customers.open", "改")
        customer_id = meant.certain
    if customer_id is None:
        raise InvalidInput("改哪家的？例如「下次 华兴 下周三」。")
    return _planned(ctx, talk, customer_id, found[0])


def _planned(ctx: Context, talk: Talk, customer_id: int, found: Any) -> Reply:
    value = found.value
    at = value if isinstance(value, datetime) else datetime.combine(value, time(0, 0), tzinfo=BEIJING)
    name = plan_next(ctx, customer_id, at, timed=bool(found.has_time))
    talk.settle()
    talk.about(customer_id)
    return Reply(f"「{name}」下次联系：{moment_text(at, ctx, timed=bool(found.has_time))}，会提醒你。")
