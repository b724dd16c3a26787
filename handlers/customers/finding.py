"""Finding the customer or colleague somebody means; what is not certain is asked, never guessed."""

import re
from dataclasses import dataclass, field
from typing import Any

from bot.context import Context
from bot.core.actor import Actor, Permission
from bot.core.errors import NotFound
from bot.dispatch import Reply, Talk
from bot.language.companies import hard_key
from bot.language.match import Candidate, rank
from bot.language.sentence import find_in_sentence
from cards.customers import facts_line
from storage import customers, people
from storage.customers import Nameplate
from storage.database import Tx
from storage.tables import Customer

TAIL = re.compile(r"\d{4,12}", re.ASCII)  # the last digits of a number


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
            raise NotFound(f"没有找到「{self.query}」，换个说法再试，或发送「查 关键词」。", attempt=self.attempt)
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
    for customer_id, name, _initials, tail in customers.list_contact_plates(tx):
        if meets or customer_id in own:
            names, tails = by_customer.setdefault(customer_id, ([], []))
            names.append(name)
            if tail:
                tails.append(tail)
    found = []
    for plate in plates:
        names, tails = by_customer.get(plate.id, ([], []))
        found.append(
            Candidate(
                id=plate.id, name=plate.name, initials=plate.initials, pinyin=plate.pinyin,
                contacts=tuple(names), phone_tails=tuple(tails),
            )
        )  # fmt: skip
    return found


def find_customer(
    ctx: Context,
    words: str,
    *,
    pooled: bool | None,
    leading: bool = False,
    everyone: bool = False,
    reading: bool = False,
) -> Finding:
    """Whom `words` mean, among those the actor sees (or, `everyone`, by full name in the whole company).

    `pooled`: only those in the pool, or only owned ones. `leading`: the customer stands at the start of a
    sentence; the rest of it is returned too. `reading`: a single likeness is good enough to be shown.
    """
    with ctx.begin() as tx:
        if everyone:
            return _by_full_name(tx, words)
        plates = customers.list_nameplates(tx, pooled=pooled)
        candidates = candidates_of(tx, plates, ctx.actor)
        digits = re.sub(r"[\s-]", "", words)
        if TAIL.fullmatch(digits):
            known = {c.id for c in candidates}
            hits = [i for i in customers.list_by_phone_tail(tx, digits) if i in known]
            if hits and not ctx.actor.may(Permission.CONTACT_VIEW):
                own = customers.list_ids_of(tx, ctx.actor.user_id)
                hits = [i for i in hits if i in own]
            if len(hits) == 1:
                return Finding(words, hits[0])
            if hits:
                return _options(tx, words, hits)
        match = rank(words, candidates)
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
                return _options(tx, words, [c.id for c in hit.options], rest=words[hit.end :].strip(" ，,。"))
            head, _, rest = words.partition(" ")
            if rest:
                match = rank(head, candidates)
                if match.certain is not None:
                    return Finding(head, match.certain.id, rest=rest.strip())
                if match.options:
                    return _options(tx, head, [c.id for c in match.options], rest=rest.strip())
        if not match.options:
            return Finding(words, None, attempt=_out_of_sight(tx, words))
        return _options(tx, words, [c.id for c in match.options])


def _out_of_sight(tx: Tx, words: str) -> str:
    """The customer of exactly that name, where it is there but not the asker's to see; for the audit alone."""
    twins = customers.find_twins(tx, name_key=hard_key(words), soft_key="", credit_code=None, phone="")
    ids = [t.id for t in twins if t.hard]
    seen = {c.id for c in customers.list_by_ids(tx, ids)}
    return next((f"customer:{i}" for i in ids if i not in seen), "")


def _options(tx: Tx, query: str, ids: list[int], rest: str = "") -> Finding:
    rows = customers.list_by_ids(tx, ids[:5])
    names = people.names_of(tx, [c.owner_id for c in rows])
    options = tuple((c.id or 0, describe(c, names)) for c in rows)
    return Finding(query, None, options, rest)


def describe(customer: Customer, names: dict[str, str]) -> str:
    """What tells it from others: name · facts · who has it."""
    owner = f"{names.get(customer.owner_id, customer.owner_id)} 负责" if customer.owner_id else "在公海"
    return " · ".join(part for part in (customer.name, facts_line(customer), owner) if part)


def _by_full_name(tx: Tx, words: str) -> Finding:
    twins = [
        t for t in customers.find_twins(tx, name_key=hard_key(words), soft_key="", credit_code=None, phone="") if t.hard
    ]
    return Finding(words, twins[0].id if len(twins) == 1 else None)


def find_person(ctx: Context, words: str) -> str:
    """The active colleague of that name. Raises NotFound, also when several share it."""
    name = words.strip().lstrip("@").strip()
    with ctx.begin() as tx:
        found = people.list_by_name(tx, name)
        if not found:
            raise NotFound(f"没有找到在职同事「{name}」，请核对姓名。")
        if len(found) > 1:
            some = "、".join(f"{p.name}（{p.user_id}）" for p in found[:5])
            exact = [p for p in found if p.user_id == name]
            if len(exact) == 1:
                return exact[0].user_id
            raise NotFound(f"有好几位「{name}」：{some}。请用括号里的工号再说一次。")
        return found[0].user_id
