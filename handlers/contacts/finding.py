"""Which contact is meant by 陈强, 华兴 陈强, 华兴的陈强."""

from dataclasses import dataclass

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import NotFound
from bot.core.markup import escape
from bot.dispatch import CardRef, Reply, Talk
from handlers.contacts import views
from handlers.contacts.service import edit_contact
from handlers.customers.finding import THIS, find_customer
from storage import contacts


@dataclass(frozen=True, slots=True)
class Hit:
    """A contact that could be meant."""

    contact_id: int
    name: str
    customer_id: int
    customer: str


def find_contacts(ctx: Context, talk: Talk | None, words: str) -> list[Hit]:
    """Contacts of exactly that name whom the actor sees; of the customer named before it, or last spoken of, alone."""
    whole = words.strip()
    if " " in whole and (hits := _called(ctx, talk, "", whole)):  # Mike Chen
        return hits
    parts = (whole.replace("的", " ", 1) if " " not in whole or "的" in whole.split(" ", 1)[0] else whole).split()
    for cut in range(1, len(parts)):  # 小米 Mike Chen, 小米 科技 雷军
        hits = _called(ctx, talk, " ".join(parts[:cut]), " ".join(parts[cut:]))
        if hits:
            return hits
    return _called(ctx, talk, "", whole) if " " not in whole else []


def _called(ctx: Context, talk: Talk | None, head: str, name: str) -> list[Hit]:
    """Of exactly that name; `head`: the customer, empty where none is named."""
    wanted: set[int] | None = None  # the customers it may be of
    if head.strip() in THIS and talk is not None and (subject := talk.subject()) is not None:
        wanted = {subject}
    elif head:
        which = find_customer(ctx, head.strip(), pooled=False)
        wanted = {which.certain} if which.certain is not None else {i for i, _ in which.options}
    with ctx.begin() as tx:
        found = [c for c in contacts.list_called(tx, name) if wanted is None or c.customer_id in wanted]
        owners = contacts.list_owners(tx, [c.customer_id for c in found])
        meets = ctx.actor.may(Permission.CONTACT_VIEW)
        hits = [
            Hit(c.id or 0, c.name, c.customer_id, owners[c.customer_id][0])
            for c in found
            if c.customer_id in owners
            and (owner := owners[c.customer_id][1]) is not None
            and (meets or owner == ctx.actor.user_id)
        ]
    subject = talk.subject() if talk is not None else None
    here = [h for h in hits if h.customer_id == subject]
    return here or hits


def ask_which(talk: Talk, hits: list[Hit], verb: str, **slots: object) -> Reply:
    """Several have that name: the answer is a number."""
    talk.ask("contacts.which", ids=[h.contact_id for h in hits], verb=verb, **slots)
    lines = [f"{n} {h.name} · {h.customer}" for n, h in enumerate(hits, start=1)]
    return Reply("\n".join(["是哪一位？回复数字：", *lines]))


def missing(words: str) -> NotFound:
    """Nobody of that name is to be seen."""
    return NotFound(f"没有找到联系人「{words[:30]}」，写上客户名再试，例如「联系人 华兴 陈强」。")


def edit_found(ctx: Context, talk: Talk, hits: list[Hit], changes: dict[str, str]) -> Reply:
    """Changes the one that is meant; which of several is asked."""
    if len(hits) > 1:
        return ask_which(talk, hits, "edit", changes=changes)
    done = edit_contact(ctx, hits[0].contact_id, changes)
    talk.settle()
    talk.about(done.customer_id)
    return Reply(
        done_text(done.name, done.lines), card=views.contact_ref(done.contact_id, done.customer_id, done.undo_id)
    )


def done_text(name: str, lines: list[str]) -> str:
    """What was changed."""
    return escape(f"已修改 {name}：{'；'.join(lines)}") if lines else f"没有变化，{name} 本来就是这样。"


def open_contact(talk: Talk, hit: Hit) -> Reply:
    """One person's card."""
    talk.settle()
    talk.about(hit.customer_id)
    return Reply(card=views.contact_ref(hit.contact_id, hit.customer_id))


def list_of(talk: Talk, customer_id: int) -> Reply:
    """A customer's contacts."""
    talk.settle()
    talk.about(customer_id)
    return Reply(card=CardRef("contacts.list", {"customer_id": customer_id}, (f"customer:{customer_id}",)))
