"""`dingcrm init`: first set-up, asked step by step; every answer can be given as an option."""

import argparse
import getpass
import re
import sys
from dataclasses import replace

from bot.app import App
from bot.commands import card_template, house
from bot.commands.house import Refused
from bot.context import make_context
from bot.core.actor import SYSTEM_ACTOR
from bot.core.clock import SystemClock
from bot.dingtalk.credentials import Credentials
from bot.dingtalk.errors import DingTalkError, WrongCredentials
from bot.dingtalk.robot import markdown_message
from bot.identity import active_admins
from bot.settings import Settings, read_settings
from handlers.opening.rules import EXAMPLE, TERMS, TERMS_VERSION, ScopeWish, read_scope
from handlers.opening.service import count_in_scope, resolve_scope, scope_text, step_consent, step_open
from handlers.settings.changing import step_audit
from storage import credentials as kept
from storage import people
from storage.database import Database, Tx
from storage.settings import lock_settings, put_setting
from storage.settings import read_settings as read_company


def main(given: argparse.Namespace) -> int:
    """The last lines name how many departments and people were mirrored."""
    return house.go(_init(given))


def _ask(given: str | None, question: str, option: str, *, secret: bool = False) -> str:
    if given:
        return given
    if not sys.stdin.isatty():
        raise Refused(f"还差一步「{question}」：加上 {option} 再运行，前面填过的不用再填。")
    answer = getpass.getpass(f"{question}（输入不显示）：") if secret else input(f"{question}：")
    if not answer.strip():
        raise Refused(f"没有填写「{question}」，设置没有完成，可以重新运行。")
    return answer.strip()


async def _init(given: argparse.Namespace) -> int:
    """What an earlier run has settled is not asked again."""
    settings = read_settings()
    house.log_to_stderr("ERROR")
    async with house.open_database(settings) as db:
        who = await _credentials(given, settings, db)
        app = App(settings, db, SystemClock(), lambda: who)
        try:
            await _check(app)
            await _consent(given, db)
            print("正在同步组织…")
            outcome = await app.jobs.run_once("sync")
            if outcome.failed:
                raise Refused(f"同步没有成功：{outcome.result}")
            print(outcome.result)
            admins = await _administrators(given, db)
            scope = await _settle(given, db, admins)
            await _cards(app)
            await _test_message(app, given.test_to or admins[0])
            departments, staff = await db.read(None, lambda tx: (people.count_departments(tx), people.count_active(tx)))
            names = await db.read(None, lambda tx: people.names_of(tx, admins))
        finally:
            await app.close()
    print(
        f"设置完成，使用范围：{scope}，管理员：{'、'.join(names.get(a, a) for a in admins)}。现在可以运行 dingcrm run。"
    )
    print(f"已同步部门 {departments} 个，人员 {staff} 人。")
    return 0


async def _credentials(given: argparse.Namespace, settings: Settings, db: Database) -> Credentials:
    """Stored encrypted, shown never."""
    key = settings.key()
    known = await db.read(None, lambda tx: kept.known(tx, key))
    values = {
        "client_id": _ask(
            given.client_id or settings.client_id or known["client_id"], "Client ID（AppKey）", "--client-id"
        ),
        "client_secret": _ask(
            given.client_secret or settings.client_secret.get_secret_value() or known["client_secret"],
            "Client Secret（AppSecret）",
            "--client-secret",
            secret=True,
        ),
        "corp_id": _ask(given.corp_id or settings.corp_id or known["corp_id"], "CorpId", "--corp-id"),
        "agent_id": _ask(given.agent_id or str(settings.agent_id or "") or known["agent_id"], "AgentId", "--agent-id"),
    }
    if not values["agent_id"].isdecimal():
        raise Refused("AgentId 应该是一串数字，请到开发者后台的「凭证与基础信息」核对。")
    await db.system(lambda tx: kept.keep(tx, key, values))
    return Credentials(values["client_id"], values["client_secret"], values["corp_id"], int(values["agent_id"]))


async def _check(app: App) -> None:
    try:
        await app.dingtalk.api.check_token()
    except WrongCredentials as wrong:
        raise Refused("钉钉不认这组 Client ID / Client Secret，请核对后重新运行 dingcrm init。") from wrong
    except DingTalkError as failure:
        raise Refused(f"连不上钉钉：{failure}。检查网络后重试。") from failure
    print("凭证可用。")


async def _consent(given: argparse.Namespace, db: Database) -> None:
    """When, and to which version of the terms; who it was is known once there are people (R1.04)."""
    company = await db.read(None, read_company)
    if company.consented_by or company.consented_terms == TERMS_VERSION:
        return
    question = f"{TERMS}\n（条款 {TERMS_VERSION} 版）同意请输入「我同意」"
    if not given.consent and _ask(None, question, "--consent") != "我同意":
        raise Refused("没有同意，设置没有完成：需要输入「我同意」（或加 --consent）。")

    def work(tx: Tx) -> None:
        now = SystemClock().now()
        put_setting(tx, "consented_at", now.isoformat(), by="", now=now)
        put_setting(tx, "consented_terms", TERMS_VERSION, by="", now=now)

    await db.system(work)


async def _administrators(given: argparse.Namespace, db: Database) -> list[str]:
    """By name or userId, separated by commas; those there are stay, unless others are given."""
    known, own = await db.read(
        None, lambda tx: (active_admins(tx, read_company(tx)), people.list_dingtalk_admins(tx))
    )  # fmt: skip
    if not given.admins and known:
        return known
    hint = f"；钉钉管理员有 {'、'.join(own.values())}" if own else ""
    words = re.split(r"[,，、\s]+", _ask(given.admins, f"管理员（姓名或 userId，多个用逗号隔开{hint}）", "--admins"))
    return await db.system(lambda tx: [_one(tx, w) for w in words if w])


def _one(tx: Tx, word: str) -> str:
    person = people.get_employee(tx, word)
    if person is not None and person.active:
        return person.user_id
    named = [p for p in people.list_by_name(tx, word) if p.name == word]
    if len(named) != 1:
        raise Refused(f"管理员「{word}」" + ("没有找到，请核对姓名。" if not named else "有好几位同名，请写 userId。"))
    return named[0].user_id


async def _settle(given: argparse.Namespace, db: Database, admins: list[str]) -> str:
    """The same records as by the card in chat; returns the usage scope in words."""
    company = await db.read(None, read_company)
    words = given.scope or (None if company.opened else _ask_scope())
    wish = _scope(words) if words and words.strip() else None

    def work(tx: Tx) -> str:
        now = SystemClock().now()
        settings = lock_settings(tx)
        actor = replace(SYSTEM_ACTOR, user_id=admins[0], name=people.name_of(tx, admins[0]))
        ctx = make_context(tx, actor, now, settings, "cli")
        if not settings.consented_by:
            step_consent(tx, ctx, admins[0])
        if given.admins:
            put_setting(tx, "admins", admins, by=admins[0], now=now)
        if wish is not None:
            usage = resolve_scope(tx, wish).model_dump(mode="json")
            put_setting(tx, "usage_scope", usage, by=admins[0], now=now)
            step_audit(tx, ctx, "usage_scope", settings.usage_scope.model_dump(mode="json"), usage)
        step_open(tx, ctx, admins)
        after = read_company(tx)
        return f"{scope_text(tx, after)}（{count_in_scope(tx, after)} 人）"

    return await db.system(work)


def _ask_scope() -> str | None:
    """None: everybody, which is the default (R1.06)."""
    if not sys.stdin.isatty():
        return None
    example = EXAMPLE.removeprefix("使用范围 ")
    return input(f"使用范围（全部员工 / {example} / 管理员，直接回车就是全部员工）：").strip() or None


def _scope(words: str) -> ScopeWish:
    """`全部员工`, `部分员工 销售一部 张三`; in scripts also all, admins, some:101,lina04."""
    if words in ("all", "admins"):
        return ScopeWish("all" if words == "all" else "admins")
    if words.startswith("some:"):
        return read_scope("部分员工 " + words.removeprefix("some:"))
    return read_scope(words)


async def _cards(app: App) -> None:
    template_id = await card_template.ensure(app)
    if template_id:
        print(f"卡片模板已导入并发布：{template_id}。")
    elif not app.settings.card_template:
        print("卡片用钉钉的公共模板。想要带表单的卡片，运行 dingcrm doctor 看怎么导入自有模板。")


async def _test_message(app: App, user_id: str) -> None:
    text = "设置好了。发送「帮助」看看我会什么。"
    try:
        result = await app.dingtalk.robot.send_to_people([user_id], markdown_message("dingcrm", text))
    except DingTalkError as failure:
        raise Refused(f"测试消息没有发出去：{failure}。运行 dingcrm doctor 看看缺什么权限。") from failure
    print(f"测试消息{'已发给' if result.reached(user_id) else '没有送达'} {user_id}。")
