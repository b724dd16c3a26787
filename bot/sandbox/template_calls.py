"""The template REST API: an export can be imported and published by API (platform.md section 3.9 c)."""

from typing import Any, Final

from aiohttp import web

from bot.sandbox.auth import body_of, require_app
from bot.sandbox.errors import PlatformError
from bot.sandbox.state import Sandbox
from bot.sandbox.templates import Registered, TemplateError, import_export

PERMISSION: Final = "Card.Template.ReadWrite.All"


def described(row: Registered) -> dict[str, Any]:
    """A template as the API shows it; field names of the official SDK's models."""
    template = row.template
    variables = (
        [{"name": one.name, "type": one.kind, "private": one.private} for one in template.variables.values()]
        if template
        else []
    )
    return {
        "templateId": row.id,
        "name": row.name,
        "type": row.kind,
        "extendType": row.extend_type,
        "status": "PUBLISHED" if row.published else "EDITING",
        "commonVariableList": variables,
        "localVariableList": [{"name": one.name, "type": one.kind} for one in template.locals.values()]
        if template
        else [],
        "expVariableList": [{"name": name} for name in template.expressions] if template else [],
    }


def routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """create, save, publish, get, query, remove, copy."""
    book = sandbox.cards.templates

    async def body(request: web.Request) -> dict[str, Any]:
        require_app(sandbox, request, PERMISSION)
        return await body_of(request)

    def found(template_id: Any) -> Registered:
        row = book.get(str(template_id or ""))
        if row is None:
            raise PlatformError(400, "param.templateNotExist", f"卡片模板不存在：{template_id}")
        return row

    def read_source(row: Registered, given: dict[str, Any]) -> None:
        if isinstance(given.get("name"), str) and given["name"]:
            row.name = given["name"]
        source = given.get("templateSource")
        if source in (None, ""):
            return
        try:
            row.template = import_export(source)
        except TemplateError as error:
            raise PlatformError(400, "param.invalid", f"templateSource 不合法：{error}") from error
        row.source = source if isinstance(source, str) else ""
        row.extend_type = row.template.extend_type

    async def create(request: web.Request) -> web.Response:
        given = await body(request)
        for name in ("name", "type", "extendType"):
            if not isinstance(given.get(name), str) or not given[name]:
                raise PlatformError(400, "param.invalid", f"{name} 必填")
        row = book.add(
            Registered(id=book.new_id(), name=given["name"], kind=given["type"], extend_type=given["extendType"])
        )
        return web.json_response({"success": True, "data": {"templateId": row.id}})

    def editable(row: Registered) -> Registered:
        if row.published:
            raise PlatformError(400, "param.invalid", "模板已发布，不能再编辑；请复制后修改")
        return row

    async def save(request: web.Request) -> web.Response:
        given = await body(request)
        row = editable(found(given.get("templateId")))
        read_source(row, given)
        return web.json_response({"success": True, "data": described(row)})

    async def publish(request: web.Request) -> web.Response:
        given = await body(request)
        row = editable(found(given.get("templateId")))
        read_source(row, given)
        if row.template is None:
            raise PlatformError(400, "param.invalid", "模板没有内容")
        row.published = True
        return web.json_response({"success": True, "data": described(row)})

    async def get(request: web.Request) -> web.Response:
        require_app(sandbox, request, PERMISSION)
        return web.json_response({"success": True, "data": described(found(request.query.get("templateId")))})

    async def query(request: web.Request) -> web.Response:
        ids = (await body(request)).get("templateIds")
        if not isinstance(ids, list):
            raise PlatformError(400, "param.invalid", "templateIds 应为数组")
        rows = [row for one in ids if (row := book.get(str(one))) is not None]
        return web.json_response({"success": True, "data": [described(row) for row in rows]})

    async def remove(request: web.Request) -> web.Response:
        row = found((await body(request)).get("templateId"))
        if row.public:
            raise PlatformError(400, "param.templateNotExist", "不是本应用的模板")
        book.remove(row.id)
        return web.json_response({"success": True})

    async def copy(request: web.Request) -> web.Response:
        given = await body(request)
        row = found(given.get("templateId"))
        name = given.get("name") if isinstance(given.get("name"), str) else f"{row.name} 副本"
        made = Registered(book.new_id(), str(name), row.template, row.source, row.kind, row.extend_type)
        return web.json_response({"success": True, "data": {"templateId": book.add(made).id}})

    base = "/v1.0/card/templates"
    return [
        web.post(base, create),
        web.get(base, get),
        web.post(f"{base}/save", save),
        web.post(f"{base}/publish", publish),
        web.post(f"{base}/lists/query", query),
        web.post(f"{base}/remove", remove),
        web.delete(base, remove),
        web.post(f"{base}/copy", copy),
    ]
