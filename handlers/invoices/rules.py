"""The fields an approval node may hide, and what a sentence about a node means. Pure.

Source: manual 3.8.1–3.8.2; contract `world.md` ("Fields an approval node may hide").
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

from bot.core.errors import InvalidInput, RuleBroken

DEFAULT_NODE: Final = "出纳开票"
FIELDS: Final = {
    "customer": "客户", "contract_no": "合同编号", "contract_amount": "合同金额", "amount": "开票金额",
    "invoice_type": "发票类型", "title": "发票抬头", "tax_no": "税号", "remark": "备注", "contact_name": "联系人",
    "contact_mobile": "联系人电话", "invoiced_amount": "已开票金额", "paid_amount": "已回款金额",
    "applicant": "申请人",
}  # fmt: skip
ALIASES: Final = {
    "抬头": "title",
    "金额": "amount",
    "已开票": "invoiced_amount",
    "已回款": "paid_amount",
    "电话": "contact_mobile",
}
VERBS: Final = re.compile(
    r"^(?:节点\s*)?(?P<node>.*?)\s*(?P<verb>添加参与者|移除参与者|参与者|隐藏|显示|新增节点|添加节点|删除节点)[:：\s]*(?P<rest>.*)$"
)
GAPS: Final = re.compile(r"[\s,，、;；和]+")
Verb = Literal["set", "add", "remove", "hide", "show", "add_node", "remove_node"]
MEANINGS: Final[dict[str, Verb]] = {
    "参与者": "set", "添加参与者": "add", "移除参与者": "remove", "隐藏": "hide", "显示": "show",
    "新增节点": "add_node", "添加节点": "add_node", "删除节点": "remove_node",
}  # fmt: skip
HELP: Final = "「参与者 出纳」「隐藏 合同金额 联系人电话」「显示 合同金额」「新增节点 财务复核」「删除节点 财务复核」"


class NodeRefused(RuleBroken, code="invoices.node"):
    """No such change of the nodes; the text says why."""


class ChangedSince(RuleBroken, code="invoices.changed"):
    """Somebody has changed the nodes after what would be taken back."""


@dataclass(frozen=True, slots=True)
class NodeWords:
    """A sentence about a node. `node` empty: the only one."""

    verb: Verb
    node: str
    names: tuple[str, ...]


def read_node_words(text: str) -> NodeWords | None:
    """`参与者 出纳`, `出纳开票 隐藏 合同金额`; None: it is about something else. Raises InvalidInput."""
    found = VERBS.match(text.strip())
    if found is None:
        return None
    names = tuple(n for n in GAPS.split(found["rest"].strip()) if n)
    verb = MEANINGS[found["verb"]]
    if not names:
        raise InvalidInput(f"还差内容，可以说{HELP}。")
    return NodeWords(verb, found["node"].strip(" 的：:"), names)


def field_names(labels: tuple[str, ...]) -> tuple[str, ...]:
    """合同金额 → contract_amount. Raises InvalidInput with the list."""
    known = {label: name for name, label in FIELDS.items()} | ALIASES | {name: name for name in FIELDS}
    wrong = [label for label in labels if label not in known]
    if wrong:
        raise InvalidInput(f"没有「{'、'.join(wrong)}」这个字段，可以隐藏的有：{'、'.join(FIELDS.values())}。")
    return tuple(known[label] for label in labels)
