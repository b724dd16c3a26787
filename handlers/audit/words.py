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
    "lead": ("线索",),
    "contract": ("合同", "回款"),
    "approval": ("审批", "开票"),
    "followup": ("跟进",),
    "opportunity": ("商机",),
    "pool": ("公海",),
    "org": ("组织", "同步"),
    "base": ("基础资料", "产品", "竞争对手", "阶段", "目标"),
    "export": ("导出", "导入"),
}
KIND_WORDS: Final = {kind: words[0] for kind, words in KINDS.items()}

ACTIONS: Final[Mapping[str, tuple[str, str]]] = {  # action → what it is called, kind
    "add.comment": ("评论", "followup"),
    "add_signer.flow": ("加签", "approval"),
    "adjust.flow": ("调整审批", "approval"),
    "agree.flow": ("同意", "approval"),
    "apply.invoice": ("申请开票", "approval"),
    "cancel.flow": ("取消申请", "approval"),
    "delegate.flow": ("代理人", "approval"),
    "issue.invoice": ("登记发票号码", "approval"),
    "red.invoice": ("红冲发票", "approval"),
    "refuse.flow": ("不同意", "approval"),
    "resubmit.flow": ("重新提交", "approval"),
    "return.flow": ("退回申请人", "approval"),
    "send_back.flow": ("退回上一步", "approval"),
    "transfer.flow": ("转交", "approval"),
    "urge.flow": ("催办", "approval"),
    "void.invoice": ("作废发票", "approval"),
    "add.competitor": ("新增竞争对手", "base"),
    "add.contact": ("加联系人", "customer"),
    "add.field": ("新增字段", "settings"),
    "add.member": ("加协作人", "customer"),
    "add.product": ("新增产品", "base"),
    "add.stage": ("新增阶段", "base"),
    "answer.join": ("答复协作申请", "customer"),
    "ask.join": ("申请协作", "customer"),
    "assign.customer": ("分配客户", "pool"),
    "bind.dictionary": ("绑定字典", "dictionary"),
    "change.credentials": ("提交应用凭证", "settings"),
    "change.role": ("修改角色", "rights"),
    "change.setting": ("修改设置", "settings"),
    "claim.customer": ("领取客户", "pool"),
    "claim.lead": ("领取线索", "lead"),
    "create.customer": ("新建客户", "customer"),
    "create.contact": ("导入联系人", "customer"),
    "create.competitor": ("导入竞争对手", "base"),
    "create.lead": ("新建线索", "lead"),
    "convert.lead": ("线索转客户", "lead"),
    "create.product": ("导入产品", "base"),
    "create.role": ("新建角色", "rights"),
    "create.dictionary": ("新建字典", "dictionary"),
    "create.opportunity": ("新建商机", "opportunity"),
    "decide.removals": ("决定离职名单", "org"),
    "delete.contact": ("删除联系人", "customer"),
    "delete.customer": ("删除客户", "customer"),
    "delete.lead": ("删除线索", "lead"),
    "delete.role": ("删除角色", "rights"),
    "delete.opportunity": ("删除商机", "opportunity"),
    "delete.dictionary": ("删除字典", "dictionary"),
    "edit.contact": ("修改联系人", "customer"),
    "edit.lead": ("修改线索", "lead"),
    "edit.customer": ("修改客户", "customer"),
    "edit.competitor": ("修改竞争对手", "base"),
    "edit.dictionary": ("修改字典", "dictionary"),
    "edit.field": ("修改字段", "settings"),
    "edit.flow": ("修改开票审批设置", "settings"),
    "edit.member": ("修改协作人", "customer"),
    "edit.opportunity": ("修改商机", "opportunity"),
    "edit.product": ("修改产品", "base"),
    "edit.stage": ("修改阶段", "base"),
    "end.member": ("移除协作人", "customer"),
    "export.audit": ("导出操作记录", "export"),
    "export.records": ("导出数据", "export"),
    "export.roles": ("导出角色", "export"),
    "hand_over.work": ("交接", "rights"),
    "import.records": ("导入数据", "export"),
    "import.role": ("导入角色", "rights"),
    "leave.employee": ("离职", "rights"),
    "lock.customer": ("锁定客户", "customer"),
    "link.visit": ("关联外勤", "followup"),
    "log.follow_up": ("记跟进", "followup"),
    "merge.customers": ("合并客户", "customer"),
    "log.lead_follow_up": ("跟进线索", "lead"),
    "log.visit": ("记外勤", "followup"),
    "mirror.employee": ("补读人员", "org"),
    "place.customer": ("记客户位置", "customer"),
    "move.lead": ("改线索状态", "lead"),
    "move.opportunity": ("改商机阶段", "opportunity"),
    "plan.next": ("改下次联系时间", "followup"),
    "recycle.customer": ("自动返回公海", "pool"),
    "recycle.lead": ("线索自动返回", "lead"),
    "refuse.attempt": ("被拒绝", "refused"),
    "remove.competitor": ("删除竞争对手", "base"),
    "remove.filter": ("删除筛选", "customer"),
    "remove.stage": ("删除阶段", "base"),
    "reopen.opportunity": ("重新打开商机", "opportunity"),
    "request.sync": ("发起组织同步", "org"),
    "restore.roles": ("恢复角色", "rights"),
    "return.customer": ("退回公海", "pool"),
    "return.lead": ("退回线索", "lead"),
    "save.filter": ("保存筛选", "customer"),
    "set_aside.visit": ("外勤不关联", "followup"),
    "set.target": ("设目标", "base"),
    "share.filter": ("共享筛选", "customer"),
    "transfer.customer": ("更换负责人", "customer"),
    "transfer.lead": ("更换线索负责人", "lead"),
    "transfer.opportunity": ("更换商机负责人", "opportunity"),
    "unbind.dictionary": ("解绑字典", "dictionary"),
    "remove.product": ("删除产品", "base"),
    "undo.remove_product": ("撤销删除产品", "base"),
    "undo.add_product": ("撤销新增产品", "base"),
    "undo.claim": ("撤销领取", "pool"),
    "undo.competitor": ("撤销竞争对手修改", "base"),
    "undo.comment": ("撤销评论", "followup"),
    "undo.create": ("撤销新建客户", "customer"),
    "undo.delete_customer": ("撤销删除客户", "customer"),
    "undo.dictionary": ("撤销字典修改", "dictionary"),
    "undo.edit_contact": ("撤销联系人修改", "customer"),
    "undo.edit_customer": ("撤销客户修改", "customer"),
    "undo.edit_product": ("撤销产品修改", "base"),
    "undo.field": ("撤销字段修改", "settings"),
    "undo.flow": ("撤销开票审批设置", "settings"),
    "undo.follow_up": ("撤销跟进", "followup"),
    "undo.handover": ("撤销交接", "rights"),
    "undo.lead": ("撤销线索修改", "lead"),
    "undo.remove_filter": ("撤销删除筛选", "customer"),
    "undo.member": ("撤销协作人修改", "customer"),
    "undo.merge": ("撤销合并", "customer"),
    "undo.place": ("撤销客户位置", "customer"),
    "undo.opportunity": ("撤销商机修改", "opportunity"),
    "undo.import": ("撤销导入", "export"),
    "undo.return": ("撤销退回", "pool"),
    "undo.role": ("撤销角色修改", "rights"),
    "undo.save_filter": ("撤销保存筛选", "customer"),
    "undo.share_filter": ("撤销共享筛选", "customer"),
    "undo.stage": ("撤销阶段修改", "base"),
    "undo.target": ("撤销目标", "base"),
    "undo.transfer": ("撤销转交", "customer"),
    "unlock.customer": ("解锁客户", "customer"),
    "undo.visit": ("撤销外勤", "followup"),
    "add.scan": ("挂扫描件", "contract"),
    "allocate.payment": ("分配回款", "contract"),
    "create.contract": ("登记合同", "contract"),
    "create.payment": ("登记回款", "contract"),
    "delete.contract": ("删除合同", "contract"),
    "delete.payment": ("删除回款", "contract"),
    "edit.contract": ("修改合同", "contract"),
    "edit.payment": ("修改回款", "contract"),
    "move.contract": ("合同状态", "contract"),
    "refund.payment": ("登记退款", "contract"),
    "remove.scan": ("移除扫描件", "contract"),
    "renew.contract": ("续签合同", "contract"),
    "send.scan": ("取扫描件", "contract"),
    "set.plans": ("排回款计划", "contract"),
    "transfer.contract": ("转移合同", "contract"),
    "undo.contract": ("撤销合同修改", "contract"),
    "undo.create_contract": ("撤销登记合同", "contract"),
    "undo.payment": ("撤销回款", "contract"),
    "undo.plans": ("撤销回款计划", "contract"),
    "undo.scan": ("撤销扫描件改动", "contract"),
    "void.payment": ("作废回款", "contract"),
    "world.load": ("导入公司数据", "settings"),
}
SUBJECTS: Final = {
    "customer": "客户", "dictionary": "字典", "role": "角色", "setting": "设置", "org": "组织", "company": "公司",
    "sync": "同步", "undo": "撤销", "product": "产品", "competitor": "竞争对手", "stage": "阶段", "target": "目标",
    "flow": "开票审批", "handover": "交接", "employee": "人员",
    "contact": "联系人", "contract": "合同", "opportunity": "商机", "payment": "回款", "audit": "操作记录",
    "visit": "外勤", "intent": "待确认", "comment": "评论", "form": "表单", "exchange": "导入", "export": "导出",
    "lead": "线索", "invoice": "开票",
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
    "audit": "操作记录", "base": "基础资料", "contacts": "联系人", "contracts": "合同", "customers": "客户",
    "payments": "回款", "editing": "修改客户", "opportunities": "商机", "exchange": "导入",
    "merges": "合并客户", "team": "协作人", "timeline": "全部动态", "dictionaries": "数据字典", "followups": "跟进",
    "comments": "评论", "confirming": "待确认", "drafts": "草稿", "handover": "交接", "invoices": "开票审批",
    "approvals": "审批", "leads": "线索", "opening": "开通应用", "org": "组织机构", "pool": "公海",
    "products": "产品", "roles": "角色权限", "settings": "后台管理", "undo": "撤销", "visits": "外勤",
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
