"""What one record's own fields say goes on to the next step's record, so that nobody types it again (R4.02)."""

from collections.abc import Mapping
from typing import Any

from bot.context import Context
from bot.core.fields import FieldLevel
from handlers.customfields.values import Values, own_fields, writable
from storage import custom_fields, dictionaries
from storage.database import Tx


def step_carried(tx: Tx, ctx: Context, source: str, stored: Mapping[str, Any], target: str) -> Values:
    """Of a record of form `source` what form `target` has a field of the same label and kind for.

    Only what the actor sees there and may fill in here, and of choices only those that are to be chosen here too.
    """
    rights = ctx.actor.scope.fields
    seen = {
        (f.label, f.kind): str(stored[f.name])
        for f in custom_fields.list_custom(tx, source)
        if stored.get(f.name) and rights.level(source, f.name) in (FieldLevel.READ, FieldLevel.WRITE)
    }
    carried: Values = {}
    for field in writable(ctx.actor, target, custom_fields.list_custom(tx, target)) if seen else ():
        value = seen.get((field.label, field.kind), "")
        if field.kind == "choice" and value not in dictionaries.list_values(tx, target, field.name):
            continue
        if value:
            carried[field.name] = value
    return carried


def take_own_of_forms(ctx: Context, forms: tuple[str, ...], words: str) -> tuple[dict[str, Values], str]:
    """What a sentence says of fields of several forms, and the rest; a label that several have is said of all of them.

    Raises:
        NotAValue, NotAChoice, Forbidden.
    """
    said, rest = {}, words
    for form in forms:
        said[form] = own_fields(ctx, form, words)[0]
        rest = own_fields(ctx, form, rest)[1]
    return said, rest
