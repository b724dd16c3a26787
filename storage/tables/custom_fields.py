"""Fields that a company adds to the main forms (R5.11), and where their values stand."""

from typing import Any

from sqlalchemy import CheckConstraint, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from bot.core.forms import CUSTOM_KINDS
from storage.types import Json


class HasCustom(SQLModel):
    """Base of the tables of forms that take a company's own fields.

    `custom`: field's name → value, each a text (`storage.custom_fields`). Given whole to a new row; changed only by
    `storage.custom_fields.put_values`, since what one person sees of it is not all of it.
    """

    custom: dict[str, Any] = Field(
        default_factory=dict, sa_type=Json, sa_column_kwargs={"nullable": False, "server_default": text("'{}'")}
    )


class CustomField(SQLModel, table=True):
    """A field of the company's. Its name and kind never change; it is put out of use, not deleted."""

    __tablename__ = "custom_field"
    __table_args__ = (
        UniqueConstraint("form", "name"),
        UniqueConstraint("form", "label_key"),
        CheckConstraint(f"kind IN ({','.join(repr(kind) for kind in CUSTOM_KINDS)})", name="kind"),
    )
    id: int | None = Field(default=None, primary_key=True)
    form: str
    name: str  # money_1a2b: bot.core.forms.NAME
    label: str
    label_key: str  # folded
    kind: str
    required: bool = False
    position: int = 0
    active: bool = True
