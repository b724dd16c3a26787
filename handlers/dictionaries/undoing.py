"""The steps that take a change of a dictionary back."""

from typing import Any

from handlers.dictionaries import rules
from handlers.dictionaries.rules import ChangedSince
from handlers.dictionaries.steps import field_text, labels_text, step_name, step_unchanged
from storage import custom_fields, dictionaries
from storage.database import Tx
from storage.dictionaries import Value


def step_undo(tx: Tx, kind: str, payload: dict[str, Any]) -> tuple[str, int | None, dict[str, tuple[str, str]]]:
    """Puts back what that kind of change replaced; returns what it is called, its id, and what changed.

    Raises:
        ChangedSince, NotFound, StillBound.
    """
    match kind:
        case "bind":
            form, field = payload["field"]
            if dictionaries.list_bindings(tx).get((form, field)) != payload["now"]:
                raise ChangedSince("之后又绑定过别的字典，不能撤销了。")
            if payload["was"] is not None:
                dictionaries.access_dictionary(tx, payload["was"])
            dictionaries.bind(tx, form, field, payload["was"])
            name, dictionary_id = field_text(form, field, custom_fields.forms_of(tx)), payload["was"]
            changes = {"字典": (step_name(tx, payload["now"]), step_name(tx, payload["was"]))}
        case "delete":
            name = str(payload["name"])
            if dictionaries.get_by_name(tx, name) is not None:
                raise ChangedSince(f"又有了叫「{name}」的字典，不能恢复了。")
            dictionary_id = dictionaries.add_dictionary(tx, name).id
            values = [Value(0, v["label"], v["position"], v["enabled"]) for v in payload["before"]]
            dictionaries.put_values(tx, dictionary_id or 0, values)
            changes = {"选项": ("", labels_text(payload["before"]))}
        case "create":
            dictionary_id = int(payload["dictionary_id"])
            name = step_unchanged(tx, dictionary_id, payload["after"])
            forms = custom_fields.forms_of(tx)
            rules.check_free([field_text(*f, forms) for f in dictionaries.bindings_of(tx, dictionary_id)], name)
            dictionaries.remove_dictionary(tx, dictionary_id)
            changes = {"选项": (labels_text(payload["after"]), "")}
        case _:
            dictionary_id = int(payload["dictionary_id"])
            name = step_unchanged(tx, dictionary_id, payload["after"])
            before = dictionaries.restore(payload["before"])
            uses = dictionaries.count_uses(tx, dictionaries.bindings_of(tx, dictionary_id))
            old_ids = {v.id for v in before}
            chosen = [
                Value(v.id, v.label, len(before) + v.position, False)
                for v in dictionaries.restore(payload["after"])
                if v.id not in old_ids and uses.get(rules.key(v.label))
            ]  # chosen meanwhile: it stays readable
            dictionaries.put_values(tx, dictionary_id, [*before, *chosen])
            for was, now in payload.get("relabelled", ()):
                dictionaries.relabel(tx, [(f, n) for f, n in payload["fields"]], now, was)
            changes = {"选项": (labels_text(payload["after"]), labels_text(payload["before"]))}
    return name, dictionary_id, changes
