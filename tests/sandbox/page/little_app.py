"""A little app on the wire, enough to give the page everything it has to draw; it knows nothing of ours."""

import asyncio
import json
from typing import Any

from tests.sandbox.wire_client import APP_ID, Wire, ack, ok

PUBLIC = "382e4302-551d-4880-bf29-a30acfab2e71.schema"
NAMES = ("宁波海蓝食品有限公司", "杭州蓝海机械有限公司", "苏州远航贸易有限公司")
BREAK = "  \n"
EVIL = "<b onclick=alert(1)>粗</b> <img src=x onerror=alert(1)> [坏](javascript:alert(1))"
SAYS_POOL = "dtmd://dingtalkclient/sendMessage?content=%E5%85%AC%E6%B5%B7"

FORM_FIELDS: list[dict[str, Any]] = [
    {"name": "amount", "label": "金额", "type": "NUMBER", "required": True, "placeholder": "元"},
    {
        "name": "stage",
        "label": "阶段",
        "type": "SELECT",
        "defaultValue": {"index": 0, "value": "a"},
        "options": [{"value": "a", "text": "初步接洽"}, {"value": "b", "text": "方案报价"}],
    },
    {
        "name": "with",
        "label": "一起去的人",
        "type": "MULTI_SELECT",
        "options": [{"value": "1", "text": "赵强"}, {"value": "2", "text": "王伟"}],
    },
    {
        "name": "how",
        "label": "方式",
        "type": "CHECKBOX_GROUP",
        "options": [{"value": "visit", "text": "拜访"}, {"value": "call", "text": "电话"}],
    },
    {"name": "day", "label": "日期", "type": "DATE"},
    {"name": "at", "label": "下次联系", "type": "DATETIME"},
    {"name": "clock", "label": "几点", "type": "TIME"},
    {"name": "words", "label": "说明", "type": "TEXT_AREA", "placeholder": "聊了什么"},
    {"name": "urgent", "label": "紧急", "type": "SWITCH"},
    {"name": "agreed", "label": "已和主管说过", "type": "CHECKBOX"},
    {"name": "visit_id", "type": "TEXT", "hidden": True, "defaultValue": "42"},
]


def words(content: str) -> dict[str, Any]:
    return {"type": "dynamicString", "content": content, "i18n": False}


def form_export() -> str:
    """A template with a heading and one data-driven form."""
    form = {
        "componentName": "Form",
        "id": "n1",
        "children": [],
        "props": {
            "id": "form",
            "submitText": words("${form_btn_text}"),
            "actionType": "request",
            "formSchema": {"type": "variableValue", "variableType": "global", "variable": "form"},
            "status": {"type": "dynamicSelect", "valueType": "variable", "variable": "form_status"},
        },
    }
    root = {"componentName": "Card", "id": "root", "props": {"cardName": words("${title}")}, "children": [form]}
    names = (("title", "string"), ("form", "form"), ("form_status", "string"), ("form_btn_text", "string"))
    editor = {
        "schemaVersion": "3.0.0",
        "schema": {"componentsTree": [root]},
        "variableList": [{"id": n, "name": n, "type": t, "private": n != "title"} for n, t in names],
    }
    return json.dumps({"mode": "card", "type": "im", "editorData": json.dumps(editor), "widgetInfo": ""})


class PageBot:
    """Answers 公海, 帮助, 表单, 通知, 按钮, 文件, anything else with an echo.

    `claimed` is who has which customer; while `silent` nothing is answered.
    """

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.claimed: dict[int, str] = {}
        self.cards: dict[str, str] = {}  # out_track_id → conversation
        self.submitted: list[dict[str, Any]] = []
        self.callbacks: list[dict[str, Any]] = []
        self.silent = False
        self.template = ""
        self.tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Opens the stream and imports the form."""
        async with self.wire.session.post(
            f"{self.wire.url}/sandbox/v1/templates?publish=1&name=form", data=form_export()
        ) as response:
            self.template = (await response.json())["id"]
        await self.wire.connect(answer=self._frame)

    async def close(self) -> None:
        """Waits for what it began."""
        if self.tasks:
            await asyncio.wait(self.tasks)

    def _later(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _frame(self, frame: dict[str, Any]) -> dict[str, Any] | None:
        topic = frame["headers"].get("topic")
        if topic == "/v1.0/im/bot/messages/get":
            if self.silent:
                return None
            self._later(self._heard(json.loads(frame["data"])))
        elif topic == "/v1.0/card/instances/callback":
            answer = self._tapped(json.loads(frame["data"]))
            return None if answer is None else ack(frame, data=json.dumps({"response": answer}, ensure_ascii=False))
        return ok(frame)

    # -- messages ------------------------------------------------------------------------------------

    async def _heard(self, said: dict[str, Any]) -> None:
        content = said.get("content") or {}
        text = (said.get("text") or {}).get("content") or content.get("recognition") or said["msgtype"]
        text, who, hook = text.strip(), said.get("senderStaffId", ""), said["sessionWebhook"]
        group = said["conversationId"] if said["conversationType"] == "2" else ""
        if text == "公海":
            await self._card(PUBLIC, self.pool(""), who, group)
        elif text == "表单":
            await self._card(self.template, {"title": "登记商机"}, who, group, private=self._form())
        elif text == "通知":
            await self._notice(who)
        elif text == "按钮":
            links = [
                ("打开公海", SAYS_POOL),
                ("打开网页", self.wire.url + "/page/icon.svg"),
            ]
            card = {
                "title": "选一个",
                "text": "### 选一个\n你可以：",
                "btnOrientation": "0",
                "btns": [{"title": t, "actionURL": u} for t, u in links],
            }
            await self._webhook(hook, {"msgtype": "actionCard", "actionCard": card})
        elif text == "帮助":
            lines = [
                "### 你可以这样说",
                "- **公海** 看没人负责的客户",
                "- **跟进** 客户 方式 内容",
                f"- [发送公海]({SAYS_POOL})",
                "> 说错了发「撤销」",
                "",
                EVIL,
            ]
            await self._webhook(hook, {"msgtype": "markdown", "markdown": {"title": "帮助", "text": "\n".join(lines)}})
        elif text == "文件":
            await self._file(who)
        else:
            await self._webhook(hook, {"msgtype": "text", "text": {"content": f"收到：{text}"}})

    async def _webhook(self, hook: str, body: dict[str, Any]) -> None:
        status, answer = await self.wire.api("POST", hook.removeprefix(self.wire.url), body)
        assert (status, answer["errcode"]) == (200, 0), answer

    async def _file(self, who: str) -> None:
        params = {"photoURL": "https://example.invalid/a.png"}
        body = {"robotCode": APP_ID, "userIds": [who], "msgKey": "sampleImageMsg", "msgParam": json.dumps(params)}
        status, answer = await self.wire.call("POST", "/v1.0/robot/oToMessages/batchSend", body)
        assert status == 200, answer

    async def _notice(self, who: str) -> None:
        token = await self.wire.token()
        text = (
            "### 今天要联系的客户\n1. **宁波海蓝食品有限公司** 10:00 电话回访\n2. 苏州远航贸易有限公司 3 天后回到公海"
        )
        message = {
            "msgtype": "action_card",
            "action_card": {
                "title": "今天有 2 件事",
                "markdown": text,
                "single_title": "看看今天",
                "single_url": self.wire.url + "/page/icon.svg",
            },
        }
        body = {"agent_id": 100001, "userid_list": who, "msg": message}
        path = f"/topapi/message/corpconversation/asyncsend_v2?access_token={token}"
        _, answer = await self.wire.api("POST", path, body)
        assert answer["errcode"] == 0, answer

    # -- cards ---------------------------------------------------------------------------------------

    def pool(self, note: str) -> dict[str, str]:
        """The card of the pool as it stands."""
        lines = ["累计领取 1/3 · 共 3 家"]
        buttons = []
        for at, name in enumerate(NAMES):
            state = f"已由 {self.claimed[at]} 领取" if at in self.claimed else "食品 · 宁波 · 在公海 12 天"
            lines += [f"**{at + 1} {name}**", state]
            if at not in self.claimed:
                buttons.append({"text": f"领取 {name}", "color": "blue", "id": f"claim:{at}", "request": True})
        buttons.append({"text": "下一页", "color": "gray", "id": "none", "request": False, "status": "disabled"})
        return {
            "flowStatus": "3",
            "msgTitle": "公海",
            "msgContent": BREAK.join(lines),
            "staticMsgContent": note,
            "sys_full_json_obj": json.dumps(
                {"order": ["msgTitle", "msgContent", "staticMsgContent", "msgButtons"], "msgButtons": buttons},
                ensure_ascii=False,
            ),
        }

    def _form(self, status: str = "normal", submit: str = "提交") -> dict[str, str]:
        return {
            "form": json.dumps({"fields": FORM_FIELDS}, ensure_ascii=False),
            "form_status": status,
            "form_btn_text": submit,
        }

    async def _card(
        self, template: str, data: dict[str, str], who: str, group: str, private: dict[str, str] | None = None
    ) -> None:
        own = f"page-card-{len(self.cards) + 1}"
        space = f"dtv1.card//IM_GROUP.{group}" if group else f"dtv1.card//IM_ROBOT.{who}"
        deliver: dict[str, Any] = {
            "imRobotOpenSpaceModel": {"supportForward": True},
            "imRobotOpenDeliverModel": {"spaceType": "IM_ROBOT"},
        }
        if group:
            deliver = {
                "imGroupOpenSpaceModel": {"supportForward": True},
                "imGroupOpenDeliverModel": {"robotCode": APP_ID},
            }
        body = {
            "cardTemplateId": template,
            "outTrackId": own,
            "callbackType": "STREAM",
            "openSpaceId": space,
            "cardData": {"cardParamMap": data},
            **deliver,
            **({"privateData": {who: {"cardParamMap": private}}} if private else {}),
        }
        self.cards[own] = group or who
        status, answer = await self.wire.call("POST", "/v1.0/card/instances/createAndDeliver", body)
        assert status == 200, answer

    def _tapped(self, data: dict[str, Any]) -> dict[str, Any] | None:
        self.callbacks.append(data)
        own, who = data["outTrackId"], data["userId"]
        content = json.loads(data.get("content") or data.get("value") or "{}")
        private = content["cardPrivateData"]
        if self.silent:
            return None
        if "form" in private["params"]:
            self.submitted.append(private["params"]["form"])
            return {
                "userPrivateData": {"cardParamMap": self._form("disabled", "已提交")},
                "cardUpdateOptions": {"updatePrivateDataByKey": True},
            }
        verb, _, rest = private["actionIds"][0].partition(":")
        assert verb == "claim"
        at = int(rest)
        won = self.claimed.setdefault(at, who) == who
        note = f"已领取「{NAMES[at]}」" if won else f"晚了一步：{self.claimed[at]} 先领走了"
        if won:
            self._later(self._tell(own))
        return {"cardData": {"cardParamMap": self.pool(note)}, "cardUpdateOptions": {"updateCardDataByKey": True}}

    async def _tell(self, tapped: str) -> None:
        """The other holders' cards show the new state."""
        for own in self.cards:
            if own != tapped:
                body = {
                    "outTrackId": own,
                    "cardData": {"cardParamMap": self.pool("")},
                    "cardUpdateOptions": {"updateCardDataByKey": True},
                }
                await self.wire.call("PUT", "/v1.0/card/instances", body)
