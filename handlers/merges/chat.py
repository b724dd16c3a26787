"""What people type to merge two customers: `合并 X 和 Y`."""

import re
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.dispatch import ChatMessage, Reply, Router, Talk
from handlers.customers.finding import THIS, find_customer
from handlers.merges import views
from handlers.merges.rules import chosen_fields
from handlers.merges.service import merge_customers, preview_merge

router = Router("merges.chat")
EXAMPLE = "合并 华兴科技 和 华兴科技杭州"
AND = re.compile(r"^(?:把|将)?\s*(?P<one>.+?)\s*(?P<joint>和|与|跟|、|，|,|并入|并到|合并到|到|\s)\s*(?P<other>.+)$")
INTO = ("并入", "并到", "合并到", "到")
SPOKEN = re.compile(
    r"(?:请|帮我)?(?:把|将)\s*(?P<one>.{2,60}?)\s*(?P<joint>合并到|并入|并到|合并进)\s*(?P<other>.{2,60})"
)
CONFIRMED = re.compile(
    r"(?:确认合并|确认|合并|是)(?:[\s,，:：]*(?:用|取|要)(?:另一家|并入的|对方)的?\s*(?P<fields>.+))?"
)


@router.command("合并客户", "合并")
def merge(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`合并 X 和 Y`: X stays; `合并 X 到 Y`: Y does. What it would do comes first."""
    ctx.actor.require(Permission.CUSTOMER_DELETE)
    for said in _splits(message.args):
        one, other = (find_customer(ctx, _plain(words), pooled=None) for words in (said["one"], said["other"]))
        if one.certain is not None and other.certain is not None:
            pair = (other.certain, one.certain) if said["joint"] in INTO else (one.certain, other.certain)
            return _preview(ctx, talk, *pair)
    parts = AND.match(message.args)
    if parts is None:
        raise InvalidInput(f"要合并哪两家？例如「{EXAMPLE}」。")
    for words in (parts["one"], parts["other"]):
        subject = talk.subject()
        if _plain(words) in THIS and subject is not None:
            continue
        found = find_customer(ctx, _plain(words), pooled=None)
        if found.certain is None and found.options:
            some = "；".join(text for _, text in found.options[:3])
            raise InvalidInput(f"「{_plain(words)[:30]}」不确定是哪一家：{some}。两家都写全名再发一次。")
        if found.certain is None:
            return found.ask(talk, "customers.open", "合并")
    raise InvalidInput(f"要合并哪两家？写两家的全名，例如「{EXAMPLE}」。")


@router.sentence(13)
def spoken(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`把 X 合并到 Y`."""
    said = SPOKEN.fullmatch(message.text.strip(" 。"))
    if said is None:
        return None
    ctx.actor.require(Permission.CUSTOMER_DELETE)
    one, other = (find_customer(ctx, said[part].strip(), pooled=None) for part in ("one", "other"))
    if one.certain is None or other.certain is None:
        raise InvalidInput(f"两家都写全名再发一次，例如「{EXAMPLE}」。")
    return _preview(ctx, talk, other.certain, one.certain)


def _plain(words: str) -> str:
    return words.strip(" ，,、。").removesuffix("合并").strip()


def _splits(text: str) -> list[re.Match[str]]:
    """Every place where the sentence may be parted: 和 stands in names too."""
    found = []
    for joint in re.finditer(r"\s*(?:和|与|跟|、|，|,|并入|并到|合并到|到|\s)\s*", text):
        whole = f"{text[: joint.start()]}\n{joint[0].strip()}\n{text[joint.end() :]}"
        parted = re.fullmatch(r"(?P<one>[^\n]+)\n(?P<joint>[^\n]*)\n(?P<other>[^\n]+)", whole)
        if parted is not None:
            found.append(parted)
    return found[:6]


def _preview(ctx: Context, talk: Talk, head_id: int, tail_id: int) -> Reply:
    preview = preview_merge(ctx, head_id, tail_id)
    talk.ask("merges.confirm", head_id=preview.head_id, tail_id=preview.tail_id)
    return Reply(card=views.preview_ref(preview))


@router.question("merges.confirm")
def confirm(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`确认合并`, `确认合并 用另一家的 城市、电话`, or not."""
    head_id, tail_id = int(pending["head_id"]), int(pending["tail_id"])
    said = CONFIRMED.fullmatch(message.text.strip(" 。"))
    if said is not None:
        chosen: list[str] = []
        if said["fields"]:
            labels = {d.label: d.name for d in preview_merge(ctx, head_id, tail_id).differing}
            chosen = chosen_fields(said["fields"], labels)
        done = merge_customers(ctx, head_id, tail_id, chosen=chosen)
        talk.settle()
        talk.about(done.customer_id)
        return Reply(card=views.merged_ref(done))
    if message.text in ("不", "不合并", "算了"):
        talk.settle()
        return Reply("好的，没有合并。")
    return None
