"""Comments with @, and dialogues that are left and gone on with, over the real SDK and the sandbox."""

from tests.support.stage import Stage


async def test_who_is_named_gets_one_notice(stage: Stage) -> None:
    await stage.look("wang03")
    done = await stage.ask("lina04", "评论 华兴科技 @王强 @周敏 报价单发我看看")
    assert "已评论" in done["text"] and "周敏 看不到" in done["text"]
    (news,) = await stage.look("wang03")
    assert news["kind"] == "notice" and "报价单发我看看" in news["text"] and "李娜" in news["text"]
    assert await stage.look("zhou06") == []
    assert "报价单发我看看" in (await stage.ask("wang03", "华兴科技 时间线"))["text"]
    assert "已撤销" in (await stage.ask("lina04", "撤销"))["text"]
    assert "报价单发我看看" not in (await stage.ask("wang03", "华兴科技 时间线"))["text"]


async def test_a_comment_by_the_form_on_the_card(stage: Stage) -> None:
    card = await stage.ask("lina04", "查 华兴科技")
    opened = await stage.tap("lina04", card, "评论")
    fields = {f["name"]: f for f in opened["card"]["form"]["fields"]}
    assert fields["content"]["required"] and {o["text"] for o in fields["mentioned"]["options"]} >= {"王强"}
    await stage.look("wang03")
    done = await stage.fill("lina04", card, content="样品寄出了吗", mentioned=["wang03"])
    assert "已评论" in done["card"]["text"]
    await stage.settle()
    (news,) = await stage.look("wang03")
    assert "样品寄出了吗" in news["text"]


async def test_a_dialogue_left_and_gone_on_with(stage: Stage) -> None:
    form = await stage.ask("lina04", "新建客户 杭州启新包装")
    away = await stage.ask("lina04", "公海")
    assert "已放下刚才的新建客户，回复「继续新建客户」可接着填" in away["text"]
    listed = await stage.ask("lina04", "草稿")
    assert "1 新建客户" in listed["text"]
    back = await stage.ask("lina04", "1")
    assert "杭州启新包装" in back["text"]
    assert "已创建" in (await stage.ask("lina04", "陈强 13912349999"))["text"]
    late = await stage.fill("lina04", form, name="杭州启新包装", contact="陈强", mobile="13912349999")
    assert "已经有这家客户了" in late["card"]["text"]


async def test_a_follow_up_left_for_help_and_gone_on_with(stage: Stage) -> None:
    await stage.ask("lina04", "跟进 华兴科技")
    assert "已放下刚才的跟进" in (await stage.ask("lina04", "帮助"))["text"]
    await stage.advance(advance_seconds=3600)
    assert "聊了什么" in (await stage.ask("lina04", "继续"))["text"]
    assert "已记录" in (await stage.ask("lina04", "电话 聊了交期"))["text"]
    assert "没有放下的草稿" in (await stage.ask("lina04", "放弃草稿"))["text"]


async def test_a_list_that_is_open_takes_the_word_for_its_next_page(stage: Stage) -> None:
    first = await stage.ask("lina04", "公海")
    assert "共 " in first["text"] or "7" in first["text"]
    second = await stage.ask("lina04", "继续")
    assert "没有放下的草稿" not in second["text"]
