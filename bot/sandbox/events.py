"""Tells the app what changed in the company: contact events with the exact bodies of platform.md 6.5.

A firm chooses one way to be told (推送方式): over the stream, or, where knob `http_callback_url` names an address,
by encrypted HTTP pushes (section 10).
"""

from collections.abc import Sequence
from typing import Any

import orjson

from bot.sandbox import http_callbacks
from bot.sandbox.company_records import Person, Role
from bot.sandbox.state import Sandbox


def fire(sandbox: Sandbox, event_type: str, data: dict[str, Any]) -> None:
    """Send one event beside the caller; whether it arrives, and how often, is the road's business."""
    if sandbox.knobs.http_callback_url:
        http_callbacks.deliver(sandbox, event_type, data)
    else:
        sandbox.switchboard.event(event_type, data)


def _stamped(sandbox: Sandbox, **data: Any) -> dict[str, Any]:
    return {"timeStamp": str(sandbox.clock.millis()), **data}


def people_joined(sandbox: Sandbox, userids: Sequence[str]) -> None:
    """One event for all who joined together."""
    fire(sandbox, "user_add_org", _stamped(sandbox, userId=list(userids)))


def people_left(sandbox: Sandbox, userids: Sequence[str]) -> None:
    """One event for all who left together."""
    fire(sandbox, "user_leave_org", _stamped(sandbox, userId=list(userids)))


def person_changed(sandbox: Sandbox, before: Person, after: Person) -> None:
    """The events that one person's change causes; a change of the personal profile (avatar) causes none."""
    if _organisational(before) != _organisational(after):
        data = _stamped(sandbox, userId=[after.userid], diffInfo=diff_info(before, after))
        fire(sandbox, "user_modify_org", data)
    if after.active and not before.active:
        fire(sandbox, "user_active_org", {"userId": [after.userid]})
    if after.dingtalk_admin != before.dingtalk_admin:
        kind = "org_admin_add" if after.dingtalk_admin else "org_admin_remove"
        fire(sandbox, kind, _stamped(sandbox, userId=[after.userid]))


def people_changed(sandbox: Sandbox, userids: Sequence[str]) -> None:
    """One event for many changed together; without diffInfo, which describes one person."""
    fire(sandbox, "user_modify_org", _stamped(sandbox, userId=list(userids)))


def department_event(sandbox: Sandbox, verb: str, department_ids: Sequence[int]) -> None:
    """`verb`: create, modify or remove."""
    fire(sandbox, f"org_dept_{verb}", {"deptId": list(department_ids)})


def company_changed(sandbox: Sandbox) -> None:
    """The firm's own data changed, such as its name."""
    fire(sandbox, "org_change", {})


def role_members_changed(sandbox: Sandbox, role: Role, userids: Sequence[str], action: str) -> None:
    """`action`: `add` is documented, `remove` is our reading of "other values"."""
    data = {"userIdList": list(userids), "action": action, "labelIdList": [role.id]}
    fire(sandbox, "label_user_change", data)


def role_changed(sandbox: Sandbox, before: Role | None, after: Role | None) -> None:
    """A role appeared, was renamed or went."""
    if before is None and after is not None:
        fire(sandbox, "label_conf_add", {"scope": "1", "labelIdList": [after.id]})
    elif before is not None and after is None:
        fire(sandbox, "label_conf_del", {"labelIdList": [before.id]})
    elif before is not None and after is not None and _label(before) != _label(after):
        data = {
            "scope": "1",
            "labelIdList": [after.id],
            "preLabelList": [_label(before)],
            "postLabelList": [_label(after)],
        }
        fire(sandbox, "label_conf_modify", data)


def _label(role: Role) -> str:
    return orjson.dumps({"id": role.id, "name": role.name, "groupId": role.group_id}).decode()


def _organisational(person: Person) -> tuple[object, ...]:
    return (
        person.name,
        person.departments,
        person.leads,
        person.title,
        person.mobile,
        person.manager,
        person.email,
        person.org_email,
        person.job_number,
        person.telephone,
        person.work_place,
        person.remark,
        person.extension,
        person.hired_on,
        person.boss,
        person.senior,
        person.hide_mobile,
    )


def diff_info(before: Person, after: Person) -> dict[str, Any]:
    """What changed of the seven documented fields; a value that was cleared stands in `prev` only."""
    prev, curr = _diffable(before), _diffable(after)
    changed = [key for key in prev if prev[key] != curr[key]]
    return {
        "prev": {key: prev[key] for key in changed if prev[key]},
        "curr": {key: curr[key] for key in changed if curr[key]},
        "userid": after.userid,
    }


def _diffable(person: Person) -> dict[str, str]:
    return {
        "managerUserid": person.manager or "",
        "hiredDate": person.hired_on.isoformat() if person.hired_on else "",
        "name": person.name,
        "telephone": person.telephone,
        "email": person.email,
        "jobNumber": person.job_number,
        "workPlace": person.work_place,
    }


def checked_in(sandbox: Sandbox, userid: str, millis: int) -> None:
    """A 签到: who and when, nothing else ("用户签到")."""
    fire(sandbox, "check_in", {"timeStamp": millis, "staffId": userid})
