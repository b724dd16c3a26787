"""Base data as administrators keep it in chat: now → new, taken back, refused to others."""

from typing import Any

from tests.support.stage import Stage

ADMIN = "chen01"


async def _says(stage: Stage, text: str, who: str = ADMIN) -> str:
    return str((await stage.ask(who, text))["text"])


async def test_products_are_added_changed_taken_back_and_put_out_of_use(stage: Stage) -> None:
    assert "已新增产品 QX-9 激光头" in await _says(stage, "新增产品 QX-9 激光头 8600")
    assert "编号「QX-9」已经是" in await _says(stage, "新增产品 qx-9 另一个 1")
    item = await stage.ask(ADMIN, "修改产品 QX-9 单价 9000")
    assert "8,600.00 元 → 9,000.00 元" in item["text"]
    answer = await stage.tap(ADMIN, item, "撤销")
    assert "改回原样" in answer["card"]["text"]
    assert "8,600.00 元" in await _says(stage, "产品 QX-9")
    assert "启用 → 停用" in await _says(stage, "停用产品 QX-9")
    assert "已停用" in await _says(stage, "产品 QX-9")


async def test_competitors_and_stages(stage: Stage) -> None:
    assert "优势：价格低" in await _says(stage, "新增竞争对手 恒力机床有限公司 优势 价格低 劣势 交期长")
    assert "已经有竞争对手" in await _says(stage, "新增竞争对手 恒力机床有限责任公司")
    assert "交期长 → 没有售后" in await _says(stage, "修改竞争对手 恒力机床有限公司 劣势 没有售后")
    assert "已新增阶段 样品测试 赢率 40%" in await _says(stage, "新增阶段 样品测试 40%")
    item = await stage.ask(ADMIN, "阶段 样品测试 赢率 45%")
    assert "40% → 45%" in item["text"]
    assert "已删除竞争对手" in await _says(stage, "删除竞争对手 恒力机床有限公司")
    await stage.tap(ADMIN, item, "撤销")
    assert "赢率 40%" in await _says(stage, "销售阶段")


async def test_a_batch_of_targets_asks_before_it_overwrites(stage: Stage) -> None:
    assert "3月 （空） → 500,000.00" in await _says(stage, "设目标 李娜 合同额 2026年 3月50万")
    assert "回复「覆盖」" in await _says(stage, "设目标 李娜 合同额 2026年 每月30万")
    assert "全年 3,800,000.00 元" in await _says(stage, "只填空")
    assert "是合同额还是回款额" in await _says(stage, "设目标 李娜 4月 1万")
    assert "回款额目标" in await _says(stage, "回款额")
    assert "没有找到「没有此人」" in await _says(stage, "设目标 没有此人 合同额 每月1万")


async def test_the_approval_is_set_up_in_a_dialogue(stage: Stage) -> None:
    first = await _says(stage, "开票审批设置")
    assert "申请 → 出纳开票 → 结束" in first
    assert "隐藏 合同金额、联系人电话" in await _says(stage, "隐藏 合同金额 联系人电话")
    assert "参与者 李娜" in await _says(stage, "参与者 李娜")
    assert "没有找到角色或在职同事「董事长」" in await _says(stage, "参与者 董事长")


async def test_who_is_no_administrator_is_refused(stage: Stage) -> None:
    for sentence in (
        "新增阶段 X 10%",
        "销售阶段",
        "开票审批设置",
        "新增产品 A B 1",
        "新增竞争对手 X",
        "设目标 李娜 合同额 3月1万",
    ):
        text = await _says(stage, sentence, "lina04")
        assert "权限" in text or "管理员" in text, (sentence, text)


async def test_a_page_is_turned(stage: Stage) -> None:
    for n in range(7):
        await _says(stage, f"新增产品 P-{n} 零件{n} {n + 1}")
    item: dict[str, Any] = await stage.ask(ADMIN, "产品 零件")
    assert "共 7 个 · 第 1/2 页" in item["text"]
    answer = await stage.tap(ADMIN, item, "下一页")
    assert "零件6" in answer["card"]["text"]
