"""Finding the customer or colleague somebody means; what is not certain is asked, never guessed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.context import Context
from bot.core.actor import Actor, Permission
from bot.core.errors import InvalidInput, NotFound, SeveralPeople
from bot.core.markup import escape
from bot.dispatch import CardRef, ChatMessage, Reply, Talk
from bot.dispatch.talk import MEMORY
from bot.language.companies import hard_key
from bot.language.match import Candidate, Match, rank
from bot.language.replies import is_no, is_yes, ordinal
from bot.language.sentence import find_in_sentence
from storage import customers, merges, people, pools, search, talks
from storage.customers import Nameplate, Twin
from storage.database import Tx
from storage.tables import Customer

TAIL = re.compile(r"\d{4,12}", re.ASCII)  # the last digits of a number
THIS = ("这家", "这个客户", "这个", "他们", "他家", "刚才那家", "那家", "它", "他", "她")  # the one last spoken of
LONG = 40  # characters of what somebody typed that are said back to him
ABOUT = re.compile(
    r"(?P<name>.{2,40}?)\s*(?:的|是|现在|现|目前)*\s*(?:(?:联系)?(?:电话|手机|号码|方式)(?:号码?)?(?:是?多少|呢|号)?|联系人(?:是谁)?|"
    r"(?:是)?(?:谁|哪个人?)(?:在)?(?:负责|跟进?|的客户)|归谁(?:管)?|负责人(?:是谁)?|跟进记录|跟进情况|跟进历史|"
    r"资料|信息|情况|详情|怎么样了?|(?:上次|最近|最后)?(?:是)?(?:什么时候|哪天|几号)(?:联系|跟进|拜访|聊)过?的?|"
    r"(?:上次|最近|最后)(?:一次)?(?:联系|跟进|拜访)(?:是)?(?:什么时候|哪天|几号)?|多久没(?:有)?(?:联系|跟进|拜访)过?了?)[?？。呀啊呢]*"
)
DETAIL = re.compile(r"^(?P<name>[^（(]+?)\s*[（(](?P<place>[^）)]+)[）)]?$")


@dataclass(frozen=True, slots=True)
class Finding:
    """The customer meant (an id), or those it could be."""

    query: str
    certain: int | None
    options: tuple[tuple[int, str], ...] = ()  # id, what distinguishes it
    rest: str = ""  # of the sentence, behind the customer
    extra: dict[str, Any] = field(default_factory=dict)
    attempt: str = ""  # see NotFound

    def ask(self, talk: Talk, kind: str, verb: str, **slots: Any) -> Reply:
        """Lists what it could be; the answer is a number (conversation.md U17).

        Raises:
            NotFound: nothing is like it.
        """
        if not self.options:
            raise NotFound(
                f"没有找到「{self.query[:LONG]}」，换个说法再试，或发送「查 关键词」。", attempt=self.attempt
            )
        talk.ask(kind, ids=[i for i, _ in self.options], rest=self.rest, **slots)
        lines = [f"{n} {words}" for n, (_, words) in enumerate(self.options, start=1)]
        head = f"要{verb}的是哪一家？回复数字：" if len(lines) > 1 else f"要{verb}的是这家吗？回复 1 就是："
        return Reply("\n".join([head, *lines]))


def candidates_of(tx: Tx, plates: list[Nameplate], actor: Actor) -> list[Candidate]:
    """Names with their readings, contacts and phone tails, as far as the actor may look at them.

    Without 客户-查看 those are his own customers and the pool's, without 联系人-查看 the contacts of his own.
    """
    views, meets = actor.may(Permission.CUSTOMER_VIEW), actor.may(Permission.CONTACT_VIEW)
    own = set() if views and meets else customers.list_ids_of(tx, actor.user_id)
    if not views:
        plates = [p for p in plates if p.pooled or p.id in own]
    by_customer: dict[int, tuple[list[str], list[str]]] = {}
    for customer_id, name, _initials, tail in customers.list_contact_plates(tx, [p.id for p in plates]):
        if meets or customer_id in own:
            names, tails = by_customer.setdefault(customer_id, ([], []))
            names.append(name)
            if tail:
                tails.append(tail)
    return [_candidate(plate, *by_customer.get(plate.id, ([], []))) for plate in plates]


def _candidate(plate: Nameplate, names: Sequence[str] = (), tails: Sequence[str] = ()) -> Candidate:
    return Candidate(
        id=plate.id, name=plate.name, initials=plate.initials, pinyin=plate.pinyin, contacts=tuple(names),
        phone_tails=tuple(tails), aliases=(plate.short_name,) if plate.short_name else (),
    )  # fmt: skip


def candidates_for(tx: Tx, actor: Actor, words: str, *, pooled: bool | None, sentence: bool = False) -> list[Candidate]:
    """Those the actor sees, if they are few; else those of them that `words` may mean.

    `sentence`: the words are a sentence in which a name may stand anywhere.
    """
    if not customers.sees_many(tx, pooled=pooled):
        return candidates_of(tx, customers.list_nameplates(tx, pooled=pooled), actor)
    ids = search.ids_like(tx, words) if not sentence else []
    ids += search.ids_in_sentence(tx, words) if sentence or not ids else []
    return _candidates_by(tx, actor, ids, pooled=pooled)


def _candidates_by(tx: Tx, actor: Actor, ids: list[int], *, pooled: bool | None) -> list[Candidate]:
    plates = customers.list_nameplates(tx, pooled=pooled, ids=ids) if ids else []
    return candidates_of(tx, plates, actor)


def _ranked(tx: Tx, actor: Actor, words: str, candidates: list[Candidate], *, pooled: bool | None) -> Match:
    """As `rank`; where only likely candidates were fetched and none is met, those with a wrong character too."""
    match = rank(words, candidates)
    if match.options or not customers.sees_many(tx, pooled=pooled):
        return match
    return rank(words, _candidates_by(tx, actor, search.ids_near(tx, words), pooled=pooled))


def find_customer(
    ctx: Context,
    words: str,
    *,
    pooled: bool | None,
    leading: bool = False,
    reading: bool = False,
) -> Finding:
    """Whom `words` mean, among those the actor sees.

    `pooled`: only those in the pool, or only owned ones. `leading`: the customer stands at the start of a
    sentence; the rest of it is returned too. `reading`: a single likeness is good enough to be shown.
    """
    with ctx.begin() as tx:
        return step_find_customer(tx, ctx, words, pooled=pooled, leading=leading, reading=reading)


def step_find_customer(
    tx: Tx, ctx: Context, words: str, *, pooled: bool | None, leading: bool = False, reading: bool = False
) -> Finding:
    """As `find_customer`, in the caller's transaction."""
    digits = re.sub(r"[\s-]", "", words)
    if TAIL.fullmatch(digits):
        hits = _by_tail(tx, ctx.actor, digits, pooled=pooled)
        if len(hits) == 1:
            return Finding(words, hits[0])
        if hits:
            return _options(tx, ctx, words, hits)
    candidates = candidates_for(tx, ctx.actor, words, pooled=pooled, sentence=leading)
    match = _ranked(tx, ctx.actor, words, candidates, pooled=pooled)
    if match.certain is not None:
        return Finding(words, match.certain.id)
    if reading and match.total == 1:
        return Finding(words, match.options[0].id)
    if leading:
        hit = find_in_sentence(words, candidates)
        if hit is not None and hit.certain is not None:
            rest = (words[: hit.start] + " " + words[hit.end :]).strip(" ，,。")
            return Finding(words, hit.certain.id, rest=rest)
        if hit is not None and hit.options:
            return _options(tx, ctx, words, [c.id for c in hit.options], rest=words[hit.end :].strip(" ，,。"))
        head, _, rest = words.partition(" ")
        if rest:
            match = rank(head, candidates)
            if match.certain is not None:
                return Finding(head, match.certain.id, rest=rest.strip())
            if match.options:
                return _options(tx, ctx, head, [c.id for c in match.options], rest=rest.strip())
    if not match.options:
        return Finding(words, None, attempt=_out_of_sight(tx, words))
    return _options(tx, ctx, words, [c.id for c in match.options])


def merged_into(ctx: Context, words: str, *, whole: bool) -> tuple[str, int] | None:
    """The customer that one called `words` (`whole`: exactly so) is part of by now, and the old name.

    None: nothing of the kind that the actor sees, or several, or a customer of that very name is there.
    """
    with ctx.begin() as tx:
        if whole and any(t.hard for t in _named(tx, words)):
            return None
        part = "" if whole else words.strip()
        old = merges.find_merged(tx, name_key=hard_key(words), part=part) if whole or len(part) > 1 else []
        heads = customers.list_by_ids(tx, list(dict.fromkeys(head for _, head in old)))
        mine = ctx.actor.user_id
        seen = {c.id or 0 for c in heads if c.owner_id == mine or ctx.actor.may(Permission.CUSTOMER_VIEW)}
        met = [(name, head) for name, head in old if head in seen]
        return met[-1] if len({head for _, head in met}) == 1 else None


def _named(tx: Tx, words: str) -> list[Twin]:
    return customers.find_twins(tx, name_key=hard_key(words), soft_key="", credit_code=None, phone="")


def _by_tail(tx: Tx, actor: Actor, digits: str, *, pooled: bool | None) -> list[int]:
    """Customers by the end of their, or a contact's, number, as far as the actor may look at those."""
    hits = customers.list_by_phone_tail(tx, digits)
    if not hits:
        return []
    known = {p.id for p in customers.list_nameplates(tx, pooled=pooled, ids=hits)}
    if not (actor.may(Permission.CONTACT_VIEW) and actor.may(Permission.CUSTOMER_VIEW)):
        pool = {p.id for p in customers.list_nameplates(tx, pooled=True, ids=hits)}
        own = {c.id for c in customers.list_by_ids(tx, hits) if c.owner_id == actor.user_id}
        known &= own if not actor.may(Permission.CONTACT_VIEW) else own | pool
    return [i for i in hits if i in known]


def _out_of_sight(tx: Tx, words: str) -> str:
    """The customer of exactly that name, where it is there but not the asker's to see; for the audit alone."""
    ids = [t.id for t in _named(tx, words) if t.hard]
    seen = {c.id for c in customers.list_by_ids(tx, ids)}
    return next((f"customer:{i}" for i in ids if i not in seen), "")


def _options(tx: Tx, ctx: Context, query: str, ids: list[int], rest: str = "") -> Finding:
    rows = customers.list_by_ids(tx, ids[:5])
    names = people.names_of(tx, [c.owner_id for c in rows])
    options = tuple((c.id or 0, describe(c, names, ctx)) for c in rows)
    return Finding(query, None, options, rest)


def describe(customer: Customer, names: dict[str, str], ctx: Context) -> str:
    """What tells it from others: name · city · who has it · the last contact (U17)."""
    owner = "在公海"
    last = ""
    city = "" if customer.city and customer.city in customer.name else customer.city
    if customer.owner_id is not None:
        own = customer.owner_id == ctx.actor.user_id
        owner = "你负责" if own else f"{names.get(customer.owner_id, customer.owner_id)} 负责"
        last = since_text(customer, ctx)
    return " · ".join(part for part in (escape(customer.name), escape(city), owner, last) if part)


def speak_of(ctx: Context, customer_id: int) -> None:
    """After a tap: 这家 in the single chat means this customer, as it would after a sentence about it."""
    with ctx.begin() as tx:
        row = talks.load(tx, ctx.actor.user_id, "bot")
        talks.save(
            tx, row, pending=row.pending, pending_until=row.pending_until, subject_id=customer_id,
            subject_until=ctx.now + MEMORY, misses=row.misses, subject_kind="customer",
        )  # fmt: skip


def since_text(customer: Customer, ctx: Context) -> str:
    """今天联系过 · 3 天前联系 · 还没跟进过."""
    if customer.last_follow_up_at is None:
        return "还没跟进过"
    days = (ctx.today - customer.last_follow_up_at.date()).days
    return "今天联系过" if days <= 0 else f"{days} 天前联系"


def open_customer(talk: Talk, customer_id: int) -> Reply:
    """The customer's card."""
    talk.settle()
    talk.about(customer_id)
    return Reply(card=CardRef("customers.one", {"customer_id": customer_id}, (f"customer:{customer_id}",)))


def chosen(message: ChatMessage, ctx: Context, pending: dict[str, Any]) -> int | None:
    """Which of the offered customers is meant: 2, 第二家, its name, or 是 where only one was offered.

    None: the message answers something else.

    Raises:
        InvalidInput: a number that was not offered.
    """
    ids = [int(i) for i in pending.get("ids", ())]
    text = message.text.strip()
    number = ordinal(text)
    if number is not None and ids:
        if not 1 <= number <= len(ids):
            asked = "回复 1 就是这家" if len(ids) == 1 else f"回复 1 到 {len(ids)} 之间的数字"
            raise InvalidInput(f"上面没有第 {number} 家，{asked}，都不是就回复「取消」。")
        return ids[number - 1]
    if len(ids) == 1 and is_yes(text):
        return ids[0]
    if is_no(text) or not 1 < len(text) <= LONG:
        return None
    with ctx.begin() as tx:
        offered = [_candidate(p) for p in customers.list_nameplates(tx, ids=ids)] if ids else []
    match = rank(text, offered)
    return match.certain.id if match.certain is not None else None


def find_taken(ctx: Context, words: str) -> int | None:
    """A customer that is in the pool no more: by part of the name if it was taken today, else by its full name.

    Whoever sees the pool saw those names there; the loser of a race is told who won (R-POOL-2).
    """
    ctx.actor.require(Permission.POOL_CLAIM)
    with ctx.begin() as tx:
        midnight = ctx.now.replace(hour=0, minute=0, second=0, microsecond=0)
        plates = customers.list_taken_plates(tx, since=midnight)
        match = rank(words, [_candidate(p) for p in plates])
        if match.certain is not None:
            return match.certain.id
        twins = customers.find_twins(tx, name_key=hard_key(words), soft_key="", credit_code=None, phone="")
        hard = [t.id for t in twins if t.hard]
        return hard[0] if len(hard) == 1 and pools.was_pooled(tx, hard[0]) else None


def names_somebody(ctx: Context, words: str) -> bool:
    """Whether the words are a colleague's name, be it of several."""
    try:
        find_person(ctx, words)
    except SeveralPeople:
        return True
    except NotFound:
        return False
    return True


def find_person(ctx: Context, words: str) -> str:
    """The active colleague meant by 李娜, @李娜, 陈晨（成都组）, 陈晨 成都组, or an id.

    Raises:
        NotFound: nobody.
        SeveralPeople: several share the name; the desk asks which, and the sentence is done with him who is meant.
    """
    name = words.strip().lstrip("@＠").strip(" ，,。！!")
    detail = DETAIL.match(name)
    with ctx.begin() as tx:
        found = people.list_by_name(tx, name)
        if not found and detail is not None:
            found = people.list_by_place(tx, detail["name"].strip(), detail["place"].strip())
            for part in detail["place"].split():  # 成都组 a1, as two of one department are told apart
                found = found or people.list_by_place(tx, detail["name"].strip(), part)
            exact = [p for p in found if p.user_id in detail["place"].split()]
            found = exact or found
        if not found and " " in name:
            head, _, place = name.partition(" ")
            found = people.list_by_place(tx, head, place.strip())
        if not found:
            raise NotFound(f"没有找到在职同事「{name[:LONG]}」，请核对姓名。")
        if len(found) > 1:
            told = people.tell_apart(tx, [p.user_id for p in found[:5]])
            raise SeveralPeople(name[:LONG], [told[p.user_id] for p in found[:5]])
        return found[0].user_id
