"""Behaviours 1–46 of platform.md section 12: each has a test named for its number, or the README says why not."""

import ast
import re
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).parent
README = HERE.parents[1] / "README.md"
ALL = range(1, 47)
NAME = re.compile(r"test_((?:b\d\d_)+)")


def behaviours() -> dict[int, list[str]]:
    """Number → the tests named for it."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for path in sorted(HERE.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (match := NAME.match(node.name)):
                for number in re.findall(r"\d\d", match[1]):
                    found[int(number)].append(f"{path.relative_to(HERE)}::{node.name}")
    return found


def left_out(text: str) -> set[int]:
    """Numbers that the README lists, as in `behaviour 30 is left out`."""
    return {int(number) for number in re.findall(r"behaviour (\d+) is left out", text)}


def test_every_behaviour_has_a_test_of_its_number_or_stands_in_the_readme() -> None:
    named, missing = behaviours(), left_out(README.read_text(encoding="utf-8"))
    assert set(named) <= set(ALL), sorted(set(named) - set(ALL))
    assert [n for n in ALL if n not in named and n not in missing] == []
    assert sorted(missing & named.keys()) == [], "tested, though the README says it is left out"


def test_the_table_sees_what_is_missing() -> None:
    assert left_out("x behaviour 30 is left out: no clients") == {30}
    assert 47 not in behaviours()
