"""When two company names mean one company (crm-rules.md R-DUP-1, invariant 89)."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from rapidfuzz import fuzz

from bot.language.regions import REGIONS
from bot.language.traditional import TO_SIMPLIFIED

_NOT_NAME: Final = re.compile(r"[^\w\u3400-\u9fff]+|_+")
_LIMITED: Final = "有限责任公司|有限公司"
_OPEN, _CLOSE = r"[(（\[【〔<《「]", r"[)）\]】〕>》」]"
_LIMITED_END: Final = re.compile(rf"(?:{_OPEN}\s*)?(?:{_LIMITED})(?:\s*{_CLOSE})?[\s\W_]*$")
_BRACKETED: Final = re.compile(rf"{_OPEN}([^()（）]*){_CLOSE}")
_MARKS: Final = re.compile(
    r"(?:股份(?:有限)?(?:责任)?公司|集团(?:股份)?(?:有限)?(?:责任)?公司|有限责任公司|有限公司|"
    r"分公司|子公司|集团|股份|公司|总厂|分厂|工厂|厂|商行|经营部|门市部|工作室|事务所|办事处|有限合伙|个体工商户)$"
)
_BRANCH: Final = re.compile(r"(?<=公司)[\u4e00-\u9fff]{2,8}?分公司$")

_GENERIC: Final = tuple(
    sorted(
        [
            "科技",
            "信息",
            "贸易",
            "技术",
            "商贸",
            "实业",
            "工贸",
            "网络",
            "电子",
            "机械",
            "设备",
            "工程",
            "建设",
            "建筑",
            "建材",
            "材料",
            "新材料",
            "制造",
            "工业",
            "电器",
            "电气",
            "自动化",
            "智能",
            "智能科技",
            "软件",
            "系统",
            "系统集成",
            "数码",
            "通信",
            "通讯",
            "文化",
            "传媒",
            "广告",
            "传播",
            "咨询",
            "顾问",
            "管理",
            "企业管理",
            "投资",
            "控股",
            "资产",
            "金融",
            "资本",
            "物流",
            "运输",
            "供应链",
            "食品",
            "餐饮",
            "酒店",
            "旅游",
            "服装",
            "服饰",
            "纺织",
            "家具",
            "家居",
            "装饰",
            "装潢",
            "医疗",
            "医药",
            "医疗器械",
            "器械",
            "生物",
            "生物科技",
            "化工",
            "化学",
            "环保",
            "能源",
            "新能源",
            "电力",
            "汽车",
            "汽配",
            "汽车零部件",
            "五金",
            "塑料",
            "塑胶",
            "橡胶",
            "包装",
            "印刷",
            "玩具",
            "仪器",
            "仪表",
            "模具",
            "农业",
            "教育",
            "教育科技",
            "培训",
            "服务",
            "进出口",
            "国际",
            "国际贸易",
            "发展",
            "开发",
            "置业",
            "房地产",
            "物业",
            "销售",
            "商业",
            "百货",
            "超市",
            "电商",
            "电子商务",
            "互联网",
            "信息技术",
            "网络科技",
            "数据",
            "云计算",
            "光电",
            "半导体",
            "配件",
            "零部件",
            "制品",
            "产业",
            "事业",
            "中心",
            "经贸",
            "外贸",
            "国贸",
            "集成",
            "安装",
            "检测",
            "设计",
            "研究院",
            "研究所",
        ],
        key=len,
        reverse=True,
    )
)
GENERIC_WORDS: Final = frozenset(_GENERIC)
_GENERIC_PART: Final = re.compile("|".join(_GENERIC))
_REGION_MAX: Final = max(len(r) for r in REGIONS)
_COUNTY: Final = re.compile(r"[\u4e00-\u9fff]{2}(?:区|县)(?=[\u4e00-\u9fff]{2})")


def _half(name: str) -> str:
    """NFKC, simplified, lower case; spaces and brackets still there."""
    return unicodedata.normalize("NFKC", name).translate(TO_SIMPLIFIED).casefold().strip()


@lru_cache(maxsize=20_000)
def hard_key(name: str) -> str:
    """Equal keys are the same legal person; a unique index stands on it.

    Only 有限公司 and 有限责任公司 at the end are dropped, also in brackets. 股份有限公司, 集团, 分公司 and what else
    stands in brackets stay, because they make another legal person. Empty when the name has no letters.
    """
    half = _half(name)
    stripped = _LIMITED_END.sub("", half)
    if stripped.endswith(("股份", "集团")):
        # 股份有限公司 and 集团有限公司 are forms of their own.
        stripped = half
    key = _NOT_NAME.sub("", stripped)
    return key or _NOT_NAME.sub("", half)


@lru_cache(maxsize=20_000)
def core_name(name: str) -> str:
    """The name without brackets and any legal form: 宁波华东精密机械有限公司 → 宁波华东精密机械."""
    half = _BRACKETED.sub("", _half(name))
    half = _NOT_NAME.sub("", half) or _NOT_NAME.sub("", _half(name))
    half = _BRANCH.sub("", half)
    while match := _MARKS.search(half):
        if match.start() < 2:
            break
        half = half[: match.start()]
    return half


@lru_cache(maxsize=20_000)
def region_length(core: str) -> int:
    """How many characters of `core` are the leading province, city and district. 0 when nothing would be left."""
    position = 0
    for _ in range(2):
        step = _leading_region(core[position:])
        if not step or len(core) - position - step < 2:
            break
        position += step
    if position:
        county = _COUNTY.match(core, position)
        if county and _own_part(core[county.end() :]):
            position = county.end()
    return position


def _leading_region(text: str) -> int:
    for size in range(min(_REGION_MAX, len(text)), 1, -1):
        if text[:size] in REGIONS:
            for suffix in ("自治区", "特别行政区", "省", "市", "区", "县"):
                if text.startswith(suffix, size):
                    return size + len(suffix)
            return size
    return 0


def _own_part(text: str) -> str:
    return _GENERIC_PART.sub("", text)


@lru_cache(maxsize=20_000)
def soft_key(name: str) -> str:
    """What is left without legal form, brackets, leading region and generic words: 华创.

    Never empty for a name with letters: a name of nothing else keeps its generic words, then its region.
    """
    core = core_name(name)
    inner = core[region_length(core) :]
    own = _own_part(inner)
    if len(own) >= 2:
        return own
    return inner if len(inner) >= 2 else core


def distinctive_words(name: str) -> frozenset[str]:
    """The words of a name that are its own: no region, no generic word, no legal form, no bracket text."""
    core = core_name(name)
    pieces = _GENERIC_PART.split(core[region_length(core) :])
    return frozenset(piece for piece in pieces if len(piece) >= 2)


def is_same_company(one: str, other: str) -> bool:
    """Hard duplicate by name: it blocks."""
    key = hard_key(one)
    return bool(key) and key == hard_key(other)


def is_soft_duplicate(one: str, other: str) -> bool:
    """Same soft key and a shared distinctive word: it warns, and never blocks. Hard duplicates are soft ones too."""
    return soft_key(one) == soft_key(other) and bool(distinctive_words(one) & distinctive_words(other))


def likeness(one: str, other: str) -> float:
    """0 … 1, of the names' own parts; 1 when those are equal."""
    if not soft_key(one) or not soft_key(other):
        return 0.0
    return fuzz.ratio(soft_key(one), soft_key(other)) / 100
