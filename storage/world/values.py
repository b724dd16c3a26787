"""The values of a world file: text, money, days, moments; and what is said of one that cannot be read."""

import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError
from pydantic.functional_validators import AfterValidator

from bot.core.clock import at_beijing
from bot.core.errors import AppError


class WorldError(AppError, code="world"):
    """A world file that cannot be loaded; nothing of it was. `path` is the place: `customers[3].owner`."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}：{message}" if path else message)
        self.path = path
        self.message = message


def _text(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("文字里有空字符")
        return value.strip()
    return value


def _money(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"\d{1,13}\.\d{2}", value):
        raise ValueError('金额要写成带两位小数的文字，如 "12800.00"')
    return Decimal(value)


def _day(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError("应该是日期，如 2026-03-02")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"没有这一天：{value}") from None


def _moment(value: object) -> object:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise ValueError("应该是带时区的时间，如 2026-03-02T09:00:00+08:00")
    return moment


def _day_or_moment(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        day = _day(value)
        assert isinstance(day, date)
        return at_beijing(day)
    return _moment(value)


def _no_separator(value: str) -> str:
    if re.search("[;；]", value):
        raise ValueError("一个选项里不能有分号，请写成几个选项")  # D16
    return value


Text = Annotated[str, BeforeValidator(_text)]
Name = Annotated[str, BeforeValidator(_text), Field(min_length=1)]
Label = Annotated[Name, AfterValidator(_no_separator)]
Money = Annotated[Decimal, BeforeValidator(_money)]
Day = Annotated[date, BeforeValidator(_day)]
AwareMoment = Annotated[datetime, BeforeValidator(_moment)]
NextContact = Annotated[datetime, BeforeValidator(_day_or_moment)]
Month = Literal["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"]
LONG = 160  # characters of choices that are still worth listing

_MESSAGES = {
    "missing": "缺少这一项",
    "extra_forbidden": "不认识这个键",
    "string_type": "应该是文字",
    "string_too_short": "不能为空",
    "string_pattern_mismatch": "应该是时间，如 09:00",
    "int_type": "应该是整数",
    "bool_type": "应该是 true 或 false",
    "list_type": "应该是列表",
    "tuple_type": "应该是列表",
    "dict_type": "应该是对象",
    "model_type": "应该是对象",
    "too_short": "不能为空",
    "too_long": "太多了",
    "json_invalid": "里面有读不了的字符",
}


def dotted(location: Iterable[str | int]) -> str:
    """A place as people write it: `customers[3].owner`."""
    parts = [part for part in location if part != "[key]"]
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return path.removeprefix(".")


def world_error(error: ValidationError) -> WorldError:
    """The first complaint of pydantic, with its path."""
    first = error.errors(include_url=False)[0]
    kind, context = first["type"], first.get("ctx", {})
    if kind == "value_error":
        message = str(context["error"])
    elif kind in ("literal_error", "enum"):
        choices = context["expected"].replace(" or ", "、").replace(", ", "、")
        message = f"不认识 {first['input']!r}" + (f"，可以是 {choices}" if len(choices) < LONG else "")
    elif kind == "greater_than_equal":
        message = f"不能小于 {context['ge']}"
    elif kind == "less_than_equal":
        message = f"不能大于 {context['le']}"
    else:
        message = _MESSAGES.get(kind, first["msg"])
    return WorldError(dotted(first["loc"]), message)
