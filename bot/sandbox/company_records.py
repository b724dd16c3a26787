"""What the sandbox's company is made of: immutable records and the refusal of a change."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

ROOT_ID = 1


@dataclass(frozen=True, slots=True)
class Department:
    """One department; `parent` is None for the root (id 1) alone."""

    id: int
    name: str
    parent: int | None = None
    order: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """One employee as the firm's address book holds it.

    `leads` names the departments this person is 主管 of, `manager` the 直属主管: two things in DingTalk.
    Everything after `active` is optional: an empty value is absent from the platform's answers.
    """

    userid: str
    name: str
    departments: tuple[int, ...] = (ROOT_ID,)
    leads: tuple[int, ...] = ()
    title: str = ""
    mobile: str = ""
    manager: str | None = None
    dingtalk_admin: bool = False
    active: bool = True
    email: str = ""
    org_email: str = ""
    job_number: str = ""
    telephone: str = ""
    work_place: str = ""
    remark: str = ""
    avatar: str = ""
    extension: str = ""
    hired_on: date | None = None
    boss: bool = False
    senior: bool = False
    hide_mobile: bool = False
    union: str = ""  # the unionid, where it is not the one made from the userid

    @property
    def unionid(self) -> str:
        """The id that outlives joining and leaving; unless given, a pure function of the userid."""
        return self.union or unionid_of(self.userid)


@dataclass(frozen=True, slots=True)
class Group:
    """A group chat of the firm; `id` is its openConversationId."""

    id: str
    name: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AddressBookScope:
    """What the app's token may read (通讯录权限范围); a department includes all below it."""

    departments: tuple[int, ...] = (ROOT_ID,)
    users: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Role:
    """A DingTalk role (label) with its members and, per member, the departments he manages in that role."""

    id: int
    name: str
    group_id: int
    group_name: str
    members: tuple[str, ...] = ()
    manage_scopes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


def unionid_of(userid: str) -> str:
    """Return the unionId of a userid: letters and digits only, the same in every run."""
    return f"Pu{hashlib.sha256(f'dingcrm-sandbox:{userid}'.encode()).hexdigest()[:22]}iE"


class CompanyError(Exception):
    """A change that the present state does not allow. `kind`: missing | taken | refused | invalid."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
