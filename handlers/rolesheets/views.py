"""The card of a checked table, drawn from the present state."""

from typing import Any

from bot.context import Context
from bot.core.errors import AppError
from bot.core.markup import escape
from bot.dispatch import CardRef, CardView
from cards.rolesheets import checked_card
from handlers.rolesheets.service import Checked, look_again


def ref(checked: Checked) -> CardRef:
    """A fresh dry run's card."""
    return CardRef("roles.import", {"upload_id": checked.upload_id})


def paint(state: dict[str, Any], ctx: Context) -> CardView:
    """What the import would do now; or what was done."""
    if said := state.get("said"):
        return CardView("导入角色", body=str(said))
    try:
        checked = look_again(ctx, int(state["upload_id"]))
    except AppError as refusal:
        return CardView("导入角色", body=refusal.text)
    if checked.done:
        return CardView("导入角色", body="这个文件已经导入过了。要再导入，请重新发一次文件。")
    return checked_card(
        file=escape(checked.file), text="\n".join(escape(line) for line in checked.text.split("\n")),
        upload_id=checked.upload_id, fingerprint=checked.fingerprint, count=len(checked.plan.roles),
        problems=bool(checked.plan.problems),
    )  # fmt: skip
