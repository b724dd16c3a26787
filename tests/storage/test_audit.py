"""Audit lines are only ever added to, on both databases; every action has its words."""

import ast
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

import handlers.registry  # noqa: F401 -- every kind of import is there
from bot.core.clock import BEIJING
from handlers.audit.words import ACTIONS, DOORS, KINDS, detail_words
from handlers.exchange import records as kinds
from storage import attachments, audit, outbox
from storage.audit import AuditFilter
from storage.database import Database, Tx

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=BEIJING)
ROOT = Path(__file__).parents[2]


async def _write(db: Database, **more: object) -> None:
    line = {"user_id": "lina04", "via": "chat", "action": "edit.dictionary", "subject": "dictionary:1", **more}
    await db.system(lambda tx: audit.record(tx, at=NOW, **line))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET user_id = 'zhao05'",
        "UPDATE audit SET detail = '{}' WHERE id = 1",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE id = 1",
    ],
)
async def test_no_line_is_changed_or_deleted(database: Database, statement: str) -> None:
    await _write(database)
    with pytest.raises(DBAPIError, match="only ever added"):
        await database.connection(partial(Connection.execute, statement=text(statement)))
    assert await database.system(lambda tx: audit.count_lines(tx, AuditFilter())) == 1


async def test_no_line_is_replaced(sqlite: Database) -> None:
    await _write(sqlite)
    statement = (
        "INSERT OR REPLACE INTO audit (id, at, user_id, via, action, subject, name, detail) "
        "VALUES (1, '2026-03-02', 'zhao05', 'chat', 'x.y', '', '', '{}')"
    )
    with pytest.raises(DBAPIError, match="only ever added"):
        await sqlite.connection(partial(Connection.execute, statement=text(statement)))


@pytest.mark.postgres
async def test_the_table_is_not_emptied(postgres: Database) -> None:
    await _write(postgres)
    with pytest.raises(DBAPIError, match="only ever added"):
        await postgres.connection(partial(Connection.execute, statement=text("TRUNCATE audit")))


async def test_conditions_combine(database: Database) -> None:
    await _write(database)
    await _write(database, user_id="zhao05", action="claim.customer", subject="customer:1", name="华兴科技有限公司")
    await _write(database, action="claim.customer", subject="customer:2", name="50%_公司")

    async def count(**wanted: object) -> int:
        return await database.system(lambda tx: audit.count_lines(tx, AuditFilter(**wanted)))  # type: ignore[arg-type]

    assert await count() == 3
    assert await count(user_ids=("lina04",)) == 2
    assert await count(words=("华兴",)) == 1
    assert await count(words=("%_",)) == 1
    assert await count(words=("不在",), subjects=frozenset({"customer:1"})) == 1
    assert await count(actions=frozenset({"claim.customer"}), user_ids=("lina04",)) == 1
    assert await count(actions=frozenset()) == 0
    assert await count(since=NOW, until=NOW + timedelta(seconds=1)) == 3
    assert await count(until=NOW) == 0


RECORDERS = {
    *("record", "_record", "step_record", "record_of", "record_invoice"),
    *("_keep", "step_keep", "_changed", "step_note", "_allocated"),
}


def _recorded_actions() -> set[str]:
    """Every literal that is handed to `audit.record` or to a step that hands it on; what imports say of each kind."""
    found = {f"{verb}.{kind.noun}" for verb in ("create", "edit") for kind in _imported(kinds.RecordKind)}
    for room in ("bot", "handlers", "storage", "sync"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                for value in _given_actions(node):
                    for part in ast.walk(value):
                        if isinstance(part, ast.Constant) and isinstance(part.value, str) and "." in part.value[:-1]:
                            found.add(part.value)
    return found


def _given_actions(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, ast.Assign):
        return [node.value] if any(isinstance(t, ast.Name) and t.id == "action" for t in node.targets) else []
    if not isinstance(node, ast.Call):
        return []
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name not in RECORDERS:
        return []
    given: list[ast.AST] = [k.value for k in node.keywords if k.arg == "action"]
    return given + [a for a in node.args if isinstance(a, ast.Constant | ast.IfExp)]


def _imported(kind: Any) -> list[Any]:
    below = [one for sub in kind.__subclasses__() for one in _imported(sub)]
    return [*([kind] if hasattr(kind, "noun") else []), *below]


def test_every_action_has_its_words() -> None:
    actions = _recorded_actions()
    assert len(actions) > 20, "the search finds nothing: the test is broken"
    assert actions <= set(ACTIONS), f"add words in handlers/audit/words.py: {sorted(actions - set(ACTIONS))}"
    assert {kind for _, kind in ACTIONS.values()} <= set(KINDS)
    assert set(ACTIONS) - actions == set(), "words for actions nobody records"


def test_words_hold_no_code() -> None:
    for words, _ in ACTIONS.values():
        assert words and not any(c.isascii() and c.isalpha() for c in words), words
    assert not any(c.isascii() and c.isalpha() for word in DOORS.values() for c in word)
    assert detail_words("claim.customer", {"changes": {"负责人": ["公海", "李娜"]}}) == "负责人 公海 → 李娜"
    assert detail_words("edit.dictionary", {"changes": {"选项": ["", "甲"]}, "records": 3}) == "选项 （空） → 甲"


async def test_a_file_is_queued_once_and_forgotten_when_sent(database: Database) -> None:
    def queue(tx: Tx) -> None:
        for _ in range(2):
            attachments.send(tx, user_id="lina04", name="a.xlsx", content=b"{}", key="k", now=NOW)

    await database.system(queue)
    messages = await database.system(lambda tx: outbox.take(tx, holder="x", now=NOW, wall=NOW, limit=10, busy=set()))
    assert [m.channel for m in messages] == ["file"]
    number = int(messages[0].payload["attachment_id"])
    assert await database.system(lambda tx: attachments.content_of(tx, number)) == b"{}"
    await database.system(lambda tx: attachments.drop(tx, number))
    assert await database.system(lambda tx: attachments.content_of(tx, number)) is None


async def test_an_upload_is_its_senders_and_taken_once(database: Database) -> None:
    number = await database.system(
        lambda tx: attachments.keep_upload(
            tx, user_id="chen01", kind="roles", name="a.xlsx", header=["角色"], rows=[(2, ["业务员"])], now=NOW
        )
    )
    get = partial(attachments.get_upload, upload_id=number)
    assert await database.system(lambda tx: get(tx, user_id="lina04", kind="roles")) is None
    assert await database.system(lambda tx: get(tx, user_id="chen01", kind="customers")) is None
    assert await database.system(lambda tx: get(tx, user_id="chen01", kind="roles")) is not None
    assert await database.system(lambda tx: attachments.take_upload(tx, number, NOW))
    assert not await database.system(lambda tx: attachments.take_upload(tx, number, NOW))
    await database.system(lambda tx: attachments.prune(tx, now=NOW + timedelta(days=4)))
    assert await database.system(lambda tx: get(tx, user_id="chen01", kind="roles")) is None
