"""Use cases of comments."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import NotFound
from bot.core.fields import FieldLevel
from bot.core.forms import check_may_fill
from bot.core.redaction import redact
from bot.identity import may_be_told, rights_of
from handlers.comments import rules
from handlers.customers.rules import NotYours
from handlers.followups.service import clip
from handlers.pool.telling import tell
from storage import audit, comments, customers, people, undos
from storage.database import Tx
from storage.fields import rebind

UNDO = timedelta(minutes=10)
COLLEAGUES = 20  # offered by the form


@dataclass(frozen=True, slots=True)
class Commented:
    """A stored comment. `told`, `unseen`: names of those who were told, and of those who may not see the customer."""

    comment_id: int
    customer_id: int
    customer_name: str
    told: list[str]
    unseen: list[str]
    undo_id: int


def add_comment(ctx: Context, customer_id: int, content: str, mentioned: Sequence[str] = ()) -> Commented:
    """Stores it; each of `mentioned` (userIds) who may see the customer gets one 工作通知.

    Raises:
        Forbidden, NotFound, NotYours, BadComment.
    """
    ctx.actor.require(Permission.FOLLOWUP_ADD)
    check_may_fill(ctx.actor, "followup", {"content": content})
    content = content.strip()
    rules.check_comment(content)
    with ctx.begin() as tx:
        customer = customers.access_customer(tx, customer_id)
        _check_may_read(ctx, customer.owner_id, customer.name)
        customer_id, name = customer.id or customer_id, customer.name
        whom = [user_id for user_id in dict.fromkeys(mentioned) if user_id != ctx.actor.user_id]
        levels = {user_id: _level(tx, ctx, user_id, customer_id) for user_id in whom}
        told = [user_id for user_id, level in levels.items() if level is not None]
        comment_id = comments.add_comment(
            tx, customer_id=customer_id, user_id=ctx.actor.user_id, content=content, mentioned=told,
            source_key=ctx.key or None, now=ctx.now,
        )  # fmt: skip
        title, more = f"{ctx.actor.name} 提到了你", f"发送「时间线 {name}」看全部动态。"
        readers = [u for u in told if levels[u] in (FieldLevel.READ, FieldLevel.WRITE)]
        key = f"comment:{comment_id}"
        tell(tx, ctx, readers, title=title, text=f"「{name}」的评论：{content}\n{more}", key=key)
        others = [u for u in told if u not in readers]
        tell(tx, ctx, others, title=title, text=f"在「{name}」的评论里。{more}", key=f"{key}:outline")
        undo_id = undos.offer(
            tx, user_id=ctx.actor.user_id, kind="comments.add", payload={"comment_id": comment_id},
            text=f"评论 {name}", now=ctx.now, lasts=UNDO,
        )  # fmt: skip
        audit.record(
            tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="add.comment",
            subject=f"customer:{customer_id}", name=name, comment=comment_id, told=told,
            changes={"评论": ("", clip(redact(content)))},
        )  # fmt: skip
        names = people.names_of(tx, whom)
        unseen = [names.get(user_id, user_id) for user_id in whom if user_id not in told]
        return Commented(comment_id, customer_id, name, [names.get(u, u) for u in told], unseen, undo_id)


def _check_may_read(ctx: Context, owner_id: str | None, name: str) -> None:
    if owner_id is None:
        raise NotYours(f"「{name}」在公海里，先发送「领取 {name}」再评论。")
    if owner_id != ctx.actor.user_id:
        ctx.actor.require(Permission.CUSTOMER_VIEW)


def _level(tx: Tx, ctx: Context, user_id: str, customer_id: int) -> FieldLevel | None:
    """How much of a comment that person reads; None: he may not see the customer at all."""
    if not may_be_told(tx, user_id, ctx.settings):
        return None
    rights = rights_of(tx, user_id, ctx.settings)
    rebind(tx, replace(rights.scope, day=ctx.actor.scope.day))
    try:
        seen = customers.list_by_ids(tx, [customer_id])
        owner_id = seen[0].owner_id if seen else None
    finally:
        rebind(tx, ctx.actor.scope)
    if owner_id is None or (owner_id != user_id and Permission.CUSTOMER_VIEW not in rights.permissions):
        return None
    if owner_id != user_id and Permission.FOLLOWUP_VIEW not in rights.permissions:
        return FieldLevel.HIDDEN
    return rights.scope.fields.level("followup", "content")


def undo_comment(ctx: Context, payload: dict[str, Any]) -> str:
    """The author takes it back; who was told has been told."""
    with ctx.begin() as tx:
        comment = comments.find(tx, int(payload["comment_id"]))
        if comment is None or comment.user_id != ctx.actor.user_id:
            raise NotFound("没有找到这条评论，可能已经撤销，或客户不在你能看的范围里了。")
        name, content = customers.access_customer(tx, comment.customer_id).name, comment.content
        comments.take_back(tx, comment.id or 0, ctx.now)
        audit.record(
            tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="undo.comment",
            subject=f"customer:{comment.customer_id}", name=name, comment=comment.id,
            changes={"评论": (clip(redact(content)), "")},
        )  # fmt: skip
        return f"已撤销「{name}」的这条评论。"


@dataclass(frozen=True, slots=True)
class Form:
    """What the form shows. `colleagues`: userId and name of those who see the customer."""

    customer_id: int
    name: str
    colleagues: list[tuple[str, str]]


def open_form(ctx: Context, customer_id: int) -> Form:
    """Before anything is said. Raises Forbidden, NotFound, NotYours."""
    ctx.actor.require(Permission.FOLLOWUP_ADD)
    check_may_fill(ctx.actor, "followup", {"content": "-"})
    with ctx.begin() as tx:
        customer = customers.access_customer(tx, customer_id)
        _check_may_read(ctx, customer.owner_id, customer.name)
        found, name = customer.id or customer_id, customer.name
        near = [person.user_id for person in people.list_colleagues(tx, ctx.actor.user_id, limit=COLLEAGUES)]
        if customer.owner_id not in (None, ctx.actor.user_id, *near):
            near.insert(0, str(customer.owner_id))
        seeing = [user_id for user_id in near if _level(tx, ctx, user_id, found) is not None]
        names = people.names_of(tx, seeing)
        return Form(found, name, [(user_id, names.get(user_id, user_id)) for user_id in seeing])


def show_comment(ctx: Context, comment_id: int) -> tuple[str, str, int]:
    """The customer's name, what was said, the customer's id. Raises NotFound."""
    with ctx.begin() as tx:
        comment = comments.find(tx, comment_id)
        if comment is None:
            raise NotFound("这条评论已撤销，或客户不在你能看的范围里了。")
        return customers.access_customer(tx, comment.customer_id).name, comment.content, comment.customer_id
