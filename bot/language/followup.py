"""A follow-up out of one sentence: whom, how, what, when next (conversation.md B6 item 1).

Slots the sentence leaves open come back as problems, all at once, so that one question asks for all of them. A
customer is never guessed: without a certain one there are only options.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from bot.language.book import Book, Candidate
from bot.language.calendar import Overrides
from bot.language.companies import GENERIC_WORDS
from bot.language.dates import Found
from bot.language.grammar import CLOCK, DAY
from bot.language.match import Match, Tier, rank
from bot.language.methods import find_method
from bot.language.normalize import clean, fold
from bot.language.sentence import SentenceHit, find_in_sentence, says_something_else
from bot.language.times import Times, read_times


class Problem(StrEnum):
    """What has to be asked before the follow-up is kept."""

    CUSTOMER_MISSING = "customer_missing"
    CUSTOMER_UNKNOWN = "customer_unknown"
    CUSTOMER_AMBIGUOUS = "customer_ambiguous"
    CUSTOMER_FROM_CONTEXT = "customer_from_context"
    CONTENT_MISSING = "content_missing"
    NEXT_UNSURE = "next_unsure"
    HAPPENED_UNSURE = "happened_unsure"


@dataclass(frozen=True, slots=True)
class FollowUpSlots:
    """What the sentence says.

    `named` is the text taken for the customer's name, empty when none was. `method` is a value of the given
    dictionary. `happened_at` is set when the contact was not just now. `is_command`: it began with 跟进, 记一下 …;
    `has_contact_verb`: it tells of a contact, so that free text may be offered as a follow-up.
    """

    customer: Match
    named: str
    method: str | None
    content: str
    next_at: Found | None
    happened_at: Found | None
    problems: tuple[Problem, ...]
    is_command: bool
    has_contact_verb: bool

    @property
    def is_complete(self) -> bool:
        """Whether it can be kept without a question."""
        return not self.problems


_COMMAND: Final = re.compile(
    r"(?:请|麻烦|帮我|给我|我要|我想|来)*(?:写跟进记录|写跟进|跟进记录|跟进一下|记跟进|登记跟进|"
    r"添加跟进|新建跟进|新增跟进|跟进(?!了|过)|"
    r"记录一下|记一下|记一笔|记下来|记下|记录(?=[\s,，:：])|记(?=[\s,，:：]))[\s,，:：。、]*"
)
_VERB: Final = re.compile(
    r"打(?:了|过|个|电话)|通(?:了|过)?(?:个)?(?:电话|话)|电话(?!号)|微信|拜访|上门|见了|见面|面谈|聊|谈|"
    r"沟通|报(?:了|过)?价|联系|开(?:了|完)?会|邮件|短信|"
    r"回访|走访|接待|来电|致电|去了|问了|催了|送了|发了|签了|交流|演示|对方|客户说|跟进"
)
_PRONOUN: Final = re.compile(
    r"(?:刚刚?|刚才)?(?:和|跟|给|与)?(?:他们家|他们|她们|他家|他|她|这家公司|这家|这个客户|该客户|那家|"
    r"刚才那家|上一家|它|同一家)(?=[\s,，:：]|说|要|那边|的|想|问|聊|打|通|明|下|今|不|很|没|觉|对|同|"
    r"还|已|回|又|希望|需要|考虑|决定|$)"
)
_UNKNOWN_NAME: Final = re.compile(
    r"(?!没|不|已|想|要|很|太|在|等|正|还|说|问|需|希望|可以|暂|准备|觉得|同意|确认|决定|考虑|价格|客户|"
    r"对方|合作|项目|方案|报价|合同|样品|产品|付款|发货|采购|技术|"
    r"老板|领导|今|明|后|下|上|有|无|是|了|再|继续|安排|收到|对|和|跟|[\d.]+$)(?!.*(?:了|过|电话|微信|拜访|聊|"
    r"谈|沟通|联系|见|开会|邮件|太|很|不|没|的))[\u4e00-\u9fffA-Za-z0-9&·.()（）-]{2,16}"
)
_TOKEN: Final = re.compile(
    r"[「『“\"]?([^\s,，。;；:：!！?？「」『』“”\"]{1,40})[」』”\"]?"
    r"(?=[\s,，。;；:：!！?？]|$)"
)
_LEAD_WORDS: Final = re.compile(
    r"(?:刚刚|刚才|刚|才|我们|我|今天|已经|又|再次|一起|和|跟|与|给|同|向|对|去了?|找了?|到了?|在|约了?|"
    r"见了?|客户|公司|了|的|过|一?个|一下|一?趟|一?次|通|打|那边|这边|那里|老板|回访|联系|沟通|拜访|走访|上门|致电|接待|[\s,，:：。、])*"
)
_THEN: Final = re.compile(r"[前后再去打联上下见聊谈发给回开签送到期放之以节左右要来约交付提出早晚中午点]")
_METHOD_PREFIX_NEXT: Final = re.compile(
    r"[\s,，:：。、]|聊|沟通|谈|说|联系|问|讲|里|上|中|跟进|过去|回访|交流|确认|告知|通知|$"
)
_FILLER_LEAD: Final = re.compile(r"^(?:就是说?|那个|然后|嗯|呃|这个)+[,，\s]*")
_MERE_CONTACT: Final = re.compile(r"(?:(?:刚|联系|沟通|聊|谈|拜访|上门|见面?|通话|说|回访|跟进)[了过一下天]*)?")
_TIDY: Final = " \t\n,，;；:：、。"


def tells_of_contact(text: str) -> bool:
    """Whether the words tell of a call, a visit, a message …"""
    return _VERB.search(fold(text)) is not None


def read_follow_up(
    sentence: str,
    candidates: Sequence[Candidate],
    methods: Sequence[str],
    now: datetime,
    *,
    last: Candidate | None = None,
    mask: Iterable[str] = (),
    overrides: Overrides | None = None,
    voice: bool = False,
) -> FollowUpSlots:
    """The slots of `sentence`.

    `candidates` are whom the speaker may write to, `methods` the values of his dictionary, `last` the customer
    spoken of within the last ten minutes, `mask` further known names that are no dates. 他 and 这家 mean `last`;
    a sentence that names nobody only offers `last`.
    """
    text = clean(sentence, voice=voice)
    command = _COMMAND.match(fold(text))
    body = text[command.end() :] if command else text
    book = Book.of(candidates)
    who = _customer(body, book, last, is_command=command is not None)
    names = [*mask, who.named] if who.named else list(mask)
    times = read_times(body, now, mask=names, overrides=overrides)
    method = find_method(body, methods, skip=[*times.next_spans, (who.start, who.end)])
    content = _content(body, who, times, method_span=(method.start, method.end) if method else None)
    if voice:
        content = _FILLER_LEAD.sub("", content)
    has_verb = bool(_VERB.search(fold(body)))
    problems = [*who.problems]
    if not content:
        problems.append(Problem.CONTENT_MISSING)
    if times.next_at is not None and not times.next_at.sure:
        problems.append(Problem.NEXT_UNSURE)
    if times.happened_at is not None and not times.happened_at.sure:
        problems.append(Problem.HAPPENED_UNSURE)
    return FollowUpSlots(
        who.match,
        who.named,
        method.value if method else None,
        content,
        times.next_at,
        times.happened_at,
        tuple(problems),
        command is not None,
        has_verb,
    )


@dataclass(frozen=True, slots=True)
class _Who:
    match: Match
    named: str
    start: int
    end: int
    leading: bool
    problems: tuple[Problem, ...]


def _customer(body: str, book: Book, last: Candidate | None, *, is_command: bool) -> _Who:
    head, gap, _ = body.partition(" ")
    # 跟进 客户 方式 内容: a blank ends the customer's name. 跟进 明天 再打 names no 明天科技.
    if is_command and gap and len(head) <= 30 and not says_something_else(head):
        named = rank(head, book)
        if named.certain is not None:
            return _Who(named, head, 0, len(head), True, ())
    hit = find_in_sentence(body, book)
    if hit is not None and (hit.leading or hit.certain is not None):
        return _by_hit(hit)
    pronoun = _PRONOUN.match(fold(body))
    if pronoun is not None:
        if last is None:
            return _Who(Match(None), "", 0, pronoun.end(), True, (Problem.CUSTOMER_MISSING,))
        return _Who(Match(last, (last,), Tier.FULL, 1, last.name), "", 0, pronoun.end(), True, ())
    token = _first_token(body, book, last, is_command=is_command)
    if token is not None:
        return token
    if hit is not None:
        return _by_hit(hit)
    if last is not None:
        offered = Match(None, (last,), Tier.NONE, 1)
        return _Who(offered, "", 0, 0, False, (Problem.CUSTOMER_FROM_CONTEXT,))
    return _Who(Match(None), "", 0, 0, False, (Problem.CUSTOMER_MISSING,))


def _by_hit(hit: SentenceHit) -> _Who:
    problems = () if hit.certain is not None else (Problem.CUSTOMER_AMBIGUOUS,)
    return _Who(hit.match, hit.text, hit.start, hit.end, hit.leading, problems)


def _first_token(body: str, book: Book, last: Candidate | None, *, is_command: bool) -> _Who | None:
    """The first word as a name: hxkj, 5678, a wrong character, or somebody unknown.

    Only where something follows it, or a command went before: the words of a note are not looked up.
    """
    lead = re.match(r"(?:刚刚?|刚才|今天|和|跟|与|给|拜访了?|联系了?|\s)*", body)
    start = lead.end() if lead else 0
    match = _TOKEN.match(body, start)
    if match is None or (not is_command and match.end() >= len(body.rstrip())):
        return None
    word = match[1]
    if says_something_else(word):
        return None
    found = rank(word, book) if len(word) <= 30 else Match(None)
    if found.options and found.tier is not Tier.NONE and _may_be_name(word, found):
        problems = () if found.certain is not None else (Problem.CUSTOMER_AMBIGUOUS,)
        return _Who(found, word, match.start(), match.end(), True, problems)
    looks_named = re.search(
        r"(?:公司|集团|厂|商行|科技|贸易|电子|机械|实业|股份|工作室|事务所|中心|医院|学校|大学|银行|酒店)$", word
    )
    first_of_several = is_command and body[match.end() :].startswith(" ") and body[match.end() :].strip()
    if (looks_named and not _VERB.search(word)) or (
        first_of_several and _UNKNOWN_NAME.fullmatch(word) and not _begins_with_time(word)
    ):
        offered = Match(None, (last,) if last else (), Tier.NONE, 1 if last else 0, word)
        return _Who(offered, word, match.start(), match.end(), True, (Problem.CUSTOMER_UNKNOWN,))
    return None


def _begins_with_time(word: str) -> bool:
    """月底发货 does; 五一农机 is a firm called so, 宁德时代 has nothing to do with time."""
    folded = fold(word)
    moment = DAY.match(folded) or CLOCK.match(folded)
    if moment is None:
        return False
    rest = folded[moment.end() :]
    return len(rest) < 2 or (rest not in GENERIC_WORDS and _THEN.match(rest) is not None)


def _may_be_name(word: str, found: Match) -> bool:
    """Whether a word that resembles a name is likelier that name than the note itself."""
    if found.tier in {Tier.SOUND, Tier.TYPO, Tier.ABBREVIATION}:
        return len(word) <= 8 and not _VERB.search(word)
    if found.tier in {Tier.INITIALS, Tier.PINYIN}:
        return len(word) >= 2
    return True


def _content(body: str, who: _Who, times: Times, *, method_span: tuple[int, int] | None) -> str:
    """The user's words without the name in front, the method in front, and a clause that only says when next."""
    cut: list[tuple[int, int]] = []
    if who.leading and who.end and not body.startswith("的", who.end):
        plain = _is_plain_lead(body[: who.start], times, method_span)
        beyond = re.match(r"(?:公司)?(?:那边|这边|那里|那儿)?", body[who.end :])
        cut.append((0 if plain else who.start, who.end + (beyond.end() if beyond else 0)))
    begin = cut[0][1] if cut and cut[0][0] == 0 else 0
    lead_end = _method_end(body, begin, method_span)
    if lead_end > begin:
        cut.append((begin, lead_end))
    full = _joined(body, cut)
    bare = _joined(body, [*cut, *times.bare_clauses])
    content = full if _MERE_CONTACT.fullmatch(bare) else bare
    if not content and cut:
        # Nothing but the contact itself: 和蓝海通过电话了 is a note, 电话 alone is none.
        content = _joined(body, [(who.start, who.end)])
        told = body[slice(*method_span)] if method_span else ""
        if _LEAD_WORDS.fullmatch(content) or (content == told and not re.search("[了过]", told)):
            content = ""
    return content


def _is_plain_lead(before: str, times: Times, method_span: tuple[int, int] | None) -> bool:
    """Whether what stands before the name says only that, when and how there was a contact."""
    kept = list(before)
    for start, end in (*times.spans, *([method_span] if method_span else [])):
        for place in range(start, min(end, len(kept))):
            kept[place] = " "
    return _LEAD_WORDS.fullmatch("".join(kept)) is not None


def _method_end(body: str, begin: int, method_span: tuple[int, int] | None) -> int:
    """Where the note begins after 电话 or 通了电话 right behind the name."""
    if method_span is None or method_span[0] < begin:
        return begin
    start, end = method_span
    if _LEAD_WORDS.fullmatch(body[begin:start]) is None:
        return begin
    rest = body[end:]
    if not _METHOD_PREFIX_NEXT.match(rest):
        return begin
    tail = re.match(
        r"(?:里|上|中|过去|了|过|一?个|一下|(?:沟通|联系|跟进|回访|交流)(?=[\s,，:：。、])|[\s,，:：。、])*", rest
    )
    return end + (tail.end() if tail else 0)


def _joined(text: str, cut: Iterable[tuple[int, int]]) -> str:
    kept = list(text)
    for start, end in cut:
        for place in range(start, min(end, len(kept))):
            kept[place] = ""
    joined = "".join(kept)
    joined = re.sub(r"([,，。;；、])\s*(?=[,，。;；、])", "", joined)
    return joined.strip(_TIDY).removeprefix("了").removeprefix("过").strip(_TIDY)
