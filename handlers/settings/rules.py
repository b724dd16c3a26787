"""The fourteen topics of the manual, and the sentences by which settings are changed. Pure: no I/O, no clock.

Source: manual, contents; requirements R1.01, R3.40–R3.49; spec README D1–D4, D15, D28.
"""

import re
from dataclasses import dataclass
from typing import Literal

from bot.core.errors import InvalidInput
from bot.language.normalize import fold
from bot.language.numbers import integer

MOST = 100_000  # of anything that is counted
LONGEST = 3650  # days


@dataclass(frozen=True, slots=True)
class Topic:
    """One of the manual's topics. `sentences`: what can be said, each to be copied; `kind`: another's card for it."""

    key: str
    title: str
    aliases: tuple[str, ...]
    sentences: tuple[str, ...]
    kind: str = ""
    state: tuple[tuple[str, int], ...] = ()


TOPICS: tuple[Topic, ...] = (
    Topic(
        "install", "安装与使用范围", ("安装", "使用范围", "开通", "使用范围设置"),
        (
            "使用范围 全部员工", "使用范围 部分员工 销售一部 张三", "使用范围 管理员", "添加管理员 张三",
            "移除管理员 张三", "版本 付费版", "自检",
        ),
    ),
    Topic("login", "登录方式", ("登录",), ()),
    Topic(
        "org", "组织机构", ("组织同步",), ("同步组织", "组织机构", "组织机构 销售一部"),
    ),
    Topic("handover", "交接任务", ("交接",), ("交接 赵六 给 钱七 全部", "交接 赵六 给 钱七 合同"), "handover.start"),
    Topic(
        "roles", "设置角色", ("角色", "角色权限", "角色设置", "角色管理"),
        ("新建角色 部门经理", "角色 业务员 添加 张三", "角色 业务员 移除 张三"), "roles.list", (("page", 1),),
    ),
    Topic(
        "permissions", "设置权限", ("权限", "权限设置", "权限管理"),
        (
            "角色 业务员 添加功能 公海-领取", "角色 业务员 移除功能 公海-领取", "角色 业务员 数据权限 本人",
            "角色 业务员 操作权限 普通", "角色 部门经理 王五 服务部门 销售一部",
        ),
        "roles.list", (("page", 1),),
    ),
    Topic("products", "产品", ("产品设置", "产品管理"), ("新增产品 ZJ-001 数控主轴 主机 台 12800",),
        "products.list", (("page", 1),)),
    Topic("competitors", "竞争对手", ("竞争对手设置",), ("新增竞争对手 名称 优势… 劣势…",),
        "competitors.list", (("page", 1),)),
    Topic("stages", "销售阶段", ("阶段", "销售阶段设置"), ("新增阶段 方案报价 30%",), "stages.list"),
    Topic("targets", "销售目标", ("目标设置", "销售目标设置"), ("设目标 李四 合同额 2026年 每月30万",),
        "targets.list", (("page", 1),)),
    Topic(
        "pool", "公海设置", ("公海规则",),
        (
            "公海设置 领取上限 3", "公海设置 领取上限 不限", "公海设置 每天领取 10", "公海设置 持有上限 150",
            "未跟进返回 15天", "未跟进返回 关闭", "公海设置 有合同也返回 是", "公海设置 再次领取间隔 3天",
            "公海设置 锁定上限 5", "公海设置 线索公海 开", "公海设置 线索每天领取 20", "公海设置 线索持有上限 50",
        ),
    ),
    Topic(
        "reminders", "提醒规则", ("提醒设置",),
        (
            "提醒规则 未成交 30天", "提醒规则 未跟进 10天", "提醒规则 合同到期 7天", "提醒规则 下次跟进 1天",
            "提醒规则 未跟进 关闭", "提醒时间 8:50", "免打扰 20:00-8:30",
        ),
    ),
    Topic(
        "dictionaries", "数据字典", ("字典", "字典设置"),
        ("新建字典 客户级别 A;B;C", "编辑字典 客户级别 A;B;C;D", "绑定字典 客户 来源 商机及客户来源"),
        "dictionaries.list", (("page", 1),),
    ),
    Topic(
        "invoices", "开票审批", ("开票审批设置", "开票设置"),
        ("开票审批设置", "参与者 出纳", "隐藏 合同金额 联系人电话"), "invoices.flow",
    ),
)  # fmt: skip
VISIT_TOPIC = Topic("visits", "外勤设置", ("外勤规则",), ("外勤设置 半径 800米", "外勤设置 位置保留 90天"))
BESIDES = (VISIT_TOPIC,)  # ours, not the manual's: opened by their names and by buttons under the menu
BY_KEY = {topic.key: topic for topic in (*TOPICS, *BESIDES)}
BY_NAME = {name: topic for topic in BY_KEY.values() for name in (topic.title, *topic.aliases)}
CATALOGUE = ("products", "competitors", "stages", "targets", "invoices")  # kept, shown by count and first lines

FREE = "现在是免费版：公海设置和提醒规则可以先设好，但都不生效；发送「版本 付费版」后才生效。"
EDITIONS: dict[str, Literal["paid", "free"]] = {"付费版": "paid", "付费": "paid", "免费版": "free", "免费": "free"}
EDITION_NAMES = {"paid": "付费版", "free": "免费版"}

Value = int | bool | str | None
Kind = Literal["count", "days", "metres", "switch", "time"]


@dataclass(frozen=True, slots=True)
class SettingField:
    """One value of a settings group: what it is called, in which words, and what it may be."""

    name: str  # in storage.settings
    label: str
    words: tuple[str, ...]
    kind: Kind
    example: str
    least: int = 0
    most: int | None = None  # None: what all of its kind may be
    needed: bool = False  # a number there must be: it is not switched off


POOL: tuple[SettingField, ...] = (
    SettingField(
        "claim_cap", "领取上限（累计）", ("累计领取上限", "领取上限", "累计领取"), "count", "公海设置 领取上限 3"
    ),
    SettingField(
        "claims_per_day", "每天领取", ("每天领取上限", "每日领取上限", "每天领取", "每日领取", "每天"), "count",
        "公海设置 每天领取 10",
    ),
    SettingField(
        "holding_cap", "持有上限", ("持有上限", "保有上限", "客户上限", "容量"), "count", "公海设置 持有上限 150"
    ),
    SettingField(
        "return_after_days", "未跟进自动返回",
        ("未跟进自动返回公海", "未跟进自动返回", "未跟进返回公海", "未跟进返回", "自动返回"), "days",
        "未跟进返回 15天", 1,
    ),
    SettingField(
        "return_with_contract", "有合同的也返回", ("有合同的也返回", "有合同也返回", "有合同返回"), "switch",
        "公海设置 有合同也返回 否",
    ),
    SettingField("lock_cap", "锁定上限", ("锁定上限", "最多锁定", "锁定数量"), "count", "公海设置 锁定上限 5"),
    SettingField(
        "reclaim_after_days", "再次领取间隔", ("再次领取间隔", "再次领取", "再领间隔"), "days",
        "公海设置 再次领取间隔 3天",
    ),
    SettingField("leads", "线索公海", ("启用线索公海", "线索公海"), "switch", "公海设置 线索公海 开"),
    SettingField(
        "lead_claims_per_day", "线索每天领取", ("线索每天领取", "线索每日领取"), "count", "公海设置 线索每天领取 20"
    ),
    SettingField("lead_holding_cap", "线索持有上限", ("线索持有上限", "线索上限"), "count", "公海设置 线索持有上限 50"),
    SettingField(
        "lead_return_after_days", "线索未跟进自动返回",
        ("线索未跟进自动返回", "线索未跟进返回公海", "线索未跟进返回", "线索自动返回"), "days",
        "公海设置 线索未跟进返回 15天", 1,
    ),
)  # fmt: skip
REMINDERS: tuple[SettingField, ...] = (
    SettingField("not_closed_days", "未成交", ("未成交提醒", "未成交"), "days", "提醒规则 未成交 30天", 1),
    SettingField("not_followed_days", "未跟进", ("未跟进提醒", "未跟进"), "days", "提醒规则 未跟进 10天", 1),
    SettingField(
        "contract_expiry_days", "合同到期提前", ("合同到期提醒", "合同到期提前", "合同到期"), "days",
        "提醒规则 合同到期 7天",
    ),
    SettingField(
        "next_follow_up_days", "下次跟进提前", ("下次跟进提醒", "下次跟进提前", "下次跟进"), "days",
        "提醒规则 下次跟进 1天",
    ),
    SettingField("at", "提醒时间", ("提醒时间", "时间"), "time", "提醒时间 8:50"),
)  # fmt: skip

VISITS: tuple[SettingField, ...] = (
    SettingField(
        "near_m", "算在附近", ("附近半径", "定位半径", "半径", "附近", "距离"), "metres", "外勤设置 半径 800米",
        50, 5000, needed=True,
    ),
    SettingField(
        "keep_days", "位置保留", ("位置保留", "定位保留", "保留"), "days", "外勤设置 位置保留 90天", 1, needed=True
    ),
)  # fmt: skip
GROUPS = {"pool": POOL, "reminders": REMINDERS, "visits": VISITS}  # by their name in storage.settings

OFF = frozenset(
    {"不限", "不限制", "无限", "无限制", "关闭", "关掉", "关", "停用", "取消", "无", "不设", "不提醒", "不返回", "否"}
)
_YES = frozenset({"是", "开", "开启", "打开", "要", "返回", "对"})
_NO = frozenset({"否", "关", "关闭", "不", "不要", "不返回", "关掉"})
_LEAD = re.compile(r"^(?:设置?为|改[为成]|调[为成到]|[为是成到:=,，、\s])+(?=.)")
_UNITS = {
    "count": re.compile(r"[个家人次]$"), "days": re.compile(r"(?:个自然日|自然日|天|日)$"),
    "metres": re.compile(r"(?:米|m)(?:以?内)?$"),
}  # fmt: skip
_KILOMETRES = re.compile(r"(?:公里|千米|km)(?:以?内)?$")
_WHAT = {"count": "个数", "days": "天数", "metres": "米数"}
_TIME = re.compile(
    r"(早上|早晨|上午|早|中午|下午|傍晚|晚上|晚|夜里)?\s*([0-9零一二两三四五六七八九十]{1,3})"
    r"\s*(?:[:点时]\s*(半|[0-9零一二三四五六七八九十]{1,3})?\s*分?)"
)
_RECYCLED = re.compile(r"(\S+?天)(?:没|未|不)跟进(?:就)?(?:自动)?(?:回收|返回|退回|回)(?:到)?(?:公海)?")
_DAILY = re.compile(r"(?:领取)?上限\s*(\S+?)\s*(?:个|家)?\s*每[天日]")
_HALF = ("下午", "傍晚", "晚上", "晚", "夜里")


def read_changes(fields: tuple[SettingField, ...], text: str) -> dict[str, Value]:
    """`领取上限 3 每天领取 10` → values by field name. Empty: the text names no setting.

    Raises:
        InvalidInput: a value that cannot be; the text has an example.
    """
    words = {word: field for field in fields for word in field.words}
    pattern = re.compile("|".join(re.escape(w) for w in sorted(words, key=len, reverse=True)))
    folded = fold(text)
    found = list(pattern.finditer(folded))
    if not found or folded[: found[0].start()].strip(" ，,：:"):
        return {}
    ends = [match.start() for match in found[1:]] + [len(folded)]
    return {
        words[match.group()].name: _value(words[match.group()], folded[match.end() : end])
        for match, end in zip(found, ends, strict=True)
    }


def read_pool(text: str) -> dict[str, Value]:
    """`领取上限 3`, and as it is said without the setting's name: `30天未跟进回收`, `上限 10 每天`."""
    folded = fold(text).strip(" ，,：:。.")
    if (after := _RECYCLED.fullmatch(folded)) is not None:
        which, days = ("线索", after[1].removeprefix("线索")) if after[1].startswith("线索") else ("", after[1])
        folded = f"{which}未跟进返回 {days}"
    elif (daily := _DAILY.fullmatch(folded)) is not None:
        folded = f"每天领取 {daily[1]}"
    return read_changes(POOL, folded)


def looks_like_days(text: str) -> bool:
    """`7天`, `关闭`: whether this is all that follows a rule's name."""
    said = fold(text).strip(" ,，。.")
    return said in OFF or re.fullmatch(r"[0-9零一二两三四五六七八九十百]+\s*[天日]", said) is not None


def _value(field: SettingField, text: str) -> Value:
    said = _LEAD.sub("", text.strip(" ,，、。.;；")).strip()
    if field.kind == "switch":
        if said in _YES or said in _NO:
            return said in _YES
        raise InvalidInput(f"「{field.label}」写是或否，例如「{field.example}」。")
    if field.kind == "time":
        return read_time(said, field.example)
    if said in OFF and not field.needed:
        return None
    if field.kind == "metres" and (kilometres := _KILOMETRES.search(said)) is not None:
        whole = integer(said[: kilometres.start()].strip())
        number = whole * 1000 if whole is not None else None
    else:
        number = integer(_UNITS[field.kind].sub("", said).strip())
    most = field.most or (LONGEST if field.kind == "days" else MOST)
    if number is None or not field.least <= number <= most:
        off = "" if field.needed else "，或者「关闭」" if field.kind == "days" else "，或者「不限」"
        shown = f"「{said}」不行：" if said else ""
        raise InvalidInput(
            f"{shown}「{field.label}」要写 {field.least} 到 {most} 的整数{_WHAT[field.kind]}{off}，"
            f"例如「{field.example}」。"
        )
    return number


def read_time(text: str, example: str) -> str:
    """`8:50`, `早上9点半` → 08:50. Raises InvalidInput."""
    match = _TIME.fullmatch(fold(text).strip(" ,，。"))
    hour = integer(match[2]) if match else None
    said = match[3] if match else None
    minute = 30 if said == "半" else integer(said) if said else 0
    if match is None or hour is None or minute is None or hour > 23 or minute > 59:
        raise InvalidInput(f"没认出时间「{text.strip()}」，用 24 小时写，例如「{example}」。")
    if match[1] in _HALF and hour < 12:
        hour += 12
    return f"{hour:02d}:{minute:02d}"


def read_quiet(text: str) -> tuple[str, str]:
    """`20:00-8:30`, `晚上8点到早上8点半`, `关闭`. Raises InvalidInput."""
    example = "免打扰 20:00-8:30"
    if fold(text).strip(" 。") in OFF:
        return ("00:00", "00:00")
    parts = [p for p in re.split(r"\s*(?:-|–|—|~|～|到|至)\s*", fold(text).strip()) if p]
    if len(parts) != 2:
        raise InvalidInput(f"免打扰要写开始和结束时间，例如「{example}」，不要就写「免打扰 关闭」。")
    return read_time(parts[0], example), read_time(parts[1], example)


def quiet_text(hours: tuple[str, str]) -> str:
    """20:00–08:30, or 关闭."""
    return "关闭" if hours[0] == hours[1] else f"{hours[0]}–{hours[1]}"


def value_text(field: SettingField, value: object) -> str:
    """As people read it."""
    if field.kind == "switch":
        return "是" if value else "否"
    if value is None:
        return "不限" if field.kind == "count" or field.name == "reclaim_after_days" else "关闭"
    unit = {"days": " 天", "metres": " 米内"}.get(field.kind, "")
    return f"{value}{unit}"
