"""The customer a sentence speaks of: the longest name or short form in it, at its start rather than later."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bot.language.book import Book, Candidate, compact, compact_with_offsets, names_of
from bot.language.companies import GENERIC_WORDS, core_name, region_length, soft_key
from bot.language.grammar import CLOCK, DAY
from bot.language.match import Match, Tier, is_only_common, rank
from bot.language.names import SURNAMES
from bot.language.normalize import fold
from bot.language.regions import REGIONS


@dataclass(frozen=True, slots=True)
class SentenceHit:
    """A name at `start:end` of a sentence. `leading`: nothing but 刚和, 昨天拜访了 and the like stands before it."""

    start: int
    end: int
    text: str
    match: Match
    leading: bool

    @property
    def certain(self) -> Candidate | None:
        """The one that may be written to without asking."""
        return self.match.certain

    @property
    def options(self) -> tuple[Candidate, ...]:
        """Who may be meant, best first."""
        return self.match.options


_BREAK: Final = re.compile(r"[,，。;；!！?？\n:：、]")
_LEAD: Final = re.compile(
    r"(?:刚刚|刚才|刚|才|我们|我|咱们|已经|已|又|再次|再|一起|同事|客户|公司|和|跟|与|给|去了?|找了?|"
    r"到了?|在|对|向|约了?|见了?|同|是|"
    r"(?:拜访|走访|回访|联系|跟进|上门|登门|致电|沟通|面访|约见|电话联系|电话沟通|微信联系|微信沟通|"
    r"电话|打电话|打了电话|打过电话|微信|接待|访问|邮件|发邮件|面谈|通话|开会|短信|打|聊|谈|见)(?:了|过|给|完)?|"
    r"记一下|记录|打给|打了个电话给|打电话给|通过|的|了|[\s,，:：。、])*"
)
_BEFORE: Final = re.compile(
    r"(?:[\s,，。;；:：、!！?？\n(「“]|和|跟|与|给了?|找|拜访|拜访了|拜访过|走访了?|联系了?|约了?|见了?|"
    r"对|向|去了?|去过|到|到了|客户|回访了?|上门|打给|致电|跟进了?|[打聊谈见]完)$"
)
_FOLLOW: Final = re.compile(
    r"$|[\s,，。:：;；!！?？、)」”~…]|公司|集团|那边|这边|那里|那儿|这家|的|他们|她们|电话|打(?:电话|了|过)|微信|短信|邮件|"
    r"拜访|走访|上门|登门|聊|谈|说|讲|沟通|联系|见面|见了|开[了完过]?会|发了|就是|然后|他|她|要(?!塞)|不(?!锈)|也|对|给|让|发来|回复|回电|问|报价|想|今天|明天|昨天|前天|"
    r"后天|下周|下午|下个?月|上午|上周|上次|下次|本周|这周|周[一二三四五六日天]|星期|礼拜|再|已经?|没|还|通了|通过?电话|约|签|"
    r"付款|打款|到账|收到|决定|准备|同意|确认|反馈|希望|暂时|继续|老板|经理|来电|催|考虑|表示|答应|拒绝|觉得|认为|"
    rf"[{SURNAMES}](?:总|工|经理|主任|部长|老板|姐|哥|先生|女士)"
)
_SAID_OF_THINGS: Final = frozenset(
    [
        "设计",
        "服务",
        "检测",
        "安装",
        "中心",
        "数据",
        "系统",
        "培训",
        "管理",
        "发展",
        "销售",
        "开发",
        "配件",
        "投资",
        "包装",
        "运输",
        "物流",
        "软件",
        "设备",
        "咨询",
        "广告",
        "印刷",
        "食品",
        "材料",
        "国际",
        "工程",
    ]
)
_OTHER_FIRM: Final = re.compile(
    "|".join(sorted(GENERIC_WORDS - _SAID_OF_THINGS, key=len, reverse=True))
    + "|(?:"
    + "|".join(sorted(_SAID_OF_THINGS))
    + ")(?=有限|公司|股份|集团|厂)|厂|股份|有限"
)
_EVERYDAY: Final = frozenset(
    [
        "合作",
        "客户",
        "项目",
        "方案",
        "报价",
        "合同",
        "电话",
        "微信",
        "对方",
        "老板",
        "下次",
        "时间",
        "价格",
        "产品",
        "样品",
        "订单",
        "付款",
        "发货",
        "采购",
        "会议",
        "邮件",
        "拜访",
        "沟通",
        "联系",
        "跟进",
        "记录",
        "需求",
        "要求",
        "市场",
        "问题",
        "情况",
        "领导",
        "经理",
        "公司",
        "集团",
        "工厂",
        "商务",
        "成交",
        "意向",
        "考虑",
        "预算",
        "技术",
        "测试",
        "安排",
        "准备",
        "今年",
        "明年",
        "中午",
        "下午",
        "上午",
        "晚上",
        "希望",
        "认识",
        "展会",
        "新的",
    ]
)
"""Words of any follow-up that are also the beginning of somebody's name; alone they name nobody."""
_LATIN: Final = re.compile(r"[a-z0-9]", re.ASCII)

_Span = tuple[int, int, int]


def find_in_sentence(text: str, candidates: Sequence[Candidate]) -> SentenceHit | None:
    """Who the sentence is about; None when it names nobody.

    Certain only where `rank` is for the words found, they stand where a name stands (at the start, after 和, 拜访,
    a pause …) and what follows does not go on like another firm's name (华兴 in 华兴电子厂).
    Contacts' names are found too; they are offered.
    """
    book = Book.of(candidates)
    if not len(book):
        return None
    folded = fold(text)
    spans = list(_name_spans(text, folded, book))
    if not spans:
        return _contact(text, folded, book)
    leads = {start: _is_lead(folded[:start]) for start, _, _ in spans}
    start, end, _ = min(spans, key=lambda s: (not leads[s[0]], s[0] - s[1] if not leads[s[0]] else -s[1], s[0]))
    match = rank(text[start:end], book)
    if match.certain is not None and not _stands_alone(folded, start, end, match.certain, leading=leads[start]):
        match = Match(None, match.options, match.tier, match.total, match.query)
    return SentenceHit(start, end, text[start:end], match, leads[start])


def _name_spans(text: str, folded: str, book: Book) -> Iterator[_Span]:
    """Start and end of every name or short form, with the candidate it was seen in."""
    base = 0
    for piece in _BREAK.split(folded):
        flat, offsets = compact_with_offsets(text[base : base + len(piece)])
        for place in range(len(flat) - 1):
            pair = flat[place : place + 2]
            if pair in GENERIC_WORDS or pair in REGIONS or pair in {"有限", "公司", "限公", "责任"}:
                continue
            for i in book.named(pair):
                longest = max((_length(flat, place, name) for name in names_of(book[i])), default=0)
                if longest:
                    first = _with_region(flat, place, book[i].name)
                    last = place + longest - 1
                    yield base + offsets[first], base + offsets[last] + 1, i
        base += len(piece) + 1


def _length(flat: str, place: int, name: str) -> int:
    """How much of `name` stands at `place`: from the start of its own part on, at least two characters."""
    whole = compact(name)
    core = core_name(name)
    own = region_length(core)
    rest = flat[place:]
    best = 0
    for form in (core[own:], whole[whole.find(core[own:]) :] if core[own:] in whole else whole, whole):
        size = _common(rest, form)
        if size == 2 and size < len(form) and rest[:2] in _EVERYDAY:
            continue
        if (
            size >= 2
            and not _cuts_latin(rest, form, size)
            and not is_only_common(rest[:size])
            and not _is_date(rest, size)
        ):
            best = max(best, size)
    return best


def _common(one: str, other: str) -> int:
    size = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        size += 1
    return size


def _cuts_latin(rest: str, form: str, size: int) -> bool:
    """Whether the common part ends inside a word of letters or digits on either side."""
    if not _LATIN.match(rest[size - 1]):
        return False
    return any(len(s) > size and bool(_LATIN.match(s[size])) and s[size].isalpha() for s in (rest, form))


def _is_date(rest: str, size: int) -> bool:
    """Whether the words found are a date that a name happens to begin with: 明天 of 明天科技."""
    day = DAY.match(rest) or CLOCK.match(rest)
    return day is not None and day.end() >= size


def says_something_else(word: str) -> bool:
    """Whether a word by itself is a date or a word of any note (报价, 电话), though somebody's name begins with it."""
    folded = fold(word).strip()
    return folded in _EVERYDAY or _is_date(folded, len(folded))


def _with_region(flat: str, place: int, name: str) -> int:
    core = core_name(name)
    region = core[: region_length(core)]
    return place - len(region) if region and flat[:place].endswith(region) else place


def _is_lead(before: str) -> bool:
    rest = CLOCK.sub("", DAY.sub("", before)) if before else ""
    return _LEAD.fullmatch(rest) is not None


def _stands_alone(folded: str, start: int, end: int, candidate: Candidate, *, leading: bool) -> bool:
    if not (leading or start == 0 or _BEFORE.search(folded[:start])):
        return False
    after = folded[end:]
    if _OTHER_FIRM.match(after):
        return False
    matched = compact(folded[start:end])
    whole = any(_is_whole(matched, name) for name in names_of(candidate))
    return whole or _FOLLOW.match(after) is not None


def _is_whole(matched: str, name: str) -> bool:
    """Whether the words are a whole name, not the first characters of one that may go on otherwise."""
    core = core_name(name)
    if matched in {compact(name), core, core[region_length(core) :]}:
        return True
    return len(matched) > 2 and matched == soft_key(name)


def _contact(text: str, folded: str, book: Book) -> SentenceHit | None:
    flat, offsets = compact_with_offsets(text)
    for place in range(len(flat) - 1):
        found: dict[int, int] = {}
        for i in book.known_by(flat[place : place + 2]):
            sizes = [len(p) for p in map(compact, book[i].contacts) if len(p) >= 2 and flat.startswith(p, place)]
            if sizes:
                found[i] = max(sizes)
        if found:
            size = max(found.values())
            indexes = [i for i, s in found.items() if s == size]
            start, end = offsets[place], offsets[place + size - 1] + 1
            options = tuple(book[i] for i in indexes[:5])
            match = Match(None, options, Tier.CONTACT, len(indexes), text[start:end])
            return SentenceHit(start, end, text[start:end], match, _is_lead(folded[:start]))
    return None
