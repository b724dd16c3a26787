"""What may be handed over and to whom, and how sentences about it are read; tables of cases."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core.errors import InvalidInput
from bot.core.holdings import KINDS
from handlers.handover import rules
from handlers.handover.rules import CapFacts, Left, NotAReceiver, OverCap
from storage.scope import Tables

EVERYTHING = tuple(kind.name for kind in KINDS)


def test_every_table_with_an_owner_is_a_kind_and_names_its_records() -> None:
    owned = {table.__tablename__: table for table in Tables.owned}
    assert set(owned) == set(EVERYTHING), "a new table with an owner needs a line in bot.core.holdings"
    for kind in KINDS:
        assert kind.title in owned[kind.name].model_fields, kind


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        ("", ()),
        ("全部", EVERYTHING),
        ("  全部任务。", EVERYTHING),
        ("所有", EVERYTHING),
        ("客户", ("customer",)),
        ("的客户", ("customer",)),
        ("客户 合同", ("customer", "contract")),
        ("合同、客户", ("customer", "contract")),
        ("客户和商机", ("customer", "opportunity")),
        ("名下的线索以及合同", ("contract", "lead")),
        ("客户客户", ("customer",)),
        ("联系人", ("customer",)),
        ("待跟进", ("customer",)),
        ("离职", ()),
        ("除合同外", ("customer", "opportunity", "lead")),
        ("除了合同和线索以外全部", ("customer", "opportunity")),
    ],
)
def test_kinds_are_read(words: str, kinds: tuple[str, ...]) -> None:
    assert rules.read_kinds(words) == kinds


@pytest.mark.parametrize(
    ("words", "part"), [("回款", "跟着合同走"), ("开票", "跟着合同走"), ("客户 电脑", "「电脑」"), ("xyz", "「xyz」")]
)
def test_what_is_no_kind_is_named(words: str, part: str) -> None:
    with pytest.raises(InvalidInput, match=part):
        rules.read_kinds(words)


@pytest.mark.parametrize(
    ("words", "giver", "receiver"),
    [
        ("赵六 给 钱七 全部", "赵六", "钱七 全部"),
        ("赵六给钱七全部", "赵六", "钱七全部"),
        ("把赵六的客户交接给钱七", "赵六的客户", "钱七"),
        ("赵六 -> 钱七 合同", "赵六", "钱七 合同"),
        ("将 赵六 移交给 钱七", "赵六", "钱七"),
        ("赵六 离职", "赵六 离职", ""),
        ("赵六", "赵六", ""),
    ],
)
def test_people_are_split(words: str, giver: str, receiver: str) -> None:
    assert rules.split_people(words) == (giver, receiver)


RECEIVER: dict[str, Any] = {"giver_id": "a", "receiver_id": "b", "name": "钱七", "active": True, "in_scope": True}


@pytest.mark.parametrize(
    ("change", "part"),
    [({"active": False}, "已经离职"), ({"receiver_id": "a"}, "换一位"), ({"in_scope": False}, "使用范围")],
)
def test_who_cannot_take_over_is_refused(change: dict[str, Any], part: str) -> None:
    rules.check_receiver(**RECEIVER)
    with pytest.raises(NotAReceiver, match=part):
        rules.check_receiver(**(RECEIVER | change))


FACTS = CapFacts(giving=10, holding=15, cap=20)


@pytest.mark.parametrize(
    ("change", "over", "moves"),
    [
        ({}, "", None),
        ({}, "fit", 5),
        ({}, "allow", 10),
        ({"cap": None}, "", 10),
        ({"cap": 25}, "", 10),
        ({"cap": 24}, "", None),
        ({"cap": 24}, "fit", 9),
        ({"cap": 15}, "fit", None),
        ({"cap": 10}, "fit", None),
        ({"cap": 15}, "allow", 10),
        ({"cap": 15, "giving": 0}, "", 0),
    ],
)
def test_the_cap(change: dict[str, Any], over: Any, moves: int | None) -> None:
    facts = replace(FACTS, **change)
    if moves is None:
        with pytest.raises(OverCap, match=f"会超 {facts.over} 家"):
            rules.customers_to_move(facts, over, name="钱七")
    else:
        assert rules.customers_to_move(facts, over, name="钱七") == moves


@pytest.mark.parametrize(
    ("receiver", "starter", "superior", "admins", "goes_to"),
    [
        ("qian", "sun", "wang", ("chen",), "qian"),
        ("sun", "sun", "wang", ("chen",), "wang"),  # never his own
        ("sun", "sun", None, ("chen",), "chen"),
        ("sun", "sun", "sun", ("sun", "chen"), "chen"),
        (None, "sun", "wang", ("chen",), "chen"),  # nobody has taken over: never stuck
        (None, "chen", None, ("chen",), None),
    ],
)
def test_who_decides_what_waited(
    receiver: str | None, starter: str, superior: str | None, admins: tuple[str, ...], goes_to: str | None
) -> None:
    found = rules.next_assignee(receiver_id=receiver, applicants=[starter], superior_id=superior, administrators=admins)
    assert found == goes_to


def test_changes_name_each_figure() -> None:
    assert rules.changes({"customer": 4, "lead": 1}, {"customer": 4, "lead": 1}) == ""
    assert rules.changes({"customer": 4}, {"customer": 5}) == "客户 4 → 5 家"
    assert rules.changes({"customer": 4, "lead": 1}, {"customer": 0}) == "客户 4 → 0 家、线索 1 → 0 条"


ONE = Left("赵六", {"customer": 12, "contract": 2}, planned=5)


@pytest.mark.parametrize(
    ("left", "alone", "parts"),
    [
        ([Left("周九", {})], False, None),
        ([ONE], False, ("赵六 已离职，名下还有 客户 12 家、合同 2 份，待跟进 5 家。", "「交接 赵六」")),
        ([ONE, Left("周九", {})], False, ("赵六 已离职", "另有 周九 离职，名下没有要交接的", "「交接 赵六」")),
        ([ONE, replace(ONE, name="钱七")], False, ("赵六 已离职", "钱七 已离职", "「交接任务」")),
        ([replace(ONE, name=f"员工{n}") for n in range(7)], False, ("7 人", "员工2 等", "客户 84 家", "待跟进 35 家")),
        ([Left("胡敏", {}, was_admin=True)], False, ("胡敏 的管理员身份已停用",)),
        ([Left("胡敏", {}, was_admin=True)], True, ("没有在职的管理员", "我来管理")),
    ],
)
def test_what_administrators_are_told(left: list[Left], alone: bool, parts: tuple[str, ...] | None) -> None:
    message = rules.leaving_text(left, alone=alone)
    if parts is None:
        assert message is None
        return
    assert message is not None
    for part in parts:
        assert part in message[1], message[1]
    assert len(message[1]) < 300, "many leavers are a summary"


def test_what_stayed_is_listed_shortly() -> None:
    left = [("customer", f"客户{n}") for n in range(20)]
    text = rules.left_text(left, 48)
    assert "48 条" in text and "客户「客户9」 等 48 条" in text and "客户10" not in text
    assert rules.left_text([], 0) == ""
