"""数据字典: lists of values, and which field takes its values from which list."""

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel


class Dictionary(SQLModel, table=True):
    """A list of values. The name never changes (manual 3.7)."""

    id: int | None = Field(default=None, primary_key=True)
    name: str
    name_key: str = Field(unique=True)


class DictionaryValue(SQLModel, table=True):
    """One value. In use: disabled, never deleted."""

    __tablename__ = "dictionary_value"
    __table_args__ = (UniqueConstraint("dictionary_id", "label_key"),)
    id: int | None = Field(default=None, primary_key=True)
    dictionary_id: int = Field(foreign_key="dictionary.id", index=True)
    label: str
    label_key: str
    position: int = 0
    enabled: bool = True


class FieldDictionary(SQLModel, table=True):
    """The dictionary a form's field is bound to, e.g. customer.source."""

    __tablename__ = "field_dictionary"
    form: str = Field(primary_key=True)
    field: str = Field(primary_key=True)
    dictionary_id: int = Field(foreign_key="dictionary.id")
