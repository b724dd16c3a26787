"""What people say about follow-ups: one sentence is one follow-up."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, time
from typing import Any

from bot.context import Context
from bot.core.clock import BEIJING
from bot.core.errors import InvalidInput, NotFound
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.language.dates import find_moments
from bot.language.followup import FollowUpSlots, read_follow_up
from handlers.customers.finding import candidates_of, describe, find_customer
from handlers.customers.views import moment_text
from handlers.followups.service import NewFollowUp, log_follow_up, plan_next
from storage import customers, dictionaries, people

router = Router("followups.chat")


NOON, MIDNIGHT = time(12, 0), time(0, 0)


@dataclass(frozen=True, slots=True)
class Draft:
    """A follow-up in the making, as a conversation remembers it. Moments are ISO texts; empty: not said."""

    customer_id: int | None = None
    content: str = ""
    method: str = ""
    next_at: str = ""
    timed: bool = False
    at: str = ""

    def row(self) -> dict[str, Any]:
        """JSON."""
        return asdict(self)


@router.command("跟进", "记录跟进", "记一下", "记录一下", "补记")
def log(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`跟进 华兴 电话聊了报价，下周三下午3点再打`."""
    if not message.args:
        talk.ask("followups.slots", **Draft().row())
        return Reply("跟进哪家客户、聊了什么？一句话就行，例如：华兴 电话聊了报价，下周三下午3点再打")
    return _settle(_read(ctx, f"跟进 {message.args}", talk, message), ctx, talk)


@router.sentence(30)
def free_sentence(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`刚和华兴通了电话…`, `拜访了华兴`, a voice message; only if it names a customer."""
    if message.group or len(message.text) < 4:
        return None
    slots = _read(ctx, message.text, talk, message)
    names_one = slots.named and (slots.customer.certain is not None or slots.customer.options)
    if not names_one or not (slots.has_contact_verb or slots.next_at is not None):
        return None
    return _settle(slots, ctx, talk)


def _read(ctx: Context, words: str, talk: Talk, message: ChatMessage) -> FollowUpSlots:
    with ctx.begin() as tx:
        candidates = candidates_of(tx, customers.list_nameplates(tx, pooled=False), ctx.actor)
        methods = dictionaries.list_methods(tx)
    last = next((c for c in candidates if c.id == talk.subject()), None)
    return read_follow_up(words, candidates, methods, ctx.now, last=last, voice=message.kind == "audio")


def _draft(slots: FollowUpSlots, ctx: Context) -> Draft:
    """What is certain of it."""
    next_at = slots.next_at if slots.next_at is not None and slots.next_at.sure else None
    happened = slots.happened_at if slots.happened_at is not None and slots.happened_at.sure else None
    at = happened.at(NOON, ctx.now) if happened is not None else None
    if at is not None and at > ctx.now:
        at = None
    certain = slots.customer.certain
    return Draft(
        customer_id=certain.id if certain is not None else None, content=slots.content, method=slots.method or "",
        next_at=next_at.at(MIDNIGHT, ctx.now).isoformat() if next_at is not None else "",
        timed=bool(next_at is not None and next_at.has_time), at=at.isoformat() if at is not None else "",
    )  # fmt: skip


def _settle(slots: FollowUpSlots, ctx: Context, talk: Talk) -> Reply:
    return _decide(_draft(slots, ctx), slots, ctx, talk)


def _decide(draft: Draft, slots: FollowUpSlots, ctx: Context, talk: Talk) -> Reply:
    """Stores it, offers the customers it may be, or asks once for all that is missing."""
    if draft.customer_id is None and slots.customer.options:
        return _offer(draft, [c.id for c in slots.customer.options], ctx, talk)
    if draft.customer_id is None and slots.named:
        pooled = find_customer(ctx, slots.named, pooled=True)
        if pooled.certain is not None:
            raise NotFound(f"「{slots.named}」在公海里，先发送「领取 {slots.named}」再记跟进。")
    missing = []
    if draft.customer_id is None:
        unknown = f"（没有找到「{slots.named}」）" if slots.named else ""
        missing.append(f"哪家客户{unknown}")
    if not draft.content:
        missing.append("聊了什么")
    for doubt, what in ((slots.next_at, "下次联系的时间"), (slots.happened_at, "跟进的时间")):
        if doubt is not None and not doubt.sure:
            missing.append(f"{what}（没认准「{doubt.text}」，可以写：7月15日 / 下周三下午3点 / 3天后）")
    if missing:
        talk.ask("followups.slots", **draft.row())
        return Reply(f"还差：{'、'.join(missing)}。一条发给我就行，例如：华兴 对方要 8 折，下周三再打")
    assert draft.customer_id is not None
    return _store(ctx, talk, draft.customer_id, draft)


def _offer(draft: Draft, ids: list[int], ctx: Context, talk: Talk) -> Reply:
    with ctx.begin() as tx:
        rows = customers.list_by_ids(tx, ids[:5])
        names = people.names_of(tx, [c.owner_id for c in rows])
        lines = [f"{n} {describe(c, names)}" for n, c in enumerate(rows, start=1)]
    talk.ask("followups.which", ids=[c.id for c in rows], draft=draft.row())
    head = f"找到 {len(lines)} 家，回复数字：" if len(lines) > 1 else "记到这家吗？回复 1 就记下："
    return Reply("\n".join([head, *lines]))


def _store(ctx: Context, talk: Talk, customer_id: int, draft: Draft) -> Reply:
    next_at = datetime.fromisoformat(draft.next_at) if draft.next_at else None
    at = datetime.fromisoformat(draft.at) if draft.at else None
    done = log_follow_up(ctx, customer_id, NewFollowUp(draft.content, draft.method, at, next_at, draft.timed))
    talk.settle()
    talk.about(customer_id)
    if next_at is None:
        talk.ask("followups.next", customer_id=customer_id)
    state = {"follow_up_id": done.follow_up_id, "undo_id": done.undo_id, "name": done.customer_name}
    return Reply(card=CardRef("followups.logged", state, (f"customer:{customer_id}",)))


@router.question("followups.which")
def choose(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several customers."""
    ids = pending.get("ids", [])
    if not (message.text.isdecimal() and 1 <= int(message.text) <= len(ids)):
        return None
    draft = replace(Draft(**pending["draft"]), customer_id=int(ids[int(message.text) - 1]))
    if not draft.content:
        talk.ask("followups.slots", **draft.row())
        return Reply("聊了什么？直接发内容就行，例如：对方要 8 折，下周三再打")
    assert draft.customer_id is not None
    return _store(ctx, talk, draft.customer_id, draft)


@router.question("followups.slots")
def complete(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """What was missing: the customer, the content, the next time; what is known stays."""
    before = Draft(**{k: v for k, v in pending.items() if k != "kind"})
    slots = _read(ctx, message.text, talk, message)
    after = _draft(slots, ctx)
    customer_id = after.customer_id if slots.named and after.customer_id is not None else before.customer_id
    if customer_id is None:
        customer_id = after.customer_id
    said = after.content or ("" if slots.named or after.next_at or before.content else message.text)
    content = "，".join(part for part in (before.content, said) if part)
    draft = Draft(
        customer_id, content, after.method or before.method, after.next_at or before.next_at,
        after.timed if after.next_at else before.timed, after.at or before.at,
    )  # fmt: skip
    return _decide(draft, slots, ctx, talk)


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
