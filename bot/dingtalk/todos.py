"""DingTalk's 待办 (platform.md section 8). People are named by unionId throughout."""

from typing import Any, Final

from bot.dingtalk.api import DingTalkApi
from bot.dingtalk.cutting import cut_chars
from bot.dingtalk.errors import BadRequest, DingTalkError
from bot.dingtalk.lenient import as_text, dicts

SUBJECT: Final = 1024  # characters
PAGES: Final = 200  # of twenty: whoever lets more than that lie has no use for the tick
# A 待办 must open something, and the documents know no address of a conversation with a robot (统一跳转协议 names only
# pages, apps and `switchtab`): DingTalk's list of messages, where the card is. The hint says so wherever it leads.
LINK: Final = "dingtalk://dingtalkclient/action/switchtab?index=0"
HINT: Final = "在机器人的会话里点卡片，或发送「我的待办」；在这里勾选不等于处理"
_TASKS: Final = "/v1.0/todo/users/{unionId}/tasks"


class Todos:
    """Making them and ticking them off: one call each."""

    def __init__(self, api: DingTalkApi) -> None:
        self._api = api

    async def create(self, union_id: str, *, source_id: str, subject: str, due_ms: int | None = None) -> str:
        """A 待办 of this person; its id. The same `source_id` again makes no second one, and returns the first's.

        Args:
            union_id: whose it is.
            source_id: ours, ever used for this one alone.
            subject: cut to what fits.
            due_ms: until when, in milliseconds since 1970.

        Raises:
            DingTalkError: PermissionMissing without Todo.Todo.Write.
        """
        body: dict[str, Any] = {
            "sourceId": source_id, "subject": cut_chars(subject, SUBJECT), "creatorId": union_id,
            "executorIds": [union_id], "detailUrl": {"appUrl": LINK, "pcUrl": LINK}, "isOnlyShowExecutor": True,
            "contentFieldList": [{"fieldKey": "怎么处理", "fieldValue": HINT}],
        }  # fmt: skip
        if due_ms is not None:
            body["dueTime"] = due_ms
        path = _TASKS.format(unionId=union_id)
        try:
            answer = await self._api.new(
                "POST", path, body, params={"operatorId": union_id}, repeatable=True, api=f"POST {_TASKS}"
            )
        except BadRequest as refused:
            if "task exist" not in refused.message:
                raise
            return await self._find(union_id, source_id)
        task_id = as_text(answer.get("id"))
        if not task_id:
            raise DingTalkError("the answer holds no task")
        return task_id

    async def _find(self, union_id: str, source_id: str) -> str:
        """The open 待办 made before, whose answer was lost; empty: it is done or deleted. Needs Todo.Todo.Read."""
        token = ""
        for _ in range(PAGES):
            body: dict[str, Any] = {"isDone": False} | ({"nextToken": token} if token else {})
            answer = await self._api.new(
                "POST", f"/v1.0/todo/users/{union_id}/org/tasks/query", body, repeatable=True,
                api="POST /v1.0/todo/users/{unionId}/org/tasks/query",
            )  # fmt: skip
            for row in dicts(answer.get("todoCards")):
                if row.get("sourceId") == source_id:
                    return as_text(row.get("taskId")) or ""
            token = as_text(answer.get("nextToken")) or ""
            if not token:
                break
        return ""

    async def reopen(self, union_id: str, task_id: str, *, source_id: str) -> None:
        """It is open again; one that is open, or not there any more, needs nothing. Needs Todo.Todo.Read as well.

        DingTalk tells of every change, ours too, without saying which: what is open already is left alone.

        Raises:
            DingTalkError.
        """
        if await self._find(union_id, source_id) != task_id:
            await self._mark(union_id, task_id, done=False)

    async def finish(self, union_id: str, task_id: str) -> None:
        """It is done; one that is not there any more needs nothing. Raises DingTalkError."""
        await self._mark(union_id, task_id, done=True)

    async def _mark(self, union_id: str, task_id: str, *, done: bool) -> None:
        try:
            await self._api.new(
                "PUT", f"{_TASKS.format(unionId=union_id)}/{task_id}", {"done": done},
                params={"operatorId": union_id}, api=f"PUT {_TASKS}/{{taskId}}",
            )  # fmt: skip
        except BadRequest as refused:
            if "task not exist" not in refused.message:
                raise
