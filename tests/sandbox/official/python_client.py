"""An ordinary bot on the Python SDK, as its README shows one; it knows nothing of the sandbox.

Run as a program of its own, on whichever version PYTHONPATH names. Tells its test what it saw in lines of stdout
that begin with "@".
"""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import dingtalk_stream
from dingtalk_stream import AckMessage
from dingtalk_stream.card_callback import CardCallbackMessage
from dingtalk_stream.version import VERSION_STRING

BUTTON = {"text": "领取", "color": "blue", "id": "claim", "request": True}


def tell(saw: str, **facts: Any) -> None:
    print("@" + json.dumps({"saw": saw, **facts}, ensure_ascii=True), flush=True)


class Messages(dingtalk_stream.ChatbotHandler):  # type: ignore[misc]
    async def process(self, callback: Any) -> tuple[int, str]:
        incoming = dingtalk_stream.ChatbotMessage.from_dict(callback.data)
        words = incoming.text.content.strip()
        answer: dict[str, Any]
        if words == "卡片":
            card = await asyncio.to_thread(self.reply_ai_markdown_button, incoming, "甬江机电", [BUTTON], title="公海")
            answer = {"card": card.card_instance_id}
        else:
            answer = {"reply": await asyncio.to_thread(self.reply_text, f"收到：{words}", incoming)}
        tell("message", **{"from": incoming.sender_staff_id}, text=words, **answer)
        return AckMessage.STATUS_OK, "OK"


class Taps(dingtalk_stream.CallbackHandler):  # type: ignore[misc]
    async def process(self, callback: Any) -> tuple[int, dict[str, Any]]:
        tap = CardCallbackMessage.from_dict(callback.data)
        [action] = tap.content["cardPrivateData"]["actionIds"]
        tell("card", card=tap.card_instance_id, action=action, **{"from": tap.user_id})
        return AckMessage.STATUS_OK, {
            "cardUpdateOptions": {"updateCardDataByKey": True, "updatePrivateDataByKey": True},
            "cardData": {"cardParamMap": {"msgContent": f"已由 {tap.user_id} 领取"}},
        }


class Events(dingtalk_stream.EventHandler):  # type: ignore[misc]
    async def process(self, event: Any) -> tuple[int, str]:
        tell("event", type=event.headers.event_type, data=event.data)
        return AckMessage.STATUS_OK, "OK"


def main() -> None:
    tell("start", version=VERSION_STRING, home=str(Path(dingtalk_stream.__file__).parents[1]))
    client = dingtalk_stream.DingTalkStreamClient(
        dingtalk_stream.Credential(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
    )
    client.register_callback_handler(dingtalk_stream.chatbot.ChatbotMessage.TOPIC, Messages())
    client.register_callback_handler(dingtalk_stream.CallbackHandler.TOPIC_CARD_CALLBACK, Taps())
    client.register_all_event_handler(Events())
    client.start_forever()


if __name__ == "__main__":
    main()
