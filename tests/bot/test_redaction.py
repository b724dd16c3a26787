"""What must stand in no log and no audit line (reliability S19, S30)."""

import logging
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.redaction import SafeFormatter, one_line, redact


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("手机 13812345678", "1381234"),
        ("手机 +86 138-1234-5678", "1234"),
        ("手机 １３８１２３４５６７８", "１２３４"),
        ("座机 0574-87654321", "876543"),
        ("身份证 330206199001011234", "19900101"),
        ("身份证 33020619900101123X", "19900101"),
        ("卡号 6222 0212 3456 7890 123", "3456"),
        ("app_secret=Abc-123_xyz", "Abc-123"),
        ('{"access_token": "abc"}', '"abc"'),
        ("密码：hunter2", "hunter2"),
        ("钥匙 aB3dE5fG7hJ9kL2mN4", "aB3dE5fG7hJ9kL2mN4"),
        ("https://oapi.dingtalk.com/robot/sendBySession?session=0a1b2c", "0a1b2c"),
    ],
)
def test_it_is_not_there(text: str, hidden: str) -> None:
    assert hidden not in redact(text)


@pytest.mark.parametrize(
    "text", ["2026-03-02 09:30 领取 宁波海蓝", "合同 HT-2026-007 1200000 元", "FP-0007 customer:12", "客户 1024 家"]
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


@given(st.text())
def test_a_name_begins_no_second_line(name: str) -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "name %s", (f"a\n2026 ERROR{name}\u2028b\x1b[31m",), None)
    line = SafeFormatter("%(levelname)s %(message)s").format(record)
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line


def test_a_stack_is_indented_and_redacted() -> None:
    try:
        raise ValueError("13812345678\nERROR forged")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "bug", (), sys.exc_info())
    lines = SafeFormatter("%(levelname)s %(message)s").format(record).split("\n")
    assert lines[0] == "ERROR bug"
    assert all(line.startswith("    ") for line in lines[1:])
    assert "13812345678" not in "\n".join(lines)


def test_one_line() -> None:
    assert one_line("a\r\n\u2029b") == "a b"
