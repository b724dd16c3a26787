"""A company's own fields of customers and contacts that are there already: changed by sentence and form, taken back."""

from tests.support.stage import Stage

ADMIN, LINA = "chen01", "lina04"


async def last(stage: Stage, text: str, who: str = LINA) -> str:
    """What is answered; older cards follow the change before it."""
    return str((await stage.say(who, text))[-1]["text"])


async def test_a_customer_is_changed_by_sentence_and_form(both: Stage) -> None:
    stage = both
    await stage.say(ADMIN, "新增字段 客户 年采购额 金额")
    await stage.say(ADMIN, "新建字典 设备类型字典 数控;普通")
    await stage.say(ADMIN, "新增字段 客户 设备类型 选项 设备类型字典")
    assert "年采购额 （空） → ¥500,000.00" in await last(stage, "改 华兴科技 年采购额 50万")
    assert "改回：年采购额 ¥500,000.00 → （空）" in await last(stage, "撤销")
    assert "年采购额 （空） → ¥600,000.00" in await last(stage, "华兴科技的年采购额改成60万")
    both_at_once = await last(stage, "改 它 城市 杭州 设备类型 数控")
    assert "城市 （空） → 杭州" in both_at_once and "设备类型 （空） → 数控" in both_at_once
    assert "没认出「很多」" in await last(stage, "改 华兴科技 年采购额 很多")
    assert "没有「激光」这个选项" in await last(stage, "修改客户 华兴科技 设备类型 激光")
    assert "没有找到「上海明德」" in await last(stage, "改 上海明德 年采购额 5万")
    form = await stage.ask(LINA, "补充信息 华兴科技")
    drawn = (await stage.card(LINA, form))["form"]
    assert drawn is not None
    names = {f["label"]: f["name"] for f in drawn["fields"]}
    saved = await stage.fill(LINA, form, **{names["年采购额"]: "80万", names["设备类型"]: "普通"})
    assert "年采购额 ¥600,000.00 → ¥800,000.00" in saved["card"]["text"]
    assert "设备类型 数控 → 普通" in saved["card"]["text"]
    story = await last(stage, "全部动态 华兴科技")
    assert "年采购额 ¥600,000.00 → ¥800,000.00" in story
    await stage.say(ADMIN, "字段权限 业务员 客户 年采购额 隐藏")
    assert "年采购额" not in await last(stage, "全部动态 华兴科技"), "nor may its changes be read"
    assert "年采购额" not in await last(stage, "查 华兴科技")
    assert "你不能填客户的「年采购额」" in await last(stage, "改 华兴科技 年采购额 1万")


async def test_a_renamed_field_is_kept_back_in_the_story_too(stage: Stage) -> None:
    await stage.say(ADMIN, "新增字段 客户 年采购额 金额")
    await stage.say(LINA, "改 华兴科技 年采购额 50万")
    await stage.say(ADMIN, "修改字段 客户 年采购额 名称 年采购预算")
    await stage.say(ADMIN, "字段权限 业务员 客户 年采购预算 隐藏")
    assert "500,000" not in await last(stage, "全部动态 华兴科技")


async def test_a_contact_is_changed_by_sentence_and_form(stage: Stage) -> None:
    await stage.say(ADMIN, "新增字段 联系人 生日 日期")
    assert "生日 1990年5月1日" in await last(stage, "改联系人 华兴科技 陈强 生日 1990-05-01")
    changed = await last(stage, "改 陈强 生日 1991-05-01 职务 总监")
    assert "生日 1991年5月1日" in changed and "职务 总监" in changed
    assert "已撤销对联系人 陈强 的修改" in await last(stage, "撤销")
    shown = (await stage.say(LINA, "改联系人 华兴科技 陈强"))[-1]
    assert "生日 1990年5月1日" in shown["text"]
    await stage.tap(LINA, shown, "修改")
    names = {f["label"]: f["name"] for f in (await stage.card(LINA, shown))["form"]["fields"]}
    saved = await stage.fill(LINA, shown, **{names["生日"]: "1992-06-07"})
    assert "生日 1992年6月7日" in saved["card"]["text"]
