"""Audit lines in words: every action there is, what it is called and of which kind it is. A test keeps it whole."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

KINDS: Final = {
    "refused": ("被拒绝", "拒绝", "越权"),
    "rights": ("权限", "角色", "管理员"),
    "settings": ("设置", "配置"),
    "dictionary": ("数据字典", "字典"),
    "customer": ("客户",),
    "followup": ("跟进",),
    "pool": ("公海",),
    "org": ("组织", "同步"),
    "base": ("基础资料", "产品", "竞争对手", "阶段", "目标"),
    "export": ("导出", "导入"),
}
KIND_WORDS: Final = {kind: words[0] for kind, words in KINDS.items()}

ACTIONS: Final[Mapping[str, tuple[str, str]]] = {  # action → what it is called, kind
    "add.competitor": ("新增竞争对手", "base"),
    "add.contact": ("加联系人", "customer"),
    "add.product": ("新增产品", "base"),
    "add.stage": ("新增阶段", "base"),
    "assign.customer": ("分配客户", "pool"),
    "bind.dictionary": ("绑定字典", "dictionary"),
    "change.credentials": ("提交应用凭证", "settings"),
    "change.role": ("修改角色", "rights"),
    "change.setting": ("修改设置", "settings"),
    "claim.customer": ("领取客户", "pool"),
    "create.customer": ("新建客户", "customer"),
    "create.role": ("新建角色", "rights"),
    "create.dictionary": ("新建字典", "dictionary"),
    "decide.removals": ("决定离职名单", "org"),
    "delete.role": ("删除角色", "rights"),
    "delete.dictionary": ("删除字典", "dictionary"),
    "edit.competitor": ("修改竞争对手", "base"),
    "edit.dictionary": ("修改字典", "dictionary"),
    "edit.flow": ("修改开票审批设置", "settings"),
    "edit.product": ("修改产品", "base"),
    "edit.stage": ("修改阶段", "base"),
    "export.audit": ("导出操作记录", "export"),
    "export.roles": ("导出角色", "export"),
    "hand_over.work": ("交接", "rights"),
    "import.role": ("导入角色", "rights"),
    "leave.employee": ("离职", "rights"),
    "log.follow_up": ("记跟进", "followup"),
    "mirror.employee": ("补读人员", "org"),
    "plan.next": ("改下次联系时间", "followup"),
    "recycle.customer": ("自动返回公海", "pool"),
    "refuse.attempt": ("被拒绝", "refused"),
    "remove.competitor": ("删除竞争对手", "base"),
    "remove.filter": ("删除筛选", "customer"),
    "remove.stage": ("删除阶段", "base"),
    "request.sync": ("发起组织同步", "org"),
    "restore.roles": ("恢复角色", "rights"),
    "return.customer": ("退回公海", "pool"),
    "save.filter": ("保存筛选", "customer"),
    "set.target": ("设目标", "base"),
    "share.filter": ("共享筛选", "customer"),
    "unbind.dictionary": ("解绑字典", "dictionary"),
    "undo.add_product": ("撤销新增产品", "base"),
    "undo.claim": ("撤销领取", "pool"),
    "undo.competitor": ("撤销竞争对手修改", "base"),
    "undo.create": ("撤销新建客户", "customer"),
    "undo.dictionary": ("撤销字典修改", "dictionary"),
    "undo.edit_product": ("撤销产品修改", "base"),
    "undo.flow": ("撤销开票审批设置", "settings"),
    "undo.follow_up": ("撤销跟进", "followup"),
    "undo.handover": ("撤销交接", "rights"),
    "undo.remove_filter": ("撤销删除筛选", "customer"),
    "undo.return": ("撤销退回", "pool"),
    "undo.role": ("撤销角色修改", "rights"),
    "undo.save_filter": ("撤销保存筛选", "customer"),
    "undo.share_filter": ("撤销共享筛选", "customer"),
    "undo.stage": ("撤销阶段修改", "base"),
    "undo.target": ("撤销目标", "base"),
    "world.load": ("导入公司数据", "settings"),
}
SUBJECTS: Final = {
    "customer": "客户", "dictionary": "字典", "role": "角色", "setting": "设置", "org": "组织", "company": "公司",
    "sync": "同步", "undo": "撤销", "product": "产品", "competitor": "竞争对手", "stage": "阶段", "target": "目标",
    "flow": "开票审批", "handover": "交接", "employee": "人员",
    "contact": "联系人", "audit": "操作记录",
}  # fmt: skip
SECTIONS: Final = {  # of a world file
    "settings": "设置", "dictionaries": "字典", "field_dictionaries": "字典绑定", "stages": "销售阶段",
    "products": "产品", "competitors": "竞争对手", "roles": "角色", "leads": "线索",
    "customers": "客户", "claims": "领取次数",
    "opportunities": "商机", "contracts": "合同", "targets": "目标", "invoice_flow": "开票审批",
}  # fmt: skip
DOORS: Final = {
    "chat": "对话", "tap": "卡片", "job": "自动任务", "event": "钉钉事件", "load": "命令行导入", "web": "网页",
    "init": "命令行开通", "import": "表格导入",
}  # fmt: skip


TAPS: Final = {  # the cards whose buttons are called so
    "audit": "操作记录", "base": "基础资料", "customers": "客户", "dictionaries": "数据字典", "followups": "跟进",
    "handover": "交接", "invoices": "开票审批", "opening": "开通应用", "org": "组织机构", "pool": "公海",
    "products": "产品", "roles": "角色权限", "settings": "后台管理", "undo": "撤销",
}  # fmt: skip
_TAPPED: Final = re.compile(r"^点按钮 (\w+)\.[\w.]+$")


def action_words(action: str) -> str:
    """As people read it."""
    return ACTIONS[action][0] if action in ACTIONS else "其他操作"


def actions_of(kinds: Sequence[str]) -> frozenset[str]:
    """Those of these kinds."""
    return frozenset(action for action, (_, kind) in ACTIONS.items() if kind in kinds)


def actions_called(word: str) -> frozenset[str]:
    """Those with `word` in what they are called: 交接 finds 撤销交接 too."""
    return frozenset(action for action, (called, _) in ACTIONS.items() if word in called)


def detail_words(action: str, detail: Mapping[str, Any]) -> str:
    """What it was and what it is now: 负责人 公海 → 李娜; of a refusal, what was said and why it was refused."""
    if action == "refuse.attempt":
        said, why = str(detail.get("said", "")), str(detail.get("why", ""))
        if tapped := _TAPPED.match(said):
            said = f"点{TAPS.get(tapped[1], '')}卡片上的按钮"
        return "；".join(part for part in (f"想「{said}」" if said else "", why) if part)
    counts = SECTIONS if action == "world.load" else {}
    parts = [f"{word} {detail[name]}" for name, word in counts.items() if detail.get(name)]
    for label, pair in (detail.get("changes") or {}).items():
        was, now = (
            (str(pair[0]), str(pair[1])) if isinstance(pair, list | tuple) and len(pair) == 2 else ("", str(pair))
        )
        parts.append(f"{label} {was or '（空）'} → {now or '（空）'}")
    parts += [str(line) for line in detail.get("lines") or ()]
    told = "changes" in detail or "lines" in detail
    for before, after in (("was", "now"), ("from", "to"), ("before", "after")):
        if before in detail and after in detail and not told:
            parts.append(f"{_plain(detail[before])} → {_plain(detail[after])}")
    if isinstance(reason := detail.get("reason"), str) and reason:
        parts.append(f"原因：{reason}")
    return "；".join(parts)


def _plain(value: object) -> str:
    """Lists as people write them; nothing as （空）."""
    if isinstance(value, list | tuple):
        return "、".join(map(str, value)) or "（空）"
    return "（空）" if value in (None, "") else str(value)


def subject_words(subject: str, name: str) -> str:
    """「华兴科技有限公司」; without a name 客户 12."""
    if name:
        return f"「{name}」"
    kind, _, number = subject.partition(":")
    if not kind:
        return ""
    word = SUBJECTS.get(kind, "")
    return f"{word} {number}".strip() if word and number else word
