"""A role as a value: what storage keeps, rules change and cards show."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from bot.core.fields import Field, FieldLevel

EVERYBODY = "所有用户"  # built in; every active employee is in it, nobody is listed (R2.35)
ADVANCED_ACTIONS = ("delete", "import", "export", "transfer", "void")  # those that can be 高级 (D11)
SCOPE_NAMES = {"self": "本人", "departments": "服务部门", "all": "全部"}
LEVEL_NAMES = {"normal": "普通", "advanced": "高级"}


@dataclass(frozen=True, slots=True)
class RoleSheet:
    """One role whole. `members`: DingTalk userId → 服务部门 of that membership."""

    id: int
    name: str
    data_scope: str = "self"  # self | departments | all
    level: str = "normal"  # normal | advanced
    functions: frozenset[str] = frozenset()
    members: Mapping[str, frozenset[int]] = field(default_factory=lambda: MappingProxyType({}))
    fields: Mapping[Field, FieldLevel] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def built_in(self) -> bool:
        """所有用户."""
        return self.name == EVERYBODY

    def to_json(self) -> dict[str, Any]:
        """For an undo and the audit: equal roles give equal documents."""
        return {
            "id": self.id, "name": self.name, "data_scope": self.data_scope, "level": self.level,
            "functions": sorted(self.functions),
            "members": {user: sorted(served) for user, served in sorted(self.members.items())},
            "fields": [[form, name, level.value] for (form, name), level in sorted(self.fields.items())],
        }  # fmt: skip

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "RoleSheet":
        """The inverse."""
        return cls(
            id=int(row["id"]), name=str(row["name"]), data_scope=str(row["data_scope"]), level=str(row["level"]),
            functions=frozenset(row["functions"]),
            members={user: frozenset(served) for user, served in row["members"].items()},
            fields={(form, name): FieldLevel(level) for form, name, level in row["fields"]},
        )  # fmt: skip


def effective_functions(
    functions: Iterable[str], level: str, advanced: Mapping[Any, Collection[str]]
) -> frozenset[str]:
    """Those of a role that count: an operation that is 高级 for its form counts only through a role of that level.

    `advanced`: form → its 高级 operations (settings.advanced_operations).
    """
    if level == "advanced":
        return frozenset(functions)
    return frozenset(f for f in functions if not is_advanced(f, advanced))


def is_advanced(function: str, advanced: Mapping[Any, Collection[str]]) -> bool:
    """Whether the function is an operation that needs a role of level 高级."""
    resource, _, action = function.partition(":")
    return action in advanced.get(resource, ())
