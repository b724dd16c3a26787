"""How the menu and a topic are drawn, from the settings as they stand."""

from typing import Any

from bot.context import Context
from bot.dispatch import CardButton, CardRef, CardView
from cards import settings as settings_cards
from cards.org import SyncButton
from handlers.settings.rules import BESIDES, BY_KEY, CATALOGUE, FREE, TOPICS, Topic
from handlers.settings.service import SettingChange, show_menu, show_topic
from handlers.undo.views import undo_buttons

REFUSED = CardView("后台管理", body="这是管理员的功能，需要的话请联系管理员。")
LOGIN = (
    "方式一：在钉钉里找到这个机器人（工作台或搜索），直接发消息就能用；身份就是钉钉账号，没有另外的密码。",
    "方式二：电脑上用钉钉客户端，和手机一样；开了网页后台的公司，用钉钉扫码登录网页，权限与聊天里相同。",
    "离职或移出使用范围后，下一条消息起就不能再用。",
)


def topic_ref(topic: Topic, ctx: Context, change: SettingChange | None = None) -> CardRef:
    """The topic's card: the capability's own where there is one."""
    if topic.kind and topic.kind in ctx.painters:
        return CardRef(topic.kind, dict(topic.state))
    state: dict[str, Any] = {"topic": topic.key}
    if change is not None:
        state |= {"change": [list(c) for c in change.changes], "effects": list(change.effects), "done": True}
        state |= {"undo_id": change.undo_id}
    return CardRef("settings.topic", state)


def paint_menu(state: dict[str, Any], ctx: Context) -> CardView:  # noqa: ARG001 -- drawn from the settings alone
    """Fourteen topics in the manual's order (R1.01)."""
    if not ctx.actor.admin:
        return REFUSED
    now = show_menu(ctx)
    besides = [(t.key, t.title) for t in BESIDES]
    return settings_cards.menu_card([(t.key, t.title, now[t.key]) for t in TOPICS], besides)


def paint_topic(state: dict[str, Any], ctx: Context) -> CardView:
    """What is set now; after a change, now → new."""
    topic = BY_KEY.get(str(state.get("topic")))
    if not ctx.actor.admin or topic is None:
        return REFUSED
    sheet = show_topic(ctx, topic.key)
    lines = [*sheet.lines, *(LOGIN if topic.key == "login" else ())]
    sentences = [s for s in topic.sentences if answered(s, ctx)]
    hint = ""
    if topic.key in CATALOGUE and not sentences:
        hint = "这一版在聊天里还不能改；先用世界文件导入：dingcrm load 文件。"
    buttons = undo_buttons(ctx, state.get("undo_id"))
    if topic.key == "org":
        buttons.append(CardButton("同步组织", SyncButton(), "primary", typed="同步组织"))
    return settings_cards.topic_card(
        title=topic.title, fields=sheet.fields, lines=lines, sentences=sentences, notes=_notes(topic, state, ctx),
        hint=hint, buttons=buttons,
    )  # fmt: skip


def _notes(topic: Topic, state: dict[str, Any], ctx: Context) -> list[str]:
    notes = [str(state["note"])] if state.get("note") else []
    changes = [f"{label}：{now} → {new}" for label, now, new in state.get("change", ())]
    notes += ["；".join(changes)] if changes else []
    if state.get("done") and not changes:
        notes.append("没有变，已经是这样了。")
    effects = [str(e) for e in state.get("effects", ())]
    if topic.key in ("pool", "reminders") and not ctx.settings.paid and FREE not in effects:
        effects.append(FREE)
    return [*notes, *effects]


def answered(sentence: str, ctx: Context) -> bool:
    """Whether some capability answers to it: a card names no sentence nobody understands."""
    return any(sentence.startswith(word) for word in ctx.words)
