"""A forced expiry costs one token and goes unnoticed, on either database; PostgreSQL keeps it for the others."""

from sqlmodel import select

from storage import secrets as vault
from storage.database import Tx
from storage.tables import Secret
from tests.support.stage import KEY, Stage

NAME = "dingtalk.access_token"


async def test_a_forced_expiry_costs_one_token(both: Stage) -> None:
    await both.ask("lina04", "今天")
    seen = (await both.get("/calls"))["next"]
    await both.post("/tokens", {"do": "expire"})
    assert len(await both.say("lina04", "今天")) == 1
    paths = [row["path"] for row in (await both.get("/calls", after=seen))["items"]]
    assert paths.count("/v1.0/oauth2/accessToken") == 1

    def stored(tx: Tx) -> tuple[list[str], str | None]:
        names = [row.name for row in tx.exec(select(Secret)).all()]
        return names, vault.read_secret(tx, KEY, NAME) if NAME in names else None

    names, text = await both.app.db.read(None, stored)
    assert (NAME in names) == (both.app.db.kind == "postgresql")
    assert text is None or '"value"' in text
