"""A small bot on the unmodified Python SDK, run as a process of its own because the SDK reads its host at import.

Echoes what it is told, acknowledges events, answers card callbacks. Arguments: client id, client secret.
"""

import asyncio
import sys

import dingtalk_stream
from dingtalk_stream import AckMessage, CallbackMessage, ChatbotMessage, EventMessage


class Echo(dingtalk_stream.ChatbotHandler):  # type: ignore[misc]
    """Answers by the session webhook, as the SDK's examples do."""

    async def process(self, callback: CallbackMessage) -> tuple[int, str]:
        message = ChatbotMessage.from_dict(callback.data)
        said = message.text.content.strip()
        await asyncio.to_thread(self.reply_text, f"{message.sender_staff_id} 说：{said}", message)
        return AckMessage.STATUS_OK, "OK"


class Tap(dingtalk_stream.CallbackHandler):  # type: ignore[misc]
    """Answers a card callback with public data."""

    async def process(self, callback: CallbackMessage) -> tuple[int, dict[str, object]]:
        return AckMessage.STATUS_OK, {"cardData": {"cardParamMap": {"got": callback.data["outTrackId"]}}}


class Events(dingtalk_stream.EventHandler):  # type: ignore[misc]
    """Takes every event."""

    async def process(self, event: EventMessage) -> tuple[int, str]:
        return AckMessage.STATUS_OK, event.headers.event_type


def main() -> None:
    client = dingtalk_stream.DingTalkStreamClient(dingtalk_stream.Credential(sys.argv[1], sys.argv[2]))
    client.register_callback_handler(ChatbotMessage.TOPIC, Echo())
    client.register_callback_handler(dingtalk_stream.handlers.CallbackHandler.TOPIC_CARD_CALLBACK, Tap())
    client.register_all_event_handler(Events())
    asyncio.run(client.start())


if __name__ == "__main__":
    main()
