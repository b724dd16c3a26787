"""帮助 names everything that can be said (U51, conversation.md B10), to who may say it."""

from handlers.help.topics import GROUPS
from handlers.registry import ROUTERS
from storage.database import Database
from tests.support.company import load_company
from tests.support.room import DISPATCHER, Room

ALIASES = {  # commands that say in other words what a line of 帮助 says: handler → the line's word
    "contracts.void_number": "作废合同",
    "dictionaries.rename": "新建字典",  # refused: names never change
    "help.help_all": "帮助",
}
SENTENCES = {  # what no command word begins: handler → how a line of 帮助 says it, or the line's word
    "administrators.make": "添加管理员", "approvals.call_off": "撤回申请", "approvals.hand_on": "转交",
    "contacts.all_of": "联系人", "contacts.left": "停用联系人", "contracts.asked_for": "快到期的合同",
    "contracts.line_of": "HT-2026-007 加产品 ZJ-001 2台 9折", "contracts.signed": "合同", "contracts.whose": "查合同",
    "custody.transfer_spoken": "把 华兴 转给 李敏，商机和合同一起转", "customers.ask_about": "查",
    "customers.where": "华兴到哪一步了",
    "customers.bare_name": "查", "exchange.export_spoken": "导出",
    "customers.contact_spoken": "联系人", "dictionaries.switch": "数据字典",
    "editing.spoken": "改", "editing.with_own_fields": "改", "filters.bare_conditions": "客户",
    "filters.bare_saved": "筛选", "filters.quiet_customers": "客户", "followups.free_sentence": "跟进",
    "followups.moved": "下次", "handover.sentence": "交接任务", "pool.dropped": "退回", "pool.given": "分配",
    "leads.of_name": "线索转客户", "leads.told_of_one": "跟进线索",
    "help.not_understood": "帮助",
    "leads.of_it": "线索转客户", "home.asked": "今天", "merges.spoken": "合并", "opening.already_open": "今天",
    "opportunities.change": "二期扩容 进入报价", "opportunities.with_own_fields": "改商机",
    "opportunitylines.change": "商机加产品", "revisions.edit": "修改申请", "rivals.change": "商机加对手",
    "invoices.taken_up": "开票",
    "invoiceflow.of_a_node": "开票审批设置", "org.unasked_credentials": "凭证", "payments.came_in": "回款",
    "paymentplans.plans_of": "回款计划", "pool.assign_spoken": "分配", "roles.give": "角色",
    "roles.what_can": "角色权限", "roles.why_somebody": "为什么 李娜 看不到 华兴科技", "search.bare_words": "搜",
    "settings.by_other_name": "后台管理",
    "team.add_spoken": "给 华兴 加协作人 李敏 只读 到 3月底", "team.end_spoken": "移除协作人",
    "team.show_spoken": "看协作人", "team.together": "协作人", "contacts.other_number": "改联系人",
    "payments.asked_for": "我的回款", "products.price": "ZJ-001 多少钱",
    "products.price_of_none": "ZJ-001 多少钱",
    "timeline.spoken": "时间线", "visits.spoken": "外勤",
}  # fmt: skip
LINES = [line for group in GROUPS for line in group.lines]


def _called(handler: object) -> str:
    return f"{handler.__module__.split('.')[1]}.{handler.__name__}"  # type: ignore[attr-defined]


def test_help_names_every_command() -> None:
    reached = {_called(found[0].handler) for line in LINES if (found := DISPATCHER.find_command(line.example))}
    there = {_called(command.handler) for router in ROUTERS for command in router.commands}
    assert len(there) > 100, "the search finds nothing: the test is broken"
    assert there - reached - set(ALIASES) == set()
    assert set(ALIASES) <= there - reached
    assert set(ALIASES.values()) <= {line.word for line in LINES}


def test_help_names_every_sentence() -> None:
    there = {_called(handler) for router in ROUTERS for _, handler in router.sentences}
    assert there == set(SENTENCES)
    assert set(SENTENCES.values()) <= {line.word for line in LINES} | {line.example for line in LINES}


def test_every_line_leads_somewhere() -> None:
    """What is no command's is a sentence's."""
    lost = {line.example for line in LINES if DISPATCHER.find_command(line.example) is None}
    assert lost - set(SENTENCES.values()) == {
        "HT-2026-007 删除产品 ZJ-001", "二期扩容 加产品 ZJ-001 2台 9折", "二期扩容 删除产品 ZJ-001",
        "二期扩容 加竞争对手 恒力机床 报价 28万", "撤回 FP-2026-0001", "转交 FP-2026-0001 王芳",
        "修改 FP-2026-0001 备注 加急",
    }  # fmt: skip
    assert len({line.word for line in LINES}) == len(LINES), "帮助 X means one line"


async def test_each_reads_what_he_may_do(sqlite: Database) -> None:
    await load_company(sqlite)
    room = Room(sqlite)
    brief = await room.say("lina04", "帮助")
    assert "领取" in brief and "作废合同" not in brief and brief.count("\\n") < 20 and "管理员 陈静" in brief
    assert "【公海】公海 · 领取" in brief and "＊" not in brief
    seller, admin = await room.say("lina04", "全部命令"), await room.say("chen01", "全部命令")
    assert "**公海**" in seller and "分配" not in seller and "**管理员**" not in seller and "作废合同" not in seller
    everything = [line.example for line in LINES]
    assert [example for example in everything if example not in admin] == []
    assert len(admin) < 5000, "longer than DingTalk takes"
    assert "HT-2026-007 加产品" in await room.say("chen01", "帮助 合同")
    about = await room.say("lina04", "帮助 合同")
    assert "HT-2026-007" not in about, "not for who may do nothing with contracts"
    assert "例如：领取 宁波海蓝" in await room.say("lina04", "帮助 领取")
    assert "**管理员**" not in await room.say("lina04", "帮助 管理员")
