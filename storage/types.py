"""Column types: moments stored UTC, money stored in fen, JSON documents."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, TypeDecorator
from sqlalchemy.dialects import postgresql

from bot.core.clock import BEIJING
from bot.core.money import from_fen, to_fen


class Moment(TypeDecorator[datetime]):
    """An aware moment. Stored as UTC (SQLite: without offset), read as Beijing time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuses naive values: they would be somebody's guess."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive moment {value}")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Beijing time."""
        if value is None:
            return None
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(BEIJING)


class Fen(TypeDecorator[Decimal]):
    """Yuan in code, whole fen in the database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Raises ValueError for fractions of a fen."""
        return None if value is None else to_fen(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        """Yuan with two places."""
        return None if value is None else from_fen(value)


class _Scaled(TypeDecorator[Decimal]):
    """A decimal in code, a whole number of its smallest parts in the database: SQLite has no decimals."""

    impl = BigInteger
    cache_ok = True
    places: int

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Raises ValueError for more places than there are."""
        if value is None:
            return None
        parts = value.scaleb(self.places)
        if parts != parts.to_integral_value():
            raise ValueError(f"{value} has more than {self.places} places")
        return int(parts)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        """With all its places."""
        return None if value is None else Decimal(value).scaleb(-self.places)


class TenThousandths(_Scaled):
    """A quantity, with four places."""

    cache_ok = True
    places = 4


class Hundredths(_Scaled):
    """A percentage, with two places."""

    cache_ok = True
    places = 2


Json: Any = JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
