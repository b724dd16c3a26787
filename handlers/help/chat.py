"""`帮助`, the way out of everything, and what is said when nothing was understood."""

from bot.context import Context
from bot.core.actor import Permission
from bot.dispatch import ChatMessage, Reply, Router, Talk
from bot.dispatch.router import PAUSES
from bot.language.commands import closest
from handlers.help.service import administrators

router = Router("help.chat")

TOPICS: tuple[tuple[str, Permission | None, str, str], ...] = (
    ("今天", None, "今天", "要联系谁、谁快返回公海"),
    ("跟进", Permission.FOLLOWUP_ADD, "跟进 华兴 电话聊了报价，下周三下午3点再打", "一句话记一条，语音也行"),
    ("查", Permission.CUSTOMER_VIEW, "查 华兴", "名称、拼音首字母、手机尾号、合同编号都能查"),
    ("搜", None, "搜 华兴", "客户、联系人、线索、商机、合同、产品一起找"),
    ("客户", Permission.CUSTOMER_VIEW, "客户 制造业 30天没跟进", "条件叠加：分类 行业 来源 城市 负责人 阶段 日期"),
    ("筛选", Permission.CUSTOMER_VIEW, "保存筛选 重点 重点客户 30天没跟进", "以后发「筛选 重点」「我的筛选」"),
    ("新建客户", Permission.CUSTOMER_ADD, "新建客户 杭州远航贸易 陈强 13812345678", "自动查重"),
    ("联系人", Permission.CONTACT_ADD, "联系人 华兴 陈强 采购经理 13812345678", "加一位联系人"),
    ("改", Permission.CUSTOMER_ADD, "改 华兴 城市 杭州 来源 展会", "改客户或联系人；「补充信息 华兴」给表单"),
    ("协作人", Permission.CUSTOMER_ADD, "给 华兴 加协作人 李敏 只读 到 3月底", "让同事一起跟"),
    ("时间线", Permission.CUSTOMER_VIEW, "华兴 时间线", "这家客户的全部动态"),
    ("锁定", Permission.CUSTOMER_ADD, "锁定 华兴 到 3月底", "期间不返回公海；「解锁 华兴」"),
    ("转给", Permission.CUSTOMER_TRANSFER, "把 华兴 转给 李敏", "更换负责人"),
    ("合并", Permission.CUSTOMER_DELETE, "合并 华兴科技 和 华兴科技杭州", "重复的两家并成一家"),
    ("删除", Permission.CUSTOMER_DELETE, "删除客户 华兴", "没有合同、回款和商机的才能删"),
    ("合同", Permission.CONTRACT_ADD, "合同 华兴 30万 一年", "核对后登记；编号、签订日、到期日也能写"),
    ("查合同", Permission.CONTRACT_VIEW, "合同 执行中 50万以上", "列表带条件；「快到期的合同」「查合同 华兴」也行"),
    ("作废合同", Permission.CONTRACT_VOID, "作废合同 HT-2026-007 客户取消采购", "有回款或开票的不能作废"),
    ("续签", Permission.CONTRACT_ADD, "续签 HT-2026-007", "照原合同再签一份，原合同不再提醒到期"),
    ("回款", Permission.PAYMENT_ADD, "回款 华兴 5万 昨天 转账", "核对后登记；「华兴到账5万」也行"),
    (
        "回款计划",
        Permission.PAYMENT_ADD,
        "回款计划 HT-2026-007 4月底 10万 6月底 20万",
        "到期和逾期早上提醒；「… 3期」平均分",
    ),
    ("逾期回款", Permission.PAYMENT_VIEW, "逾期回款", "到期没收齐的，带合计"),
    ("公海", Permission.POOL_VIEW, "公海 杭州 机械", "看公海，点一下就领取"),
    ("领取", Permission.POOL_CLAIM, "领取 宁波海蓝", "先到先得"),
    ("退回", Permission.POOL_CLAIM, "退回 蓝海机械 联系不上", "放回公海"),
    ("分配", Permission.POOL_ASSIGN, "分配 宁波海蓝 给 李娜", "把公海客户给同事"),
    ("评论", Permission.FOLLOWUP_ADD, "评论 华兴 @王芳 报价单发我看看", "看得到这家客户的同事会收到提醒"),
    ("外勤", Permission.FOLLOWUP_ADD, "外勤 华东精密 车间看了设备", "或在钉钉里签到；「今天的外勤」看记录"),
    ("继续", None, "继续", "接着填放下的草稿，「草稿」看有哪些"),
    ("线索", Permission.LEAD_ADD, "新建线索 杭州远航贸易 陈强 13812345678 展会", "先记下来；「线索无效 远航 空号」"),
    ("我的线索", Permission.LEAD_VIEW, "我的线索 展会 有意向", "总数和状态；「线索 全部」看已转和无效的"),
    ("跟进线索", Permission.FOLLOWUP_ADD, "跟进线索 远航 电话聊了需求 下次周三", "到期早上提醒"),
    ("线索转客户", Permission.LEAD_ADD, "线索转客户 远航", "带上跟进记录；「转客户并建商机 远航」"),
    (
        "商机",
        Permission.OPPORTUNITY_ADD,
        "商机 华兴 二期扩容 30万 月底签",
        "建商机；「二期扩容 进入报价」「二期扩容 赢了」",
    ),
    ("我的商机", Permission.OPPORTUNITY_VIEW, "我的商机 报价 30天没跟进", "个数和总金额；「逾期商机」看逾期的"),
    ("预测", Permission.OPPORTUNITY_VIEW, "预测 本月", "商机金额按赢率加总"),
    ("竞争对手胜率", Permission.OPPORTUNITY_VIEW, "竞争对手胜率", "对每家赢了几成"),
    ("导入", Permission.CUSTOMER_IMPORT, "客户导入模板", "填好的表格发给我，先检查再导入；线索、产品、合同等也行"),
    ("导出", Permission.CUSTOMER_EXPORT, "导出 我的客户 杭州", "私聊收到表格"),
    ("撤销", None, "撤销", "撤回刚才的操作"),
)
SMALL_TALK = frozenset(
    {
        *("谢谢", "谢谢你", "多谢", "谢了", "谢啦", "感谢", "好的", "好", "好滴", "ok", "收到", "知道了", "明白"),
        *("辛苦了", "嗯", "行", "[微笑]", "[ok]", "👌", "👍"),
    }
)
ADMIN_TOPICS = (
    ("后台管理", "全部设置，一项一张卡片"),
    ("自检", "查钉钉权限和通讯录范围"),
    ("同步组织", "从钉钉同步部门和人员"),
    ("组织机构", "看同步结果"),
    ("角色权限", "谁能做什么、看到谁的数据"),
    ("角色导入模板", "用表格批量改角色"),
    ("为什么 李娜 看不到 华兴科技", "说明原因"),
    ("数据字典", "分类、来源等字段可选的值"),
    ("新增字段 客户 年采购额 金额", "给客户、合同等表单加自己的字段；发送「字段」看全部"),
    ("允许超额回款 开", "回款可以超过合同金额，记为预收；默认不允许"),
    ("外勤设置 半径 800米", "多近算在客户附近、位置保留几天"),
    ("交接任务", "把离职或转岗同事的客户、合同等交给别人"),
    ("操作记录 李娜 本周", "谁改了什么、谁被拒绝"),
    ("通知状态", "看没送达的通知"),
)


@router.command("帮助", "?", "菜单", "怎么用", "怎么使用", "你好", "您好", "帮助一下", "hello", "help", whole=True)
def help_all(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """What this person may do, each with a sentence to copy (U51)."""
    talk.settle()
    lines = [f"你好 {ctx.actor.name}，直接说话就行，比如："]
    if not ctx.actor.permissions:
        lines = [f"你好 {ctx.actor.name}，你还没有角色，能做的还很少，请联系管理员给你分配角色。"]
    for _, permission, example, what in TOPICS:
        if permission is None or ctx.actor.may(permission):
            lines.append(f"- {example}（{what}）")
    if ctx.actor.admin:
        lines.append("**管理员**")
        lines += [f"- {word}（{what}）" for word, what in ADMIN_TOPICS]
    elif names := administrators(ctx):
        lines.append(f"有问题找管理员 {names}。")
    return Reply("\n".join(lines), private=False)


@router.command("帮助 ")
def help_one(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`帮助 跟进`: that topic's sentence."""
    for word, permission, example, what in TOPICS:
        if word in message.args and (permission is None or ctx.actor.may(permission)):
            return Reply(f"{word}：{what}。\n例如：{example}", private=False)
    return help_all(message, ctx, talk)


@router.command("取消", "退出", "算了", whole=True, drops=True)
def give_up(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """Puts the open question aside."""
    asked = talk.open_question() is not None
    talk.settle()
    return Reply(
        "好的，放下了。" if asked else "现在没有等你回答的问题。要撤回刚才的操作，发送「撤销」。", private=False
    )


@router.sentence(100)
def not_understood(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """Three different ways out, then a person (U18)."""
    if message.kind in ("picture", "file", "video", "unknown"):
        return Reply("这种消息我还不会看，请用文字或语音告诉我。发送「帮助」看看我会什么。", private=False)
    said = message.text.strip(PAUSES)
    if not said:
        if message.kind == "audio":
            return Reply("这条语音没听清，请再说一遍，或直接打字。", private=False)
        return help_all(message, ctx, talk)  # nothing but a mention
    if said.lower() in SMALL_TALK:
        return Reply("不客气。有事直接说，发送「今天」看看要联系谁。", private=False)
    talk.misses += 1
    allowed = [w for w, permission, *_ in TOPICS if permission is None or ctx.actor.may(permission)]
    near = closest(said.split(" ", 1)[0][:12], [*allowed, "帮助"])
    if talk.misses == 1 or near:
        usual = [w for w in ("跟进", "查", "今天") if w in allowed]
        guess = "、".join(f"「{w}」" for w in (near or usual)[:3])
        return Reply(f"没认出要做什么。你是想：{guess}？发送「帮助」看全部。", private=False)
    if talk.misses == 2:
        return Reply("换种说法试试：先说动作再说客户，例如「查 华兴」「跟进 华兴 电话聊了报价」。", private=False)
    names = administrators(ctx)
    return Reply(f"这句我还不会。全部说法发送「帮助」{f'，或找管理员 {names}' if names else ''}。", private=False)
