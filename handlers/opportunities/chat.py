"""What people say about opportunities."""

import re
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput, NotFound
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.language.dates import find_moments
from bot.language.filters import page_wanted, read_list
from bot.language.match import Candidate, rank
from bot.language.money import Amount, find_amounts, parse_amount, show_money
from bot.language.normalize import fold
from bot.language.pinyin import initials, pinyin_of
from bot.language.ranges import find_range
from bot.language.replies import ordinal
from cards.base_data import base_list
from handlers.customers.finding import find_customer, find_person
from handlers.opportunities import service
from handlers.opportunities.rules import EXAMPLE, ReasonMissing, RivalMissing
from handlers.opportunities.service import Changed, NewOpportunity
from handlers.opportunities.views import filter_of, one_ref
from handlers.products.reading import read_line
from storage import stages

router = Router("opportunities.chat")
QUIET = re.compile(r"(\d{1,4})\s*天(?:没|未|没有)?(?:跟进|联系)(?:的|过)?")
SIGN = re.compile(r"(?:预计|大概|能)?(?:签约?|成交|签单|签下来?|拿下)?$")
MOVE = re.compile(
    r"^(?P<name>.+?)\s*(?:进入|推进到|转到|改阶段|改到|回到|退回到)(?:了)?\s*(?P<rest>\S+?)(?:阶段)?[。!！]?$"
)
WON = re.compile(r"^(?P<name>.+?)\s*(?:赢了|赢单了?|成交了|拿下了|签下来?了)[。!！]?$")
LOST = re.compile(r"^(?P<name>.+?)\s*(?:输了|输单了?|丢了|丢单了?)[\s,，:：]*(?P<rest>.*)$")
VOID = re.compile(r"^(?P<name>.+?)\s*(?:商机)?(?:无效|作废)[\s,，:：]*(?P<rest>.*)$")
AMOUNT = re.compile(r"^(?P<name>.+?)\s*(?:的)?金额\s*(?:改为|改成|改到|是|为|[:：])?\s*(?P<rest>\S+)$")
WHEN = re.compile(r"^(?P<name>.+?)\s*(?:预计成交|预计)\s*(?:改为|改成|改到|[:：])?\s*(?P<rest>.+)$")
RATE = re.compile(r"^(?P<name>.+?)\s*(?:赢率|把握)\s*(?:改为|改成|[:：])?\s*(?P<rest>\d{1,3}\s*[%％]|按阶段)$")
LINE = re.compile(r"^(?P<name>.+?)\s*(?:加|添加|增加)产品\s*(?P<rest>.+)$")
NO_LINE = re.compile(r"^(?P<name>.+?)\s*(?:删|删除|去掉)产品\s*(?P<rest>.+)$")
RIVAL = re.compile(r"^(?P<name>.+?)\s*(?:加|添加|增加)(?:竞争对手|竞品|对手)\s*(?P<rest>.+)$")
PRICE = re.compile(r"(?:报价|价格|价)\s*[:：]?\s*(\S+)")
THREAT = re.compile(r"威胁\s*[:：]?\s*([低中高])")


def find_opportunity(ctx: Context, words: str) -> int | None:
    """The one certainly meant by (part of) its name, or its customer and name. None: none, or not certain.

    Raises:
        InvalidInput: several have that very name; the text shows how to say which.
    """
    said = fold(words).replace(" ", "").strip("「」")
    named = service.list_named(ctx)
    exact = [r for r in named if fold(r[1]).replace(" ", "") == said]
    opened = [r for r in exact if r[3] == "open"]
    exact = opened if len(opened) == 1 else exact
    if len(exact) == 1:
        return exact[0][0]
    if exact:
        some = "、".join(f"「商机 {r[2]} {r[1]}」" for r in exact[:3])
        raise InvalidInput(f"有好几个商机叫「{exact[0][1]}」，写上客户再说一次：{some}。")
    both = [r for r in named if said.endswith(fold(r[1]).replace(" ", "")) and len(said) > len(r[1])]
    if both:
        head = said[: -len(fold(both[0][1]).replace(" ", ""))]
        known = [r for r in both if head and rank(head, [Candidate(id=r[0], name=r[2])]).certain is not None]
        if len(known) == 1:
            return known[0][0]
    candidates = [Candidate(id=i, name=n, initials=initials(n), pinyin=pinyin_of(n)) for i, n, _, _ in named]
    match = rank(words, candidates)
    return match.certain.id if match.certain is not None else None


def _amounts(words: str) -> list[Amount]:
    """Sure amounts; one that stands alone between blanks counts, whatever comes behind it (30万 月底)."""
    found = [a for a in find_amounts(words) if a.sure]
    if found:
        return found
    for word in re.finditer(r"\S+", words):
        alone = find_amounts(word[0])
        if len(alone) == 1 and alone[0].sure:
            return [replace(alone[0], start=word.start() + alone[0].start, end=word.start() + alone[0].end)]
    return []


def _meant(ctx: Context, words: str) -> int:
    found = find_opportunity(ctx, words)
    if found is None:
        raise NotFound(f"没有找到商机「{words[:40]}」，发送「我的商机」看看有哪些。")
    return found


def _shown(done: Changed, talk: Talk) -> Reply:
    talk.settle()
    return Reply(card=one_ref(done.opportunity_id, done.undo_id, done.text))


def _list(ctx: Context, talk: Talk, words: str, **state: Any) -> Reply:
    if quiet := QUIET.search(words):
        state["quiet_days"] = int(quiet[1])
        words = QUIET.sub(" ", words)
    for amount in find_amounts(words):
        after = words[amount.end :].lstrip()[:2]
        state["most" if after in ("以下", "以内") else "least"] = str(amount.value)
        words = words[: amount.start] + re.sub(r"^\s*(?:以上|以下|以内)", "", words[amount.end :])
        break
    asked = read_list(words)
    left = []
    with ctx.begin() as tx:
        for word in asked.words:
            stage = stages.find_stage(tx, word)
            if stage is not None:
                state["stage_id"] = stage.id
            elif word in ("逾期", "过期"):
                state["overdue"] = True
            elif word != "商机":
                left.append(word)
    state |= {"words": left, "page": asked.page}
    talk.ask("opportunities.list", state=state)
    return Reply(card=CardRef("opportunities.list", state))


@router.command("我的商机")
def mine(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`我的商机 报价 30天没跟进`."""
    return _list(ctx, talk, message.args, mine=ctx.actor.user_id)


@router.command("逾期商机", "过期商机")
def overdue(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """Open ones whose expected day is over (R-OPP-6)."""
    return _list(ctx, talk, message.args, overdue=True)


@router.command("商机列表", "商机")
def about(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`商机 华兴 二期扩容 30万 月底签` makes one; `商机 二期扩容` shows it; else a list."""
    words = message.args
    if not words:
        return _list(ctx, talk, "")
    if message.word == "商机" and _amounts(words) and not re.search(r"以上|以下|以内", words):
        return _create(words, ctx, talk)
    known = find_opportunity(ctx, words)
    if known is not None:
        talk.settle()
        return Reply(card=one_ref(known))
    customer = find_customer(ctx, words, pooled=None)
    if customer.certain is not None:
        return _list(ctx, talk, "", customer_id=customer.certain, result="")
    return _list(ctx, talk, words)


@router.command("新建商机", "新增商机", "建商机", "添加商机")
def create(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """The same in other words; alone: a form."""
    ctx.actor.require(Permission.OPPORTUNITY_ADD)
    if not message.args:
        return Reply(card=CardRef("opportunities.new", {"draft": {}}))
    return _create(message.args, ctx, talk)


def _create(words: str, ctx: Context, talk: Talk) -> Reply:
    ctx.actor.require(Permission.OPPORTUNITY_ADD)
    amounts = _amounts(words)
    if not amounts:
        raise InvalidInput(f"还差金额。请写成「{EXAMPLE}」（客户 名称 金额 预计日期）。")
    amount = amounts[0]
    rest = f"{words[: amount.start]} {words[amount.end :]}"
    days = find_moments(rest, ctx.now, prefer="future")
    day = None
    if days:
        if not days[0].sure:
            raise InvalidInput(f"没认准「{days[0].text}」是哪天，可以写：7月15日 / 月底 / 下周三。")
        day = days[0].day
        rest = f"{rest[: days[0].start]} {SIGN.sub('', rest[days[0].end :].strip())}"
    first, _, behind = rest.strip().partition(" ")
    found = replace(find_customer(ctx, first, pooled=None), rest=behind)  # the customer comes first
    if found.certain is None and not found.options:
        found = find_customer(ctx, rest.strip(), pooled=None, leading=True)
    draft = {"amount": str(amount.value), "day": day.isoformat() if day else ""}
    if found.certain is None:
        return found.ask(talk, "opportunities.whose", "建商机", draft=draft)
    return _make(found.certain, found.rest, draft, ctx, talk)


def _make(customer_id: int, name: str, draft: dict[str, str], ctx: Context, talk: Talk) -> Reply:
    day = datetime.fromisoformat(draft["day"]).date() if draft["day"] else None
    name = " ".join(name.split()).strip(" ，,。")
    done = service.create_opportunity(ctx, NewOpportunity(customer_id, name, Decimal(draft["amount"]), day))
    talk.about(customer_id)
    return _shown(done, talk)


@router.question("opportunities.whose")
def choose(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several customers."""
    number = ordinal(message.text)
    ids = [int(i) for i in pending["ids"]]
    if number is None:
        return None
    if not 1 <= number <= len(ids):
        raise InvalidInput(f"回复 1 到 {len(ids)} 之间的数字，都不是就回复「取消」。")
    return _make(ids[number - 1], str(pending.get("rest", "")), pending["draft"], ctx, talk)


@router.question("opportunities.list")
def turn_page(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`下一页`, or the number of a row."""
    state = dict(pending["state"])
    wanted, number = page_wanted(message.text, int(state["page"])), ordinal(message.text)
    if wanted is None and number is None:
        return None
    page = service.list_opportunities(ctx, filter_of(state, ctx), int(state["page"]) if wanted is None else wanted)
    if wanted is not None:
        state["page"] = min(wanted, page.pages)
        talk.ask("opportunities.list", state=state)
        return Reply(card=CardRef("opportunities.list", state))
    if number is None or not 1 <= number <= len(page.rows):
        raise InvalidInput(f"这一页只有 {len(page.rows)} 个，回复 1 到 {len(page.rows)} 之间的数字。")
    return Reply(card=one_ref(page.rows[number - 1].id or 0))


@router.sentence(10)
def change(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`二期扩容 进入报价`, `… 赢了`, `… 输了 价格`, `… 金额 35万`, `… 加产品 …`: only of what is an opportunity."""
    if not ctx.actor.may(Permission.OPPORTUNITY_VIEW):
        return None
    text = message.text.strip().removeprefix("商机 ")
    for pattern, act in ACTS:
        said = pattern.match(text)
        if said is None:
            continue
        key = find_opportunity(ctx, said["name"])
        if key is not None:
            return act(ctx, talk, key, (said.groupdict().get("rest") or "").strip())
    return None


def _move(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:
    return _shown(service.change_stage(ctx, key, rest), talk)


def _won(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:  # noqa: ARG001 -- one shape for all
    return _shown(service.change_stage(ctx, key, "", result="won"), talk)


def _lost(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:
    return _close(ctx, talk, key, "lost", rest)


def _void(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:
    return _close(ctx, talk, key, "invalid", rest)


def _close(ctx: Context, talk: Talk, key: int, result: str, reason: str, rival: str = "") -> Reply:
    head, _, tail = reason.partition(" ")
    if head in ("竞品", "竞争对手", "对手") and tail and not rival:
        reason, rival = head, tail.strip()
    try:
        return _shown(service.change_stage(ctx, key, "", result=result, reason=reason, rival=rival), talk)
    except (ReasonMissing, RivalMissing) as missing:
        asks_rival = isinstance(missing, RivalMissing)
        talk.ask("opportunities.why", id=key, result=result, rival=asks_rival)
        if result == "invalid":
            return Reply(missing.text)
        state = {"opportunity_id": key, "rival": asks_rival}
        return Reply(card=CardRef("opportunities.why", state, (f"opportunity:{key}",)))


@router.question("opportunities.why")
def why(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The reason, or the competitor it was lost to."""
    key, result = int(pending["id"]), str(pending["result"])
    if pending.get("rival"):
        return _close(ctx, talk, key, result, "竞品", rival=message.text.strip())
    return _close(ctx, talk, key, result, message.text.strip())


def _amount(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:
    amount = parse_amount(rest)
    if amount is None or not amount.sure:
        raise InvalidInput(f"没认出金额「{rest}」，例如 35万。")
    return _shown(service.update_opportunity(ctx, key, {"amount": amount.value}), talk)


def _when(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:
    days = find_moments(rest, ctx.now, prefer="future")
    if not days or not days[0].sure:
        raise InvalidInput("没认准是哪天，可以写：7月15日 / 月底 / 下周三。")
    return _shown(service.update_opportunity(ctx, key, {"expected_on": days[0].day}), talk)


def _rate(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:
    rate = None if rest == "按阶段" else int(rest.strip("%％ "))
    return _shown(service.update_opportunity(ctx, key, {"probability": rate}), talk)


def _line(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:
    return _shown(service.add_line(ctx, key, *read_line(rest)), talk)


def _no_line(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:
    return _shown(service.remove_line(ctx, key, rest), talk)


def _rival(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:
    price, threat = PRICE.search(rest), THREAT.search(rest)
    amount = parse_amount(price[1]) if price else None
    if price and (amount is None or not amount.sure):
        raise InvalidInput(f"没认出报价「{price[1]}」，例如「加竞争对手 海天 报价 28万」。")
    name, _, note = THREAT.sub(" ", PRICE.sub(" ", rest)).strip().partition(" ")
    done = service.meet_competitor(
        ctx, key, name, note=note.strip(), price=amount.value if amount else None, threat=threat[1] if threat else ""
    )
    return _shown(done, talk)


ACTS = (
    (RIVAL, _rival), (NO_LINE, _no_line), (LINE, _line), (RATE, _rate), (AMOUNT, _amount), (WON, _won), (LOST, _lost),
    (VOID, _void), (MOVE, _move), (WHEN, _when),
)  # fmt: skip


@router.command("商机无效")
def void(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`商机无效 二期扩容 重复了`."""
    name, _, reason = message.args.partition(" ")
    whole = find_opportunity(ctx, message.args) if message.args else None
    return _close(ctx, talk, whole or _meant(ctx, name), "invalid", "" if whole else reason)


@router.command("重新打开", "重开商机")
def reopen(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`重新打开 二期扩容`."""
    return _shown(service.reopen_opportunity(ctx, _meant(ctx, message.args.removeprefix("商机").strip())), talk)


@router.command("删除商机")
def delete(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`删除商机 二期扩容`."""
    return _shown(service.delete_opportunity(ctx, _meant(ctx, message.args)), talk)


@router.command("转移商机", "转交商机")
def transfer(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`转移商机 二期扩容 给 李娜`."""
    name, _, who = message.args.rpartition("给")
    if not name or not who:
        raise InvalidInput("转给谁？例如「转移商机 二期扩容 给 李娜」。")
    key = _meant(ctx, name.strip())
    done = service.transfer_opportunity(ctx, key, find_person(ctx, who))
    return _shown(replace(done, undo_id=None), talk)


@router.command("销售预测", "预测")
def forecast(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """`预测 本月`: Σ amount × win rate, by stage and in all (R3.22)."""
    span = find_range(message.args, ctx.now, prefer="future") if message.args else None
    if message.args and (span is None or not span.sure):
        raise InvalidInput("预测哪段时间？例如「预测 本月」「预测 下月」「预测 Q4」。")
    rows = service.forecast(ctx, span.first, span.last) if span else service.forecast(ctx)
    lines = [f"**销售预测{f' {span.text}' if span else ''}**"]
    for one in rows:
        worth = (
            "" if one.weighted is None else f" · {show_money(one.amount or Decimal(0))} → {show_money(one.weighted)}"
        )
        lines.append(f"- {one.stage}：{one.count} 个{worth}")
    if not rows:
        return Reply("这段时间没有进行中的商机。发送「我的商机」看全部。")
    count = sum(one.count for one in rows)
    if all(one.weighted is not None for one in rows):
        amount = sum((one.amount or Decimal(0) for one in rows), Decimal(0))
        weighted = sum((one.weighted or Decimal(0) for one in rows), Decimal(0))
        lines.append(f"共 {count} 个，金额 {show_money(amount)}，按赢率预计 {show_money(weighted)}。")
    else:
        lines.append(f"共 {count} 个。")
    return Reply("\n".join(lines))


@router.command("竞争对手胜率", "对手胜率", whole=True)
def win_rates(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """Won of all closed ones, by competitor (R-COMP-5)."""
    rows = [
        (name, f"胜率 {round(100 * won / (won + lost))}% · 赢 {won} · 输 {lost}")
        for name, won, lost in service.list_win_rates(ctx)
    ]
    if not rows:
        return Reply("还没有碰到过竞争对手的已结束商机。")
    view = base_list("竞争对手胜率", f"共 {len(rows)} 家", rows)
    return Reply("\n".join([f"**{view.title}** {view.body}", *(f"- {r.title}：{r.detail}" for r in view.rows)]))
