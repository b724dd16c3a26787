"""What a conversion came to, in words."""

from bot.language.money import show_money
from handlers.leads.converting import Converted


def converted_text(done: Converted) -> str:
    """The first result is said again for a second time (R-LEAD-5), and an opportunity that was not made with it."""
    if done.already:
        text = "之前已经转成客户，没有重复新建。"
        said = done.not_made
        if said is None or said.amount is None:
            return text
        deal = " ".join(p for p in (said.name, show_money(said.amount)) if p)
        return f"{text}商机「{deal}」也没有建，要建就发送「商机 客户名称 {deal}」。"
    head = "已并入原有客户，跟进记录也带过去了" if done.merged else "已转成客户，跟进记录也带过去了"
    if done.deal is None:
        return f"{head}。"
    name, amount = done.deal
    return f"{head}，商机已建：{name} {show_money(amount)}。"
