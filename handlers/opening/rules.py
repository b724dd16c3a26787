"""What is agreed to, whom the app is opened for, and what is still missing. Pure: no I/O, no clock.

Source: manual 1.1–1.2; requirements R1.03–R1.09.
"""

import re
from dataclasses import dataclass
from typing import Literal

from bot.core.errors import InvalidInput, RuleBroken

TERMS_VERSION = "2026-11"
TERMS = (
    "开通后，本应用会读取钉钉通讯录（部门、姓名、职务、手机号），给使用范围内的员工发消息和工作通知，"
    "并把客户资料存在你们自己的服务器上。"
)
EXAMPLE = "使用范围 部分员工 销售一部 财务部 张三"

Mode = Literal["all", "some", "admins"]
MODES: dict[str, Mode] = {
    "全部员工": "all", "全体员工": "all", "所有员工": "all", "全部": "all", "全员": "all", "所有人": "all",
    "全部人员": "all", "全体": "all", "全公司": "all", "所有": "all",
    "部分员工": "some", "部分人员": "some", "部分": "some",
    "仅管理员": "admins", "只有管理员": "admins", "管理员": "admins",
}  # fmt: skip
MODE_NAMES: dict[Mode, str] = {"all": "全部员工", "some": "部分员工", "admins": "管理员"}
_PARTS = re.compile(r"[\s,，、;；]+")


class NotAgreed(RuleBroken, code="opening.not_agreed"):
    """The terms have not been agreed to yet; the text names the step."""


class AlreadyOpen(RuleBroken, code="opening.already_open"):
    """The app is open; the text says since when and by whom."""


@dataclass(frozen=True, slots=True)
class ScopeWish:
    """What somebody wants the usage scope to be: `names` of departments and people, as typed."""

    mode: Mode
    names: tuple[str, ...] = ()


def read_scope(text: str) -> ScopeWish:
    """`部分员工 销售一部 张三`. Raises InvalidInput with an example."""
    words = [w.lstrip("@") for w in _PARTS.split(text.strip().strip("：:")) if w.strip("@")]
    if not words:
        raise InvalidInput(f"使用范围有三种：全部员工、部分员工、管理员。例如「{EXAMPLE}」。")
    mode = MODES.get(words[0])
    if mode is None:  # 使用范围 销售一部 张三: whom it names is looked for, and what is not found is said
        return ScopeWish("some", tuple(dict.fromkeys(words)))
    names = tuple(dict.fromkeys(words[1:]))
    if mode == "some" and not names:
        raise InvalidInput(f"部分员工要写明部门或人，用空格隔开，下级部门自动包含。例如「{EXAMPLE}」。")
    if mode != "some" and names:
        raise InvalidInput(f"「{MODE_NAMES[mode]}」后面不用写名字。只给部分人用，例如「{EXAMPLE}」。")
    return ScopeWish(mode, names)


def check_agreed(consented_by: str) -> None:
    """Raises NotAgreed."""
    if not consented_by:
        raise NotAgreed("还差一步，没有开通：先同意使用条款，点「我同意」或发送「我同意」，再「立即开通」。")
