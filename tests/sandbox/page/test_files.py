"""What is served, and that it stands alone."""

import re

import pytest

from bot.sandbox.page import read_part
from tests.sandbox.page.desk import PARTS
from tests.sandbox.wire_client import Wire


async def test_the_page_and_its_parts_are_served_fresh_and_shut_in(wire: Wire) -> None:
    for path, kind in (("/", "text/html"), ("/page/app.js", "text/javascript"), ("/page/style.css", "text/css")):
        async with wire.session.get(wire.url + path) as response:
            assert (response.status, response.content_type) == (200, kind)
            assert response.headers["Cache-Control"] == "no-cache"
            policy = response.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "script-src 'self';" in policy


async def test_a_start_has_an_id_of_its_own(wire: Wire) -> None:
    async with wire.session.get(wire.url + "/") as response:
        assert re.search(r'name="sandbox-boot" content="[0-9a-f]{32}"', await response.text())


@pytest.mark.parametrize("name", ["missing.js", "%2e%2e%2fpage.py", "..%2Fstate.py", "app", "index.html%00.js"])
async def test_nothing_but_parts_of_the_page_is_served(wire: Wire, name: str) -> None:
    async with wire.session.get(f"{wire.url}/page/{name}") as response:
        assert response.status in {400, 404}


def test_read_part_refuses_paths() -> None:
    for name in ("../page.py", "/etc/hosts", "page/app.js", ""):
        with pytest.raises(FileNotFoundError):
            read_part(name)


def test_no_part_names_anything_outside() -> None:
    known = {"http://www.w3.org/2000/svg"}
    for part in sorted(PARTS.iterdir()):
        text = part.read_text(encoding="utf-8")
        addresses = set(re.findall(r"https?://[\w.-]+[\w/.-]*", text)) - known
        assert not addresses, (part.name, addresses)
        assert "innerHTML" not in text
        assert "insertAdjacentHTML" not in text
