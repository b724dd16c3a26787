"""Address-book records as DingTalk prints them: which field is there, by value, right and knob (6.1, 6.2)."""

from datetime import datetime
from typing import Any

from bot.sandbox.clock import SHANGHAI
from bot.sandbox.company import Company
from bot.sandbox.company_records import Department, Person
from bot.sandbox.state import Knobs

FIELD_RIGHTS = {
    "fieldMobile": ("mobile",),
    "fieldEmail": ("email", "work_place", "remark", "extension", "org_email"),
}
READABLE_FIELDS = (
    "name",
    "email",
    "userid",
    "position",
    "isAdmin",
    "active",
    "avatar",
    "mobile",
    "jobnumber",
    "tel",
    "workPlace",
    "remark",
    "orgEmail",
    "extattr",
    "unionid",
    "isHide",
    "isBoss",
    "isLeader",
)
"""`auth_user_field` of /auth/scopes has spellings of its own; below, those that a field right governs."""

SCOPE_SPELLING = {
    "email": "email",
    "mobile": "mobile",
    "work_place": "workPlace",
    "remark": "remark",
    "org_email": "orgEmail",
    "extension": "extattr",
}


def hidden_fields(knobs: Knobs) -> set[str]:
    """Return the record fields that were not granted: knob `hidden_fields`, by field or by right (fieldMobile…)."""
    return {field for name in knobs.hidden_fields for field in FIELD_RIGHTS.get(name, (name,))}


def auth_user_fields(knobs: Knobs) -> list[str]:
    """Return the granted fields in the spelling of /auth/scopes."""
    hidden = {SCOPE_SPELLING.get(field, field) for field in hidden_fields(knobs)}
    return [field for field in READABLE_FIELDS if field not in hidden]


def department_row(department: Department) -> dict[str, Any]:
    """Return a department as listsub prints it; the root has no parent_id."""
    row: dict[str, Any] = {
        "dept_id": department.id,
        "name": department.name,
        "create_dept_group": False,
        "auto_add_user": False,
    }
    if department.parent is not None:
        row["parent_id"] = department.parent
    return row


def department_detail(company: Company, department: Department) -> dict[str, Any]:
    """Return a department as department/get prints it."""
    return {
        **department_row(department),
        "order": department.order,
        "dept_manager_userid_list": company.leaders(department.id),
        "org_dept_owner": "",
        "outer_dept": False,
        "outer_permit_depts": [],
        "outer_permit_users": [],
        "hide_dept": False,
        "dept_permits": [],
        "user_permits": [],
        "group_contain_sub_dept": False,
        "member_count": len(company.people_below(department.id)),
        "owning_member_count": company.member_count(department.id),
        "tags": "",
    }


def _common(person: Person, hidden: set[str]) -> dict[str, Any]:
    record: dict[str, Any] = {
        "userid": person.userid,
        "unionid": person.unionid,
        "name": person.name,
        "active": person.active,
        "admin": person.dingtalk_admin,
        "boss": person.boss,
        "hide_mobile": person.hide_mobile,
        "exclusive_account": False,
        "dept_id_list": list(person.departments),
        "title": person.title,
        "mobile": person.mobile,
        "telephone": person.telephone,
        "job_number": person.job_number,
        "email": person.email,
        "org_email": person.org_email,
        "work_place": person.work_place,
        "remark": person.remark,
        "avatar": person.avatar,
        "extension": person.extension,
    }
    if person.mobile:
        record["state_code"] = "86"
    if person.hired_on is not None:
        moment = datetime.combine(person.hired_on, datetime.min.time(), tzinfo=SHANGHAI)
        record["hired_date"] = int(moment.timestamp() * 1000)
    return {key: value for key, value in record.items() if value != "" and key not in hidden}


def user_row(person: Person, department_id: int, knobs: Knobs) -> dict[str, Any]:
    """Return a person as user/list prints one: `leader` and `dept_order` of that department, no manager."""
    row = _common(person, hidden_fields(knobs))
    row |= {"leader": department_id in person.leads, "dept_order": _order(person, department_id)}
    return _as_strings(row) if knobs.strings_for_bools else row


def user_detail(company: Company, person: Person, knobs: Knobs) -> dict[str, Any]:
    """Return a person as user/get prints it; `manager_userid` only where a 直属主管 is set."""
    record = _common(person, hidden_fields(knobs))
    departments = list(dict.fromkeys((*person.departments, *person.leads)))
    record |= {
        "real_authed": person.active,
        "senior": person.senior,
        "dept_order_list": [{"dept_id": one, "order": _order(person, one)} for one in person.departments],
        "leader_in_dept": [{"dept_id": one, "leader": one in person.leads} for one in departments],
        "role_list": [
            {"id": role.id, "name": role.name, "group_name": role.group_name}
            for role in company.roles_of(person.userid)
        ],
        "dept_position_list": [],
    }
    if person.manager is not None:
        record["manager_userid"] = person.manager
    record = {key: value for key, value in record.items() if key not in hidden_fields(knobs)}
    return _as_strings(record) if knobs.strings_for_bools else record


def _order(person: Person, department_id: int) -> int:
    """A stable number as DingTalk's huge ones are; where somebody stands in a department is nobody's concern."""
    return 176_000_000_000_000 + person.departments.index(department_id) + department_id


def _as_strings(value: Any) -> Any:
    """Print booleans and numbers as texts, as the documents' own examples do; id lists stay numbers."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        return {key: _as_strings(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_strings(one) if isinstance(one, dict) else one for one in value]
    return value
