"""What a conversion came to, in words."""

from handlers.leads.converting import Converted


def converted_text(done: Converted) -> str:
    """The first result is said again for a second time (R-LEAD-5)."""
    if done.already:
        return "之前已经转成客户，没有重复新建。"
    head = "已并入原有客户，跟进记录也带过去了" if done.merged else "已转成客户，跟进记录也带过去了"
    return head + ("，商机已建。" if done.opportunity_id is not None else "。")
