"""Company names: when two of them are one legal person, and when they are merely alike (R-DUP-1).

Hard key: the same legal person. Soft key: worth asking. Generic words (科技, 贸易 …) count in the soft tier only.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from bot.language.traditional import TO_SIMPLIFIED

_NOISE: Final = re.compile(r"[\s\u200b-\u200f\ufeff「」『』《》〈〉<>\-_—·•.,，。、:：;；'\"“”‘’!！?？&＆/\\|*#@]+")
_BRACKETS: Final = {"（": "(", "）": ")", "【": "(", "】": ")", "［": "(", "］": ")", "[": "(", "]": ")", "〔": "(", "〕": ")"}
_LIMITED: Final = re.compile(r"\(?(?:有限责任公司|有限公司)\)?$")  # one and the same legal form
_FORMS: Final = re.compile(r"\(?(?:股份有限公司|有限责任公司|有限公司|股份公司|集团公司|分公司|总公司|公司|集团|股份|厂)\)?$")
_PLACE: Final = re.compile(
    r"^(?:北京|上海|天津|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海"
    r"|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门|广州|深圳|杭州|宁波|温州|嘉兴|绍兴|金华|台州|苏州|无锡|南京|常州|南通|徐州|扬州|合肥|芜湖|福州"
    r"|厦门|泉州|南昌|济南|青岛|烟台|潍坊|郑州|洛阳|武汉|长沙|株洲|东莞|佛山|珠海|中山|惠州|成都|绵阳|贵阳|昆明|西安|兰州|沈阳|大连|长春|哈尔滨"
    r"|石家庄|太原|南宁|海口|中国|华东|华南|华北|华中|西南|西北|东北)(?:省|市|特别行政区|自治区)?"
)
_GENERIC: Final = (
    "信息技术", "网络科技", "电子商务", "国际贸易", "进出口", "科技", "技术", "信息", "贸易", "商贸", "实业", "发展", "工程", "设备", "机械",
    "电子", "电器", "电气", "材料", "化工", "食品", "制造", "工业", "建设", "建筑", "服务", "管理", "咨询", "文化", "传媒", "投资", "控股",
    "国际", "物流", "医疗", "器械", "生物", "医药", "环保", "能源", "汽车", "配件", "五金", "塑料", "纺织", "服饰", "家具", "包装", "印刷",
    "仪器", "仪表", "自动化", "智能", "软件", "系统", "网络", "数码", "精密", "新材料",
)  # fmt: skip


def _folded(name: str) -> str:
    text = unicodedata.normalize("NFKC", name).translate(TO_SIMPLIFIED).lower()
    text = "".join(_BRACKETS.get(c, c) for c in text)
    return _NOISE.sub("", text)


@lru_cache(maxsize=200_000)
def hard_key(name: str) -> str:
    """Equal keys are one legal person: 有限公司 ≡ 有限责任公司 at the end; 股份, 集团, 分公司 and (武汉) stay."""
    text = _folded(name)
    key = text
    if not text.endswith(("股份有限公司", "股份有限公司)")):
        key = _LIMITED.sub("", text)
    return key or text


def _core(name: str) -> str:
    text = _folded(name)
    text = re.sub(r"\([^()]*\)", "", text)
    while (shorter := _FORMS.sub("", text)) != text and shorter:
        text = shorter
    shorter = _PLACE.sub("", text)
    return shorter if len(shorter) >= 2 else text


def distinctive(name: str) -> str:
    """The part that makes the name this company's own: 华创 of 北京华创科技股份有限公司."""
    text = _core(name)
    changed = True
    while changed:
        changed = False
        for word in _GENERIC:
            if text.endswith(word) and len(text) - len(word) >= 2:
                text, changed = text[: -len(word)], True
                break
    return text


@lru_cache(maxsize=200_000)
def soft_key(name: str) -> str:
    """Equal soft keys are worth asking about; empty where nothing distinctive is left."""
    own = distinctive(name)
    return own if len(own) >= 2 else ""


@lru_cache(maxsize=200_000)
def short_names(name: str) -> tuple[str, ...]:
    """What people call the company, longest first: without legal form, without place, the distinctive part."""
    found = [hard_key(name), _core(name), distinctive(name)]
    return tuple(dict.fromkeys(f for f in found if len(f) >= 2))
