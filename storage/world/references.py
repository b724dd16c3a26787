"""Whether everything a world file refers to exists: in the file itself or in the database.

People and departments are those of the org mirror, and those the file names in its own upper sections: somebody
outside the address-book scope may own a customer. `by` of a follow-up may be anybody.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select

from bot.core.roles import EVERYBODY
from storage.database import Tx
from storage.dictionaries import MEANINGS, METHOD_DICTIONARY, METHODS, fold
from storage.tables import (
    Competitor,
    Customer,
    Department,
    Dictionary,
    DictionaryValue,
    Employee,
    FieldDictionary,
    Role,
    Stage,
)
from storage.world.names import hard_key
from storage.world.schema import HIDEABLE, World
from storage.world.values import WorldError

Field = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The dictionaries after the load: by folded name their labels by folded label, and the fields' bindings."""

    labels: dict[str, dict[str, str]]
    bindings: dict[Field, str]

    def read(self, field: Field, value: str, path: str) -> str:
        """The label as the dictionary writes it; free text where the field is bound to none.

        Raises:
            WorldError: the dictionary has no such value.
        """
        name = self.bindings.get(field)
        if not value or name is None:
            return value
        label = self.labels[name].get(fold(value))
        if label is None:
            raise WorldError(path, f"数据字典里没有这个选项：{value}")
        return label


def read_vocabulary(tx: Tx, world: World) -> Vocabulary:
    """What the file and the database have together; 跟进方式 is made if neither has a dictionary for it."""
    labels: dict[str, dict[str, str]] = {}
    bindings: dict[Field, str] = {}
    stored = select(Dictionary.name_key, DictionaryValue.label_key, DictionaryValue.label).join(
        DictionaryValue, col(DictionaryValue.dictionary_id) == col(Dictionary.id), isouter=True
    )
    for name, key, label in tx.exec(stored).all():
        values = labels.setdefault(name, {})
        if key is not None:
            values[key] = label
    bound = select(FieldDictionary.form, FieldDictionary.field, Dictionary.name_key).join(
        Dictionary, col(Dictionary.id) == col(FieldDictionary.dictionary_id)
    )
    for form, field, name in tx.exec(bound).all():
        bindings[form, field] = name
    for record in world.dictionaries:
        values = labels.setdefault(fold(record.name), {})
        values |= {fold(label): label for label in record.values}
    for binding in world.field_dictionaries:
        bindings[binding.form, binding.field] = fold(binding.dictionary)
    for meaning, name in MEANINGS.items():
        if meaning not in bindings and fold(name) in labels:
            bindings[meaning] = fold(name)
    if ("followup", "method") not in bindings:
        used = (one.method for customer in world.customers for one in customer.follow_ups if one.method)
        made = labels[fold(METHOD_DICTIONARY)] = {}
        for label in (*METHODS, *used):
            made.setdefault(fold(label), label)
        bindings["followup", "method"] = fold(METHOD_DICTIONARY)
    return Vocabulary(labels, bindings)


class References:
    """Checks one file. Each complaint names the first place that is wrong."""

    def __init__(self, tx: Tx, world: World, document: Mapping[str, Any]) -> None:
        self._world = world
        self._users = {*tx.exec(select(Employee.user_id)).all(), *_named(document, "users", "userid")}
        self._departments = {
            *tx.exec(select(Department.department_id)).all(),
            *_named(document, "departments", "id"),
        }
        self._roles = {*tx.exec(select(Role.name_key)).all(), *(fold(r.name) for r in world.roles), fold(EVERYBODY)}
        self._stages = {*tx.exec(select(Stage.name)).all(), *(s.name for s in world.stages)}
        self._competitors = {*tx.exec(select(Competitor.name)).all(), *(c.name for c in world.competitors)}
        self._customers = {
            *tx.exec(select(Customer.name_key)).all(),
            *(hard_key(c.name) for c in world.customers),
        }
        self._dictionaries = {
            *tx.exec(select(Dictionary.name_key)).all(),
            *(fold(d.name) for d in world.dictionaries),
        }

    def check(self) -> None:
        """Raises WorldError for a record that stands twice, or refers to what is nowhere."""
        self._check_twice()
        self._check_settings()
        self._check_dictionaries()
        self._check_roles()
        self._check_sales()
        self._check_flow()

    def _user(self, user: str | None, path: str) -> None:
        if user and user not in self._users:
            raise WorldError(path, f"没有这个人：{user}")

    def _department(self, department: int | None, path: str) -> None:
        if department is not None and department not in self._departments:
            raise WorldError(path, f"没有这个部门：{department}")

    def _check_twice(self) -> None:
        world = self._world
        _unique("dictionaries", "name", (fold(d.name) for d in world.dictionaries))
        for i, record in enumerate(world.dictionaries):
            _unique(f"dictionaries[{i}].values", "", map(fold, record.values))
        _unique("field_dictionaries", "field", ((b.form, b.field) for b in world.field_dictionaries))
        _unique("stages", "name", (s.name for s in world.stages))
        _unique("products", "code", (p.code for p in world.products))
        _unique("competitors", "name", (c.name for c in world.competitors))
        _unique("roles", "name", (fold(r.name) for r in world.roles))
        for i, role in enumerate(world.roles):
            _unique(f"roles[{i}].members", "user", (m.user for m in role.members))
        _unique("customers", "name", (hard_key(c.name) for c in world.customers))
        _unique("customers", "credit_code", (c.credit_code.upper() or None for c in world.customers))
        for i, customer in enumerate(world.customers):
            _unique(f"customers[{i}].contacts", "main", (c.main or None for c in customer.contacts))
        _unique("claims", "user", (c.user for c in world.claims))
        _unique("opportunities", "name", ((hard_key(o.customer), o.name) for o in world.opportunities))
        for i, opportunity in enumerate(world.opportunities):
            _unique(f"opportunities[{i}].competitors", "", opportunity.competitors)
        _unique("contracts", "no", (c.no for c in world.contracts))
        cells: set[tuple[object, ...]] = set()
        for i, target in enumerate(world.targets):
            for month in target.amounts():
                cell = (target.user, target.department, target.metric, target.year, month)
                if cell in cells:
                    raise WorldError(f"targets[{i}]", f"{target.year} 年 {month} 月的目标重复了")
                cells.add(cell)

    def _check_settings(self) -> None:
        settings = self._world.settings
        if settings is None:
            return
        self._user(settings.consented_by, "settings.consented_by")
        for i, user in enumerate(settings.admins):
            self._user(user, f"settings.admins[{i}]")
        for i, user in enumerate(settings.usage_scope.users):
            self._user(user, f"settings.usage_scope.users[{i}]")
        for i, department in enumerate(settings.usage_scope.departments):
            self._department(department, f"settings.usage_scope.departments[{i}]")

    def _check_dictionaries(self) -> None:
        forms = {form for form, _ in MEANINGS}
        for i, binding in enumerate(self._world.field_dictionaries):
            path = f"field_dictionaries[{i}]"
            if binding.form not in forms:
                raise WorldError(f"{path}.form", f"没有取字典选项的表单：{binding.form}")
            if (binding.form, binding.field) not in MEANINGS:
                raise WorldError(f"{path}.field", f"这个字段不取字典选项：{binding.field}")
            if fold(binding.dictionary) not in self._dictionaries:
                raise WorldError(f"{path}.dictionary", f"没有这个数据字典：{binding.dictionary}")

    def _check_roles(self) -> None:
        for i, role in enumerate(self._world.roles):
            if fold(role.name) == fold(EVERYBODY) and role.members:
                raise WorldError(f"roles[{i}].members", f"{EVERYBODY}是内置角色，没有单独的成员")
            for j, member in enumerate(role.members):
                self._user(member.user, f"roles[{i}].members[{j}].user")
                for k, department in enumerate(member.departments):
                    self._department(department, f"roles[{i}].members[{j}].departments[{k}]")

    def _check_sales(self) -> None:
        world = self._world
        for i, lead in enumerate(world.leads):
            self._user(lead.owner, f"leads[{i}].owner")
        for i, customer in enumerate(world.customers):
            self._user(customer.owner, f"customers[{i}].owner")
        for i, claim in enumerate(world.claims):
            self._user(claim.user, f"claims[{i}].user")
        for i, one in enumerate(world.opportunities):
            self._customer(one.customer, f"opportunities[{i}].customer")
            if one.stage and one.stage not in self._stages:
                raise WorldError(f"opportunities[{i}].stage", f"没有这个销售阶段：{one.stage}")
            self._user(one.owner, f"opportunities[{i}].owner")
            for j, name in enumerate(one.competitors):
                if name not in self._competitors:
                    raise WorldError(f"opportunities[{i}].competitors[{j}]", f"没有这个竞争对手：{name}")
        for i, contract in enumerate(world.contracts):
            self._customer(contract.customer, f"contracts[{i}].customer")
            self._user(contract.owner, f"contracts[{i}].owner")
        for i, target in enumerate(world.targets):
            if (target.user is None) == (target.department is None):
                raise WorldError(f"targets[{i}]", "要写 user 或 department，二选一")
            self._user(target.user, f"targets[{i}].user")
            self._department(target.department, f"targets[{i}].department")

    def _customer(self, name: str, path: str) -> None:
        if hard_key(name) not in self._customers:
            raise WorldError(path, f"没有这个客户：{name}")

    def _check_flow(self) -> None:
        flow = self._world.invoice_flow
        for i, node in enumerate(flow.nodes if flow else ()):
            path = f"invoice_flow.nodes[{i}]"
            for j, role in enumerate(node.participants.roles):
                if fold(role) not in self._roles:
                    raise WorldError(f"{path}.participants.roles[{j}]", f"没有这个角色：{role}")
            for j, user in enumerate(node.participants.users):
                self._user(user, f"{path}.participants.users[{j}]")
            for j, field in enumerate(node.hidden_fields):
                if field not in HIDEABLE:
                    raise WorldError(f"{path}.hidden_fields[{j}]", f"不认识的字段：{field}")


def check_values(world: World, vocabulary: Vocabulary) -> None:
    """Raises WorldError for a value its field's dictionary does not have."""
    checks: Iterable[tuple[str, Iterable[Any], tuple[tuple[Field, str, Callable[[Any], str]], ...]]] = (
        ("products", world.products, (
            (("product", "category"), "category", lambda r: r.category),
            (("product", "unit"), "unit", lambda r: r.unit),
        )),
        ("leads", world.leads, ((("lead", "source"), "source", lambda r: r.source),)),
        ("customers", world.customers, (
            (("customer", "class"), "class", lambda r: r.category),
            (("customer", "industry"), "industry", lambda r: r.industry),
            (("customer", "source"), "source", lambda r: r.source),
        )),
        ("opportunities", world.opportunities, ((("opportunity", "source"), "source", lambda r: r.source),)),
    )  # fmt: skip
    for section, records, fields in checks:
        for i, record in enumerate(records):
            for field, key, get in fields:
                vocabulary.read(field, get(record), f"{section}[{i}].{key}")
    for i, customer in enumerate(world.customers):
        for j, one in enumerate(customer.follow_ups):
            vocabulary.read(("followup", "method"), one.method, f"customers[{i}].follow_ups[{j}].method")


def _named(document: Mapping[str, Any], section: str, key: str) -> set[Any]:
    records = document.get(section)
    if not isinstance(records, list):
        return set()
    values = (one.get(key) for one in records if isinstance(one, dict))
    return {value for value in values if isinstance(value, str | int)}


def _unique(section: str, key: str, keys: Iterable[Hashable]) -> None:
    seen: dict[Hashable, int] = {}
    for i, value in enumerate(keys):
        if value is None:
            continue
        if value in seen:
            path = f"{section}[{i}].{key}".removesuffix(".")
            raise WorldError(path, f"和第 {seen[value] + 1} 项重复")
        seen[value] = i
