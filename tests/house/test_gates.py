"""The house rules are executable, and each is seen to go red on purpose."""

import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("bot", "handlers", "cards", "storage", "sync")
VIOLATIONS = {
    "Floors: imports only go down": ("storage/settings.py", "import handlers.registry"),
    "Rules are pure": ("handlers/pool/rules.py", "import storage.database"),
    "Language is pure": ("bot/language/normalize.py", "import storage.database"),
    "SQL lives in storage": ("handlers/pool/service.py", "import sqlmodel"),
    "DingTalk's SDK lives in bot.stream": ("bot/delivery.py", "import dingtalk_stream"),
    "The sandbox speaks only the wire": ("bot/sandbox/robot.py", "import bot.core.clock"),
    "Only the registry opens doors": ("handlers/pool/service.py", "import handlers.pool.chat"),
}


def _modules() -> list[str]:
    found = []
    for room in ROOMS:
        package = importlib.import_module(room)
        found += [m.name for m in pkgutil.walk_packages(package.__path__, f"{room}.")]
    return [m for m in found if ".migrations" not in m]


def test_every_module_imports() -> None:
    names = _modules()
    assert len(names) > 150, "the walk finds nothing: the test is broken"
    for name in names:
        importlib.import_module(name)


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run([program, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    for name in (*ROOMS, "pyproject.toml"):
        subprocess.run(["cp", "-r", ROOT / name, folder / name], check=True)
    return folder


def test_the_contracts_hold(copy: Path) -> None:
    done = _lint(copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("contract", list(VIOLATIONS))
def test_each_contract_goes_red(copy: Path, contract: str) -> None:
    file, line = VIOLATIONS[contract]
    path = copy / file
    before = path.read_text()
    path.write_text(f"{before}\n\n{line}  # broken on purpose\n")
    try:
        done = _lint(copy)
    finally:
        path.write_text(before)
    assert done.returncode != 0
    assert re.search(rf"{re.escape(contract)} BROKEN", done.stdout), done.stdout


def test_every_contract_has_its_violation() -> None:
    names = re.findall(r'^name = "([^"]+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert set(names) - {"dingcrm"} == set(VIOLATIONS)


@pytest.mark.parametrize(
    ("tool", "code"),
    [
        (["ruff", "check", "--config", str(ROOT / "pyproject.toml"), "-"], "import os\n"),
        (["ruff", "format", "--config", str(ROOT / "pyproject.toml"), "--check", "-"], "x = {  'a':1 }\n"),
        (["mypy", "--strict", "-c"], "def f(x): return x\n"),
    ],
)
def test_each_tool_goes_red(tool: list[str], code: str) -> None:
    program = Path(sys.executable).with_name(tool[0])
    last = [code] if tool[0] == "mypy" else []
    done = subprocess.run([program, *tool[1:], *last], input=code, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode != 0, done.stdout


def test_the_registry_names_every_door() -> None:
    registry = (ROOT / "handlers" / "registry.py").read_text()
    doors = [p for p in (ROOT / "handlers").glob("*/*.py") if p.stem in ("chat", "taps", "jobs", "events", "web")]
    assert len(doors) > 10
    for door in doors:
        assert f"from handlers.{door.parent.name} import {door.stem} as" in registry, door


HEARD = '"您好"'  # what people say to the bot


def test_what_users_read_keeps_the_manners() -> None:
    """Never 您 or 贵公司 (DingTalk's product rules, D17)."""
    sources = [p for room in ("handlers", "cards", "bot/commands", "bot/dispatch") for p in (ROOT / room).rglob("*.py")]
    assert len(sources) > 30
    for source in sources:
        text = source.read_text().replace(HEARD, "")
        assert "您" not in text and "贵公司" not in text, source
