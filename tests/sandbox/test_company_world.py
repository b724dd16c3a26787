"""A world file is read whole or not at all, and what is wrong is named by its path."""

import copy
from datetime import datetime
from typing import Any

import pytest

from bot.sandbox.company_records import unionid_of
from bot.sandbox.company_world import WorldError, read_world
from bot.sandbox.company_writing import write_company


def test_the_sandbox_reads_its_sections_and_ignores_those_of_the_crm(small_world: dict[str, Any]) -> None:
    small_world["customers"] = [{"name": "谁都行", "nobody_knows": True}]
    world = read_world(small_world)
    assert world.app.agent_id == 100001
    assert world.now == datetime.fromisoformat("2026-03-02T09:00:00+08:00")
    assert [person.name for person in world.company.members(101)] == ["李娜", "赵强"]
    assert world.company.leaders(101) == ["wang03"]
    assert world.company.scope.departments == (1,)


def test_every_section_may_be_absent() -> None:
    world = read_world({})
    assert world.now is None
    assert list(world.company.departments) == [1]
    assert not world.company.people


def test_what_is_written_can_be_read_again(small_world: dict[str, Any]) -> None:
    small_world["users"][0] |= {"email": "lina@example.com", "hired_on": "2020-05-01", "manager": "wang03"}
    written = write_company(read_world(small_world).company)
    assert write_company(read_world(copy.deepcopy(written)).company) == written
    assert written["users"][0]["hired_on"] == "2020-05-01"


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("cutsomers", {"cutsomers": []}),
        ("version", {"version": 2}),
        ("now", {"now": "2026-03-02T09:00:00"}),
        ("company.colour", {"company": {"colour": "red"}}),
        ("app.agent_id", {"app": {"agent_id": "100001"}}),
        ("departments[1].parent", {"departments": [{"id": 1, "name": "a"}, {"id": 2, "name": "b", "parent": 9}]}),
        ("departments[1].id", {"departments": [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]}),
        (
            "departments[0].parent",
            {"departments": [{"id": 2, "name": "a", "parent": 3}, {"id": 3, "name": "b", "parent": 2}]},
        ),
        ("users[0].departments[1]", {"users": [{"userid": "a", "name": "a", "departments": [1, 999]}]}),
        ("users[0].leads[0]", {"users": [{"userid": "a", "name": "a", "leads": [999]}]}),
        ("users[0].manager", {"users": [{"userid": "a", "name": "a", "manager": "nobody"}]}),
        ("users[0].emial", {"users": [{"userid": "a", "name": "a", "emial": "x"}]}),
        ("users[0].name", {"users": [{"userid": "a"}]}),
        ("users[1].userid", {"users": [{"userid": "a", "name": "a"}, {"userid": "a", "name": "b"}]}),
        ("users[0].active", {"users": [{"userid": "a", "name": "a", "active": "yes"}]}),
        ("groups[0].members[0]", {"groups": [{"id": "cidA", "name": "g", "members": ["nobody"]}]}),
        ("address_book_scope.departments[0]", {"address_book_scope": {"departments": [7]}}),
        ("address_book_scope.users[0]", {"address_book_scope": {"users": ["nobody"]}}),
    ],
)
def test_what_is_wrong_is_named_by_its_path(path: str, change: dict[str, Any]) -> None:
    with pytest.raises(WorldError) as caught:
        read_world(change)
    assert caught.value.path == path
    assert str(caught.value).startswith(f"{path}: ")


def test_a_unionid_is_the_same_in_every_run() -> None:
    assert unionid_of("lina04") == unionid_of("lina04") != unionid_of("lina05")
    assert unionid_of("lina04").isalnum()
