"""Each of the 100 invariants (crm-rules.md 4.4) is named by a test, and those that change the database by one on each.

A test names one in its docstring or name: "Invariant 12", "Invariants 38–40 and 42", `test_invariant_89_…`. The
sentences here are short forms, for whoever reads a number in a test.
"""

import ast
import re
from collections import defaultdict
from pathlib import Path
from typing import Final

import pytest

TESTS: Final = Path(__file__).parents[1]
SENTENCES: Final = {
    1: "in the pool ⇔ no owner",
    2: "one open page of owner history, that of the owner",
    3: "of 50 who claim at once one wins, 49 are told by whom",
    4: "parallel claims of one person never pass the cap",
    5: "claimed + taken + refused = asked",
    6: "the claim count follows claims alone",
    7: "a former owner waits before he claims again",
    8: "editing a pool customer changes nothing the pool counts by",
    9: "nobody is recycled before its ownership has lasted the days",
    10: "a follow-up on what belongs to a customer counts as one on the customer",
    11: "locked customers do not return",
    12: "no return without a warning",
    13: "a follow-up during the recycle run wins",
    14: "a rule switched on or tightened takes nobody at once",
    15: "days left as shown, in the order of the job",
    16: "the history says by which rule, after how many days and when it was followed up last",
    17: "every way to an owner meets the cap",
    18: "lowering a cap removes nothing",
    19: "there is one pool, whatever is set",
    20: "what the pool hides is shown nowhere",
    21: "a second recycle run takes nobody",
    22: "a handover changes owners alone",
    23: "a handover again changes nothing; undo leaves what was changed since",
    24: "after a full handover the leaver owns nothing",
    25: "a lead converts to one customer",
    26: "follow-ups go along with a conversion",
    27: "nothing points to a merged tail; sums add up",
    28: "who has nothing sees nothing in any list",
    29: "an invisible id is answered as one that there is not",
    30: "hidden fields appear nowhere",
    31: "a count is its list's",
    32: "a role change counts on the next request",
    33: "an approver sees his one record, by his node's mask",
    34: "that access ends 30 days after the approval",
    35: "there is always an administrator",
    36: "dictionary names stay, used values are not deleted, disabled ones not newly chosen",
    37: "how a line of values is read",
    38: "a new price changes no line",
    39: "totals are recomputed",
    40: "one won stage, a lost one, rates of 0–100",
    41: "many moved at once have the rates of those moved one by one",
    42: "times in stages add up to the life",
    43: "effective and dealt follow the contract's state",
    44: "nothing changes while it is pending",
    45: "payments never exceed the contract unless flagged",
    46: "two that fit alone but not together",
    47: "a contract's amount is never below what is paid or billed",
    48: "invoices never exceed the contract",
    49: "what is rejected or voided frees its amount",
    50: "allocations fit payments and plans",
    51: "a void contract has nothing live",
    52: "contract numbers rise, each once",
    53: "sums are what a recount gives",
    54: "never expiring and expired",
    55: "what is given back is at most the original, and linked to it",
    56: "a task is decided once",
    57: "a running approval has an open task",
    58: "nobody found: the administrators; never agreed to by nobody",
    59: "only active people are found",
    60: "a node writes no field it may not",
    61: "a node's hidden fields are shown nowhere",
    62: "a field added later is hidden at existing nodes",
    63: "what runs keeps its flow",
    64: "urging has its limits",
    65: "an adjustment ends the open tasks",
    66: "called off: no open task is left",
    67: "approval and effect are one",
    68: "a leaver's open tasks alone move",
    69: "any-mode: others' tasks are superseded",
    70: "reminded once a cycle, caught up once",
    71: "no message before the commit or after a rollback",
    72: "one digest a person and run",
    73: "nothing to who is inactive or out of scope",
    74: "a DingTalk todo ends with its task",
    75: "a tap after a change shows the present state and changes nothing",
    76: "the same callback has one effect",
    77: "a tap is answered in time, slower work follows",
    78: "an incomplete sync deactivates nobody",
    79: "above ten per cent a sync asks",
    80: "who returns is the same person",
    81: "a sync without changes writes nothing",
    82: "a person of several departments is seen by the leaders of each",
    83: "no login of another company",
    84: "an import's counts add up",
    85: "an import again creates nothing",
    86: "a killed import ends as one that was not",
    87: "an update reaches no foreign record and column",
    88: "two creations of one name leave one customer",
    89: "which names are one company",
    90: "a masked duplicate tells neither phone nor contact",
    91: "a target's cell is one; a batch fills what is empty",
    92: "a department's target is its own",
    93: "past actuals stay with who had it then",
    94: "no target, no rate",
    95: "the last contact is the latest follow-up",
    96: "a follow-up is at most 30 days old and never of the future",
    97: "a message makes one follow-up",
    98: "a follow-up settles what was due",
    99: "a to-do goes with its cause",
    100: "a visit is linked by its owner, with the distance of that moment",
}  # fmt: skip
# No test can name these: what they speak of is not there. Whoever builds it takes the line out.
NOT_BUILT: Final[dict[int, str]] = {}
# Tried on one database, or on none: pure functions, or over the whole house, where SQLite stands for both.
ONE_IS_ENOUGH: Final = frozenset({32, 37, 54, 62, 70, 72, 73, 77, 81, 83, 89, 97})
LIST: Final = re.compile(r"\b[Ii]nvariants?\s+((?:\d+|[,、–\s]|and\b)+)")


def numbers(text: str) -> set[int]:
    """Of "Invariants 38–40 and 42"."""
    found: set[int] = set()
    for said in LIST.findall(text):
        for first, last in re.findall(r"(\d+)(?:\s*–\s*(\d+))?", said):
            found |= set(range(int(first), int(last or first) + 1))
    return found


def named() -> dict[int, dict[str, set[str]]]:
    """Number → test → the databases it asks for."""
    found: dict[int, dict[str, set[str]]] = defaultdict(dict)
    for path in sorted(TESTS.rglob("test_*.py")):
        if path == Path(__file__):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                fixtures = " ".join(a.arg for a in node.args.args)
                kinds = {kind for kind in ("sqlite", "postgres") if kind in fixtures}
                if re.search(r"\bdatabase\b|\bcompany\b|\bboth\b|\bdb\b", fixtures):
                    kinds = {"sqlite", "postgres"}
                said = numbers(ast.get_docstring(node) or "")
                said |= {int(n) for n in re.findall(r"invariant_(\d+)", node.name)}
                for number in said:
                    found[number][f"{path.relative_to(TESTS)}::{node.name}"] = kinds
    return found


def test_each_is_named() -> None:
    tests = named()
    assert sorted(SENTENCES) == list(range(1, 101))
    assert not set(tests) - set(SENTENCES), "there is no such invariant"
    missing = {n: text for n, text in SENTENCES.items() if n not in tests and n not in NOT_BUILT}
    assert not missing, "no test names them"
    assert not set(NOT_BUILT) & set(tests), "they are tested, so they are there"


def test_each_that_asks_the_database_is_tried_on_both() -> None:
    lacking = {
        n: SENTENCES[n]
        for n, tests in named().items()
        if n not in ONE_IS_ENOUGH and {"sqlite", "postgres"} - set[str]().union(*tests.values())
    }
    assert not lacking


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Invariants 38–40 and 42.", {38, 39, 40, 42}),
        ("Invariant 5, of series", {5}),
        ("R3.53, invariant 61: the same", {61}),
        ("Invariants 84 and 85.", {84, 85}),
        ("there is nothing invariant in 12", set()),
    ],
)
def test_numbers_are_read(text: str, wanted: set[int]) -> None:
    assert numbers(text) == wanted
