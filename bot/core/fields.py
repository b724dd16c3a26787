"""How much of a form's field a person has: nothing, its outline, to look at, to fill in (R-PERM-5)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

Field = tuple[str, str]  # form, field: names of the contract `world.md`


class FieldLevel(StrEnum):
    """From least to most; each includes what stands before it."""

    HIDDEN = "hidden"
    MASKED = "masked"
    READ = "read"
    WRITE = "write"


LEVELS = tuple(FieldLevel)
LEVEL_NAMES = {
    FieldLevel.HIDDEN: "隐藏", FieldLevel.MASKED: "脱敏", FieldLevel.READ: "只读", FieldLevel.WRITE: "可写",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FieldRights:
    """The fields a person has less than everything of. What is not named can be read and written."""

    limits: frozenset[tuple[str, str, FieldLevel]] = frozenset()

    def __bool__(self) -> bool:
        """Whether anything is limited."""
        return bool(self.limits)

    def level(self, form: str, field: str) -> FieldLevel:
        """What the person has of one field."""
        return _table(self.limits).get((form, field), FieldLevel.WRITE)


@lru_cache(maxsize=256)
def _table(limits: frozenset[tuple[str, str, FieldLevel]]) -> dict[Field, FieldLevel]:
    return {(form, field): level for form, field, level in limits}


ALL_FIELDS = FieldRights()


def most(roles: Iterable[tuple[frozenset[str], Mapping[Field, FieldLevel]]]) -> FieldRights:
    """What several roles, each as (functions, its settings), add up to: the most permissive counts.

    A role has a say about a form's fields if it has a function of that form or names one of its fields; so a role
    for something else does not undo what another one hides. A field it does not name it leaves as it is: writable.
    """
    roles = list(roles)
    limits = set()
    for field in {f for _, settings in roles for f in settings}:
        form = field[0]
        level = max(
            (
                settings.get(field, FieldLevel.WRITE)
                for functions, settings in roles
                if field in settings or speaks_of(functions, form)
            ),
            key=LEVELS.index,
        )
        if level is not FieldLevel.WRITE:
            limits.add((*field, level))
    return FieldRights(frozenset(limits))


def least(settings: Iterable[tuple[Field, FieldLevel]]) -> FieldRights:
    """What everybody may be shown at once (a group's card): the least that any role has."""
    limits: dict[Field, FieldLevel] = {}
    for field, level in settings:
        limits[field] = min(level, limits.get(field, level), key=LEVELS.index)
    return FieldRights(frozenset((*f, v) for f, v in limits.items() if v is not FieldLevel.WRITE))


def speaks_of(functions: Iterable[str], form: str) -> bool:
    """Whether a role with these functions has to do with the form's records."""
    return any(function.partition(":")[0] == form for function in functions)
