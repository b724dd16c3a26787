"""What an application for an invoice must be, and its fields, which an approval node may hide. Pure.

Source: manual 3.8; crm-rules.md 1.19 (R-INV-1..6); contract `world.md` ("Fields an approval node may hide").
"""

import re
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from bot.core.errors import InvalidInput, RuleBroken
from bot.language.money import show_money
from handlers.invoices.buyers import DETAILS

DEFAULT_NODE: Final = "出纳开票"
FIELDS: Final = {
    "customer": "客户", "contract_no": "合同编号", "contract_amount": "合同金额", "amount": "开票金额",
    "invoice_type": "发票类型", "title": "发票抬头", "tax_no": "税号", "remark": "备注", "contact_name": "联系人",
    "contact_mobile": "联系人电话", "invoiced_amount": "已开票金额", "paid_amount": "已回款金额",
    "applicant": "申请人", **DETAILS,
}  # fmt: skip
EDITABLE: Final = ("amount", "invoice_type", "title", "tax_no", *DETAILS, "remark")
INPUTS: Final = {"kind": "invoice_type", "rate": "invoice_type"}  # what is given for a field it is a part of
KINDS: Final = {"专票": "增值税专用发票", "普票": "增值税普通发票"}
RATES: Final = tuple(Decimal(rate) for rate in ("13", "9", "6", "3", "1", "0"))  # percent
STATES: Final = {
    "pending": "流程进行中", "approved": "已同意，待开票", "issued": "已开票", "rejected": "未同意",
    "cancelled": "已取消", "void": "已作废",
}  # fmt: skip
MOST: Final = Decimal(1_000_000_000_000)  # yuan
REMARK_LENGTH: Final = 200
EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
INVOICE_NO: Final = re.compile(r"\d{8}|\d{20}")  # of paper, and of the wholly digital


class InvoiceRefused(RuleBroken, code="invoices.refused"):
    """This cannot be done with the invoice or on this contract; the text says why."""


class FieldKept(RuleBroken, code="invoices.kept"):
    """A field that may not be changed where the application is now."""


class OverInvoiced(RuleBroken, code="invoices.over"):
    """More than what is left of the contract (D7)."""


def check_amount(amount: Decimal) -> Decimal:
    """Raises InvalidInput."""
    if amount <= 0:
        raise InvalidInput("开票金额要大于 0，例如「开票 华兴 5万 专票」。")
    if amount != amount.quantize(Decimal("0.01")):
        raise InvalidInput("开票金额最多到分，例如 50000.50。")
    if amount >= MOST:
        raise InvalidInput("开票金额太大了，请核对后再发。")
    return amount


def check_left(amount: Decimal, *, contract: Decimal, billed: Decimal, applied: Decimal, shown: bool = True) -> None:
    """R-INV-1. `billed` includes `applied`, which is in flight; `shown`: the sums may be said. Raises OverInvoiced."""
    left = contract - billed
    if amount <= left:
        return
    if not shown:
        raise OverInvoiced("超过这份合同还能开的金额，请改小一些；可以请财务看一下还能开多少。")
    flying = f"，其中审批中 {show_money(applied)}" if applied > 0 else ""
    can = f"最多还能开 {show_money(left)}" if left > 0 else "不能再开了"
    raise OverInvoiced(
        f"超过合同金额：合同 {show_money(contract)}，已开和审批中共 {show_money(billed)}{flying}，{can}。"
    )


def check_contract(number: str, state: str) -> None:
    """Raises InvoiceRefused."""
    if state == "draft":
        raise InvoiceRefused(f"合同 {number} 还是草稿，先发送「合同 {number} 生效」再开票。")
    if state == "void":
        raise InvoiceRefused(f"合同 {number} 已作废，不能开票。")


def check_kind(kind: str) -> str:
    """专票 or 普票. Raises InvalidInput."""
    if kind not in KINDS:
        raise InvalidInput("发票类型是「专票」还是「普票」？")
    return kind


def check_rate(rate: Decimal | None) -> Decimal | None:
    """Percent; None: not said. Raises InvalidInput."""
    if rate is not None and rate not in RATES:
        raise InvalidInput(f"税率没有 {rate.normalize():f}%，可以是 {'、'.join(f'{r}%' for r in RATES)}。")
    return rate


def check_email(email: str) -> str:
    """Empty: none is given. Raises InvalidInput."""
    email = email.strip()
    if email and EMAIL.fullmatch(email) is None:
        raise InvalidInput(f"邮箱「{email}」不对，例如 caiwu@example.com。")
    return email


def check_allowed(given: Mapping[str, str], allowed: Collection[str]) -> None:
    """Whether each of these may be changed (invariant 60). Raises FieldKept, naming those that may not."""
    kept = [FIELDS.get(INPUTS.get(name, name), name) for name in given if INPUTS.get(name, name) not in allowed]
    if kept:
        can = "、".join(FIELDS[name] for name in EDITABLE if name in allowed)
        raise FieldKept(
            f"这一步不能改{'、'.join(dict.fromkeys(kept))}，{f'能改的有：{can}' if can else '没有能改的内容'}。"
        )


def check_remark(remark: str) -> str:
    """Raises InvalidInput."""
    if len(remark.strip()) > REMARK_LENGTH:
        raise InvalidInput(f"备注最多 {REMARK_LENGTH} 字，请写短一些。")
    return remark.strip()


def check_issue(invoice_no: str, issued_on: date, today: date) -> str:
    """发票号码 and its day. Raises InvalidInput."""
    plain = re.sub(r"\s", "", invoice_no)
    if INVOICE_NO.fullmatch(plain) is None:
        raise InvalidInput("发票号码是 8 位或 20 位数字，请核对，例如「开票号 FP-2026-0001 12345678」。")
    if issued_on > today:
        raise InvalidInput(f"开票日期 {issued_on} 还没到，请核对。")
    return plain


def check_void(number: str, state: str, issued_on: date | None, today: date) -> None:
    """Issued, it is void in its own month only; later it is taken back in red (R-INV-3). Raises InvoiceRefused."""
    if state not in ("approved", "issued"):
        hint = f"；审批中的要「取消 {number}」" if state == "pending" else ""
        raise InvoiceRefused(f"{number} 是「{STATES[state]}」，不能作废{hint}。")
    if issued_on is not None and (issued_on.year, issued_on.month) != (today.year, today.month):
        raise InvoiceRefused(f"{number} 是 {issued_on} 开的，跨月不能作废，要「红冲 {number} 原因」。")


def check_red(number: str, state: str, amount: Decimal, left: Decimal, *, shown: bool = True) -> None:
    """Not more than the original, less what was taken back before (invariant 55). `shown`: that may be said.

    Raises InvoiceRefused, InvalidInput.
    """
    if state != "issued":
        hint = "还没有开出来，" if state == "approved" else ""
        raise InvoiceRefused(f"{number} 是「{STATES[state]}」，{hint}不能红冲，只有已开票的可以。")
    if left <= 0:
        raise InvoiceRefused(f"{number} 已经全部红冲了。")
    if amount <= 0:
        raise InvalidInput(f"红冲金额写大于 0 的数，例如「红冲 {number} 2万 退货」；不写金额就是全部。")
    check_amount(amount)
    if amount > left:
        told = f"红冲金额不能超过原票还剩的 {show_money(left)}。"
        raise InvoiceRefused(told if shown else "红冲金额超过了原票还剩的金额，请核对；不写金额就是全部。")


def check_void_reason(reason: str, number: str, what: str = "作废") -> str:
    """Raises InvalidInput."""
    reason = reason.strip(" ，,。")
    if not reason:
        example = f"作废发票 {number} 抬头开错" if what == "作废" else f"红冲 {number} 退货"
        raise InvalidInput(f"{what}要写原因，例如「{example}」。")
    if len(reason) > REMARK_LENGTH:
        raise InvalidInput(f"{what}原因最多 {REMARK_LENGTH} 字，请写短一些。")
    return reason


def kind_text(kind: str, rate: Decimal | None) -> str:
    """专票 6%."""
    return f"{kind} {rate.normalize():f}%" if rate is not None else kind
