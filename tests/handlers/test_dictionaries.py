"""How a line of values is read, and what an edit makes of a dictionary: tables and properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.dictionaries import rules
from handlers.dictionaries.rules import Held, NotAChoice, NotAValueLine, WrongSemicolon


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("重点客户;普通客户", ["重点客户", "普通客户"]),
        (" 重点客户 ;; 普通客户 ; ", ["重点客户", "普通客户"]),
        ("甲\n乙\n\n丙", ["甲", "乙", "丙"]),
        ("甲;乙\n丙", ["甲", "乙", "丙"]),
        ("A 级;B  级", ["A 级", "B 级"]),
        ("食品、饮料;机械", ["食品、饮料", "机械"]),
        ("一个", ["一个"]),
        ("a\u200bb;c", ["ab", "c"]),
    ],
)
def test_a_line_of_values(line: str, values: list[str]) -> None:
    """Invariant 37."""
    assert rules.read_values(line) == values


@pytest.mark.parametrize(
    ("line", "corrected"),
    [
        ("重点客户；普通客户", "重点客户;普通客户"),
        ("A；B;C；；D", "A;B;C;D"),
        ("A；B；a", "A;B"),
        ("甲、乙、丙", "甲;乙;丙"),
        ("甲，乙", "甲;乙"),
        ("甲,乙", "甲;乙"),
    ],
)
def test_the_wrong_mark_is_refused_with_the_corrected_line(line: str, corrected: str) -> None:
    """Invariant 37."""
    with pytest.raises(WrongSemicolon) as refusal:
        rules.read_values(line)
    assert refusal.value.corrected == corrected
    assert rules.read_values(corrected) == corrected.split(";")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "没有看到选项"),
        (" ; ;\n", "没有看到选项"),
        ("红;绿;红", "「红」重复了（第 1 个和第 3 个）"),
        ("Ａ级;a级", "「a级」重复了（第 1 个和第 2 个）"),
        ("长" * 51, "太长"),
        (";".join(str(i) for i in range(501)), "最多 500 个"),
    ],
)
def test_a_line_is_refused(line: str, says: str) -> None:
    with pytest.raises(NotAValueLine) as refusal:
        rules.read_values(line)
    assert says in refusal.value.text


@given(st.text())
def test_whatever_is_sent_is_read_refused_or_corrected(line: str) -> None:
    try:
        values = rules.read_values(line)
    except WrongSemicolon as refusal:
        if refusal.corrected and len(refusal.corrected) <= rules.LABEL_LENGTH:
            assert rules.read_values(refusal.corrected) == refusal.corrected.split(";")  # noqa: PT017 -- one way of three
        return
    except NotAValueLine:
        return
    assert values
    assert len({rules.key(v) for v in values}) == len(values)
    assert all(v == v.strip() and v and "；" not in v and ";" not in v for v in values)
    assert rules.read_values(";".join(values)) == values or len(values) == 1


LABELS = st.lists(st.sampled_from(["甲", "乙", "丙", "丁", "A级", "B级"]), unique=True, min_size=1)


@given(LABELS, LABELS, st.lists(st.integers(0, 3), min_size=6, max_size=6), st.integers(0, 63))
def test_an_edit_loses_no_value_that_a_record_holds(
    before: list[str], wanted: list[str], uses: list[int], mask: int
) -> None:
    held = [Held(i + 1, label, bool(mask >> i & 1), uses[i]) for i, label in enumerate(before)]
    plan = rules.plan_edit(held, wanted)
    after = {k.label: k for k in plan.values}
    assert [k.label for k in plan.values if k.enabled] == wanted
    for one in held:
        if one.uses or (not one.enabled and one.label not in wanted):
            assert one.label in after, "a record would hold a value that no dictionary has"
        if one.label in after:
            assert after[one.label].id == one.id, "the value keeps its id (R-DICT-1)"
    assert len({k.id for k in plan.values if k.id}) == sum(1 for k in plan.values if k.id)
    again = rules.plan_edit([Held(k.id or 90 + i, k.label, k.enabled, 1) for i, k in enumerate(plan.values)], wanted)
    assert again.nothing, "the same edit twice changes nothing"


def test_what_an_edit_says() -> None:
    held = [Held(1, "展会", True, 12), Held(2, "网络", True, 0), Held(3, "老客户", False, 3)]
    text = rules.edit_text("来源", ["展会", "网络"], rules.plan_edit(held, ["抖音", "老客户"]))
    assert "原来：展会、网络" in text and "现在：抖音、老客户" in text
    assert "停用：展会，12 条记录在用，老数据照常显示" in text
    assert "去掉：网络（没有记录在用）" in text and "新增：抖音" in text and "启用：老客户" in text


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("抖音号", "客户来源没有「抖音号」这个选项。是不是「抖音」？可以选：展会、抖音。"),
        ("老客户", "客户来源「老客户」已停用，不能再选。可以选：展会、抖音。"),
        ("zzz", "客户来源没有「zzz」这个选项。可以选：展会、抖音。"),
    ],
)
def test_free_text_is_refused_with_the_list_and_the_nearest(value: str, said: str) -> None:
    with pytest.raises(NotAChoice) as refusal:
        rules.read_choice("客户来源", value, ["展会", "抖音"], ["老客户"])
    assert refusal.value.text == said


def test_a_choice_is_written_as_the_dictionary_writes_it() -> None:
    assert rules.read_choice("客户等级", " ａ级 ", ["A级"]) == "A级"
    with pytest.raises(NotAChoice, match="没有可选的值"):
        rules.read_choice("客户等级", "A级", [])
