"""Yuan as Decimal with two places; fen only in the database."""

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def yuan(value: str | int | Decimal) -> Decimal:
    """`value` in yuan, rounded half up to fen. Never give it a float."""
    return Decimal(value).quantize(CENT, rounding=ROUND_HALF_UP)


def to_fen(amount: Decimal) -> int:
    """Whole fen. Raises ValueError if `amount` has more than two places."""
    fen = amount * 100
    if fen != fen.to_integral_value():
        raise ValueError(f"{amount} has a fraction of a fen")
    return int(fen)


def from_fen(fen: int) -> Decimal:
    """Yuan with two places."""
    return Decimal(fen).scaleb(-2).quantize(CENT)
