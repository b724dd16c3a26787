"""Routing of chat messages, card taps, events and jobs."""

from bot.dispatch.messages import CardRef, CardTap, CardUpdate, ChatMessage, OrgEvent, RawTap, Reply, SentFile
from bot.dispatch.router import Dispatcher, Router
from bot.dispatch.talk import Talk
from bot.dispatch.view import Button, CardButton, CardRow, CardView

__all__ = [
    "Button",
    "CardButton",
    "CardRef",
    "CardRow",
    "CardTap",
    "CardUpdate",
    "CardView",
    "ChatMessage",
    "Dispatcher",
    "OrgEvent",
    "RawTap",
    "Reply",
    "Router",
    "SentFile",
    "Talk",
]
