"""Finding the contract somebody means: by its number, or by the customer that has one."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput, NotFound
from bot.core.markup import escape
from bot.dispatch import ChatMessage, Reply, Talk
from bot.language.money import show_money_short
from bot.language.replies import is_yes, ordinal
from handlers.contracts.figures import may_look
from handlers.contracts.reading import NUMBER
from handlers.contracts.rules import STATES
from handlers.customers.finding import LONG, THIS, find_customer
from storage import contracts, people
from storage.database import Tx
from storage.tables import Contract

THESE = (*THIS, "这份", "这个合同", "这份合同", "该合同", "刚才那份")
EVERY = tuple(STATES)


@dataclass(frozen=True, slots=True)
class ContractFound:
    """The contract meant (an id), or those it could be, and what else was said."""

    query: str
    certain: int | None
    options: tuple[tuple[int, str], ...] = ()
    rest: str = ""
    attempt: str = ""

    def ask(self, talk: Talk, verb: str, kind: str, **slots: Any) -> Reply:
        """Lists what it could be; the answer is a number. Raises NotFound."""
        if not self.options:
            raise absent(self.query, self.attempt)
        talk.ask(kind, ids=[i for i, _ in self.options], rest=self.rest, **slots)
        lines = [f"{n} {words}" for n, (_, words) in enumerate(self.options, start=1)]
        head = f"要{verb}的是哪一份？回复数字：" if len(lines) > 1 else f"要{verb}的是这份吗？回复 1 就是："
        return Reply("\n".join([head, *lines]))


def absent(query: str, attempt: str = "") -> NotFound:
    """As for what does not exist."""
    return NotFound(
        f"没有找到「{query[:LONG]}」的合同，写合同编号或客户名称再试，或发送「我的合同」看看。", attempt=attempt
    )


def find_contract(ctx: Context, words: str, talk: Talk, *, states: tuple[str, ...] = EVERY) -> ContractFound:
    """Whom `words` mean, among those the actor sees. `states`: those a customer's name may mean."""
    named = NUMBER.search(words)
    if named is not None:
        rest = f"{words[: named.start()]} {words[named.end() :]}".strip(" ，,。:：")
        with ctx.begin() as tx:
            exact, attempt = contracts.find_by_number(tx, named[0])
            if exact is not None:
                return ContractFound(named[0], exact.id, rest=rest)
            return _options(tx, ctx, named[0], contracts.list_like_number(tx, named[0]), rest, attempt)
    head, _, tail = words.partition(" ")
    if len(head) > 1 and re.search(r"\d", head):  # a number of any shape: QM-3M-9, 合-7
        with ctx.begin() as tx:
            exact, _ = contracts.find_by_number(tx, head.upper())
            if exact is not None:
                return ContractFound(head, exact.id, rest=tail.strip())
    subject = talk.subject()
    if (head in THESE or not words) and subject is not None:
        with ctx.begin() as tx:
            return _of(tx, ctx, words or "这家", contracts.list_of_customer(tx, subject, states=states), tail.strip())
    if head.isdecimal() and 2 <= len(head) <= 8:
        with ctx.begin() as tx:
            like = contracts.list_like_number(tx, head)
            if like:
                return _of(tx, ctx, head, like, tail.strip())
    found = find_customer(ctx, words, pooled=None, leading=True)
    with ctx.begin() as tx:
        if found.certain is not None:
            rows = contracts.list_of_customer(tx, found.certain, states=states)
            return _of(tx, ctx, words, rows, found.rest, found.attempt)
        ids = [i for i, _ in found.options]
        rows = [c for i in ids for c in contracts.list_of_customer(tx, i, states=states)]
        if not rows and head:  # a contract in sight whose customer is not
            rows = contracts.list_contracts(tx, contracts.ContractFilter(words=(head,), states=states))
            return _of(tx, ctx, head, rows, tail.strip(), found.attempt)
        return _options(tx, ctx, words, rows, found.rest, found.attempt)


def _of(tx: Tx, ctx: Context, query: str, rows: list[Contract], rest: str, attempt: str = "") -> ContractFound:
    rows = [c for c in rows if may_look(ctx, c)]
    if len(rows) == 1:
        return ContractFound(query, rows[0].id, rest=rest)
    return _options(tx, ctx, query, rows, rest, attempt)


def _options(tx: Tx, ctx: Context, query: str, rows: list[Contract], rest: str, attempt: str = "") -> ContractFound:
    rows = [c for c in rows if may_look(ctx, c)]
    names = contracts.customer_names(tx, [c.customer_id for c in rows])
    owners = people.names_of(tx, [c.owner_id for c in rows])
    told = tuple((c.id or 0, describe(c, names, owners, ctx)) for c in rows[:5])
    return ContractFound(query, None, told, rest, attempt)


def describe(contract: Contract, customers: dict[int, str], owners: dict[str, str], ctx: Context) -> str:
    """What tells it from others: number · customer · amount · state · who has it."""
    amount: Decimal | None = contract.amount
    own = contract.owner_id == ctx.actor.user_id
    parts = (
        contract.number, escape(customers.get(contract.customer_id, "")),
        show_money_short(amount) if amount is not None else "", STATES[contract.state],
        "你负责" if own else owners.get(contract.owner_id or "", ""),
    )  # fmt: skip
    return " · ".join(part for part in parts if part)


def chosen_contract(message: ChatMessage, pending: dict[str, Any]) -> int | None:
    """Which of those offered: its number in the list. None: another answer. Raises InvalidInput."""
    ids = [int(i) for i in pending.get("ids", ())]
    number = ordinal(message.text.strip().rstrip("份"))
    if number is not None and ids:
        if not 1 <= number <= len(ids):
            raise InvalidInput(f"上面没有第 {number} 份，回复 1 到 {len(ids)} 之间的数字，都不是就回复「取消」。")
        return ids[number - 1]
    return ids[0] if len(ids) == 1 and is_yes(message.text) else None


def person_called(ctx: Context, words: str) -> str | None:
    """The colleague of exactly that name; None if there is none, or several."""
    with ctx.begin() as tx:
        return step_person_called(tx, words)


def step_person_called(tx: Tx, words: str) -> str | None:
    """As `person_called`, in the caller's transaction."""
    found = people.list_by_name(tx, words)
    return found[0].user_id if len(found) == 1 else None
