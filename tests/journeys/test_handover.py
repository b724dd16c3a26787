"""交接 as administrators meet it: somebody leaves, his things go to a colleague, and it can be taken back."""

from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from storage.tables import Contract, Customer, Handover, HandoverItem, Opportunity, OwnerHistory, RoleMember
from tests.support.stage import Stage, open_stage
from tests.support.world import customer, small_world, user

STAGES = [{"name": "初步接洽", "win_rate": 10, "kind": "open"}, {"name": "方案报价", "win_rate": 40, "kind": "open"}]


def full_world(**settings: Any) -> dict[str, Any]:
    """The small company with a second administrator, two people of one name, and things of every kind."""
    world = small_world(**{"admins": ["chen01", "hu02"], **settings})
    world["users"] += [
        user("hu02", "胡敏", 1),
        user("sun08", "孙悦", 102, manager="wang03"),
        user("sun09", "孙悦", 101),
    ]
    world["customers"] += [customer("无锡锐驰传动有限公司", "lina04", follow_ups=[
        {"by": "lina04", "at": "2026-02-27T10:00:00+08:00", "method": "电话", "content": "约了演示",
         "next_at": "2026-03-05T15:00:00+08:00"}])]  # fmt: skip
    world["stages"] = STAGES
    world["leads"] = [{"company": "常州未来电机", "contact": "吴", "mobile": "13700000001", "owner": "lina04"}]
    world["opportunities"] = [
        {
            "name": "产线改造",
            "customer": "华兴科技有限公司",
            "amount": "860000.00",
            "stage": "方案报价",
            "owner": "lina04",
        }
    ]
    world["contracts"] = [
        {"no": "HT-2026-007", "customer": "华兴科技有限公司", "owner": "lina04", "amount": "500000.00",
         "signed_on": "2026-02-10", "starts_on": "2026-02-10", "ends_on": "2026-12-16", "state": "effective",
         "payments": [{"amount": "200000.00", "on": "2026-02-20", "method": "转账"}]}
    ]  # fmt: skip
    return world


@pytest.fixture
def world(request: pytest.FixtureRequest) -> dict[str, Any]:
    return full_world(**getattr(request, "param", {}))


NOTICE = "/topapi/message/corpconversation/asyncsend_v2"
UPDATE = "/v1.0/card/instances"


async def owners(stage: Stage) -> dict[str, str | None]:
    def look(tx: Any) -> dict[str, str | None]:
        found = {c.name: c.owner_id for c in tx.exec(select(Customer)).all()}
        found |= {o.name: o.owner_id for o in tx.exec(select(Opportunity)).all()}
        return found | {c.number: c.owner_id for c in tx.exec(select(Contract)).all()}

    return await stage.app.db.system(look)


async def leave(stage: Stage, user_id: str) -> None:
    await stage.request("DELETE", f"/company/users/{user_id}")
    await stage.settle()


def words(items: list[dict[str, Any]]) -> str:
    return "\n".join(i["text"] for i in items)


async def test_each_administrator_is_told_once_of_a_leaving_and_gets_a_card(stage: Stage) -> None:
    for who in ("chen01", "hu02"):
        await stage.look(who)
    before = len(await stage.calls())
    await leave(stage, "lina04")
    spent = [c["path"] for c in (await stage.calls())[before:]]
    for who in ("chen01", "hu02"):
        items = await stage.look(who)
        assert sorted(i["kind"] for i in items) == ["card", "notice"]
        notice = next(i for i in items if i["kind"] == "notice")
        for part in ("李娜 已离职", "客户 4 家", "商机 1 个", "合同 1 份", "线索 1 条", "待跟进 1 家"):
            assert part in notice["text"], notice["text"]
        card = next(i for i in items if i["kind"] == "card")
        assert "客户 4 家" in card["text"]
        assert card["buttons"][0]["text"] == "交给 王强"
    assert len(spent) == 3, spent  # one notice to both, one card each
    await stage.advance(now="2026-03-03T09:30:00+08:00")
    assert "已离职" not in words(await stage.look("chen01"))


async def test_who_held_nothing_leaves_without_a_word(stage: Stage) -> None:
    await stage.look("chen01")
    await leave(stage, "qian07")
    assert await stage.look("chen01") == []


async def test_one_sentence_one_tap(both: Stage) -> None:
    await leave(both, "lina04")
    await both.look("zhao05")
    plan = await both.ask("chen01", "交接 李娜 给 赵磊 全部")
    for part in ("客户 4 家", "商机 1 个", "合同 1 份", "线索 1 条", "现有 1 家 → 交接后 5 家"):
        assert part in plan["text"], plan["text"]
    before = len(await both.calls())
    answer = await both.tap("chen01", plan, "开始交接")
    assert "交接完成" in answer["card"]["text"] and "客户 4/4 家" in answer["card"]["text"]
    await both.settle()
    paths = [c["path"] for c in (await both.calls())[before:]]
    held = await owners(both)
    assert "lina04" not in held.values() and held["HT-2026-007"] == "zhao05"
    news = await both.look("zhao05")
    assert len(news) == 1 and "李娜" in news[0]["text"] and "客户 4 家" in news[0]["text"]
    assert "1 家约了下次跟进" in news[0]["text"]
    # The answer rode in the ack; one notice to the receiver; each administrator's card of the leaving is redrawn.
    assert sorted(paths) == [NOTICE, UPDATE, UPDATE]


async def test_again_moves_nothing_and_says_who_did_it(stage: Stage) -> None:
    await stage.ask("chen01", "交接 李娜 给 赵磊 全部")
    assert "交接完成" in (await stage.ask("chen01", "开始交接"))["text"]
    again = await stage.ask("hu02", "交接 李娜 给 赵磊 全部")
    assert "0 条" in again["text"] and "陈静" in again["text"] and "赵磊" in again["text"]
    assert not again["buttons"]


async def test_only_the_chosen_kinds_move(stage: Stage) -> None:
    plan = await stage.ask("chen01", "交接 李娜 给 赵磊 客户和合同")
    assert "留在 李娜 名下：商机 1 个、线索 1 条" in plan["text"]
    await stage.tap("chen01", plan, "开始交接")
    held = await owners(stage)
    assert held["产线改造"] == "lina04" and held["HT-2026-007"] == "zhao05"
    assert held["华兴科技有限公司"] == "zhao05"


async def test_without_kinds_the_card_asks(stage: Stage) -> None:
    plan = await stage.ask("chen01", "交接 李娜 给 赵磊")
    assert not [b for b in plan["buttons"] if "开始交接" in b["text"]]
    await stage.tap("chen01", plan, "只交 合同")
    seen = await stage.card("chen01", plan)
    assert "交接：合同 1 份" in seen["text"]
    await stage.tap("chen01", plan, "加上 线索")
    answer = await stage.tap("chen01", plan, "开始交接")
    assert "合同 1/1 份、线索 1/1 条" in answer["card"]["text"]


async def test_the_guide_leads_there_by_taps_alone(stage: Stage) -> None:
    await leave(stage, "zhou06")
    await leave(stage, "lina04")
    guide = await stage.ask("chen01", "交接任务")
    assert "周敏" in guide["text"] and "李娜" in guide["text"] and "共 2 人" in guide["text"]
    await stage.tap("chen01", guide, "交接 周敏")
    await stage.tap("chen01", guide, "交给 孙悦")
    await stage.tap("chen01", guide, "全部交接")
    answer = await stage.tap("chen01", guide, "开始交接")
    assert "客户 1/1 家" in answer["card"]["text"]
    assert (await owners(stage))["深圳创想电子有限公司"] == "sun08"


async def test_two_people_of_one_name_are_asked_for(stage: Stage) -> None:
    asked = await stage.ask("chen01", "交接 李娜 给 孙悦 全部")
    assert "1 孙悦（销售二部" in asked["text"] and "2 孙悦（销售一部" in asked["text"]
    plan = await stage.ask("chen01", "2")
    assert "李娜 → 孙悦" in plan["text"]
    await stage.tap("chen01", plan, "开始交接")
    assert (await owners(stage))["华兴科技有限公司"] == "sun09"


async def test_a_leaver_of_the_same_name_is_asked_for(stage: Stage) -> None:
    await stage.post("/company/users", {"userid": "lina99", "name": "李娜", "departments": [102]})
    await stage.settle()
    await leave(stage, "lina04")
    asked = await stage.ask("chen01", "交接 李娜 给 赵磊 全部")
    assert "已离职 3月2日" in asked["text"] and "在职" in asked["text"] and "客户 4 家" in asked["text"]


@pytest.mark.parametrize(
    ("sentence", "answer"),
    [
        ("交接 李娜 给 李娜 全部", "换一位接手人"),
        ("交接 李娜 给 钱多 全部", "使用范围"),
        ("交接 李娜 给 周敏 全部", "已经离职"),
        ("交接 李娜 给 张三丰 全部", "没有找到在职同事「张三丰」"),
        ("交接 李娜 给 赵磊 回款", "跟着合同走"),
        ("交接 李娜 给 赵磊 桌椅", "没认出「桌椅」"),
    ],
)
async def test_what_cannot_be_is_refused_with_the_reason(stage: Stage, sentence: str, answer: str) -> None:
    await leave(stage, "zhou06")
    assert answer in (await stage.ask("chen01", sentence))["text"]


async def test_who_is_no_administrator_hands_over_nothing(stage: Stage) -> None:
    for words_ in ("交接 李娜 给 赵磊 全部", "交接任务", "撤销交接", "恢复角色 李娜"):
        assert "管理员" in (await stage.ask("wang03", words_))["text"]
    plan = await stage.ask("chen01", "交接 李娜 给 赵磊 全部")
    start = next(b for b in plan["buttons"] if "开始交接" in b["text"])
    body = {"as": "wang03", "force": True, "action_ids": start["action_ids"], "params": start["params"]}
    answer = await stage.post(f"/cards/{plan['card']['out_track_id']}/tap", body)
    assert answer["status"] == "ok"
    assert (await owners(stage))["华兴科技有限公司"] == "lina04"


async def test_a_stale_preview_counts_again_and_says_what_changed(stage: Stage) -> None:
    plan = await stage.ask("chen01", "交接 李娜 给 赵磊 全部")
    await stage.ask("lina04", "退回 华星电子 无需求")
    answer = await stage.tap("chen01", plan, "开始交接")
    assert "客户 4 → 3 家" in answer["card"]["text"] and "交接完成" not in answer["card"]["text"]
    assert (await owners(stage))["华兴科技有限公司"] == "lina04"
    answer = await stage.tap("chen01", plan, "开始交接")
    assert "客户 3/3 家" in answer["card"]["text"]


async def test_it_can_be_taken_back_but_for_what_was_touched(both: Stage) -> None:
    plan = await both.ask("chen01", "交接 李娜 给 赵磊 全部")
    await both.tap("chen01", plan, "开始交接")
    await both.say("zhao05", "跟进 华兴科技 电话 打过招呼了")
    await both.ask("zhao05", "退回 华星电子 无需求")
    await both.advance(now="2026-03-05T09:00:00+08:00")
    answer = await both.tap("chen01", plan, "撤销交接")
    text = answer["card"]["text"]
    assert "客户 2/4 家" in text and "华兴科技" in text and "华星电子" in text
    held = await owners(both)
    assert held["华兴科技有限公司"] == "zhao05" and held["华星电子有限公司"] is None
    assert held["宁波华东精密机械有限公司"] == "lina04" and held["产线改造"] == "lina04"
    again = await both.ask("hu02", "撤销交接 李娜")
    assert "没有可以撤销的交接" in again["text"]


async def test_after_72_hours_it_cannot(stage: Stage) -> None:
    plan = await stage.ask("chen01", "交接 李娜 给 赵磊 全部")
    await stage.tap("chen01", plan, "开始交接")
    later = await stage.ask("chen01", "撤销")
    assert "已撤销" in later["text"]
    plan = await stage.ask("chen01", "交接 李娜 给 赵磊 合同")
    await stage.tap("chen01", plan, "开始交接")
    await stage.advance(now="2026-03-02T12:00:00+08:00")
    assert "撤销交接" in (await stage.ask("chen01", "撤销"))["text"]  # the word alone means what was just done
    await stage.advance(now="2026-03-05T18:00:00+08:00")
    assert "72 小时" in (await stage.ask("chen01", "撤销交接"))["text"]
    assert (await owners(stage))["HT-2026-007"] == "zhao05"


@pytest.mark.parametrize("world", [{"pool": {"holding_cap": 3}}], indirect=True)
async def test_over_the_cap_an_administrator_chooses(stage: Stage) -> None:
    plan = await stage.ask("chen01", "交接 李娜 给 赵磊 客户")
    assert "会超 2 家" in plan["text"]
    assert [b["text"] for b in plan["buttons"] if "开始" in b["text"]] == []
    await stage.tap("chen01", plan, "先交 2 家")
    seen = await stage.card("chen01", plan)
    assert "交接：客户 2 家" in seen["text"]
    answer = await stage.tap("chen01", plan, "开始交接")
    assert "客户 2/2 家" in answer["card"]["text"]
    assert (await owners(stage))["无锡锐驰传动有限公司"] == "zhao05", "who has a next contact goes first"
    rest = await stage.ask("chen01", "交接 李娜 给 赵磊 客户")
    assert "先交" not in " ".join(b["text"] for b in rest["buttons"])
    await stage.tap("chen01", rest, "允许超上限")
    answer = await stage.tap("chen01", rest, "开始交接")
    assert "超上限" in answer["card"]["text"]

    def look(tx: Any) -> list[bool]:
        return [h.over_cap for h in tx.exec(select(Handover).order_by(col(Handover.id))).all()]

    assert await stage.app.db.system(look) == [False, True]


async def test_who_comes_back_has_no_old_rights_until_they_are_given(both: Stage) -> None:
    await leave(both, "lina04")
    await both.look("chen01")
    await both.post("/company/users", {"userid": "lina04", "name": "李娜", "departments": [101]})
    await both.settle()
    news = await both.look("chen01")
    assert "李娜 重新入职" in words(news) and "业务员" in words(news)
    assert "权限" in (await both.ask("lina04", "公海"))["text"]
    card = next(i for i in news if i["kind"] == "card")
    answer = await both.tap("chen01", card, "恢复角色")
    assert "已恢复 李娜 的角色：业务员" in answer["card"]["text"]
    assert "累计领取" in (await both.ask("lina04", "公海"))["text"]
    assert "没有要恢复的角色" in (await both.ask("hu02", "恢复角色 李娜"))["text"]


async def test_an_administrator_who_has_left_hands_over_nothing(both: Stage) -> None:
    """His cards, forged taps and messages are without effect from the event on (P2)."""
    plan = await both.ask("hu02", "交接 李娜 给 赵磊 全部")
    start = next(b for b in plan["buttons"] if "开始交接" in b["text"])
    await leave(both, "hu02")
    forged = {"as": "hu02", "force": True, "action_ids": start["action_ids"], "params": start["params"]}
    for body in ({"as": "hu02", "button": start["id"]}, forged):
        answer = await both.post(f"/cards/{plan['card']['out_track_id']}/tap", body)
        assert "在职" in answer["card"]["text"]
    await both.say("hu02", "交接 李娜 给 赵磊 全部")
    await both.say("hu02", "开始交接")
    assert (await owners(both))["华兴科技有限公司"] == "lina04"


async def test_an_administrator_who_leaves_is_none_when_he_comes_back(stage: Stage) -> None:
    await leave(stage, "hu02")
    await stage.post("/company/users", {"userid": "hu02", "name": "胡敏", "departments": [101]})
    await stage.settle()
    assert "管理员的功能" in (await stage.ask("hu02", "交接任务"))["text"]
    assert "添加管理员 胡敏" in words(await stage.look("chen01"))


async def test_several_leavers_are_one_message(stage: Stage) -> None:
    await stage.look("chen01")
    for who in ("lina04", "zhao05", "zhou06"):
        await stage.request("DELETE", f"/company/users/{who}?silent=1")
    await stage.say("hu02", "同步组织")
    items = await stage.look("chen01")
    notices = [i for i in items if i["kind"] == "notice"]
    assert len(notices) == 1
    assert all(name in notices[0]["text"] for name in ("李娜", "赵磊", "周敏"))
    assert len([i for i in items if i["kind"] == "card"]) == 1


async def test_reminders_of_a_leavers_customers_go_to_the_administrators_then_to_the_receiver(stage: Stage) -> None:
    """Invariant 73."""
    await leave(stage, "lina04")
    for who in ("chen01", "zhao05", "lina04"):
        await stage.look(who)
    await stage.advance(now="2026-03-04T09:30:00+08:00")
    assert "李娜名下：「无锡锐驰传动有限公司」下次跟进" in words(await stage.look("chen01"))
    assert await stage.look("lina04") == []
    plan = await stage.ask("chen01", "交接 李娜 给 赵磊 全部")
    await stage.tap("chen01", plan, "开始交接")
    await stage.settle()
    await stage.look("zhao05")
    await stage.advance(now="2026-03-05T09:30:00+08:00")
    assert "无锡锐驰传动有限公司" in words(await stage.look("zhao05"))


async def test_the_history_names_the_handover(stage: Stage) -> None:
    plan = await stage.ask("chen01", "交接 李娜 给 赵磊 客户")
    await stage.tap("chen01", plan, "开始交接")
    seen = (await stage.say("zhao05", "查 华兴科技"))[-1]
    assert "交接 赵磊" in seen["text"]

    def look(tx: Any) -> tuple[set[Any], set[Any]]:
        pages = tx.exec(select(OwnerHistory).where(OwnerHistory.how == "handover")).all()
        items = tx.exec(select(HandoverItem)).all()
        return {(p.handover_id, p.customer_id) for p in pages}, {(i.handover_id, i.record_id) for i in items}

    pages, items = await stage.app.db.system(look)
    assert pages == items and len(pages) == 4


async def test_a_return_to_the_pool_of_a_leavers_customer_is_told_to_the_administrators(stage: Stage) -> None:
    """The clock goes on (D5): nothing is orphaned."""
    await leave(stage, "lina04")
    await stage.look("chen01")
    await stage.advance(now="2026-03-12T09:30:00+08:00")
    assert (await owners(stage))["华星电子有限公司"] is None
    assert "李娜名下：「华星电子有限公司」15 天未跟进，已自动返回公海" in words(await stage.look("chen01"))


async def test_everything_can_be_said(stage: Stage) -> None:
    await leave(stage, "lina04")
    await stage.ask("chen01", "交接任务")
    assert "客户 4 家" in (await stage.ask("chen01", "李娜"))["text"]
    asked = await stage.ask("chen01", "给 赵磊")
    assert "交接哪些" in asked["text"]
    assert "还没选" in (await stage.ask("chen01", "确认"))["text"]
    assert "交接：客户 4 家、商机 1 个" in (await stage.ask("chen01", "全部"))["text"]
    assert "交接完成" in (await stage.ask("chen01", "确认"))["text"]


async def test_where_there_is_no_card_template_it_goes_by_words(world: dict[str, Any], tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/house.sqlite3"
    async with open_stage(world, url, tmp_path, template="none") as stage:
        await stage.look("chen01")
        await leave(stage, "lina04")
        assert "可以回复：「交接 李娜 给 王强」" in words(await stage.look("chen01"))
        plan = await stage.ask("chen01", "交接 李娜 给 王强")
        assert "「交接 李娜 给 王强 合同」" in plan["text"]
        plan = await stage.ask("chen01", "交接 李娜 给 王强 合同")
        assert "「交接 李娜 给 王强 客户 合同」" in plan["text"]
        assert "合同 1/1 份" in (await stage.ask("chen01", "开始交接"))["text"]


async def test_roles_of_a_leaver_are_kept_aside(stage: Stage) -> None:
    await leave(stage, "lina04")

    def look(tx: Any) -> list[str]:
        return list(tx.exec(select(RoleMember.user_id)).all())

    assert "lina04" not in await stage.app.db.system(look)


async def test_a_leaver_is_told_apart_from_a_namesake_who_stays_and_can_be_said_so(stage: Stage) -> None:
    def give(tx: Any) -> None:
        tx.exec(select(Customer).where(col(Customer.name) == "华兴科技有限公司")).one().owner_id = "sun09"

    await stage.app.db.system(give)
    await stage.look("chen01")
    await leave(stage, "sun09")
    told = words(await stage.look("chen01"))
    assert "孙悦（销售二部） 已离职" in told or "孙悦（销售一部） 已离职" in told
    shown = told.split("发送「交接 ")[1].split("」")[0]
    plan = await stage.ask("chen01", f"交接 {shown} 给 王强 客户")
    assert f"交接 {shown} → 王强" in plan["text"] and "交接：客户 1 家" in plan["text"]


async def test_people_are_named_as_they_are_shown(stage: Stage) -> None:
    asked = await stage.ask("chen01", "使用范围 部分员工 孙悦")
    shown = asked["text"].split("\n1 ")[1].split("\n")[0]
    assert "（" in shown and "sun0" not in shown
    assert f"部分员工：{shown}" in (await stage.ask("chen01", f"使用范围 部分员工 {shown}"))["text"]
    await stage.ask("chen01", "新建角色 内勤")
    assert shown in (await stage.ask("chen01", "角色 内勤 添加 孙悦"))["text"]
    assert f"添加成员：{shown}" in (await stage.ask("chen01", f"角色 内勤 添加 {shown}"))["text"]
