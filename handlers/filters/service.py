"""Use cases of lists of customers and of the filters people keep."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.context import Context
from bot.core.actor import Actor, Permission
from bot.core.errors import InvalidInput, NotFound
from bot.language.normalize import fold
from handlers.filters import rules
from handlers.filters.reading import step_find, step_understand
from handlers.filters.rules import Meaning
from storage import audit, filters, people, roles, saved_filters, undos
from storage.customers import PAGE
from storage.database import Tx
from storage.tables import Customer, SavedFilter

UNDO = timedelta(minutes=10)
MOST = 20  # filters a person may keep


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list, with its total (D26) and what was understood of the words."""

    meaning: Meaning
    rows: list[Customer]
    names: dict[str, str]
    total: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A saved filter with the number of customers its reader sees by it now."""

    saved: SavedFilter
    total: int
    owner: str  # empty: one's own
    shared_with: tuple[str, ...] = ()


def list_customers(ctx: Context, text: str = "", *, mine: bool = False, page: int | None = None) -> ListPage:
    """Owned customers within the scope that match what was said. `page`: instead of the one said.

    Raises:
        Forbidden.
        InvalidInput: too many to be sorted so.
    """
    ctx.actor.require(Permission.CUSTOMER_VIEW)
    with ctx.begin() as tx:
        meaning = step_understand(tx, ctx, text, mine=mine)
        found = step_find(tx, meaning)
        if meaning.wanted.sort == "amount" and not found.whole and not meaning.mine:
            raise InvalidInput(
                f"符合的有 {found.number} 家，按合同金额排序最多 {filters.BOUND} 家。"
                "再加一个条件缩小范围，例如「客户 已成交 制造业 按合同金额」。"
            )
        pages = max(1, -(-found.number // PAGE))
        at = min(max(1, page if page is not None else meaning.page), pages)
        rows = filters.page(tx, meaning.wanted, found, at, PAGE) if found.number else []
        return ListPage(meaning, rows, people.names_of(tx, [c.owner_id for c in rows]), found.number, at, pages)


def save_filter(ctx: Context, name: str, text: str, *, mine: bool = False) -> tuple[Kept, int]:
    """Keeps the words under a name, in place of what was there; returns how many match now, and the undo's id.

    Raises:
        Forbidden, InvalidInput.
    """
    ctx.actor.require(Permission.CUSTOMER_VIEW)
    name = " ".join(name.split())
    if not 1 <= len(name) <= rules.LONGEST_NAME:
        raise InvalidInput(
            f"筛选的名称要 1 到 {rules.LONGEST_NAME} 个字，例如「保存筛选 重点未跟进 制造业 30天未跟进」。"
        )
    with ctx.begin() as tx:
        meaning = step_understand(tx, ctx, text, mine=mine)
        if meaning.unknown:
            raise InvalidInput(f"没认出「{'」「'.join(meaning.unknown)}」，改好条件再保存。")
        if not meaning.told and not meaning.mine:
            raise InvalidInput(f"要保存什么条件？例如「保存筛选 {name} 制造业 30天未跟进」。")
        there = saved_filters.list_of(tx, ctx.actor.user_id)
        if len(there) >= MOST and fold(name) not in {fold(f.name) for f in there}:
            raise InvalidInput(f"最多保存 {MOST} 个筛选，先发送「删除筛选 名称」删掉用不到的。")
        before = saved_filters.put(
            tx, user_id=ctx.actor.user_id, name=name, words=meaning.without_page, mine=meaning.mine, now=ctx.now
        )
        saved = saved_filters.access_own(tx, ctx.actor.user_id, name)
        undo_id = _offer(tx, ctx, "filters.save", {"name": name, "before": before}, f"保存筛选 {name}")
        was = before["words"] if before else ""
        _record(tx, ctx, "save.filter", saved, {"条件": (was, saved.words)})
        return Kept(saved, step_find(tx, meaning).number, ""), undo_id


def undo_save(ctx: Context, payload: dict[str, Any]) -> str:
    """As it was before."""
    with ctx.begin() as tx:
        saved = saved_filters.access_own(tx, ctx.actor.user_id, str(payload["name"]))
        before = payload["before"]
        _record(tx, ctx, "undo.save_filter", saved, {"条件": (saved.words, before["words"] if before else "")})
        if before is None:
            saved_filters.remove(tx, saved)
            return f"已撤销，没有保存「{saved.name}」。"
        saved.words, saved.mine = before["words"], before["mine"]
        tx.add(saved)
        return f"已撤销，「{saved.name}」还是原来的条件：{saved.words}。"


def list_saved(ctx: Context) -> list[Kept]:
    """One's own, then what others share, each with its number as this person sees it. Raises Forbidden."""
    ctx.actor.require(Permission.CUSTOMER_VIEW)
    with ctx.begin() as tx:
        own = saved_filters.list_of(tx, ctx.actor.user_id)
        shared = saved_filters.list_shared(tx, ctx.actor.user_id, _reaching(tx, ctx.actor))
        names = people.names_of(tx, [f.user_id for f in shared])
        return [
            Kept(
                saved, _count(tx, ctx, saved),
                names.get(saved.user_id, "") if saved.user_id != ctx.actor.user_id else "",
                _told(tx, saved_filters.shares_of(tx, saved.id or 0)) if saved.user_id == ctx.actor.user_id else (),
            )
            for saved in [*own, *shared]
        ]  # fmt: skip


def _count(tx: Tx, ctx: Context, saved: SavedFilter) -> int:
    """None are met by a condition on a field that its reader may not see, or that is compared otherwise by now."""
    try:
        return step_find(tx, step_understand(tx, ctx, saved.words, mine=saved.mine)).number
    except InvalidInput:
        return 0


def find_saved(ctx: Context, name: str) -> SavedFilter | None:
    """One's own of that name, else one that is shared with this person. Raises Forbidden."""
    ctx.actor.require(Permission.CUSTOMER_VIEW)
    with ctx.begin() as tx:
        own = saved_filters.find_own(tx, ctx.actor.user_id, name)
        shared = saved_filters.list_shared(tx, ctx.actor.user_id, _reaching(tx, ctx.actor))
        return own or next((f for f in shared if fold(f.name) == fold(name)), None)


def remove_filter(ctx: Context, name: str) -> tuple[str, int]:
    """Returns its name and the undo's id. Raises Forbidden, NotFound."""
    ctx.actor.require(Permission.CUSTOMER_VIEW)
    with ctx.begin() as tx:
        saved = saved_filters.access_own(tx, ctx.actor.user_id, name)
        shares = saved_filters.remove(tx, saved)
        payload = {"name": saved.name, "words": saved.words, "mine": saved.mine, "shares": shares}
        undo_id = _offer(tx, ctx, "filters.remove", payload, f"删除筛选 {saved.name}")
        _record(tx, ctx, "remove.filter", saved, {"条件": (saved.words, "")})
        return saved.name, undo_id


def undo_remove(ctx: Context, payload: dict[str, Any]) -> str:
    """It is there again, shared as before."""
    with ctx.begin() as tx:
        if saved_filters.find_own(tx, ctx.actor.user_id, str(payload["name"])) is not None:
            raise InvalidInput(f"你又保存了一个「{payload['name']}」，先删除它再撤销。")
        saved_filters.put(
            tx, user_id=ctx.actor.user_id, name=payload["name"], words=payload["words"], mine=payload["mine"],
            now=ctx.now,
        )  # fmt: skip
        saved = saved_filters.access_own(tx, ctx.actor.user_id, payload["name"])
        saved_filters.set_shares(tx, saved.id or 0, [(str(k), int(i)) for k, i in payload["shares"]])
        _record(tx, ctx, "undo.remove_filter", saved, {"条件": ("", saved.words)})
        return f"已恢复筛选「{saved.name}」。"


def share_filter(ctx: Context, name: str, with_whom: str) -> tuple[str, tuple[str, ...], int]:
    """Gives it to a department or role besides those that have it; nobody's: takes it back from all (`with_whom` "").

    What they see by it is theirs to see: their rights hold when it is run. Returns its name, who has it now, the
    undo's id. Raises Forbidden, NotFound.
    """
    ctx.actor.require(Permission.CUSTOMER_VIEW)
    with ctx.begin() as tx:
        saved = saved_filters.access_own(tx, ctx.actor.user_id, name)
        before = saved_filters.shares_of(tx, saved.id or 0)
        after = [*before, *_subjects(tx, with_whom)] if with_whom else []
        saved_filters.set_shares(tx, saved.id or 0, after)
        undo_id = _offer(tx, ctx, "filters.share", {"name": saved.name, "shares": before}, f"共享筛选 {saved.name}")
        now = _told(tx, saved_filters.shares_of(tx, saved.id or 0))
        _record(tx, ctx, "share.filter", saved, {"共享给": ("、".join(_told(tx, before)), "、".join(now))})
        return saved.name, now, undo_id


def undo_share(ctx: Context, payload: dict[str, Any]) -> str:
    """Shared with whom it was before."""
    with ctx.begin() as tx:
        saved = saved_filters.access_own(tx, ctx.actor.user_id, str(payload["name"]))
        was = _told(tx, saved_filters.shares_of(tx, saved.id or 0))
        saved_filters.set_shares(tx, saved.id or 0, [(str(k), int(i)) for k, i in payload["shares"]])
        now = _told(tx, saved_filters.shares_of(tx, saved.id or 0))
        _record(tx, ctx, "undo.share_filter", saved, {"共享给": ("、".join(was), "、".join(now))})
        return f"已撤销，「{saved.name}」{'共享给' + '、'.join(now) if now else '只有你自己用'}。"


def _subjects(tx: Tx, words: str) -> list[saved_filters.Share]:
    found: list[saved_filters.Share] = []
    for word in words.replace("、", " ").replace("，", " ").split():
        departments = people.list_departments_named(tx, word)
        role = roles.find_by_name(tx, word)
        if departments:
            found += [("department", d.department_id) for d in departments]
        elif role is not None:
            found.append(("role", role.id))
        else:
            raise NotFound(f"没有找到部门或角色「{word[:20]}」，例如「共享筛选 重点未跟进 给 销售一部」。")
    return found


def _told(tx: Tx, shares: list[saved_filters.Share]) -> tuple[str, ...]:
    names = people.department_names(tx, [i for kind, i in shares if kind == "department"])
    named = {line.id: line.name for line in roles.list_roles(tx)} if any(k == "role" for k, _ in shares) else {}
    return tuple(
        names.get(i, "已撤销的部门") if kind == "department" else named.get(i, "已删除的角色") for kind, i in shares
    )


def _reaching(tx: Tx, actor: Actor) -> set[int]:
    """The person's departments and those above them."""
    above = {d.department_id: d.parent_id for d in people.list_departments(tx)}
    found: set[int] = set()
    for department in actor.department_ids:
        at: int | None = department
        while at is not None and at not in found:
            found.add(at)
            at = above.get(at)
    return found


def _offer(tx: Tx, ctx: Context, kind: str, payload: dict[str, Any], text: str) -> int:
    return undos.offer(tx, user_id=ctx.actor.user_id, kind=kind, payload=payload, text=text, now=ctx.now, lasts=UNDO)


def _record(tx: Tx, ctx: Context, action: str, saved: SavedFilter, changes: dict[str, tuple[str, str]]) -> None:
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=f"filter:{saved.id}",
        name=saved.name, changes=changes,
    )  # fmt: skip
