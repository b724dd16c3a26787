"""When is a new customer a duplicate, and who may change one? Pure.

Source: spec README D18; crm-rules.md R-DUP-1, R-DUP-2.
"""

from dataclasses import dataclass

from bot.core.errors import RuleBroken


class Duplicate(RuleBroken, code="customers.duplicate"):
    """The same legal person is there already: refused."""


class NotYours(RuleBroken, code="customers.not_yours"):
    """One may see the customer but not write on it."""


@dataclass(frozen=True, slots=True)
class TwinFact:
    """A customer that may be the same one. `visible`: the asker may see it."""

    name: str
    owner: str  # empty: in the pool
    hard: bool
    visible: bool
    mine: bool = False
    id: int = 0
    quiet_days: int | None = None  # since its last follow-up; None: there is none


class MaybeDuplicate(RuleBroken, code="customers.maybe_duplicate"):
    """Something alike is there: asks before it creates. `others`: those that colleagues have, in the text's order."""

    def __init__(self, text: str, others: tuple[TwinFact, ...] = ()) -> None:
        super().__init__(text)
        self.others = others


def masked(name: str) -> str:
    """华****技: enough to recognise one's own, nothing to use."""
    return name if len(name) <= 2 else f"{name[0]}{'*' * (len(name) - 2)}{name[-1]}"


def twin_text(twin: TwinFact) -> str:
    """What is said of a twin: in full if it is visible, else masked, without phone or contact (invariant 90)."""
    where = "由你负责" if twin.mine else f"由 {twin.owner} 负责" if twin.owner else "在公海里"
    quiet = ""
    if twin.owner and not twin.mine and twin.quiet_days is not None:
        quiet = f"，最近跟进 {twin.quiet_days} 天前" if twin.quiet_days else "，今天跟进过"
    return f"「{twin.name if twin.visible else masked(twin.name)}」{where}{quiet}"


def check_duplicates(twins: list[TwinFact], *, anyway: bool) -> None:
    """Raises Duplicate for an equal key or credit code, MaybeDuplicate for likeness unless `anyway`."""
    for twin in twins:
        if twin.hard:
            hint = f"要协助请联系 {twin.owner}。"
            if twin.mine:
                hint = f"发送「查 {twin.name}」就能看。"
            elif not twin.owner:
                hint = f"发送「领取 {twin.name}」就能领。" if twin.visible else "要的话请找管理员。"
            refusal = Duplicate(f"已经有这家客户了：{twin_text(twin)}。{hint}")
            if twin.owner and not twin.mine:
                state = {"customer_id": twin.id, "text": refusal.text, "owner": twin.owner, "title": "已经有这家客户"}
                refusal.card = ("team.ask", state)
            raise refusal
    if twins and not anyway:
        some = "；".join(twin_text(t) for t in twins[:3])
        raise MaybeDuplicate(f"可能重复：{some}。", tuple(t for t in twins[:3] if t.owner and not t.mine))


def check_may_write(
    *, owner_id: str | None, actor_id: str, may_edit: bool, name: str, owner: str, member: str = "",
    customer_id: int | None = None,
) -> None:  # fmt: skip
    """One's own record always; others' in scope with 编辑; the pool's only after claiming.

    `member`: what the actor may as 协作人: write, read, or "" where he sees the customer anyhow (`teams.right_of`).
    """
    if owner_id is None:
        raise NotYours(f"「{name}」在公海里，先发送「领取 {name}」再记。")
    if owner_id == actor_id or member == "write" or (may_edit and member != "read"):
        return
    refusal = NotYours(f"「{name}」由 {owner} 负责，你只能查看。要协助可请 {owner} 加你为协作人。")
    if customer_id is not None:
        refusal.card = ("team.ask", {"customer_id": customer_id, "text": refusal.text, "owner": owner})
    raise refusal
