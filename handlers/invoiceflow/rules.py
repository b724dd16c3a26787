"""What a sentence about a node of the invoices' approval means. Pure.

Source: manual 3.8; crm-rules.md 1.20 (R-APP-1, R-APP-2).
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

from bot.core.errors import InvalidInput, RuleBroken
from bot.language.money import parse_amount
from bot.language.numbers import integer
from handlers.invoices.reading import read_invoice
from handlers.invoices.rules import EDITABLE, FIELDS, KINDS, kind_text

ALIASES: Final = {
    "抬头": "title",
    "金额": "amount",
    "已开票": "invoiced_amount",
    "已回款": "paid_amount",
    "电话": "contact_mobile",
}
VERBS: Final = re.compile(
    r"^(?:节点\s*)?(?P<node>.*?)\s*(?P<verb>添加参与者|移除参与者|参与者|不可改|不能改|可以改|可改|隐藏|显示|新增节点|添加节点|删除节点|移动节点|节点改名|改名|方式|条件|时限|抄送)[:：\s]*(?P<rest>.*)$"
)
LONGEST_DEADLINE: Final = 30 * 24  # hours
GAPS: Final = re.compile(r"[\s,，、;；]+(?:和\s+)?")
Verb = Literal[
    "set",
    "add",
    "remove",
    "hide",
    "show",
    "add_node",
    "remove_node",
    "mode",
    "condition",
    "deadline",
    "copy",
    "edit",
    "keep",
    "move_node",
    "rename_node",
]
MEANINGS: Final[dict[str, Verb]] = {
    "参与者": "set", "添加参与者": "add", "移除参与者": "remove", "隐藏": "hide", "显示": "show",
    "新增节点": "add_node", "添加节点": "add_node", "删除节点": "remove_node", "方式": "mode", "条件": "condition",
    "时限": "deadline", "抄送": "copy", "可改": "edit", "可以改": "edit", "不可改": "keep", "不能改": "keep",
    "移动节点": "move_node", "节点改名": "rename_node", "改名": "rename_node",
}  # fmt: skip
OF_ALL: Final = ("add_node", "remove_node", "move_node", "rename_node")  # of the row of nodes, not of one of them
PLACE: Final = re.compile(
    r"^(?P<name>.+?)\s*(?:在|到|放在|放到|移到|排在)\s*(?P<beside>.+?)\s*(?:的|之|节点)?(?P<side>前|后)面?$"
)
NEW_NAME: Final = re.compile(r"^(?P<name>.+?)\s*(?:改名|改为|改成|叫做?|→|->|为|\s)\s*(?P<new>\S+)$")
NODE_LENGTH: Final = 20
HELP: Final = (
    "「参与者 出纳」「参与者 部门主管」「隐藏 合同金额 联系人电话」「显示 合同金额」「可改 税号 备注」「不可改 税号」"
    "「新增节点 财务复核 在 出纳开票 前」「移动节点 财务复核 到 出纳开票 后」「节点改名 财务复核 复核」"
    "「删除节点 财务复核」「方式 会签」「条件 开票金额 > 50000」「条件 无」"
    "「时限 24小时」「抄送 王芳」"
)
SUPERIORS: Final = {"部门主管": "leader", "部门负责人": "leader", "直属主管": "superior:1", "直属上级": "superior:1"}
ABOVE: Final = re.compile(r"上([一二三四五\d])级(?:主管|上级)?")
MODES: Final = {"或签": "any", "会签": "all", "依次": "turn", "依次审批": "turn"}
NOTHING: Final = ("无", "取消", "清空", "不限", "没有")
LIMITS: Final = re.compile(
    r"(?P<field>.+?)\s*(?P<op>>=|<=|!=|=|>|<|≥|≤|≠|大于等于|小于等于|大于|小于|超过|不等于|等于|不是|是)\s*(?P<value>\S.*)"
)
SIGNS: Final = {
    "≥": ">=",
    "≤": "<=",
    "大于等于": ">=",
    "小于等于": "<=",
    "大于": ">",
    "超过": ">",
    "小于": "<",
    "等于": "=",
    "是": "=",
    "不等于": "!=",
    "不是": "!=",
    "≠": "!=",
}
BEGINS: Final = {"=": "~", "!=": "!~"}  # of a kind without its rate
SUMS: Final = ("contract_amount", "amount", "invoiced_amount", "paid_amount")


class NodeRefused(RuleBroken, code="invoices.node"):
    """No such change of the nodes; the text says why."""


class ChangedSince(RuleBroken, code="invoices.changed"):
    """Somebody has changed the nodes after what would be taken back."""


@dataclass(frozen=True, slots=True)
class NodeWords:
    """A sentence about a node. `node` empty: the only one; `text`: what was said, of which `names` are the words."""

    verb: Verb
    node: str
    names: tuple[str, ...]
    text: str = ""


def read_node_words(text: str) -> NodeWords | None:
    """`参与者 出纳`, `出纳开票 隐藏 合同金额`; None: it is about something else. Raises InvalidInput."""
    found = VERBS.match(text.strip())
    if found is None:
        return None
    names = tuple(n for n in GAPS.split(found["rest"].strip()) if n)
    verb = MEANINGS[found["verb"]]
    if not names:
        raise InvalidInput(f"还差内容，可以说{HELP}。")
    return NodeWords(verb, found["node"].strip(" 的：:"), names, found["rest"].strip())


def read_place(text: str) -> tuple[str, str, bool]:
    """`财务复核 在 出纳开票 前`: the node, beside which (empty: at the end), and whether before it."""
    found = PLACE.match(text.strip())
    if found is None:
        return " ".join(text.split()), "", False
    return " ".join(found["name"].split()), " ".join(found["beside"].split()), found["side"] == "前"


def read_new_name(words: NodeWords) -> tuple[str, str]:
    """`节点改名 财务复核 复核`, `财务复核 改名 复核`: from, to. Raises InvalidInput."""
    if words.node and words.text:
        return words.node, " ".join(words.text.split())
    found = NEW_NAME.match(words.text)
    if found is None:
        raise InvalidInput("改名要写现在的名字和新的名字，例如「节点改名 财务复核 复核」。")
    return found["name"].strip(), found["new"]


def check_node_name(name: str, others: Collection[str]) -> str:
    """Raises InvalidInput, NodeRefused."""
    if not name or len(name) > NODE_LENGTH:
        raise InvalidInput(f"节点名称写 1 到 {NODE_LENGTH} 个字，例如「新增节点 财务复核」。")
    if name in others:
        raise NodeRefused(f"已经有节点「{name}」了。")
    return name


def field_names(labels: tuple[str, ...]) -> tuple[str, ...]:
    """合同金额 → contract_amount. Raises InvalidInput with the list."""
    known = {label: name for name, label in FIELDS.items()} | ALIASES | {name: name for name in FIELDS}
    labels = tuple(part for label in labels for part in ([label] if label in known else label.split("和")))
    wrong = [label for label in labels if label not in known]
    if wrong:
        raise InvalidInput(f"没有「{'、'.join(wrong)}」这个字段，可以隐藏的有：{'、'.join(FIELDS.values())}。")
    return tuple(known[label] for label in labels)


def editable_names(labels: tuple[str, ...]) -> tuple[str, ...]:
    """As `field_names`, of what may be changed on the way. Raises InvalidInput with the list."""
    names = field_names(labels)
    wrong = [FIELDS[name] for name in names if name not in EDITABLE]
    if wrong:
        can = "、".join(FIELDS[name] for name in EDITABLE)
        raise InvalidInput(f"{'、'.join(wrong)}不能在审批中改，可以设成可改的有：{can}。")
    return names


def superior_of(word: str) -> str | None:
    """部门主管 → leader, 上2级主管 → superior:2; None: it is no superior."""
    above = ABOVE.fullmatch(word)
    if above is not None:
        return f"superior:{integer(above[1])}"
    return SUPERIORS.get(word)


def superior_text(superior: str) -> str:
    """The inverse."""
    if superior == "leader":
        return "部门主管"
    level = superior.removeprefix("superior:")
    return "直属主管" if level == "1" else f"上{level}级主管"


def read_conditions(text: str) -> tuple[tuple[str, str, str], ...]:
    """`开票金额 > 5万`, several with 且; 无: none. Raises InvalidInput."""
    if text.strip() in NOTHING:
        return ()
    found = []
    for part in re.split(r"\s*(?:并且|且|，|,(?!\d{3}))\s*", text.strip()):
        said = LIMITS.fullmatch(part)
        if said is None:
            raise InvalidInput("条件要写成「条件 开票金额 > 50000」，几个条件用「且」连起来；不要条件就写「条件 无」。")
        (name,) = field_names((said["field"],))
        value, op = said["value"].strip(), SIGNS.get(said["op"], said["op"])
        if name in SUMS:
            amount = parse_amount(value)
            if amount is None or amount.value is None or not amount.sure:
                raise InvalidInput(f"「{value}」不是确定的金额，条件要写成「条件 开票金额 > 50000」。")
            value = str(amount.value)
        elif op not in BEGINS:
            raise InvalidInput(f"「{said['field']}」不是金额，只能写「=」或「!=」，例如「条件 发票类型 = 专票」。")
        if name == "invoice_type":
            value, op = _kind(value, op)
        found.append((name, op, value))
    return tuple(found)


def _kind(said: str, op: str) -> tuple[str, str]:
    """`专票6%`, as an application says it; `专票`: whatever its rate is. Raises InvalidInput."""
    words = read_invoice(said)
    if not words.kind or words.rest:
        raise InvalidInput(f"没有「{said}」这种发票类型，可以写 {'、'.join(KINDS)}，或带上税率，例如「专票 6%」。")
    return kind_text(words.kind, words.rate), op if words.rate is not None else BEGINS[op]


def condition_text(condition: tuple[str, str, str]) -> str:
    """开票金额 > 50000."""
    signs = {begins: sign for sign, begins in BEGINS.items()}
    return f"{FIELDS.get(condition[0], condition[0])} {signs.get(condition[1], condition[1])} {condition[2]}"


def read_deadline(text: str) -> int | None:
    """`24小时`, `2天`, in hours; 无: none. Raises InvalidInput."""
    said = text.strip()
    if said in NOTHING:
        return None
    found = re.fullmatch(r"(\d{1,3})\s*(小时|个小时|天|日)?", said)
    hours = int(found[1]) * (24 if found[2] in ("天", "日") else 1) if found is not None else 0
    if not 0 < hours <= LONGEST_DEADLINE:
        raise InvalidInput("时限要写成「时限 24小时」或「时限 2天」，最长 30 天；不要时限就写「时限 无」。")
    return hours
