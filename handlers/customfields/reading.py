"""What was said of a company's own field, as it is stored."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final

from bot.context import Context
from bot.core.forms import FormField
from bot.dispatch import FormValue
from bot.language.dates import parse_moment
from handlers.customfields import rules
from handlers.customfields.rules import NotAValue
from handlers.dictionaries.service import step_choose
from storage import people
from storage.database import Tx
from storage.tables import Employee

SELF: Final = ("我", "本人", "自己")


def read_value(tx: Tx, ctx: Context, form: str, field: FormField, said: FormValue) -> str:
    """What was said, typed, filled in or stands in a cell, as it is stored; "" for nothing.

    Raises:
        NotAValue, NotAChoice: with what can be written instead.
    """
    if isinstance(said, datetime):
        said = said.date()
    if isinstance(said, date):
        said = said.isoformat()
    if isinstance(said, Decimal):
        said = f"{said:f}"
    text = "" if said is None or isinstance(said, bool | list) else str(said).strip()
    if not text:
        return ""
    match field.kind:
        case "choice":
            return step_choose(tx, form, field.name, text)
        case "date":
            return _day(ctx, field, text).isoformat()
        case "person":
            return _person(tx, ctx, field, text)
        case _:
            return rules.read_plain(field, text)


def _day(ctx: Context, field: FormField, text: str) -> date:
    found = parse_moment(text, ctx.now)
    if found is None:
        raise NotAValue(f"「{field.label}」要填日期，没认出「{text[:30]}」，例如 2026-03-05。")
    if not found.sure:
        some = "、".join(dict.fromkeys(f"{d:%Y-%m-%d}" for d in (found.value, *found.candidates)))
        raise NotAValue(f"「{field.label}」的「{text[:30]}」不确定是哪一天，写全一点，例如 {some}。")
    return found.day


def _person(tx: Tx, ctx: Context, field: FormField, text: str) -> str:
    name = text.strip("@＠ ，,。")
    if name in SELF and ctx.actor.user_id:
        return ctx.actor.user_id
    found = people.list_by_name(tx, name) or [p for p in people.find_told(tx, name) if p.active]
    if len(found) == 1:
        return found[0].user_id
    if not found:
        raise NotAValue(f"「{field.label}」要填同事，没有找到在职的「{name[:30]}」，请核对姓名，例如 李娜。")
    raise NotAValue(f"「{field.label}」有好几位「{name[:30]}」：{_told(tx, found)}，写成其中一个再发一次。")


def _told(tx: Tx, found: list[Employee]) -> str:
    return "、".join(people.tell_apart(tx, [p.user_id for p in found[:5]]).values())
