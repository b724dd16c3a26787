"""What people type and send to import and export."""

import re
from dataclasses import replace
from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.core.tabular import Sheet
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.dispatch.router import NO_FILES_HERE
from bot.language.filters import read_list
from handlers.exchange import views
from handlers.exchange.catalogue import KINDS, kind_called, kind_said
from handlers.exchange.kinds import Wanted
from handlers.exchange.rules import plain_title, read_rows
from handlers.exchange.service import (
    choose_kind,
    drop_import,
    export_records,
    latest,
    map_columns,
    run_import,
    send_problems,
    send_template,
    set_blank_owner,
    show_import,
    start_import,
    undo_import,
)
from handlers.filters.service import find_saved

router = Router("exchange.chat")
AROUND = " :：,，、"  # 本月签的 ends with a word of its own
EDGE = " 的:：,，、"
KEPT = re.compile(r"筛选[:：\s]*(?P<name>\S+)\s*(?P<more>.*)")
YEAR = re.compile(r"(20\d{2})\s*年?")
ALL = re.compile(r"(?:全部|确认|这?[\d,，]+\s*[条行家个位]|确认导入|好的?|是的?)?")
SPOKEN = re.compile(
    r"(?:请|麻烦你?|帮我|给我)*\s*把?\s*(?P<what>.{2,60}?)\s*(?:都|全部|全)?(?:给我|帮我)?导(?:出来|出去|出)(?:一下|一份|给我|成?(?:表格|[Ee]xcel|xlsx))*[。吧呗]*"
)
LABELS = tuple(dict.fromkeys(k.label for k in KINDS.values()))


def _may_send_files(message: ChatMessage) -> Reply | None:
    return Reply(NO_FILES_HERE, private=False) if message.group else None


@router.command("导入模板", "导入模版", "下载模板", "下载导入模板", "模板")
def template(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001
    """`导入模板`: which; `导入模板 产品`: that one."""
    found = kind_called(message.args.strip(EDGE))
    if found is not None:
        return Reply(send_template(ctx, found[0].name))
    may = [k for k in KINDS.values() if ctx.actor.may(k.importing)]
    if not may:
        ctx.actor.require(KINDS["customers"].importing)
    if len(may) == 1:
        return Reply(send_template(ctx, may[0].name))
    return Reply(card=CardRef("exchange.templates", {}))


@router.command(
    *(f"{w}{t}" for k in KINDS.values() for w in (k.label, *k.words) for t in ("导入模板", "导入模版", "模板")),
    whole=True,
)
def template_of(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001
    """`产品导入模板`."""
    found = kind_called(message.text.strip())
    assert found is not None
    return Reply(send_template(ctx, found[0].name))


@router.command("导入", "批量导入")
def begin(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`导入客户`: the next file is one; `导入 3-20,25`, `导入 1130 条`: what was checked."""
    if (refused := _may_send_files(message)) is not None:
        return refused
    said = message.args.strip(EDGE)
    found = kind_called(said)
    if found is not None:
        kind = found[0]
        ctx.actor.require(kind.importing)
        talk.ask("exchange.file", of=kind.name)
        return Reply(
            f"把{kind.label}表格（xlsx）私聊发给我，我先检查给你看，确认了才导入。还没有模板的话，发送「{kind.label}导入模板」。"
        )
    pending = talk.aside if talk.aside is not None and talk.aside["kind"] == "exchange.ready" else talk.open_question()
    exchange_id = int(pending["exchange_id"]) if pending and pending["kind"] == "exchange.ready" else latest(ctx)
    if exchange_id is None:
        may = [k.label for k in KINDS.values() if ctx.actor.may(k.importing)]
        if not may:
            ctx.actor.require(KINDS["customers"].importing)
        talk.ask("exchange.file", of="")
        return Reply(f"把表格（xlsx）私聊发给我就行，能导入：{'、'.join(may)}。还没有模板的话，发送「导入模板」。")
    rows = read_rows(said)
    if rows is not None:
        return _run(ctx, talk, exchange_id, rows=rows)
    if ALL.fullmatch(said):
        return _run(ctx, talk, exchange_id)
    raise InvalidInput("没认出要导入哪些行，例如「导入 3-20,25」；全部导入发送「导入」。")


def _run(
    ctx: Context, talk: Talk, exchange_id: int, *, merge: bool = False, rows: frozenset[int] = frozenset()
) -> Reply:
    run_import(ctx, exchange_id, merge=merge, rows=rows)
    talk.settle()
    return Reply(card=views.ref(exchange_id))


@router.question("exchange.file")
def not_a_file(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:  # noqa: ARG001
    """Words are no answer to it; the file goes to `receive_wanted`."""
    return None


def _receive(message: ChatMessage, ctx: Context, talk: Talk, sheet: Sheet, kind: str) -> Reply:
    name, content = (message.file.name, message.file.content) if message.file is not None else ("", b"")
    exchange_id = start_import(ctx, name, sheet, content, kind=kind)
    talk.ask("exchange.ready", exchange_id=exchange_id)
    return Reply(card=views.ref(exchange_id))


@router.sheet("exchange.file", lambda _sheet: False)
def receive_wanted(message: ChatMessage, ctx: Context, talk: Talk, sheet: Sheet) -> Reply:
    """The file that was announced."""
    pending = talk.open_question() or {}
    return _receive(message, ctx, talk, sheet, str(pending.get("of", "")))


@router.sheet("exchange.ready", lambda _sheet: True)
def receive(message: ChatMessage, ctx: Context, talk: Talk, sheet: Sheet) -> Reply:
    """Any other table: checked, shown, and imported only when the sender says so."""
    return _receive(message, ctx, talk, sheet, "")


@router.question("exchange.ready")
def decide(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """What the buttons do, typed."""
    exchange_id, said = int(pending["exchange_id"]), message.text.strip(" 。.!！")
    shown = show_import(ctx, exchange_id)
    if shown.state == "asking":
        found = kind_called(said)
        if found is not None:
            choose_kind(ctx, exchange_id, found[0].name)
            return Reply(card=views.ref(exchange_id))
    elif said in ("确认导入", "确认", "是", "好", "好的"):
        return _run(ctx, talk, exchange_id)
    elif re.fullmatch(r"重复的也(?:合并|更新|导入)|(?:合并|更新)重复的?|更新[\d,， ]*[条行]?|全部更新", said):
        return _run(ctx, talk, exchange_id, merge=True)
    elif said in ("改对应关系", "对应关系"):
        return Reply(
            card=CardRef(
                "exchange.import", {"exchange_id": exchange_id, "remap": True}, views.ref(exchange_id).subjects
            )
        )
    elif said in ("下载问题行", "下载失败行", "问题行"):
        return Reply(send_problems(ctx, exchange_id))
    elif said in ("没写负责人的进公海", "没写负责人的归我"):
        set_blank_owner(ctx, exchange_id, to_pool=said.endswith("公海"))
        return Reply(card=views.ref(exchange_id))
    elif said.startswith("对应 "):
        return _map_one(ctx, exchange_id, said[3:])
    if said in ("不导入", "不导了", "不用", "算了"):
        drop_import(ctx, exchange_id)
        talk.settle()
        return Reply("好的，没有导入，什么都没有变。")
    return None


def _map_one(ctx: Context, exchange_id: int, said: str) -> Reply:
    """`对应 备注2 备注`."""
    shown = show_import(ctx, exchange_id)
    at = next((i for i, t in enumerate(shown.header) if t and said.startswith(t)), None)
    if at is None:
        raise InvalidInput(
            f"文件里没有这一列，有：{'、'.join(t for t in shown.header if t)}。例如「对应 {shown.header[0]} 备注」。"
        )
    wanted = plain_title(said[len(shown.header[at]) :])
    field = next((f for f, t in shown.columns if plain_title(t) == wanted), None)
    if field is None and wanted not in ("不导入", "无", "不要"):
        raise InvalidInput(f"能对应的是：{'、'.join(t for _, t in shown.columns)}，或「不导入」。")
    mapping = {i: f for i, f in shown.mapping.items() if i != at and f != field}
    map_columns(ctx, exchange_id, {**mapping, at: field} if field else mapping)
    return Reply(card=views.ref(exchange_id))


@router.command("下载问题行", "下载失败行", whole=True)
def problems(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001
    """The last import's rows that were left."""
    pending = talk.open_question() or {}
    exchange_id = int(pending["exchange_id"]) if pending.get("kind") == "exchange.ready" else latest(ctx)
    if exchange_id is None:
        raise InvalidInput("没有等你看的导入。把表格私聊发给我，我先检查给你看。")
    return Reply(send_problems(ctx, exchange_id))


@router.command("导出", "批量导出")
def export(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001
    """`导出 我的客户 制造业`, `导出产品`, `导出 合同 华兴`."""
    said = message.args.lstrip(EDGE).rstrip(AROUND)
    if KEPT.match(said):
        said = f"客户 {said}"
    mine = bool(re.match(r"我(?:负责)?的?", said))
    found = kind_said(re.sub(r"^我(?:负责)?的?\s*", "", said) if mine else re.sub(r"^(?:全部|所有)的?\s*", "", said))
    if found is None:
        may = [k.label for k in KINDS.values() if ctx.actor.may(k.exporting)]
        if not may:
            ctx.actor.require(KINDS["customers"].exporting)
        raise InvalidInput(f"要导出什么？能导出：{'、'.join(may)}，例如「导出 我的客户」「导出 {may[0]}」。")
    kind, rest = found
    if kind.listed:
        if kind.name != "customers" and KEPT.match(rest.strip(EDGE)):
            raise InvalidInput(f"保存的筛选是客户的，{kind.label}直接写条件，例如「导出{kind.label} 李娜 本月」。")
        text = re.sub(r"^(?:的|列表|数据|资料|表格?|名单|清单)", "", rest.strip(AROUND)).strip(AROUND)
        return Reply(export_records(ctx, kind.name, _listed(ctx, text, mine=mine)))
    year = YEAR.search(rest) if kind.name == "targets" else None
    if year:
        rest = YEAR.sub(" ", rest)
    wanted = Wanted(
        read_list(re.sub(r"^(?:列表|数据|资料|表格?|名单|清单)", "", rest).strip(EDGE)).words, mine,
        int(year[1]) if year else 0,
    )  # fmt: skip
    return Reply(export_records(ctx, kind.name, wanted))


@router.sentence(28)
def export_spoken(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`把 苏州松桁 的合同都导出来`, `帮我把我的客户导出成表格`."""
    said = SPOKEN.fullmatch(message.text.strip())
    if said is None:
        return None
    what = said["what"].strip(EDGE)
    found = kind_said(re.sub(r"^(?:我(?:负责)?|全部|所有)的?\s*", "", what))
    return export(replace(message, args=what), ctx, talk) if found is not None else None


def _listed(ctx: Context, text: str, *, mine: bool) -> Wanted:
    """What a list of the same words shows; `筛选 重点`: what is kept under that name."""
    named = KEPT.match(text)
    if named is None:
        return Wanted(tuple(text.split()), mine)
    kept = find_saved(ctx, named["name"])
    if kept is None:
        raise InvalidInput(f"没有叫「{named['name']}」的筛选，发送「我的筛选」看看有哪些。")
    return Wanted((*kept.words.split(), *named["more"].split()), mine or kept.mine)


@router.undoer("exchange.import")
def undo(payload: dict[str, Any], ctx: Context) -> str:
    """「撤销本次导入」."""
    return undo_import(ctx, payload)
