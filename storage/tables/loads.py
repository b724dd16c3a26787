"""What world files have brought, so that loading one again does not undo the work done since."""

from sqlmodel import Field, SQLModel


class LoadedRecord(SQLModel, table=True):
    """One record of a world file as it was last loaded. The same digest again: nothing to do."""

    __tablename__ = "loaded_record"
    section: str = Field(primary_key=True)  # as in the file: customers
    key: str = Field(primary_key=True)  # its natural key
    digest: str  # SHA-256 of the record's canonical JSON, hex
