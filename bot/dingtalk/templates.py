"""The card template API (platform.md 3.9 c): undocumented, in the official SDK, refused to many apps."""

from bot.dingtalk.api import DingTalkApi
from bot.dingtalk.errors import BadRequest, PermissionMissing, TemplateUnusable
from bot.dingtalk.lenient import as_dict, as_text

PATH = "/v1.0/card/templates"
PERMISSION = "Card.Template.ReadWrite.All"


class Templates:
    """Imports and publishes a template by API."""

    def __init__(self, api: DingTalkApi) -> None:
        self._api = api

    async def import_file(self, name: str, source: str) -> str:
        """Creates, fills and publishes a template from an export file; returns its id.

        Raises:
            PermissionMissing: the usual answer; then a person imports the file in the card builder.
            DingTalkError: otherwise. Repeating makes another template.

        A lost answer is asked for again: an empty template more is seen by nobody, while none of our own means
        plainer cards for the whole company until somebody imports it by hand.
        """
        wanted = {"name": name, "type": "im", "extendType": "card"}
        answer = await self._api.new("POST", PATH, wanted, repeatable=True)
        made = as_dict(answer.get("data")) or as_dict(answer.get("result")) or {}
        template_id = as_text(made.get("templateId"))
        if not template_id:
            raise BadRequest("no templateId in the answer", code="templates.noId")
        filled = {"templateId": template_id, "name": name, "templateSource": source}
        await self._api.new("POST", f"{PATH}/save", filled, repeatable=True)
        await self._api.new("POST", f"{PATH}/publish", filled, repeatable=True)
        return template_id

    async def exists(self, template_id: str) -> bool:
        """Whether the app has it. Where the API may not be asked, it is taken to be there."""
        try:
            await self._api.new("GET", PATH, params={"templateId": template_id})
        except TemplateUnusable:
            return False
        except PermissionMissing:
            return True
        return True
