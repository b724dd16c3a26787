"""Settings from the environment and a `.env` file (contract cli.md); the only reader of os.environ."""

import json
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.core.errors import AppError

SHORTEST_KEY = 16


class BadSettings(AppError, code="bad_settings"):
    """A setting is missing or wrong; the text names it and says what to do."""


class Settings(BaseSettings):
    """Everything a process is told from outside. All else is an administrator's setting in the database."""

    model_config = SettingsConfigDict(env_prefix="DINGCRM_", env_file=".env", extra="ignore", frozen=True)

    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    corp_id: str = ""
    agent_id: int = 0
    api_base: str = "https://api.dingtalk.com"
    oapi_base: str = "https://oapi.dingtalk.com"
    login_base: str = "https://login.dingtalk.com"
    database_url: str = ""
    data_dir: Path = Field(default_factory=lambda: Path.home() / ".dingcrm")
    secret_key: SecretStr = SecretStr("")
    web_host: str = "127.0.0.1"
    web_port: int = 8078
    public_url: str = ""
    log_level: str = "INFO"
    card_template: str = ""  # id of an imported one, public, or none (words); empty: ours if imported, else public

    sandbox: str = ""  # set by read_settings alone: the local DingTalk of the demo whose data directory this is

    @field_validator("data_dir")
    @classmethod
    def _home(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @property
    def database(self) -> str:
        """The database's URL; SQLite in the data directory unless set."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir / 'dingcrm.sqlite3'}"

    def key(self) -> str:
        """The secret key: from the environment, else the one a demo keeps in its data directory.

        Raises:
            BadSettings: there is none, or it is too short.
        """
        given = self.secret_key.get_secret_value()
        kept = self.data_dir / KEY_FILE
        if not given and kept.is_file():
            given = kept.read_text().strip()
        if not given:
            raise BadSettings(
                "没有密钥：请设置 DINGCRM_SECRET_KEY（任意 16 个字符以上的文字，妥善保存，丢了就解不开密文）。"
            )
        if len(given) < SHORTEST_KEY:
            raise BadSettings("DINGCRM_SECRET_KEY 太短：至少要 16 个字符。")
        return given


KEY_FILE = "secret.key"
SANDBOX_FILE = "sandbox.json"  # where a demo notes its local DingTalk, so that the other commands find it


def read_settings(**given: Any) -> Settings:
    """The environment's settings, with `given` on top.

    Raises:
        BadSettings: a value cannot be read.
    """
    try:
        settings = Settings(**given)
        kept = settings.data_dir / SANDBOX_FILE
        if kept.is_file() and "api_base" not in settings.model_fields_set:
            url = str(json.loads(kept.read_text())["url"])
            settings = settings.model_copy(
                update={"api_base": url, "oapi_base": url, "login_base": url, "sandbox": url}
            )
    except ValueError as wrong:
        first = wrong.errors()[0] if hasattr(wrong, "errors") else {"loc": ("?",), "msg": str(wrong)}
        name = f"DINGCRM_{str(first['loc'][0]).upper()}"
        raise BadSettings(f"{name} 的值不对：{first['msg']}") from wrong
    return settings
