"""Role × use case × door: a sentence and a tap are let in by the same functions."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.core.actor import Permission
from bot.dispatch import Button
from cards.customers import FollowButton, OpenButton
from cards.customfields import FormsButton, OpenFormButton, SwitchFieldButton
from cards.editing import EditButton
from cards.followups import MoveNextButton
from cards.invoiceflow import TryFlowButton
from cards.pool import ClaimButton, PoolPageButton
from cards.roles import (
    DeleteRoleButton,
    OpenRoleButton,
    RemoveMemberButton,
    RoleFieldButton,
    RoleFunctionButton,
    RoleLevelButton,
    RoleScopeButton,
    RolesPageButton,
)
from storage import roles
from storage.database import Database, Tx
from storage.settings import read_settings
from storage.tables import SyncRun
from tests.access.row import NOW, P
from tests.support.company import id_of, load_company
from tests.support.room import Room

DOORS: dict[str, tuple[Permission | str, str, Callable[[int], Button] | None]] = {
    # what it needs, how it is said, how it is tapped
    "see another's customer": (P.CUSTOMER_VIEW, "查 上海明德仪器有限公司", lambda i: OpenButton(customer_id=i)),
    "list customers": (P.CUSTOMER_VIEW, "客户", None),
    "create a customer": (P.CUSTOMER_ADD, "新建客户 杭州新远航贸易 陈强 13812340000", None),
    "add a contact": (P.CONTACT_ADD, "联系人 华东精密 王五 13812340001", None),
    "log a follow-up": (P.FOLLOWUP_ADD, "跟进 华东精密 电话聊了报价", lambda i: FollowButton(customer_id=i)),
    "plan the next contact": (
        P.FOLLOWUP_ADD, "下次 华东精密 下周三", lambda i: MoveNextButton(customer_id=i, day="2026-03-09"),
    ),
    "change a field": (P.CUSTOMER_ADD, "改 华东精密 城市 杭州", lambda i: EditButton(customer_id=i)),
    "lock": (P.CUSTOMER_ADD, "锁定 华东精密", None),
    "a team": (P.CUSTOMER_ADD, "给 华东精密 加协作人 赵磊", None),
    "transfer": (P.CUSTOMER_TRANSFER, "把 上海明德 转给 王强", None),
    "merge two": (P.CUSTOMER_DELETE, "合并 华兴科技 和 华星电子", None),
    "browse the pool": (P.POOL_VIEW, "公海", lambda _: PoolPageButton(page=1)),
    "claim": (P.POOL_CLAIM, "领取 宁波海蓝", lambda i: ClaimButton(customer_id=i)),
    "assign": (P.POOL_ASSIGN, "分配 宁波海蓝 给 赵磊", None),
    "the roles": ("admin", "角色权限", lambda _: RolesPageButton(page=1)),
    "one role": ("admin", "角色 业务员", lambda _: OpenRoleButton(role_id=2)),
    "a role's members": ("admin", "角色 业务员 添加 王强", lambda _: RemoveMemberButton(role_id=2, user_id="lina04")),
    "a role's functions": (
        "admin", "角色 业务员 添加功能 公海-全部",
        lambda _: RoleFunctionButton(role_id=2, function="pool:assign", give=1),
    ),
    "a role's scope": ("admin", "角色 业务员 数据权限 全部", lambda _: RoleScopeButton(role_id=2, data_scope="all")),
    "a role's level": ("admin", "角色 业务员 操作权限 高级", lambda _: RoleLevelButton(role_id=2, level="advanced")),
    "a role's fields": (
        "admin", "字段权限 业务员 客户 电话 隐藏",
        lambda _: RoleFieldButton(role_id=2, form="customer", field="phone", level="hidden"),
    ),
    "delete a role": ("admin", "删除角色 业务员", lambda _: DeleteRoleButton(role_id=2)),
    "advanced operations": ("admin", "高级操作 客户 删除", None),
    "sync": ("admin", "同步组织", None),
    "the organisation": ("admin", "组织机构", None),
    "lost notices": ("admin", "通知状态", None),
    "add a product": (P.PRODUCT_ADD, "新增产品 Z-1 底座 300", None),
    "the products": (P.PRODUCT_VIEW, "产品", None),
    "edit a product": (P.PRODUCT_EDIT, "修改产品 Z-1 单价 310", None),
    "add a competitor": (P.COMPETITOR_ADD, "新增竞争对手 大明机床 优势 价格低", None),
    "the competitors": (P.COMPETITOR_VIEW, "竞争对手", None),
    "edit a competitor": (P.COMPETITOR_EDIT, "修改竞争对手 大明机床 优势 交期短", None),
    "delete a competitor": (P.COMPETITOR_DELETE, "删除竞争对手 大明机床", None),
    "set a target": (P.TARGET_SET, "设目标 李娜 合同额 3月1万", None),
    "the stages": ("admin", "销售阶段", None),
    "add a stage": ("admin", "新增阶段 样品测试 20%", None),
    "the approval": ("admin", "开票审批设置", None),
    "the approval's dry run": ("admin", "开票审批试跑 华东精密 5万", lambda _: TryFlowButton()),
    "the dictionaries": ("admin", "数据字典", None),
    "add a dictionary": ("admin", "新建字典 付款方式 月结;现款", None),
    "bind a dictionary": ("admin", "绑定字典 客户 来源 客户分类", None),
    "the fields": ("admin", "字段 客户", lambda _: OpenFormButton(form="customer")),
    "add a field": ("admin", "新增字段 客户 年采购额 金额", lambda _: FormsButton()),
    "change a form's field": (
        "admin", "修改字段 客户 年采购额 必填",
        lambda _: SwitchFieldButton(form="customer", name="money_0001", active=False),
    ),
    "the audit": ("admin", "操作记录", None),
    "export the audit": ("admin", "导出操作记录 本周", None),
    "export the roles": ("admin", "导出角色", None),
    "administration": ("admin", "后台管理", None),
    "the pool's rules": ("admin", "公海设置 领取上限 5", None),
    "the reminders' rules": ("admin", "提醒规则 未跟进 9天", None),
    "the usage scope": ("admin", "使用范围 全部员工", None),
    "an administrator": ("admin", "添加管理员 李娜", None),
    "the template": (P.CUSTOMER_IMPORT, "客户导入模板", None),
    "import": (P.PRODUCT_IMPORT, "导入产品", None),
    "export": (P.CUSTOMER_EXPORT, "导出 我的客户", None),
    "hand over": ("admin", "交接 赵磊 给 李娜 全部", None),
    "departures": ("admin", "交接任务", None),
}  # fmt: skip
ROLES: dict[str, frozenset[Permission]] = {
    "nobody's": frozenset(),
    "reader": frozenset({P.CUSTOMER_VIEW, P.CONTACT_VIEW, P.FOLLOWUP_VIEW, P.POOL_VIEW}),
    "seller": frozenset({P.CUSTOMER_VIEW, P.CUSTOMER_ADD, P.CONTACT_ADD, P.FOLLOWUP_ADD, P.POOL_VIEW, P.POOL_CLAIM}),
    "everything": frozenset(P),
}
REFUSED = re.compile("没有「[^」]*」的权限|这是管理员的功能|没有找到")


@pytest.mark.parametrize("role", ROLES)
async def test_every_door_asks_for_the_function(database: Database, role: str) -> None:
    """A sentence and a tap are let in by the same functions; a refusal changes nothing."""
    await load_company(database)

    def prepare(tx: Tx) -> None:
        tx.add(SyncRun(kind="full", status="ok", started_at=NOW, finished_at=NOW))
        sheet = roles.find_by_name(tx, "业务员")
        assert sheet is not None
        names = frozenset(p.value for p in ROLES[role])
        roles.write_role(tx, sheet, replace(sheet, functions=names, data_scope="all", level="advanced"))

    await database.system(prepare)
    own, pooled, others = [
        await id_of(database, n) for n in ("宁波华东精密机械有限公司", "宁波海蓝食品有限公司", "上海明德仪器有限公司")
    ]
    room = Room(database)
    for door, (needs, sentence, button) in DOORS.items():
        allowed = needs in ROLES[role]  # nobody of these roles is an administrator
        before = await database.system(_rights)
        said = await room.say("lina04", sentence)
        assert bool(REFUSED.search(said)) != allowed, (role, door, said)
        if button is not None:
            target = {"claim": pooled, "see another's customer": others}.get(door, own)
            room.later(minutes=1)
            await room.say("lina04", "今天")
            tapped = await room.tap("lina04", (await room.cards("lina04"))[-1], button(target))
            assert bool(REFUSED.search(tapped)) != allowed or (door == "claim" and allowed), (role, door, tapped)
        if needs == "admin":
            assert await database.system(_rights) == before, (role, door)


def _rights(tx: Tx) -> list[Any]:
    lines = roles.list_roles(tx)
    return [(sheet := roles.read_role(tx, line.id)) and sheet.to_json() for line in lines] + [read_settings(tx)]
