"""Scans of contracts."""

from datetime import datetime

from sqlmodel import Field

from storage.scope import OfContract
from storage.types import Moment


class ContractScan(OfContract, table=True):
    """扫描件 of a contract, as it was sent. What is removed stays until nobody can take that back (`storage.scans`)."""

    __tablename__ = "contract_scan"
    id: int | None = Field(default=None, primary_key=True)
    name: str  # of the file
    kind: str  # pdf, jpg, png
    size: int  # bytes
    content: bytes
    added_at: datetime = Field(sa_type=Moment)
    added_by: str
    deleted_at: datetime | None = Field(default=None, sa_type=Moment)
