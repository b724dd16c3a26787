"""A todo task, and what its fields must be (platform.md section 8). People are named by unionId throughout."""

import uuid
from dataclasses import dataclass, field
from typing import Any, Final

from bot.sandbox.company import Company
from bot.sandbox.errors import PlatformError

PRIORITIES: Final = (10, 20, 30, 40)
PEOPLE_LISTS: Final = ("executorIds", "participantIds")
CHANGEABLE: Final = frozenset({"subject", "description", "dueTime", "done", *PEOPLE_LISTS})


@dataclass(slots=True)
class TodoTask:
    """One task. `fields` are the caller's checked ones; `done_by` the executors who are through."""

    creator: str
    created: int
    fields: dict[str, Any]
    id: str = field(default_factory=lambda: f"task{uuid.uuid4().hex}")
    modified: int = 0
    modifier: str = ""
    done: bool = False
    finished: int | None = None
    done_by: set[str] = field(default_factory=set)
    items: dict[str, int] = field(default_factory=dict)

    @property
    def executors(self) -> list[str]:
        """Who is to do it; the creator where nobody is named."""
        named: list[str] = self.fields.get("executorIds") or [self.creator]
        return named

    def finish(self, union_ids: list[str], now: int, *, done: bool) -> None:
        """Mark these executors as through, or not; the task is done when all are."""
        for one in union_ids:
            (self.done_by.add if done else self.done_by.discard)(one)
        self.done = all(one in self.done_by for one in self.executors)
        self.finished = now if self.done else None

    def as_created(self) -> dict[str, Any]:
        """The answer to its creation: all of it."""
        return {
            "id": self.id,
            "source": "dingcrm-sandbox",
            "bizTag": "sandbox",
            "creatorId": self.creator,
            "modifierId": self.modifier or self.creator,
            "createdTime": self.created,
            "modifiedTime": self.modified or self.created,
            "done": self.done,
            **({"finishTime": self.finished} if self.finished is not None else {}),
            **self.fields,
        }

    def as_listed(self) -> dict[str, Any]:
        """A row of the query."""
        kept: dict[str, Any] = {
            key: self.fields[key]
            for key in ("subject", "dueTime", "detailUrl", "priority", "sourceId")
            if key in self.fields
        }
        return {
            "taskId": self.id,
            "creatorId": self.creator,
            "createdTime": self.created,
            "modifiedTime": self.modified or self.created,
            "bizTag": "sandbox",
            "isDone": self.done,
            **kept,
        }


class FieldReader:
    """Checks the fields of one call; every complaint is a 400 `todo.<verb>.paramError`."""

    def __init__(self, company: Company, verb: str) -> None:
        self._company = company
        self._verb = verb

    def refusal(self, message: str) -> PlatformError:
        """The call's refusal with these words."""
        return PlatformError(400, f"todo.{self._verb}.paramError", message)

    def union_id(self, value: Any, name: str) -> str:
        """An employee's unionId."""
        if not isinstance(value, str) or self._company.person_by_unionid(value) is None:
            raise self.refusal(f"{name}不是有效的unionId")
        return value

    def created(self, body: dict[str, Any]) -> dict[str, Any]:
        """The fields of a new task."""
        fields = self._common(body, required=True)
        link = body.get("detailUrl")
        if not isinstance(link, dict) or not (link.get("appUrl") or link.get("pcUrl")):
            raise self.refusal("detailUrl必填")
        for name in ("appUrl", "pcUrl"):
            value = link.get(name, "")
            if not isinstance(value, str) or len(value.encode()) > 1024:
                raise self.refusal(f"detailUrl.{name}超过1024字节")
        fields["detailUrl"] = link
        self._optional(body, fields)
        return fields

    def changed(self, body: dict[str, Any]) -> dict[str, Any]:
        """The fields of a change; `done` among them."""
        unknown = set(body) - CHANGEABLE
        if unknown:
            raise self.refusal(f"不支持的字段{min(unknown)}")
        fields = self._common(body, required=False)
        if "done" in body:
            if not isinstance(body["done"], bool):
                raise self.refusal("done应为布尔值")
            fields["done"] = body["done"]
        return fields

    def _common(self, body: dict[str, Any], *, required: bool) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if required or "subject" in body:
            fields["subject"] = self._text(body.get("subject"), "subject", 1024)
            if not fields["subject"]:
                raise self.refusal("subject必填")
        if body.get("description") is not None:
            fields["description"] = self._text(body["description"], "description", 4096)
        if body.get("dueTime") is not None:
            if not isinstance(body["dueTime"], int) or isinstance(body["dueTime"], bool) or body["dueTime"] <= 0:
                raise self.refusal("dueTime应为毫秒时间戳")
            fields["dueTime"] = body["dueTime"]
        for name in PEOPLE_LISTS:
            if body.get(name) is not None:
                if not isinstance(body[name], list):
                    raise self.refusal(f"{name}应为列表")
                fields[name] = list(dict.fromkeys(self.union_id(one, name) for one in body[name]))
        return fields

    def _optional(self, body: dict[str, Any], fields: dict[str, Any]) -> None:
        if body.get("sourceId") is not None:
            fields["sourceId"] = self._text(body["sourceId"], "sourceId", 128)
        if body.get("priority") is not None:
            if body["priority"] not in PRIORITIES:
                raise self.refusal("priority应为10、20、30、40")
            fields["priority"] = body["priority"]
        if body.get("isOnlyShowExecutor") is not None:
            if not isinstance(body["isOnlyShowExecutor"], bool):
                raise self.refusal("isOnlyShowExecutor应为布尔值")
            fields["isOnlyShowExecutor"] = body["isOnlyShowExecutor"]
        rows = body.get("contentFieldList")
        if rows is not None:
            if not isinstance(rows, list) or not all(_is_pair(row) for row in rows):
                raise self.refusal("contentFieldList格式不正确")
            fields["contentFieldList"] = rows
        for name, kind in (("notifyConfigs", dict), ("actionList", list), ("todoType", str)):
            if body.get(name) is not None:
                if not isinstance(body[name], kind):
                    raise self.refusal(f"{name}格式不正确")
                fields[name] = body[name]
        if fields.get("todoType", "TODO") not in {"TODO", "READ"}:
            raise self.refusal("todoType应为TODO或READ")

    def _text(self, value: Any, name: str, limit: int) -> str:
        if not isinstance(value, str):
            raise self.refusal(f"{name}应为文字")
        if len(value) > limit:
            raise self.refusal(f"{name}超过{limit}个字符")
        return value


def _is_pair(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("fieldKey"), str) and isinstance(row.get("fieldValue"), str)
