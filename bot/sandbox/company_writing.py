"""Writes the company as a world file does (contract: world.md), for `GET /company` and the control plane."""

from typing import Any

from bot.sandbox.company import Company
from bot.sandbox.company_records import AddressBookScope, Department, Group, Person


def write_person(person: Person) -> dict[str, Any]:
    """Return a person as a world file writes it; additions of ours appear only when they have a value."""
    record: dict[str, Any] = {
        "userid": person.userid,
        "name": person.name,
        "departments": list(person.departments),
        "leads": list(person.leads),
        "title": person.title,
        "mobile": person.mobile,
        "manager": person.manager,
        "dingtalk_admin": person.dingtalk_admin,
        "active": person.active,
    }
    additions = (
        "email",
        "org_email",
        "job_number",
        "telephone",
        "work_place",
        "remark",
        "avatar",
        "extension",
    )
    record |= {key: value for key in additions if (value := getattr(person, key))}
    record |= {key: True for key in ("boss", "senior", "hide_mobile") if getattr(person, key)}
    if person.union:
        record["unionid"] = person.union
    if person.hired_on is not None:
        record["hired_on"] = person.hired_on.isoformat()
    return record


def write_department(department: Department) -> dict[str, Any]:
    """Return a department as a world file writes it."""
    return {
        "id": department.id,
        "name": department.name,
        "parent": department.parent,
        "order": department.order,
    }


def write_group(group: Group) -> dict[str, Any]:
    """Return a group as a world file writes it."""
    return {"id": group.id, "name": group.name, "members": list(group.members)}


def write_scope(scope: AddressBookScope) -> dict[str, Any]:
    """Return the scope as a world file writes it."""
    return {"departments": list(scope.departments), "users": list(scope.users)}


def write_company(company: Company) -> dict[str, Any]:
    """Return `departments`, `users`, `groups` and `address_book_scope` as a world file writes them."""
    return {
        "company": {"corp_id": company.corp_id, "name": company.name},
        "departments": [write_department(one) for one in company.departments.values()],
        "users": [write_person(one) for one in company.people.values()],
        "groups": [write_group(one) for one in company.groups.values()],
        "address_book_scope": write_scope(company.scope),
    }
