"""Cards that exist: their public and private data, who holds them, and what each holder sees.

platform.md section 3. Values are kept as the texts the app sent; reading them by the template's variable
types happens here too, because a value of the wrong type has no effect (3.3).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from bot.sandbox.cards_dynamic import Source
from bot.sandbox.drawing import View, draw
from bot.sandbox.drawing_actions import Action, Button, link_of, said_by, sent_by
from bot.sandbox.public_templates import preload
from bot.sandbox.templates import Registered, Template, TemplateBook

if TYPE_CHECKING:
    from bot.sandbox.state import Sandbox

SYSTEM_KEY: Final = "sys_full_json_obj"
_HISTORY: Final = 40
_NO_TEMPLATE: Final = Template()


@dataclass(frozen=True, slots=True)
class Menu:
    """An open menu on somebody's card: its options' words with what each does."""

    options: tuple[tuple[str, Action], ...]
    place: str = ""


@dataclass(slots=True)
class Viewer:
    """One person's hold on a card.

    `overlay` is what a callback's answer changed for this person alone; None stands for a key that it removed.
    `seen` keeps the last drawing of every button this person was ever shown on this card, by button id.
    """

    userid: str
    conversation: str
    space: str = "IM_ROBOT"
    overlay: dict[str, str | None] = field(default_factory=dict)
    local: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, Button] = field(default_factory=dict)
    menu: Menu | None = None
    pulled: dict[str, datetime] = field(default_factory=dict)  # data source → when its last answer came


@dataclass(frozen=True, slots=True)
class Past:
    """The data of an earlier version, to find out what somebody was shown."""

    public: Mapping[str, str]
    private: Mapping[str, Mapping[str, str]]
    overlay: Mapping[str, Mapping[str, str | None]]


@dataclass(slots=True)
class Card:
    """One card instance."""

    out_track_id: str
    template_id: str
    template: Template
    callback_type: str
    route_key: str
    userid_type: int
    public: dict[str, str] = field(default_factory=dict)
    private: dict[str, dict[str, str]] = field(default_factory=dict)
    viewers: dict[str, Viewer] = field(default_factory=dict)
    version: int = 1
    unanswered: int = 0
    past: list[Past] = field(default_factory=list)
    spaces: dict[str, Any] = field(default_factory=dict)
    guids: set[str] = field(default_factory=set)
    extension: dict[str, Any] = field(default_factory=dict)
    common: View | None = None
    sources: tuple[Source, ...] = ()

    def remember(self) -> None:
        """Keep the present data as a past version and count the new one."""
        self.past.append(
            Past(
                dict(self.public),
                {userid: dict(data) for userid, data in self.private.items()},
                {userid: dict(viewer.overlay) for userid, viewer in self.viewers.items() if viewer.overlay},
            )
        )
        del self.past[:-_HISTORY]
        self.version += 1
        self.common = None

    def public_for(self, userid: str) -> dict[str, str]:
        """The public data as this person's client has it."""
        viewer = self.viewers.get(userid)
        return overlaid(self.public, viewer.overlay if viewer else {})


def overlaid(public: Mapping[str, str], overlay: Mapping[str, str | None]) -> dict[str, str]:
    """The public data under one person's overlay."""
    merged = dict(public)
    for key, value in overlay.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = value
    return merged


def typed(template: Template, raw: Mapping[str, str]) -> dict[str, Any]:
    """The JSON values of a parameter map; `sys_full_json_obj` spreads its keys (section 3.3)."""
    values: dict[str, Any] = {}
    if SYSTEM_KEY in raw:
        spread = _object(raw[SYSTEM_KEY])
        values.update(spread or {})
    for key, text in raw.items():
        if key == SYSTEM_KEY:
            continue
        variable = template.variables.get(key)
        fits, value = variable.read(text) if variable else (True, text)
        if fits:
            values[key] = value
    return values


def opened(view: View, menu: Menu) -> View:
    """The card with an open menu below it: each option can be pressed."""
    taken = {button.id for button in view.pressable}
    rows: list[dict[str, Any]] = []
    for at, (words, action) in enumerate(menu.options):
        ids, params = sent_by(action, view.scope)
        own = f"menu_{menu.place}_{at}" if menu.place else f"menu_{at}"
        while own in taken:
            own += "_"
        link = link_of(action.props, view.scope) if action.kind in {"url", "says"} else None
        says = said_by(link)
        view.pressable.append(
            Button(own, words, None, False, None if says is not None else link, says, tuple(ids), params, action)
        )
        rows.append({"type": "button", "text": words, "button": own, "color": "", "disabled": False})
    view.blocks.append({"type": "menu", "children": rows})
    view.text = "\n".join([view.text, *(words for words, _ in menu.options)])
    return view


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def to_param_map(values: Mapping[str, Any]) -> dict[str, str]:
    """JSON values as the strings that a cardParamMap carries."""
    return {
        key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for key, value in values.items()
    }


class CardShelf:
    """All cards and templates of this stand-in."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        self.cards: dict[str, Card] = {}
        self.templates = TemplateBook()
        self.warnings: list[dict[str, Any]] = []
        self.routes: dict[str, dict[str, str]] = {}
        preload(self.templates)

    def warn(self, out_track_id: str, message: str) -> None:
        """Note something that the real platform swallows."""
        self.warnings.append({"out_track_id": out_track_id, "message": message})

    def fitting(self, card: Card, raw: Mapping[str, str], *, private: bool, overwrite: bool) -> dict[str, str]:
        """The part of a parameter map that takes effect: of the declared types, private only where marked.

        With `overwrite` a value of the wrong type leaves the variable empty; without it the old value stays.
        Both follow from leaving the key out.
        """
        kept: dict[str, str] = {}
        for key, text in raw.items():
            if len(text.encode()) > 1024:
                self.warn(card.out_track_id, f"the value of {key} is longer than 1 KB")
            variable = card.template.variables.get(key)
            if variable is None:
                if key != SYSTEM_KEY and not card.template.painter:
                    self.warn(card.out_track_id, f"the template has no variable {key}")
            elif not variable.read(text)[0]:
                effect = "the variable stays empty" if overwrite else "no effect"
                self.warn(card.out_track_id, f"{key} is of type {variable.kind}, got {text[:60]!r}: {effect}")
                continue
            elif private and not variable.private:
                self.warn(card.out_track_id, f"{key} is not marked private: no effect for a single person")
                continue
            kept[key] = text
        return kept

    def view(self, card: Card, userid: str) -> View:
        """The card as this person sees it now; what it shows counts as shown."""
        viewer = card.viewers.get(userid)
        own = card.private.get(userid)
        if not own and (viewer is None or not (viewer.overlay or viewer.local or viewer.menu)):
            card.common = card.common or draw(card.template, typed(card.template, card.public), {}, {})
            view = card.common
        else:
            view = draw(
                card.template,
                typed(card.template, card.public_for(userid)),
                typed(card.template, own or {}),
                viewer.local if viewer else {},
            )
            if viewer and viewer.menu:
                view = opened(view, viewer.menu)
        if viewer:
            for button in view.pressable:
                viewer.seen[button.id] = button
        for message in view.warnings:
            if not any(row["message"] == message for row in self.warnings[-50:]):
                self.warn(card.out_track_id, message)
        return view

    def seen(self, card: Card, viewer: Viewer, button_id: str) -> Button | None:
        """A button this person was shown earlier, also between two looks (clients redraw by themselves)."""
        if button_id in viewer.seen:
            return viewer.seen[button_id]
        for past in reversed(card.past):
            view = draw(
                card.template,
                typed(card.template, overlaid(past.public, past.overlay.get(viewer.userid, {}))),
                typed(card.template, past.private.get(viewer.userid, {})),
                viewer.local,
            )
            for button in view.pressable:
                viewer.seen.setdefault(button.id, button)
            if button_id in viewer.seen:
                return viewer.seen[button_id]
        return None

    def update(
        self, card: Card, public: Mapping[str, str] | None, private: Mapping[str, Mapping[str, str]],
        *, by_key: bool, private_by_key: bool,
    ) -> None:  # fmt: skip
        """What `PUT /v1.0/card/instances` does: for all holders, private data for the named people."""
        card.remember()
        if public is not None:
            fitting = self.fitting(card, public, private=False, overwrite=not by_key)
            if by_key:
                card.public.update(fitting)
            else:
                card.public = fitting
            for viewer in card.viewers.values():
                viewer.overlay = {k: v for k, v in viewer.overlay.items() if k not in public} if by_key else {}
        for userid, data in private.items():
            self.set_private(card, userid, data, by_key=private_by_key)

    def set_private(self, card: Card, userid: str, data: Mapping[str, str], *, by_key: bool) -> None:
        """One person's private data, merged or replaced."""
        fitting = self.fitting(card, data, private=True, overwrite=not by_key)
        card.private[userid] = {**card.private.get(userid, {}), **fitting} if by_key else fitting

    def overlay(self, card: Card, userid: str, data: Mapping[str, str], *, by_key: bool) -> None:
        """A callback answer's public data: for the person who tapped alone (section 3.5)."""
        fitting = self.fitting(card, data, private=False, overwrite=not by_key)
        viewer = card.viewers.get(userid)
        if viewer is None:
            return
        gone: dict[str, str | None] = {} if by_key else dict.fromkeys((*card.public, *viewer.overlay))
        viewer.overlay = {**(viewer.overlay if by_key else {}), **gone, **fitting}

    def hand_out(
        self,
        card: Card,
        userids: Iterable[str],
        conversation: str,
        raw: Any,
        title: str,
        space: str,
        local: Mapping[str, Any] | None = None,
    ) -> dict[str, int]:
        """Bring the card to people: each gets an inbox item with what they see. Returns its seq by person."""
        items: dict[str, int] = {}
        for userid in userids:
            viewer = card.viewers.setdefault(userid, Viewer(userid, conversation, space))
            viewer.local.update(local or {})
            view = self.view(card, userid)
            items[userid] = self._sandbox.inbox.add(
                userid,
                kind="card",
                conversation=conversation,
                via="card",
                title=title or view.title,
                text=view.text,
                buttons=view.public_buttons(),
                card={"out_track_id": card.out_track_id, "template": card.template_id},
                raw=raw,
            )
        return items

    def registered(self, template_id: str) -> Registered | None:
        """A template of the app or a public one."""
        return self.templates.get(template_id)
