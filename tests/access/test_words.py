"""What people type and tap: another team's customer is answered as one that there is not."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.core.actor import Permission
from bot.dispatch import Button
from cards.contacts import ContactsButton
from cards.custody import TransferButton
from cards.customers import FollowButton, OpenButton, TimelineButton
from cards.editing import EditAnywayButton, EditButton
from cards.followups import MoveNextButton
from cards.merges import MergeButton
from cards.pool import AskReturnButton, ReturnButton
from cards.search import OpenRecordButton
from cards.team import AskJoinButton, TeamButton
from cards.timeline import HistoryButton
from storage import roles
from storage.database import Database, Tx
from tests.access.row import ABSENT
from tests.support.company import id_of, load_company
from tests.support.room import Room

FOREIGN, NOWHERE = "深圳创想电子有限公司", "深圳想创电子有限公司"  # another team's, and one that there is not
SENTENCES = (
    "查 {}", "{}", "客户 {}", "我的客户 {}", "跟进 {} 电话聊了报价，下周三再打", "联系人 {}",
    "联系人 {} 王五 13812345670", "下次 {} 下周三", "退回 {} 无需求", "跟进记录 {}", "为什么我看不到 {}", "公海 {}",
    "搜 {}", "筛选 {}",
    "改 {} 城市 杭州", "补充信息 {}", "{} 的联系人", "给 {} 加协作人 赵磊", "协作人 {}", "{} 时间线", "锁定 {}",
    "把 {} 转给 赵磊", "删除客户 {}", "合并 华兴科技 和 {}", "申请协作 {}",
    "评论 {} 寄样品",
)  # fmt: skip


@pytest.mark.parametrize("sentence", SENTENCES)
async def test_a_foreign_name_is_answered_as_one_that_there_is_not(database: Database, sentence: str) -> None:
    """Text and counts, in words, for a person who may do everything but is outside the scope."""
    await load_company(database)
    await database.system(_widen)
    room = Room(database)
    await room.say("lina04", "公海")  # so that both are asked from the same state
    foreign = await room.say("lina04", sentence.format(FOREIGN))
    await room.say("lina04", "公海")
    absent = await room.say("lina04", sentence.format(NOWHERE))
    assert _without(foreign, FOREIGN) == _without(absent, NOWHERE)


def _widen(tx: Tx) -> None:
    """业务员 holds every function, and sees his own records only."""
    role = roles.find_by_name(tx, "业务员")
    assert role is not None
    roles.write_role(tx, role, replace(role, functions=frozenset(p.value for p in Permission), level="advanced"))


def _without(text: str, name: str) -> str:
    shown = text.replace(name, "X").replace(name.removesuffix("公司"), "X")
    return re.sub(r"dc-[0-9a-f]{40}", "", shown)


TAPS: dict[str, Callable[[int], Button]] = {
    "open": lambda i: OpenButton(customer_id=i),
    "timeline": lambda i: TimelineButton(customer_id=i),
    "follow": lambda i: FollowButton(customer_id=i),
    "move": lambda i: MoveNextButton(customer_id=i, day="2026-03-09"),
    "ask return": lambda i: AskReturnButton(customer_id=i),
    "return": lambda i: ReturnButton(customer_id=i, reason="重复"),
    "open record": lambda i: OpenRecordButton(kind="customer", record_id=i),
    "edit": lambda i: EditButton(customer_id=i),
    "edit anyway": lambda i: EditAnywayButton(customer_id=i),
    "contacts": lambda i: ContactsButton(customer_id=i),
    "the story": lambda i: HistoryButton(customer_id=i),
    "the team": lambda i: TeamButton(customer_id=i),
    "ask to join": lambda i: AskJoinButton(customer_id=i),
    "transfer": lambda i: TransferButton(customer_id=i, receiver_id="zhao05", with_deals=True),
    "merge": lambda i: MergeButton(head_id=i, tail_id=i),
}


@pytest.mark.parametrize("name", TAPS)
async def test_a_forged_tap_on_a_foreign_customer_is_answered_as_on_none(database: Database, name: str) -> None:
    await load_company(database)
    await database.system(_widen)
    foreign = await id_of(database, FOREIGN)
    answers = []
    room = Room(database)
    for customer in (foreign, ABSENT):
        await room.say("lina04", "我的客户")
        (card,) = (await room.cards("lina04"))[-1:]
        answers.append(await room.tap("lina04", card, TAPS[name](customer)))
    assert answers[0] == answers[1]
    assert FOREIGN not in answers[0]
