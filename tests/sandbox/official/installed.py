"""The official clients, fetched from their registries once and kept beside the tests' other caches."""

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import Distribution
from pathlib import Path
from typing import NoReturn

import pytest

HERE = Path(__file__).parent
UV = HERE.parents[2] / "deploy" / "uv"  # there, whatever the machine has
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dingcrm-tests"
INSTALL_SECONDS = 120
# What uv, pip and npm write when the registry cannot be reached; any other failure of theirs is ours to look at.
UNREACHABLE = re.compile(
    r"dns error|error sending request|failed to lookup|name resolution|NewConnectionError|timed out|"
    r"Connection refused|Network is unreachable|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT",
    re.IGNORECASE,
)
_unreachable: dict[str, str] = {}  # registry → why; asked once per run, not once per test


def absent(reason: str) -> NoReturn:
    """Says why a client cannot be had: a skip on somebody's machine, a failure in CI."""
    if os.environ.get("CI"):
        pytest.fail(f"CI must have it: {reason}")
    pytest.skip(reason)


def released_sdk() -> Path:
    """The folder with PyPI's dingtalk-stream 0.24.3, alone; its dependencies are those of the environment."""
    wanted = HERE / "python-0.24.3.txt"

    def install(folder: Path) -> None:
        common = ["--target", str(folder), "--no-deps", "--require-hashes", "-r", str(wanted)]
        _run([str(UV), "pip", "install", "--python", sys.executable, *common], folder, "PyPI")

    return _kept("dingtalk-stream-0.24.3", wanted.read_bytes(), install)


def npm_modules() -> Path:
    """The node_modules with npm's dingtalk-stream 2.1.5, exactly as the lock file has it."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        absent("npm's dingtalk-stream needs node and npm, which are not here")
    files = [HERE / "npm" / name for name in ("package.json", "package-lock.json")]

    def install(folder: Path) -> None:
        for file in files:
            shutil.copy(file, folder)
        quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
        _run([npm, "ci", *quiet], folder, "the npm registry")

    return _kept("npm-dingtalk-stream-2.1.5", b"".join(file.read_bytes() for file in files), install) / "node_modules"


def altered_files(folder: Path, name: str = "dingtalk-stream") -> list[str]:
    """Files of an installed Python package that differ from what its publisher put into the wheel."""
    [package] = Distribution.discover(name=name, path=[str(folder)])
    altered = []
    for file in package.files or []:
        if file.hash is not None:
            digest = hashlib.new(file.hash.mode, Path(str(file.locate())).read_bytes()).digest()
            if base64.urlsafe_b64encode(digest).decode().rstrip("=") != file.hash.value:
                altered.append(str(file))
    return altered


def _kept(name: str, recipe: bytes, install: Callable[[Path], None]) -> Path:
    """The cached folder for this recipe; made beside and moved into place whole, as tests may run in parallel."""
    folder = CACHE / f"{name}-{hashlib.sha256(recipe).hexdigest()[:12]}"
    if folder.is_dir():
        return folder
    CACHE.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=CACHE, prefix=f"{name}."))
    try:
        install(staging)
        try:
            staging.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another worker was first
                raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return folder


def _run(command: list[str], folder: Path, registry: str) -> None:
    if registry in _unreachable:
        absent(_unreachable[registry])
    env = {"UV_HTTP_TIMEOUT": "20", **os.environ}
    try:
        done = subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        _unreachable[registry] = f"{registry} did not serve the package within {INSTALL_SECONDS} s"
        absent(_unreachable[registry])
    if done.returncode == 0:
        return
    told = (done.stderr + done.stdout)[-2000:]
    for line in told.splitlines():
        if UNREACHABLE.search(line):
            _unreachable[registry] = f"{registry} cannot be reached: {line.strip()}"
            absent(_unreachable[registry])
    pytest.fail(f"{' '.join(command)} failed:\n{told}")
