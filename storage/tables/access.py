"""Who may do what: settings, roles, secrets."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column
from sqlmodel import Field, SQLModel

from storage.types import Json, Moment


class Setting(SQLModel, table=True):
    """One administrator's setting, by its name in `storage.settings.CompanySettings`."""

    name: str = Field(primary_key=True)
    value: Any = Field(default=None, sa_column=Column(Json))
    changed_at: datetime | None = Field(default=None, sa_type=Moment)
    changed_by: str = ""


class SetupStamp(SQLModel, table=True):
    """One row on SQLite, none on PostgreSQL: another value with every change to the set-up (`storage.kept`)."""

    __tablename__ = "setup_stamp"
    id: int = Field(primary_key=True)
    value: str


class Secret(SQLModel, table=True):
    """A secret, encrypted under DINGCRM_SECRET_KEY; the key is never here."""

    name: str = Field(primary_key=True)
    cipher: str


class Role(SQLModel, table=True):
    """A role. 所有用户 has no members: everybody active is in it."""

    __table_args__ = (
        CheckConstraint("data_scope IN ('self','departments','all')", name="data_scope"),
        CheckConstraint("level IN ('normal','advanced')", name="level"),
    )
    id: int | None = Field(default=None, primary_key=True)
    name: str
    name_key: str = Field(unique=True)  # trimmed, width- and case-folded
    data_scope: str = "self"
    level: str = "normal"


class RoleFunction(SQLModel, table=True):
    """One function (`bot.core.actor.Permission`) of a role."""

    __tablename__ = "role_function"
    role_id: int = Field(primary_key=True, foreign_key="role.id")
    function: str = Field(primary_key=True)


class RoleMember(SQLModel, table=True):
    """A person in a role."""

    __tablename__ = "role_member"
    role_id: int = Field(primary_key=True, foreign_key="role.id")
    user_id: str = Field(primary_key=True, index=True)


class RoleMemberDepartment(SQLModel, table=True):
    """A 服务部门 of a membership (not of the role): manual 2.3.3."""

    __tablename__ = "role_member_department"
    role_id: int = Field(primary_key=True, foreign_key="role.id")
    user_id: str = Field(primary_key=True, index=True)
    department_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})


class RoleField(SQLModel, table=True):
    """How much of one form field a role has; a field without a row is writable (R-PERM-5)."""

    __tablename__ = "role_field"
    __table_args__ = (CheckConstraint("level IN ('hidden','masked','read','write')", name="level"),)
    role_id: int = Field(primary_key=True, foreign_key="role.id")
    form: str = Field(primary_key=True)  # names of bot.core.forms
    field: str = Field(primary_key=True)
    level: str
