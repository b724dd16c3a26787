"""Who sees nothing, and who sees what belongs to several departments, on both databases (crm-rules.md 4.4: 28, 82)."""

from dataclasses import replace
from typing import Any

from sqlmodel import select

from bot.core.actor import Permission
from storage import roles
from storage.database import Database, Tx
from storage.tables import EmployeeDepartment
from tests.support.company import load_company
from tests.support.full_world import full_world
from tests.support.room import Room
from tests.support.world import user

LISTS = (
    "客户", "我的客户", "客户 华东", "搜 华东精密", "搜 张伟", "线索", "我的线索", "商机", "我的商机", "逾期商机",
    "停滞商机", "预测", "竞争对手胜率", "合同", "我的合同", "快到期的合同", "回款", "逾期回款", "今天", "首页",
    "我的待办", "我发起的", "今天的外勤", "导出 我的客户", "导出 客户", "导出 商机", "导出 合同", "谁1天没跟进",
    "30天没跟进的客户", "销售目标", "草稿",
)  # fmt: skip


async def test_who_has_nothing_sees_nothing_in_any_list(database: Database) -> None:
    """Invariant 28: with every function and the scope 本人, and nothing of one's own."""
    person, world = "qian07", full_world()
    world["settings"]["usage_scope"] = {"mode": "all", "departments": [], "users": []}
    world["roles"].append({"name": "空手", "data_scope": "self", "level": "advanced", "functions": [], "members": []})
    world["roles"][-1]["members"] = [{"user": person, "departments": []}]
    await load_company(database, world)

    def widen(tx: Tx) -> None:
        role = roles.find_by_name(tx, "空手")
        assert role is not None
        roles.write_role(tx, role, replace(role, functions=frozenset(p.value for p in Permission)))

    await database.system(widen)
    room = Room(database)
    hidden = [one["name"].removesuffix("有限公司") for one in world["customers"] if one.get("owner")]
    hidden += ["湖州某厂", "主轴改造", "HT-2026-007", "13800010001", "860,000", "500,000", "86万", "300,000"]
    for words in LISTS:
        said = await room.say(person, words)
        assert said, words
        echoed = [h for h in hidden if h in said and h not in words]
        assert not echoed, (words, echoed)
        assert "12 家" not in said
        assert "5 家" not in said


async def test_a_person_of_three_departments_is_seen_by_the_leaders_of_all_three(database: Database) -> None:
    """Invariant 82: served departments are asked, each of them; a leader of none of them sees nothing."""
    world: dict[str, Any] = full_world()
    world["users"] += [user("b1", "高兴", 101, 102, 103), user("m2", "马二", 102), user("m3", "马三", 103)]
    world["settings"]["usage_scope"] = {"mode": "all", "departments": [], "users": []}
    managers = {"wang03": 101, "m2": 102, "m3": 103, "zhou06": 100}
    world["departments"].append({"id": 104, "name": "售后部", "parent": 1})
    world["users"].append(user("m4", "马四", 104))
    world["roles"][1]["members"] = [{"user": who, "departments": [of]} for who, of in managers.items()]
    world["roles"][1]["members"].append({"user": "m4", "departments": [104]})
    world["customers"].append({**world["customers"][8], "name": "三部共管有限公司", "owner": "b1", "contacts": []})
    await load_company(database, world)
    held = await database.system(
        lambda tx: tx.exec(select(EmployeeDepartment.department_id).where(EmployeeDepartment.user_id == "b1")).all()
    )
    assert sorted(held) == [101, 102, 103]
    room = Room(database)
    for who in managers:
        assert "三部共管有限公司" in await room.say(who, "客户 三部共管"), who
    assert "三部共管有限公司" not in await room.say("m4", "客户 三部共管")
