"""Sentences about one's deputy, taken apart."""

import pytest

from bot.core.errors import InvalidInput
from handlers.approvals.away import read_deputy
from tests.support.company import NOW


@pytest.mark.parametrize(
    ("text", "who", "first", "last"),
    [
        ("王芳 3月5日到3月9日", "王芳", "2026-03-05", "2026-03-09"),
        ("王芳 3月5日到9日", "王芳", "2026-03-05", "2026-03-09"),
        ("3月5日至3月9日 王芳", "王芳", "2026-03-05", "2026-03-09"),
        ("请王芳 3月5日-3月9日 代我审批", "王芳", "2026-03-05", "2026-03-09"),
        ("王芳 3月5日", "王芳", "2026-03-05", "2026-03-05"),
        ("王芳 今天", "王芳", "2026-03-02", "2026-03-02"),
        ("王芳 明天到周五", "王芳", "2026-03-03", "2026-03-06"),
        ("王芳 今天到月底", "王芳", "2026-03-02", "2026-03-31"),
        ("王芳 下周", "王芳", "2026-03-09", "2026-03-15"),
    ],
)
def test_who_and_when(text: str, who: str, first: str, last: str) -> None:
    said = read_deputy(text, NOW)
    assert (said.who, said.first.isoformat(), said.last.isoformat()) == (who, first, last)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("王芳", "王芳 从哪天到哪天"),
        ("3月5日", "请谁代你处理"),
        ("", "要写同事和日期"),
        ("王芳 3月1日", "没认准「3月1日」"),
    ],
)
def test_what_is_missing_is_said(text: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        read_deputy(text, NOW)
