"""Whom a comment mentions: @王芳, @陈晨（成都组）, also where nothing separates the name from what follows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.context import Context
from storage import people

AT = re.compile(r"[@＠]\s?(?P<rest>[^@＠]{1,40})")
WORD = re.compile(r"[^\s，,。.;；:：!！?？]{1,20}")
PLACE = re.compile(r"^[（(](?P<place>[^）)]{1,20})[）)]")
NOBODY = ""  # a name that shall be left as a word


@dataclass(frozen=True, slots=True)
class Doubt:
    """A mention that means nobody, or several. `options`: userId and what tells them apart."""

    word: str
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Mentions:
    """`ids`: userIds, each once; `doubt`: the first that is not certain; `words`: every name as it was written."""

    ids: tuple[str, ...]
    doubt: Doubt | None = None
    words: tuple[str, ...] = ()


def read_mentions(ctx: Context, text: str, chosen: Mapping[str, str]) -> Mentions:
    """`chosen`: what was answered about a word before, by word: a userId, or NOBODY."""
    ids: list[str] = []
    words: list[str] = []
    with ctx.begin() as tx:
        for match in AT.finditer(text):
            rest = match["rest"]
            word = WORD.match(rest.strip())
            found = [p for p in people.list_named(tx, rest.strip()) if p.active]
            name = found[0].name if found else (word[0] if word else "")
            words.append(name)
            if name in chosen:
                if chosen[name] != NOBODY:
                    ids.append(chosen[name])
                continue
            if not found:
                found = [p for p in people.list_by_name(tx, name) if p.active] if len(name) > 1 else []
                if len(found) != 1 or found[0].user_id != name:  # not an id: a likeness is offered
                    told = people.tell_apart(tx, [p.user_id for p in found[:5]])
                    return Mentions(tuple(ids), Doubt(name, tuple(told.items())), tuple(words))
            place = PLACE.match(rest.strip()[len(name) :])
            if len(found) > 1 and place is not None:
                found = people.narrow(tx, found, place["place"]) or found
            if len(found) > 1:
                told = people.tell_apart(tx, [p.user_id for p in found[:5]])
                return Mentions(tuple(ids), Doubt(name, tuple(told.items())), tuple(words))
            ids.append(found[0].user_id)
    return Mentions(tuple(dict.fromkeys(ids)), None, tuple(words))


def without_mentions(text: str, words: tuple[str, ...]) -> str:
    """What is left to name the customer and say something."""
    for word in words:
        text = re.sub(rf"[@＠]\s?{re.escape(word)}(?:[（(][^）)]{{1,20}}[）)])?", " ", text, count=1)
    return re.sub(r"\s+", " ", text).strip()
