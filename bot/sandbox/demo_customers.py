"""The built-in company's customers: a year of work with them, seen from `now`."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, Final

from bot.sandbox import demo_words as words
from bot.sandbox.demo_people import DEPARTED, SELLERS, TEAMS

OWNED, POOLED = 244, 62
RETURN_AFTER: Final = 30  # days without follow-up, as in the settings of this world
ENDANGERED: Final = (  # who loses one to the pool in how many days, if nothing is done
    ("lina04", 1), ("lina04", 3), ("zhao05", 1), ("zhao05", 7), ("sun06", 3), ("qian07", 7), ("he09", 7),
    ("xu11", 3), ("gao12", 1), ("liang16", 3), ("ye18", 7),
)  # fmt: skip
NEXT_DAYS: Final = (-4, -2, -1, 0, 0, 0, 1, 1, 2, 3, 4, 5, 7, 9, 12, 15)
STARS: Final = (  # (name, city, industry, contact, mobile): what a newcomer is likely to try
    ("宁波华东精密机械有限公司", "宁波", "机械制造", "张伟", "13800010001"),
    ("宁波枫岸新材料有限公司", "宁波", "化工材料", "陈强", "13800010002"),
    ("绍兴风岸包装有限公司", "绍兴", "包装印刷", "王芳", "13800010003"),
)
REAL_PLACES: Final = frozenset({"芦溪", "松溪", "竹溪", "荷塘", "青岭", "蓝屿"})


@dataclass(slots=True)
class Deal:
    """A customer, with what the sales sections need to know of it."""

    record: dict[str, Any]
    phase: int  # how far it went: index into STORY
    goods: str
    owner: str | None = None


@dataclass(slots=True)
class Generator:
    """Draws customers; the same day draws the same ones."""

    now: datetime
    rng: Random
    mobile: int = 10010
    names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        own = [a + b for a in words.FIRST for b in words.SECOND]
        self.names = [name for name in own if name not in REAL_PLACES]
        self.rng.shuffle(self.names)

    @property
    def today(self) -> date:
        """The day the company is seen on."""
        return self.now.date()

    def customers(self) -> list[Deal]:
        """All of them, those with owners first."""
        deals = [self._star(i) for i in range(len(STARS))]
        deals += [self._owned(owner, days) for owner, days in ENDANGERED]
        while len(deals) < OWNED:
            deals.append(self._owned(SELLERS[len(deals) % len(SELLERS)], None))
        deals += [self._pooled() for _ in range(POOLED)]
        return deals

    def _star(self, i: int) -> Deal:
        name, city, industry, person, mobile = STARS[i]
        deal = self._owned("lina04", None)
        contact = {"name": person, "title": "采购经理", "mobile": mobile, "main": True}
        deal.record |= {"name": name, "city": city, "industry": industry, "class": "重点客户", "contacts": [contact]}
        deal.record["follow_ups"] = self._history("lina04", deal, last=self._working_day(2 + i), count=9)
        self._plan(deal.record["follow_ups"][-1], (0, 1, -1)[i], timed=i != 1)
        return deal

    def _owned(self, owner: str, days_left: int | None) -> Deal:
        rng = self.rng
        team = next(team for team, members in TEAMS.items() if owner in members)
        deal = self._company(team, owner)
        since = rng.randint(40, 330)
        last = self._working_day(rng.choice((0, 1, 1, 2, 2, 3, 4, 5, 6, 8, 9, 11, 13, 15, 18, 21)))
        count = rng.randint(5, 18)
        if days_left is not None:
            last, count = RETURN_AFTER - days_left, rng.randint(2, 5)
            deal.phase = min(deal.phase, 2)  # no contract: that would keep it from the pool
        elif rng.random() < 0.08:  # taken over lately, nothing said yet
            since, count = rng.randint(1, 9), 0
        deal.record |= {
            "owner": owner,
            "owner_since": self._day(since),
            "created_on": self._day(since + rng.choice((0, 0, 0, 30, 90, 200))),
        }
        deal.owner = owner
        deal.record["follow_ups"] = self._history(owner, deal, last=last, count=count, first=since)
        if deal.record["follow_ups"] and days_left is None and rng.random() < 0.5:
            days = rng.choice(NEXT_DAYS)
            self._plan(deal.record["follow_ups"][-1], max(days, 1 - last), timed=rng.random() < 0.4)
        return deal

    def _pooled(self) -> Deal:
        rng = self.rng
        team = rng.choice(list(TEAMS))
        deal = self._company(team, "")
        pooled = rng.randint(1, 75)
        by = rng.choice((*TEAMS[team], *DEPARTED))
        deal.record |= {
            "owner": None,
            "pooled_on": self._day(pooled),
            "created_on": self._day(pooled + rng.randint(20, 280)),
        }
        count = rng.choice((0, 1, 2, 3, 4, 6))
        deal.record["follow_ups"] = self._history(by, deal, last=pooled + rng.randint(2, RETURN_AFTER), count=count)
        return deal

    def _company(self, team: int, owner: str) -> Deal:
        rng = self.rng
        city = rng.choice(words.PLACES[team])
        industry, kinds = rng.choice(words.TRADES)
        own, form = self.names.pop(), rng.choice(words.FORMS)
        trade = rng.choice(kinds)
        name = f"{own}{trade}（{city}）{form}" if rng.random() < 0.05 else f"{city}{own}{trade}{form}"
        phase = rng.choices(range(5), (2, 3, 4, 3, 4))[0] if owner else rng.choice((0, 0, 1, 2))
        record = {
            "name": name,
            "class": rng.choices(words.CLASSES, (2, 5, 3))[0],
            "industry": industry,
            "source": rng.choice(words.SOURCES),
            "city": city,
            "contacts": [self._contact(n == 0) for n in range(rng.choice((1, 1, 1, 2, 2, 3)))],
        }
        return Deal(record, phase, rng.choice(words.GOODS))

    def _contact(self, main: bool) -> dict[str, Any]:
        rng = self.rng
        self.mobile += 1
        name = rng.choice(words.SURNAMES) + rng.choice(words.GIVEN)
        return {
            "name": name,
            "title": rng.choice(list(words.POSTS)),
            "mobile": f"138000{self.mobile:05d}",
            "main": main,
        }

    def _history(self, by: str, deal: Deal, *, last: int, count: int, first: int = 360) -> list[dict[str, Any]]:
        """`count` follow-ups, oldest first, the latest `last` days ago, the others on working days of a year."""
        rng = self.rng
        if not count:
            return []
        far = max(last + count, min(first, 360))
        days = {self._working_day(rng.randint(last + 1, far)) for _ in range(count - 1)}
        said: set[str] = set()
        talks = []
        for n, ago in enumerate([*sorted(days - {last}, reverse=True), last]):
            phase = min(deal.phase, n * (deal.phase + 1) // (len(days) + 1))
            talks.append(self._talk(by, ago, self._sentence(deal, phase, said)))
        return sorted(talks, key=lambda talk: talk["at"])

    def _working_day(self, ago: int) -> int:
        """The Friday before, if that is a weekend."""
        return ago + max(0, (self.today - timedelta(days=ago)).weekday() - 4)

    def _sentence(self, deal: Deal, phase: int, said: set[str]) -> str:
        rng = self.rng
        people = deal.record["contacts"]
        lines = words.QUIET if rng.random() < 0.18 else words.STORY[phase]
        line = rng.choice([one for one in lines if one not in said] or lines)
        said.add(line)
        person = people[0] if rng.random() < 0.7 else rng.choice(people)
        called = person["name"][0] + words.POSTS[person["title"]]
        return line.format(who=called, goods=deal.goods, n=rng.randint(2, 8))

    def _talk(self, by: str, ago: int, content: str) -> dict[str, Any]:
        rng = self.rng
        at = datetime.combine(self.today - timedelta(days=ago), time(rng.randint(9, 17), rng.randrange(0, 60, 5)))
        at = at.replace(tzinfo=self.now.tzinfo)
        if at >= self.now:
            at -= timedelta(days=1)
        visit = "拜访" in content or "车间" in content or "现场" in content or "公司" in content
        method = "拜访" if visit else rng.choices(words.METHODS, (10, 6, 1, 1, 2, 0))[0]
        if content.startswith(("微信", "邮件", "电话", "打")):
            method = {"微": "微信", "邮": "邮件"}.get(content[0], "电话")
        return {"by": by, "at": at.isoformat(), "method": method, "content": content, "next_at": None}

    def _plan(self, talk: dict[str, Any], days: int, *, timed: bool) -> None:
        """The next contact, `days` from today; midnight says that only the day is meant."""
        at = time(self.rng.choice((9, 10, 14, 15, 16)), self.rng.choice((0, 30))) if timed else time(0, 0)
        day = self.today + timedelta(days=days)
        if days and day.weekday() > 4:
            day += timedelta(days=7 - day.weekday())  # nobody makes appointments for a weekend
        talk["next_at"] = datetime.combine(day, at, tzinfo=self.now.tzinfo).isoformat()

    def _day(self, ago: int) -> str:
        return (self.today - timedelta(days=ago)).isoformat()
