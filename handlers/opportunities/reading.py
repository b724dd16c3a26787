"""What forms and sentences say of an opportunity: amount, expected day, stage, win rate."""

import re
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.language.dates import find_moments
from bot.language.money import Amount, find_amounts, parse_amount
from storage import stages

RATE = re.compile(r"(\d{1,3})\s*[%％]?", re.ASCII)
EXPECTED = re.compile(r"(?:预计|大概|估计|能|在)+$")
SIGN = re.compile(r"^(?:预计|大概|能|之?前|左右)*(?:签约|签单|签下来?|签|成交|拿下)?(?=[\s,，。;；]|$)")
NAMED = re.compile(r"(?:^|(?<=[\s,，。;；、]))(?:商机)?(?:名称|名字|名为|叫做?|金额|预算)\s*[是为:：]?\s*")
EDGES = " ，,。;；、：:"


@dataclass(frozen=True, slots=True)
class SaidDeal:
    """What a sentence says of an opportunity to be made, its customer aside. None, "": not said."""

    name: str = ""
    amount: Decimal | None = None  # yuan
    day: date | None = None
    stage: str = ""

    def row(self) -> dict[str, str]:
        """As JSON, for what is asked on the way."""
        day = self.day.isoformat() if self.day else ""
        amount = "" if self.amount is None else str(self.amount)
        return {"name": self.name, "amount": amount, "day": day, "stage": self.stage}

    @classmethod
    def of(cls, row: Any) -> "SaidDeal":
        """What `row` gave; nothing: an empty one."""
        known = dict(row or {})
        amount, day = known.get("amount"), known.get("day")
        return cls(
            str(known.get("name", "")), Decimal(amount) if amount else None, date.fromisoformat(day) if day else None,
            str(known.get("stage", "")),
        )  # fmt: skip


def amounts_of(words: str) -> list[Amount]:
    """Sure amounts; one that stands alone between blanks counts, whatever comes behind it (30万 月底)."""
    found = [a for a in find_amounts(words) if a.sure]
    if found:
        return found
    for word in re.finditer(r"\S+", words):
        alone = find_amounts(word[0])
        if len(alone) == 1 and alone[0].sure:
            return [replace(alone[0], start=word.start() + alone[0].start, end=word.start() + alone[0].end)]
    return []


def take_deal(ctx: Context, words: str, *, names: int) -> tuple[SaidDeal, str]:
    """Amount, expected day and stage, and what is left; the first `names` words left are names and no stage.

    Raises InvalidInput for a day that is not certain.
    """
    words = NAMED.sub(" ", words)
    said = SaidDeal()
    if amounts := amounts_of(words):
        said = replace(said, amount=amounts[0].value)
        words = f"{words[: amounts[0].start]} {words[amounts[0].end :]}"
    if days := find_moments(words, ctx.now, prefer="future"):
        if not days[0].sure:
            raise InvalidInput(f"没认准「{days[0].text}」是哪天，可以写：7月15日 / 月底 / 下周三。")
        said = replace(said, day=days[0].day)
        head = EXPECTED.sub("", words[: days[0].start].rstrip(EDGES))
        words = f"{head} {SIGN.sub('', words[days[0].end :].strip(EDGES))}"
    stage, words = _stage_in(ctx, words, names)
    return replace(said, stage=stage), " ".join(words.split()).strip(EDGES)


def _stage_in(ctx: Context, words: str, names: int) -> tuple[str, str]:
    """The open stage said behind the names (`华兴 二期扩容 30万 报价阶段`), and the rest."""
    parts = words.split()
    with ctx.begin() as tx:
        for place in range(len(parts) - 1, -1, -1):
            word = parts[place].strip(EDGES)
            if place < names and not word.endswith("阶段"):
                break
            stage = stages.find_stage(tx, word)
            if stage is not None and stage.kind == "open" and stage.active:
                return stage.name, " ".join([*parts[:place], *parts[place + 1 :]])
    return "", words


def read_deal(ctx: Context, words: str) -> SaidDeal:
    """`二期扩容 8万 月底 报价`: of an opportunity whose customer is known. Raises InvalidInput."""
    said, name = take_deal(ctx, words, names=1)
    return replace(said, name=name)


def read_amount(said: str) -> Decimal | None:
    """Yuan; None for nothing. Raises InvalidInput."""
    amount = parse_amount(said) if said else None
    if said and (amount is None or not amount.sure):
        raise InvalidInput(f"没认出金额「{said}」，例如 30万 或 300000。")
    return amount.value if amount is not None else None


def read_rate(said: str) -> int | None:
    """Percent; None where the stage's counts. Raises InvalidInput."""
    text = said.strip()
    if text in ("", "按阶段"):
        return None
    found = RATE.fullmatch(text)
    if found is None or int(found[1]) > 100:
        raise InvalidInput("赢率是 0 到 100 的整数百分比，例如 40%。")
    return int(found[1])
