"""Rows of what is one's own: dialogues, imports, taking back."""

from bot.core.tabular import Sheet
from handlers.exchange.kinds import Wanted as ExportWanted
from tests.access.row import ABSENT, FILE, INTENT, OFFER, OWN_IMPORT, UNDO, P, Row

ROWS: dict[str, Row] = {
    # its author's alone (tests/handlers/test_confirming.py), and what its confirmer needs
    "confirming.confirm_intent": Row(None, lambda f, c, i: f(c, i), *INTENT),
    "confirming.drop_intent": Row(None, lambda f, c, i: f(c, i), *INTENT),
    "confirming.propose": Row(None, lambda f, c, _: None, foreign=None),  # after a capability has checked it
    "confirming.show_intent": Row(None, lambda f, c, i: f(c, i), *INTENT),
    "drafts.drop_drafts": Row(None, lambda f, c, _: f(c, "bot", None), foreign=None),
    "drafts.list_drafts": Row(None, lambda f, c, _: f(c, "bot"), foreign=None),
    "drafts.take_up": Row(None, lambda f, c, _: f(c, "bot", None), foreign=None),
    "drafts.undo_drop": Row(None, lambda f, c, _: None, foreign=None, free=UNDO),
    "exchange.choose_kind": Row(P.CUSTOMER_IMPORT, lambda f, c, i: f(c, i, "customers"), *FILE),
    "exchange.drop_import": Row(None, lambda f, c, i: f(c, i), *FILE),
    "exchange.export_records": Row(P.CUSTOMER_EXPORT, lambda f, c, _: f(c, "customers", ExportWanted()), foreign=None),
    "exchange.latest": Row(None, lambda f, c, _: f(c), foreign=None, free="one's own import, or none"),
    "exchange.map_columns": Row(None, lambda f, c, _: f(c, ABSENT, {0: "name"}), foreign=None, free=OWN_IMPORT),
    "exchange.run_import": Row(None, lambda f, c, _: f(c, ABSENT), foreign=None, free=OWN_IMPORT),
    "exchange.send_problems": Row(None, lambda f, c, _: f(c, ABSENT), foreign=None, free=OWN_IMPORT),
    "exchange.send_template": Row(P.CUSTOMER_IMPORT, lambda f, c, _: f(c, "customers"), foreign=None),
    "exchange.set_blank_owner": Row(None, lambda f, c, _: f(c, ABSENT, to_pool=True), foreign=None, free=OWN_IMPORT),
    "exchange.show_import": Row(None, lambda f, c, i: f(c, i), *FILE),
    "exchange.start_import": Row(
        P.CUSTOMER_IMPORT, lambda f, c, _: f(c, "客户.xlsx", Sheet(("客户名称",)), kind="customers"), foreign=None
    ),
    "exchange.undo_import": Row(None, lambda f, c, _: f(c, {"exchange_id": ABSENT}), foreign=None, free=UNDO),
    "help.administrators": Row(None, lambda f, c, _: f(c), foreign=None),
    "home.show_today": Row(None, lambda f, c, _: f(c), foreign=None),
    "undo.take_back": Row(None, lambda f, c, i: f(c, i), *OFFER),
}  # fmt: skip
