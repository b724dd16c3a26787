"""What `操作记录 …` asks for, in people's words."""

from datetime import date, datetime

import pytest

from bot.core.clock import BEIJING
from handlers.audit.rules import Wanted, read_query

NOW = datetime(2026, 3, 4, 9, 30, tzinfo=BEIJING)  # a Wednesday
PEOPLE = {"李娜": ["lina04"], "何冰": ["he1", "he2"], "周一鸣": ["zhou"]}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", Wanted()),
        ("李娜", Wanted(("lina04",), ("李娜",))),
        ("何冰", Wanted(("he1", "he2"), ("何冰",))),
        ("李娜的操作", Wanted(("lina04",), ("李娜",))),
        ("李娜 的 操作", Wanted(("lina04",), ("李娜",))),
        ("本周", Wanted(first=date(2026, 3, 2), last=date(2026, 3, 8), days="本周")),
        ("2月", Wanted(first=date(2026, 2, 1), last=date(2026, 2, 28), days="2月")),
        ("3月2日", Wanted(first=date(2026, 3, 2), last=date(2026, 3, 2), days="3月2日")),
        ("昨天", Wanted(first=date(2026, 3, 3), last=date(2026, 3, 3), days="昨天")),
        ("周一鸣", Wanted(("zhou",), ("周一鸣",))),
        ("权限", Wanted(kinds=("rights",))),
        ("被拒绝", Wanted(kinds=("refused",))),
        ("字典 客户", Wanted(kinds=("dictionary", "customer"))),
        ("系统", Wanted(("",), ("系统",))),
        ("「华兴科技」", Wanted(words=("华兴科技",))),
        (
            "李娜 本周 权限 华兴",
            Wanted(("lina04",), ("李娜",), date(2026, 3, 2), date(2026, 3, 8), "本周", ("rights",), ("华兴",)),
        ),
    ],
)
def test_a_question(text: str, wanted: Wanted) -> None:
    read = read_query(text, NOW, lambda name: PEOPLE.get(name, []))
    assert read == wanted
    assert Wanted.read(read.state()) == read
