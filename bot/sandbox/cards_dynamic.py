"""Dynamic data sources: what a client asks the app for while it draws a card (platform.md section 3.6).

A client asks when it draws, so a look at the card is what pulls: once, at every look, or when the interval is
over by this stand-in's clock. The answer counts within the 2 s of any callback; without one the stored data stay.
The topic and the way an object's keys reach the variables (public and private alike) are those of the official
example 吊顶卡片使用动态数据源. Where a text or a list belongs is documented nowhere, so those have no effect here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from bot.sandbox.cards_requests import refuse

if TYPE_CHECKING:
    from bot.sandbox.cards import Card, Viewer
    from bot.sandbox.cards_callbacks import Callbacks
    from bot.sandbox.lines import Ack
    from bot.sandbox.state import Sandbox

STRATEGIES: Final = frozenset({"NONE", "ONCE", "INTERVAL", "RENDER"})
UNITS: Final[Mapping[str, int]] = {"SECONDS": 1, "MINUTES": 60, "HOURS": 3600, "DAYS": 86400}
SHORTEST: Final = 3  # seconds between two pulls, by the API's page


@dataclass(frozen=True, slots=True)
class Source:
    """One data source of a card. `seconds`: of the strategy INTERVAL."""

    id: str
    strategy: str
    seconds: int = 0
    const_params: Mapping[str, Any] | None = None

    def due(self, last: datetime | None, now: datetime) -> bool:
        """Whether a client that draws now asks for it; `last`: when this person's client got an answer."""
        if self.strategy == "RENDER":
            return True
        if self.strategy == "INTERVAL":
            return last is None or now - last >= timedelta(seconds=self.seconds)
        return self.strategy == "ONCE" and last is None

    def request(self) -> dict[str, Any]:
        """Its place in the callback."""
        asked: dict[str, Any] = {"dynamicDataSourceId": self.id}
        return asked if self.const_params is None else {**asked, "constParams": dict(self.const_params)}


def sources_of(body: Mapping[str, Any]) -> tuple[Source, ...]:
    """The `openDynamicDataConfig` of a request. Raises PlatformError."""
    config = body.get("openDynamicDataConfig")
    if config is None:
        return ()
    rows = config.get("dynamicDataSourceConfigs") if isinstance(config, Mapping) else None
    if not isinstance(rows, list):
        raise refuse("param.invalid", "openDynamicDataConfig.dynamicDataSourceConfigs 应为数组")
    return tuple(_source(row if isinstance(row, Mapping) else {}) for row in rows)


def _source(row: Mapping[str, Any]) -> Source:
    own = row.get("dynamicDataSourceId")
    if not isinstance(own, str) or not own:
        raise refuse("param.dynamicSourceIdEmpty", "动态数据源配置ID为空")
    pull = row.get("pullConfig")
    if not isinstance(pull, Mapping):
        raise refuse("param.dynamicDataPullConfigEmpty", "动态数据源拉取配置为空")
    strategy = pull.get("pullStrategy")
    if strategy not in STRATEGIES:
        raise refuse("param.dynamicDataSourcePullStrategyEmpty", "动态数据源拉取策略为空或非法")
    seconds = 0
    if strategy == "INTERVAL":
        unit, count = UNITS.get(str(pull.get("timeUnit") or "").upper()), pull.get("interval")
        if unit is None:
            raise refuse("param.dynamicDataPullIntervalTimeUnitInvalid", "动态数据源拉取间隔时间单位为空或非法")
        if not isinstance(count, int) or isinstance(count, bool) or count * unit < SHORTEST:
            raise refuse("param.dynamicDataPullIntervalInvalid", f"拉取间隔不合法：最少{SHORTEST}秒")
        seconds = count * unit
    const = row.get("constParams")
    return Source(own, str(strategy), seconds, const if isinstance(const, Mapping) else None)


class DynamicData:
    """Pulls for the people who look at cards of one sandbox."""

    def __init__(self, sandbox: "Sandbox", callbacks: "Callbacks") -> None:
        self._sandbox, self._callbacks = sandbox, callbacks

    async def pull(self, card: "Card", userid: str) -> None:
        """What this person's client asks for before it draws the card."""
        viewer = card.viewers.get(userid)
        if viewer is None or not card.callback_type:
            return
        now = self._sandbox.clock.now()
        due = [one for one in card.sources if one.due(viewer.pulled.get(one.id), now)]
        if not due:
            return
        ack = await self._callbacks.ask_for_data(card, userid, [one.request() for one in due])
        answer = _answer(ack)
        for one in due:
            if one.id in answer:
                viewer.pulled[one.id] = now
                self._apply(card, viewer, one, answer[one.id])

    def _apply(self, card: "Card", viewer: "Viewer", source: Source, given: Mapping[str, Any]) -> None:
        shelf, kind = self._sandbox.cards, given.get("dynamicDataValueType")
        values = _object(given.get("data"))
        if kind != "OBJECT" or values is None:
            shelf.warn(card.out_track_id, f"the data of {source.id} is no OBJECT but {kind}: no effect")
            return
        texts = {
            str(name): value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for name, value in values.items()
        }
        before, own = card.public_for(viewer.userid), card.private.get(viewer.userid, {})
        declared = card.template.variables
        private = {name: text for name, text in texts.items() if name in declared and declared[name].private}
        if all(before.get(name) == text for name, text in texts.items()) and private.items() <= own.items():
            return
        card.remember()
        shelf.overlay(card, viewer.userid, texts, by_key=True)
        if private:
            shelf.set_private(card, viewer.userid, private, by_key=True)


def _answer(ack: "Ack | None") -> dict[str, Mapping[str, Any]]:
    """The responses by data source; none of a late, refused or unreadable answer."""
    if ack is None or ack.code != 200 or not isinstance(ack.data, Mapping):
        return {}
    inner = ack.data.get("response", ack.data)
    inner = inner if isinstance(inner, Mapping) else _object(inner)
    rows = inner.get("dataSourceQueryResponses") if inner else None
    return {
        str(row["dynamicDataSourceId"]): row
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, Mapping) and row.get("dynamicDataSourceId")
    }


def _object(text: Any) -> dict[str, Any] | None:
    if isinstance(text, Mapping):
        return dict(text)
    try:
        value = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
