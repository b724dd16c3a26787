"""Loads what the company decides: settings, dictionaries, stages, products, competitors, roles, targets, the flow."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete
from sqlmodel import SQLModel, col, select

from bot.core.roles import EVERYBODY
from storage.dictionaries import METHOD_DICTIONARY, fold
from storage.flows import INVOICE
from storage.settings import CompanySettings, put_setting, write_setting
from storage.tables import (
    ClaimCarry,
    Competitor,
    Dictionary,
    DictionaryValue,
    FieldDictionary,
    FlowNode,
    Product,
    Role,
    RoleFunction,
    RoleMember,
    RoleMemberDepartment,
    Stage,
    Target,
)
from storage.world.ledger import Loading
from storage.world.references import Vocabulary
from storage.world.schema import CompetitorRecord, MemberRecord, ProductRecord, RoleRecord, StageRecord

BY = ""  # the author of what a load writes: the system


def load_settings(load: Loading) -> None:
    """The names the file has. On a company at work a tightened return rule counts from today (D3).

    On a fresh database it does not: then the dates of the file count.
    """
    settings = load.world.settings
    if settings is None:
        return
    values = settings.model_dump(mode="json")
    for name in CompanySettings.model_fields:
        if name not in settings.model_fields_set or not load.is_new("settings", name, load.raw["settings"][name]):
            continue
        if load.running:
            write_setting(load.tx, name, values[name], by=BY, now=load.now)
        else:
            put_setting(load.tx, name, values[name], by=BY, now=load.now)
        load.wrote("settings", created=not load.running)


def load_dictionaries(load: Loading, vocabulary: Vocabulary) -> None:
    """A dictionary's values are those of the file, in its order; others it had are switched off, not deleted."""
    tx = load.tx
    dictionaries = {one.name_key: one for one in tx.exec(select(Dictionary)).all()}
    values: dict[int | None, dict[str, DictionaryValue]] = {}
    for value in tx.exec(select(DictionaryValue)).all():
        values.setdefault(value.dictionary_id, {})[value.label_key] = value

    def put(name: str, labels: Sequence[str]) -> None:
        dictionary = dictionaries.get(fold(name))
        if created := dictionary is None:
            dictionary = dictionaries[fold(name)] = Dictionary(name=name, name_key=fold(name))
            tx.add(dictionary)
            tx.flush()
        assert dictionary is not None
        assert dictionary.id is not None
        old = values.get(dictionary.id, {})
        for position, label in enumerate(labels):
            value = old.pop(fold(label), None) or DictionaryValue(
                dictionary_id=dictionary.id, label=label, label_key=fold(label)
            )
            value.position, value.enabled = position, True
            tx.add(value)
        for value in old.values():
            value.enabled = False
        load.wrote("dictionaries", created=created)

    for record, raw in zip(load.world.dictionaries, load.raw.get("dictionaries", ()), strict=True):
        if load.is_new("dictionaries", fold(record.name), raw):
            put(record.name, record.values)
    if vocabulary.bindings["followup", "method"] not in dictionaries:
        put(METHOD_DICTIONARY, list(vocabulary.labels[fold(METHOD_DICTIONARY)].values()))
    tx.flush()
    _bind(load, vocabulary, {key: one.id for key, one in dictionaries.items()})


def _bind(load: Loading, vocabulary: Vocabulary, ids: dict[str, int | None]) -> None:
    """The file's bindings, where they are new, and those by meaning where a field has none."""
    named = {(b.form, b.field): b for b in load.world.field_dictionaries}
    for (form, field), name in vocabulary.bindings.items():
        binding = named.get((form, field))
        row = load.tx.get(FieldDictionary, (form, field))
        if binding is None and row is not None:
            continue
        if binding is not None and not load.is_new("field_dictionaries", f"{form}.{field}", binding.model_dump()):
            continue
        dictionary_id = ids[name]
        assert dictionary_id is not None
        created = row is None
        row = row or FieldDictionary(form=form, field=field, dictionary_id=dictionary_id)
        row.dictionary_id = dictionary_id
        load.tx.add(row)
        if binding is not None:
            load.wrote("field_dictionaries", created=created)
    load.tx.flush()


def load_catalogue(load: Loading, vocabulary: Vocabulary) -> None:
    """Stages in the file's order, products by code, competitors by name."""
    tx = load.tx
    stages = {one.name: one for one in tx.exec(select(Stage)).all()}
    for position, record in enumerate(load.world.stages):
        raw = [position, load.raw["stages"][position]]
        if load.is_new("stages", record.name, raw):
            _put(load, "stages", stages.get(record.name), Stage, {**_given(record), "position": position})
    products = {one.code: one for one in tx.exec(select(Product)).all()}
    for i, product in enumerate(load.world.products):
        if load.is_new("products", product.code, load.raw["products"][i]):
            fields = _given(product)
            for name in fields.keys() & {"category", "unit"}:
                fields[name] = vocabulary.read(("product", name), fields[name], f"products[{i}].{name}")
            _put(load, "products", products.get(product.code), Product, fields)
    competitors = {one.name: one for one in tx.exec(select(Competitor)).all()}
    for i, competitor in enumerate(load.world.competitors):
        if load.is_new("competitors", competitor.name, load.raw["competitors"][i]):
            _put(load, "competitors", competitors.get(competitor.name), Competitor, _given(competitor))
    tx.flush()


def _given(record: StageRecord | ProductRecord | CompetitorRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.model_fields_set}


def _put(load: Loading, section: str, row: SQLModel | None, model: type[SQLModel], fields: dict[str, Any]) -> None:
    if row is None:
        defaults = {"win_rate": 0} if model is Stage else {}
        load.tx.add(model(**{**defaults, **fields}))
    else:
        for name, value in fields.items():
            setattr(row, name, value)
        load.tx.add(row)
    load.wrote(section, created=row is None)


def load_roles(load: Loading) -> None:
    """Roles with functions and members; 所有用户 is there afterwards in any case, with no functions of its own."""
    tx = load.tx
    roles = {one.name_key: one for one in tx.exec(select(Role)).all()}
    if fold(EVERYBODY) not in roles:
        roles[fold(EVERYBODY)] = built_in = Role(name=EVERYBODY, name_key=fold(EVERYBODY))
        tx.add(built_in)
    for i, record in enumerate(load.world.roles):
        if not load.is_new("roles", fold(record.name), load.raw["roles"][i]):
            continue
        role = roles.get(fold(record.name))
        created = role is None
        role = role or Role(name=record.name, name_key=fold(record.name))
        for name in record.model_fields_set & {"data_scope", "level"}:
            setattr(role, name, getattr(record, name))
        tx.add(role)
        tx.flush()
        assert role.id is not None
        _grant(load, role.id, record)
        load.wrote("roles", created=created)
    tx.flush()


def _grant(load: Loading, role_id: int, record: RoleRecord) -> None:
    tx = load.tx
    if "functions" in record.model_fields_set:
        tx.execute(delete(RoleFunction).where(col(RoleFunction.role_id) == role_id))
        tx.add_all(RoleFunction(role_id=role_id, function=f.value) for f in dict.fromkeys(record.functions))
    if "members" in record.model_fields_set:
        tx.execute(delete(RoleMemberDepartment).where(col(RoleMemberDepartment.role_id) == role_id))
        tx.execute(delete(RoleMember).where(col(RoleMember.role_id) == role_id))
        for member in record.members:
            tx.add(RoleMember(role_id=role_id, user_id=member.user))
            tx.add_all(_served(role_id, member))
    tx.flush()


def _served(role_id: int, member: MemberRecord) -> list[RoleMemberDepartment]:
    return [
        RoleMemberDepartment(role_id=role_id, user_id=member.user, department_id=one)
        for one in dict.fromkeys(member.departments)
    ]


def load_claims(load: Loading) -> None:
    """Claims made before: they count towards the cap, and are no rows of the claim ledger."""
    for i, record in enumerate(load.world.claims):
        if load.is_new("claims", record.user, load.raw["claims"][i]):
            row = load.tx.get(ClaimCarry, record.user)
            load.wrote("claims", created=row is None)
            row = row or ClaimCarry(user_id=record.user, count=0)
            row.count = record.count
            load.tx.add(row)


def load_targets(load: Loading) -> None:
    """Each month a file names becomes a cell; months it does not name stay as they are."""
    cells = {(t.subject_kind, t.subject_id, t.metric, t.year, t.month): t for t in load.tx.exec(select(Target)).all()}
    for i, record in enumerate(load.world.targets):
        kind, subject = ("user", record.user) if record.user else ("department", str(record.department))
        amounts = record.amounts()
        months = ",".join(map(str, sorted(amounts)))
        key = f"{kind}:{subject}:{record.metric}:{record.year}:{months}"
        if not load.is_new("targets", key, load.raw["targets"][i]):
            continue
        created = False
        for month, amount in amounts.items():
            cell = cells.get((kind, subject or "", record.metric, record.year, month))
            if cell is None:
                created = True
                cell = Target(
                    subject_kind=kind, subject_id=subject or "", metric=record.metric, year=record.year,
                    month=month, amount=amount,
                )  # fmt: skip
            cell.amount = amount
            load.tx.add(cell)
        load.wrote("targets", created=created)
    load.tx.flush()


def load_flow(load: Loading) -> None:
    """The invoice approval's nodes, in the file's order, instead of those before."""
    flow = load.world.invoice_flow
    if flow is None or not load.is_new("invoice_flow", "nodes", load.raw["invoice_flow"]):
        return
    had = load.tx.exec(select(FlowNode.id).where(FlowNode.form == INVOICE)).first() is not None
    load.tx.execute(delete(FlowNode).where(col(FlowNode.form) == INVOICE))
    load.tx.add_all(
        FlowNode(
            position=position,
            name=node.name,
            participant_roles=list(node.participants.roles),
            participant_users=list(node.participants.users),
            hidden_fields=list(node.hidden_fields),
        )
        for position, node in enumerate(flow.nodes)
    )
    load.wrote("invoice_flow", created=not had)
