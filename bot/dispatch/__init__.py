"""Routing of chat messages, card taps, events and jobs."""

from bot.dispatch.messages import CardRef, CardTap, CardUpdate, ChatMessage, OrgEvent, RawTap, Reply, SentFile
from bot.dispatch.router import Confirmed, Dispatcher, Router
from bot.dispatch.talk import Talk
from bot.dispatch.view import Button, CardButton, CardForm, CardRow, CardView, FormField, FormValue, choices

__all__ = [
    "Button",
    "CardButton",
    "CardForm",
    "CardRef",
    "CardRow",
    "CardTap",
    "CardUpdate",
    "CardView",
    "ChatMessage",
    "Confirmed",
    "Dispatcher",
    "FormField",
    "FormValue",
    "OrgEvent",
    "RawTap",
    "Reply",
    "Router",
    "SentFile",
    "Talk",
    "choices",
]
