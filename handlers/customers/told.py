"""What of a recorded change somebody may read."""

from collections.abc import Mapping
from typing import Any

from bot.context import Context
from bot.core.fields import FieldLevel
from bot.core.forms import FORMS
from handlers.customfields.values import levels_of


def shown_changes(ctx: Context, form: str, detail: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """By label, from and to: hidden fields left out, masked ones outlined (R-PERM-5).

    A label may begin with whose it is: 陈强 手机. `detail`: of the audit line.
    """
    levels = {f.label: ctx.actor.scope.fields.level(form, f.name) for f in FORMS[form] if not f.always}
    levels |= levels_of(ctx.actor, form, detail.get("fields") or {})
    shown = {}
    for label, pair in (detail.get("changes") or {}).items():
        level = levels.get(label.rpartition(" ")[2], FieldLevel.READ)
        if level is FieldLevel.HIDDEN:
            continue
        was, now = str(pair[0]), str(pair[1])
        if level is FieldLevel.MASKED:
            was, now = (f"{text[0]}***" if text else "" for text in (was, now))
        shown[label] = (was, now)
    return shown
