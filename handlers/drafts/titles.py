"""What people call what each question belongs to: every question has its line here, or a test fails.

`kept=False`: nothing is lost when it is left (a list, a menu, an offer), or it must not be kept (a secret).
"""

from collections.abc import Mapping
from typing import Final

from bot.dispatch.talk import Topic

CUSTOMER: Final = Topic("新建客户", forms=("customers.new",))
CONTACT: Final = Topic("添加联系人", forms=("customers.new_contact",))
FOLLOW_UP: Final = Topic("跟进")
HANDOVER: Final = Topic("交接")

TOPICS: Final[Mapping[str, Topic]] = {
    "approvals.agree": Topic("审批", kept=False),  # two minutes: asked anew with the facts as they are
    "approvals.list": Topic("审批", kept=False),
    "approvals.refuse": Topic("审批", kept=False, any_words=True),
    "audit.list": Topic("操作记录", kept=False),
    "comments.slots": Topic("评论", forms=("comments.form",)),
    "comments.which": Topic("评论", forms=("comments.form",)),
    "comments.who": Topic("评论", forms=("comments.form",)),
    "competitors.list": Topic("竞争对手", kept=False),
    "confirming.wait": Topic("待确认", kept=False),  # its card stays, with its buttons
    "contacts.which": Topic("联系人", kept=False),
    "contracts.amount": Topic("登记合同"),
    "contracts.confirm": Topic("合同", kept=False),
    "contracts.create": Topic("登记合同"),
    "contracts.customer": Topic("登记合同"),
    "contracts.list": Topic("合同", kept=False),
    "contracts.void_reason": Topic("作废合同", any_words=True),
    "contracts.which": Topic("合同", kept=False),
    "contractscans.wait": Topic("合同扫描件", kept=False),
    "contractscans.which": Topic("合同扫描件", kept=False),
    "custody.along": Topic("更换负责人", kept=False),  # asked anew: what goes along may have changed
    "custody.which": Topic("客户交接", kept=False),
    "customers.contact_new": CONTACT,
    "customers.contact_which": CONTACT,
    "customers.create": CUSTOMER,
    "customers.create_anyway": CUSTOMER,
    "customers.open": Topic("查客户", kept=False),
    "customfields.form": Topic("自定义字段", kept=False),
    "customfields.kind": Topic("自定义字段", kept=False),
    "dictionaries.list": Topic("数据字典", kept=False),
    "dictionaries.values": Topic("新建字典"),
    "drafts.list": Topic("草稿", kept=False),
    "editing.anyway": Topic("修改客户"),
    "editing.which": Topic("修改客户"),
    "exchange.file": Topic("导入", kept=False),
    "exchange.ready": Topic("导入", kept=False),
    "filters.list": Topic("客户列表", kept=False),
    "followups.deal": FOLLOW_UP,
    "followups.next": Topic("下次联系", kept=False),  # an offer: the follow-up itself is written down
    "followups.slots": Topic("跟进", any_words=True),
    "followups.which": FOLLOW_UP,
    "handover.from": Topic("交接", kept=False),
    "handover.plan": HANDOVER,
    "handover.restore_which": Topic("恢复角色", kept=False),
    "handover.to": HANDOVER,
    "handover.undo_which": Topic("撤销交接", kept=False),
    "handover.who": HANDOVER,
    "invoiceflow.which": Topic("开票审批试跑", kept=False),
    "invoiceflow.words": Topic("开票审批试跑", kept=False),
    "invoices.confirm": Topic("开票申请"),
    "invoices.create": Topic("开票申请"),
    "invoices.customer": Topic("开票申请"),
    "invoices.flow": Topic("开票审批设置", kept=False),
    "invoices.red_reason": Topic("红冲发票", kept=False, any_words=True),
    "invoices.void_reason": Topic("作废发票", kept=False, any_words=True),
    "invoices.which": Topic("开票申请"),
    "leadpool.list": Topic("线索公海", kept=False),
    "leadpool.return_reason": Topic("退回线索", any_words=True),
    "leadpool.which": Topic("领取线索", kept=False),
    "leads.convert": Topic("线索转客户", kept=False),  # asked anew: the customer may be there meanwhile
    "leads.follow": Topic("跟进线索", any_words=True),
    "leads.list": Topic("线索", kept=False),
    "leads.new": Topic("新建线索", forms=("leads.new",)),
    "leads.which": Topic("线索", kept=False),
    "leads.why": Topic("线索无效", kept=False, any_words=True),
    "merges.confirm": Topic("合并客户", kept=False),  # asked anew: both may have changed
    "opportunities.more": Topic("新建商机", forms=("opportunities.new",)),
    "opportunities.list": Topic("商机", kept=False),
    "opportunities.whose": Topic("商机", kept=False),
    "opportunities.why": Topic("商机", kept=False, any_words=True),
    "org.credentials": Topic("凭证", kept=False),
    "org.tree": Topic("组织机构", kept=False),
    "org.which": Topic("组织机构", kept=False),
    "paymentplans.allocate": Topic("分配回款", kept=False),
    "payments.confirm": Topic("回款", kept=False),
    "payments.create": Topic("登记回款"),
    "payments.customer": Topic("登记回款"),
    "payments.list": Topic("回款", kept=False),
    "payments.overdue": Topic("逾期回款", kept=False),
    "payments.plan_which": Topic("回款计划", kept=False),
    "payments.plan_words": Topic("回款计划", kept=False),
    "payments.void_reason": Topic("作废回款", any_words=True),
    "payments.which": Topic("回款", kept=False),
    "pool.assign_which": Topic("分配"),
    "pool.claim": Topic("领取", kept=False),  # somebody else may be faster meanwhile: asked anew
    "pool.list": Topic("公海", kept=False),
    "pool.return_reason": Topic("退回", any_words=True),
    "pool.return_which": Topic("退回"),
    "products.list": Topic("产品", kept=False),
    "revisions.edit": Topic("修改申请", kept=False),
    "roles": Topic("角色导入", kept=False),
    "roles.confirm": Topic("角色导入", kept=False),
    "roles.delete": Topic("删除角色", kept=False),
    "roles.list": Topic("角色权限", kept=False),
    "search.results": Topic("搜索", kept=False),
    "settings.menu": Topic("后台管理", kept=False),
    "settings.topic": Topic("后台管理", kept=False),
    "targets.metric": Topic("设目标"),
    "targets.overwrite": Topic("设目标"),
    "team.ask_which": Topic("申请协作", kept=False),
    "team.which": Topic("客户团队", kept=False),
    "timeline.page": Topic("动态", kept=False),
    "timeline.which": Topic("动态", kept=False),
    "todo.all": Topic("我的待办", kept=False),  # two minutes: asked anew with what waits then
    "todo.list": Topic("我的待办", kept=False),
    "visits.list": Topic("外勤", kept=False),
    "visits.which": Topic("外勤", kept=False),  # the visit is stored: 「未关联外勤」 lists it
}
