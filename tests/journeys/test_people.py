"""Who may ask at all, customers and contacts, the day's list, help, and what is not understood."""

from tests.journeys.conftest import DRAWN
from tests.support.stage import Stage


async def test_who_is_out_of_the_usage_scope_gets_one_polite_sentence(stage: Stage) -> None:
    item = await stage.ask("qian07", "公海")
    assert "使用范围" in item["text"] and "海蓝" not in item["text"] and not item["buttons"]


async def test_an_outsider_in_a_group_gets_one_polite_sentence_and_no_data(stage: Stage) -> None:
    await stage.look("lina04")
    await stage.post("/messages", {"from": "外部王总", "external": True, "to": "cidSALES", "text": "公海"})
    await stage.settle()
    news = await stage.look("lina04")
    assert len(news) == 1 and "只为本公司" in news[0]["text"]


async def test_a_leaver_loses_access_at_once(stage: Stage) -> None:
    card = await stage.ask("lina04", "公海 食品")
    await stage.request("DELETE", "/company/users/lina04")
    await stage.settle()
    answer = await stage.tap("lina04", card, "海蓝")
    assert "在职" in answer["card"]["text"]
    assert "已被" not in (await stage.ask("zhao05", "公海 食品"))["text"]


@DRAWN
async def test_a_customer_is_created_found_and_undone(stage: Stage) -> None:
    made = await stage.ask("lina04", "新建客户 杭州天路贸易 陈一13912345678 展会 想要报价")
    assert "已创建" in made["text"] and "陈一" in made["text"] and "展会" in made["text"]
    for query in ("天路贸易", "hztlmy", "5678"):
        items = await stage.say("lina04", f"查 {query}")
        assert "杭州天路" in items[-1]["text"], query
    twice = await stage.ask("zhao05", "新建客户 杭州天路贸易有限公司 李四 13912345670")
    assert "已经有这家客户" in twice["text"] and "13912345678" not in twice["text"]


async def test_what_is_missing_of_a_customer_is_asked_once(stage: Stage) -> None:
    asked = await stage.ask("lina04", "新建客户 无锡天虹轴承")
    assert "还差" in asked["text"]
    made = await stage.ask("lina04", "陈强 13812345111")
    assert "已创建" in made["text"] and "无锡天虹轴承" in made["text"]


async def test_a_contact_is_added_and_shown(stage: Stage) -> None:
    said = await stage.ask("lina04", "联系人 华星电子 刘洋 采购经理 13700001234")
    assert "刘洋" in said["text"]
    assert "刘洋 采购经理 13700001234" in (await stage.ask("lina04", "查 华星电子"))["text"]


async def test_the_scope_holds_in_lists_and_search(stage: Stage) -> None:
    own = (await stage.ask("lina04", "客户"))["text"]
    assert "共 3 家" in own and "明德" not in own
    team = (await stage.ask("wang03", "客户"))["text"]
    assert "共 4 家" in team and "创想" not in team
    everything = (await stage.ask("chen01", "客户"))["text"]
    assert "共 5 家" in everything
    hidden, absent = await stage.ask("lina04", "查 深圳创想电子"), await stage.ask("lina04", "查 深圳不存在电子")
    assert hidden["text"].replace("深圳创想电子", "X") == absent["text"].replace("深圳不存在电子", "X")


@DRAWN
async def test_today_lists_what_is_due(stage: Stage) -> None:
    assert "今天没有要联系的客户" in (await stage.ask("lina04", "今天"))["text"]
    await stage.ask("lina04", "跟进 华兴科技 电话 聊了报价 今天下午3点再打")
    day = await stage.ask("lina04", "首页")
    assert "华兴科技" in day["text"] and "15:00" in day["text"]
    asked = await stage.tap("lina04", day, "记跟进")
    assert "聊了什么" in asked["card"]["text"]
    done = await stage.ask("lina04", "已经打过了，他们同意了")
    assert "已记录" in done["text"] and "华兴科技" in done["text"]


async def test_help_names_what_one_may_do(stage: Stage) -> None:
    assert "分配" not in (await stage.ask("lina04", "帮助"))["text"]
    assert "分配" in (await stage.ask("wang03", "帮助"))["text"]
    assert "同步组织" in (await stage.ask("chen01", "帮助"))["text"]


async def test_what_is_not_understood_has_three_different_ways_out(stage: Stage) -> None:
    answers = [(await stage.ask("lina04", "咕噜咕噜吧啦"))["text"] for _ in range(3)]
    assert len(set(answers)) == 3 and "陈静" in answers[2]


async def test_customer_data_asked_for_in_a_group_comes_in_private(stage: Stage) -> None:
    items = await stage.say("lina04", "查 华兴科技", to="cidSALES")
    private = [i for i in items if i["conversation"] == "bot"]
    public = [i for i in items if i["conversation"] == "cidSALES"]
    assert "陈强" in private[0]["text"]
    assert len(public) == 1 and "华兴" not in public[0]["text"]


async def test_an_administrator_syncs_and_sees_the_tree(stage: Stage) -> None:
    items = await stage.say("chen01", "同步组织")
    assert any("人员" in i["text"] for i in items)
    assert "销售一部" in (await stage.ask("chen01", "组织机构"))["text"]
    assert "管理员" in (await stage.ask("lina04", "同步组织"))["text"]
