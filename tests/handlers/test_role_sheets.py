"""A table of roles read against what there is: names, departments, blanks, and the way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.actor import Permission
from bot.core.tabular import Sheet, sheet_of
from handlers.rolesheets import rules
from handlers.rolesheets.rules import TITLES, Known, NotARoleSheet, Problem, RoleFacts
from handlers.rolesheets.words import rows_of

SELLER = RoleFacts("业务员", "self", "normal", frozenset({"customer:view"}), {"lina": frozenset({3})})
KNOWN = Known(
    {"业务员": SELLER, "所有用户": RoleFacts("所有用户")},
    {"lina": "李娜", "he1": "何冰", "he2": "何冰", "tan": "谭松"},
    {1: "川渝泵业", 2: "西南大区", 3: "西南大区/成都办", 4: "成都办", 5: "西南大区/重庆办"},
)


def sheet(*rows: list[str]) -> Sheet:
    return sheet_of([(1, TITLES), *((i, row) for i, row in enumerate(rows, start=2))])


def only(*rows: list[str]) -> RoleFacts:
    plan = rules.read_plan(sheet(*rows), KNOWN)
    assert plan.problems == ()
    (role,) = plan.roles
    return role


def test_a_new_role_has_the_narrowest_rights_where_nothing_is_said() -> None:
    assert only(["出纳"]) == RoleFacts("出纳")


def test_blank_changes_nothing_and_none_empties() -> None:
    assert rules.read_plan(sheet(["业务员"]), KNOWN).same == 1
    assert only(["业务员", "", "", "无"]) == RoleFacts("业务员", "self", "normal", frozenset(), SELLER.members)
    assert only(["业务员", "", "", "", "无"]).members == {}


def test_the_name_is_that_of_the_role_there_is() -> None:
    assert only([" 业务员 ", "全部"]).name == "业务员"


def test_who_left_stays_in_a_role_that_names_others() -> None:
    known = Known({"业务员": RoleFacts("业务员", members={"gone": frozenset()})}, KNOWN.people, KNOWN.paths)
    (role,) = rules.read_plan(sheet(["业务员", "", "", "", "李娜"]), known).roles
    assert set(role.members) == {"gone", "lina"}


def test_several_in_one_cell_and_several_rows() -> None:
    role = only(
        ["出纳", "部门", "高级", "客户-查看；客户新增,公海—领取", "李娜;谭松", "重庆办"],
        ["", "", "", "", "何冰(he2)", "西南大区"],
    )
    assert role.functions == {"customer:view", "customer:add", "pool:claim"}
    assert role.members == {"lina": {5}, "tan": {5}, "he2": {2}}


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        (["出纳", "", "", "", "何冰"], "成员", "有好几位「何冰」，请写成：何冰(he1)、何冰(he2)"),
        (["出纳", "", "", "", "李那"], "成员", "没有叫「李那」的在职同事，是不是「李娜」"),
        (["出纳", "", "", "", "李娜", "成都"], "服务部门", "没有「成都」这个部门，是不是「成都办」"),
        (["出纳", "", "", "", "", "成都办"], "服务部门", "服务部门要和成员写在同一行"),
        (["出纳", "", "", "天气-查看"], "功能", "没有「天气-查看」这个功能"),
        (["所有用户", "", "", "", "李娜"], "成员", "自动包含所有人"),
        (["长" * 31], "角色", "最多 30 个字"),
        (["", "全部"], "角色", "没有写角色名称"),
    ],
)
def test_what_is_wrong_is_named(row: list[str], column: str, says: str) -> None:
    plan = rules.read_plan(sheet(row), KNOWN)
    assert plan.roles == ()
    assert [(p.row, p.column) for p in plan.problems] == [(2, column)]
    assert says in plan.problems[0].text


def test_an_id_copied_from_a_card_is_known() -> None:
    known = Known({}, {"u_he": "何冰", "u_he2": "何冰"}, {})
    (role,) = rules.read_plan(sheet(["出纳", "", "", "", "何冰（u＿he2）"]), known).roles
    assert set(role.members) == {"u_he2"}


def test_one_of_two_departments_of_a_name_is_told_by_its_path() -> None:
    assert only(["出纳", "", "", "", "李娜", "西南大区/成都办"]).members == {"lina": {3}}
    assert only(["出纳", "", "", "", "李娜", "成都办"]).members == {"lina": {4}}, "a path of one name"


def test_rows_of_one_role_must_agree() -> None:
    plan = rules.read_plan(sheet(["出纳", "全部"], ["出纳", "本人"], ["文员", "全部"]), KNOWN)
    assert plan.problems == (Problem(3, "数据权限", "和第 2 行写的不一样（同一个角色只能有一种数据权限）"),)
    assert [r.name for r in plan.roles] == ["文员"] and plan.broken == ("出纳",)


def test_another_table_is_refused() -> None:
    assert not rules.is_role_sheet(sheet_of([(1, ["客户名称", "成员"])]))
    assert not rules.is_role_sheet(sheet_of([(1, ["角色", "说明"])]))
    with pytest.raises(NotARoleSheet):
        rules.read_plan(sheet_of([(1, ["天气"])]), KNOWN)


def test_columns_nobody_knows_are_told() -> None:
    plan = rules.read_plan(sheet_of([(1, ["角色*", "备注", "问题"]), (2, ["出纳", "x", "y"])]), KNOWN)
    assert plan.unused == ("备注",)


MEMBERS = st.dictionaries(st.sampled_from(list(KNOWN.people)), st.frozensets(st.sampled_from(list(KNOWN.paths))))
ROLES = st.builds(
    RoleFacts, st.sampled_from(["甲", "乙", "丙"]), st.sampled_from(list(rules.SCOPES)),
    st.sampled_from(list(rules.LEVELS)), st.frozensets(st.sampled_from([p.value for p in Permission])), MEMBERS,
)  # fmt: skip


@given(st.lists(ROLES, unique_by=lambda r: r.name))
def test_what_is_exported_says_exactly_what_there_is(roles: list[RoleFacts]) -> None:
    rows = [list(TITLES), *rows_of(roles, KNOWN)]
    table = sheet_of(list(enumerate(rows, start=1)))
    same = rules.read_plan(table, Known({r.name: r for r in roles}, KNOWN.people, KNOWN.paths))
    assert (same.roles, same.problems, same.same) == ((), (), len(roles))
    fresh = rules.read_plan(table, Known({}, KNOWN.people, KNOWN.paths))
    assert fresh.problems == ()
    assert [(r, dict(r.members)) for r in fresh.roles] == [(r, dict(r.members)) for r in roles]
