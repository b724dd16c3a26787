"""`dingcrm init`: first set-up, asked step by step; every answer can be given as an option."""

import argparse
import getpass
import sys
from collections.abc import Callable

from bot.app import App
from bot.commands import card_template, house
from bot.commands.house import Refused
from bot.core.clock import SystemClock
from bot.dingtalk.credentials import Credentials
from bot.dingtalk.errors import DingTalkError, WrongCredentials
from bot.dingtalk.robot import markdown_message
from bot.settings import Settings, read_settings
from storage import audit, people
from storage import secrets as vault
from storage.database import Database, Tx
from storage.settings import read_settings as read_settings_of
from storage.settings import write_setting

SETTING_WORDS = {"admins": "管理员", "usage_scope": "使用范围", "consented_by": "同意条款的人", "opened": "已开通"}
TERMS = "开通后，本应用会读取钉钉通讯录、给使用范围内的员工发消息和工作通知，并把客户资料存在本机数据库。"


def main(given: argparse.Namespace) -> int:
    """The last lines name how many departments and people were mirrored."""
    return house.go(_init(given))


def _ask(given: str | None, question: str, *, secret: bool = False) -> str:
    if given:
        return given
    if not sys.stdin.isatty():
        raise Refused(f"缺少「{question}」：请加上对应的选项（dingcrm init --help）。")
    answer = getpass.getpass(f"{question}（输入不显示）：") if secret else input(f"{question}：")
    if not answer.strip():
        raise Refused(f"没有填写「{question}」，设置没有完成，可以重新运行。")
    return answer.strip()


async def _init(given: argparse.Namespace) -> int:
    settings = read_settings()
    house.log_to_stderr("ERROR")
    async with house.open_database(settings) as db:
        who = await _credentials(given, settings, db)
        app = App(settings, db, SystemClock(), lambda: who)
        try:
            await _check(app)
            if not given.consent and _ask(None, f"{TERMS}\n同意请输入「我同意」") != "我同意":
                raise Refused("没有同意，设置没有完成：需要输入「我同意」（或加 --consent）。")
            print("正在同步组织…")
            outcome = await app.jobs.run_once("sync")
            if outcome.failed:
                raise Refused(f"同步没有成功：{outcome.result}")
            print(outcome.result)
            admins = await _administrators(given, db)
            await _settle(given, db, admins)
            await _cards(app)
            await _test_message(app, given.test_to or admins[0])
            departments, staff = await db.read(None, lambda tx: (people.count_departments(tx), people.count_active(tx)))
        finally:
            await app.close()
    print(f"设置完成，管理员：{'、'.join(admins)}。现在可以运行 dingcrm run。")
    print(f"已同步部门 {departments} 个，人员 {staff} 人。")
    return 0


async def _credentials(given: argparse.Namespace, settings: Settings, db: Database) -> Credentials:
    """Stored encrypted, shown never."""
    key = settings.key()
    values = {
        "client_id": _ask(given.client_id or settings.client_id, "Client ID（AppKey）"),
        "client_secret": _ask(
            given.client_secret or settings.client_secret.get_secret_value(), "Client Secret（AppSecret）", secret=True
        ),
        "corp_id": _ask(given.corp_id or settings.corp_id, "CorpId"),
        "agent_id": _ask(given.agent_id or str(settings.agent_id or ""), "AgentId"),
    }
    if not values["agent_id"].isdecimal():
        raise Refused("AgentId 应该是一串数字，请到开发者后台的「凭证与基础信息」核对。")

    def store(tx: Tx) -> None:
        for name, value in values.items():
            vault.store_secret(tx, key, f"dingtalk.{name}", value)

    await db.system(store)
    return Credentials(values["client_id"], values["client_secret"], values["corp_id"], int(values["agent_id"]))


async def _check(app: App) -> None:
    try:
        await app.dingtalk.api.check_token()
    except WrongCredentials as wrong:
        raise Refused("钉钉不认这组 Client ID / Client Secret，请核对后重新运行 dingcrm init。") from wrong
    except DingTalkError as failure:
        raise Refused(f"连不上钉钉：{failure}。检查网络后重试。") from failure
    print("凭证可用。")


async def _administrators(given: argparse.Namespace, db: Database) -> list[str]:
    """By name or userId, separated by commas."""
    words = _ask(given.admins, "管理员（姓名或 userId，多个用逗号隔开）").replace("，", ",").split(",")
    find: Callable[[Tx], list[str]] = lambda tx: [_one(tx, w.strip()) for w in words if w.strip()]  # noqa: E731
    return await db.system(find)


def _one(tx: Tx, word: str) -> str:
    person = people.get_employee(tx, word)
    if person is not None and person.active:
        return person.user_id
    named = [p for p in people.list_by_name(tx, word) if p.name == word]
    if len(named) != 1:
        raise Refused(f"管理员「{word}」" + ("没有找到，请核对姓名。" if not named else "有好几位同名，请写 userId。"))
    return named[0].user_id


async def _settle(given: argparse.Namespace, db: Database, admins: list[str]) -> None:
    scope = given.scope or "all"
    if scope not in ("all", "admins") and not scope.startswith("some:"):
        raise Refused("使用范围写 all、admins，或 some:部门编号,userId…")
    usage: dict[str, object] = {"mode": scope}
    if scope.startswith("some:"):
        parts = [p for p in scope[5:].split(",") if p]
        usage = {
            "mode": "some", "departments": [int(p) for p in parts if p.isdecimal()],
            "users": [p for p in parts if not p.isdecimal()],
        }  # fmt: skip

    def work(tx: Tx) -> None:
        now = SystemClock().now()
        for name, value in (
            ("admins", admins), ("usage_scope", usage), ("consented_by", admins[0]), ("opened", True),
        ):  # fmt: skip
            was = getattr(read_settings_of(tx), name)
            write_setting(tx, name, value, by=admins[0], now=now)
            audit.record(
                tx, at=now, user_id=admins[0], via="init", action="set.setting", subject=f"setting:{name}", name=name,
                changes={SETTING_WORDS[name]: (_words(was), _words(value))},
            )  # fmt: skip

    await db.system(work)


async def _cards(app: App) -> None:
    template_id = await card_template.ensure(app)
    if template_id:
        print(f"卡片模板已导入并发布：{template_id}。")
    elif not app.settings.card_template:
        print("卡片用钉钉的公共模板。想要带表单的卡片，运行 dingcrm doctor 看怎么导入自有模板。")


def _words(value: object) -> str:
    """A setting as an audit line says it."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list | tuple):
        return "、".join(map(str, value))
    mode = value.get("mode") if isinstance(value, dict) else getattr(value, "mode", None)
    return {"all": "全部员工", "some": "部分员工", "admins": "管理员"}[str(mode)] if mode else str(value)


async def _test_message(app: App, user_id: str) -> None:
    text = "设置好了。发送「帮助」看看我会什么。"
    try:
        result = await app.dingtalk.robot.send_to_people([user_id], markdown_message("dingcrm", text))
    except DingTalkError as failure:
        raise Refused(f"测试消息没有发出去：{failure}。运行 dingcrm doctor 看看缺什么权限。") from failure
    print(f"测试消息{'已发给' if result.reached(user_id) else '没有送达'} {user_id}。")
