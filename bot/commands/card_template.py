"""Imports our card template into the firm's app by the template API, where that is allowed (house 0.7)."""

import hashlib
import logging

from bot.app import App
from bot.dingtalk.errors import DingTalkError
from cards.template import FILE, NAME
from storage import card_templates

log = logging.getLogger(__name__)
BY_HAND = (
    "手工导入：打开 https://open-dev.dingtalk.com/fe/card → 新建模板（消息卡片，关联本应用）→ 更多 → 导入，"
    f"选 {FILE} → 预览后发布 → 把模板 ID 设为 DINGCRM_CARD_TEMPLATE，重启"
)


def source() -> str:
    """The template file, as the builder exports and the API takes it."""
    return FILE.read_text(encoding="utf-8")


def digest() -> str:
    """Tells one version of the file from another."""
    return hashlib.sha256(FILE.read_bytes()).hexdigest()[:16]


async def ensure(app: App) -> str:
    """The id of our template in the firm's app, imported unless it is there; empty: the public one is used.

    Does nothing where a setting decides.
    """
    if app.settings.card_template:
        return ""
    kept = await app.db.read(None, card_templates.read)
    try:
        known = kept.usable(kept.template_id) and kept.digest == digest()
        if known and await app.dingtalk.templates.exists(kept.template_id):
            return kept.template_id
        template_id = await app.dingtalk.templates.import_file(NAME, source())
    except DingTalkError as refusal:
        log.warning("the card template is not imported, cards are drawn with the public one: %s", refusal)
        return ""
    now = app.clock.now()
    await app.db.system(lambda tx: card_templates.imported(tx, template_id, digest(), now=now))
    await app.choose_renderer()
    return template_id
