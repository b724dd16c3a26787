"""Who decides at a node, found out when the application comes to it (R3.51a, R-APP-3)."""

from collections.abc import Sequence

from bot.context import Context
from bot.identity import may_be_told
from handlers.flows import rules
from handlers.flows.rules import Chosen, NobodyDecides, Step
from storage import delegations, flows, org, people
from storage.database import Tx

LEADER = "leader"
SUPERIOR = "superior:"  # followed by how many levels up


def step_choose(
    tx: Tx, ctx: Context, step: Step, applicants: Sequence[str], *, administrators: bool = False
) -> Chosen:  # fmt: skip
    """`applicants`: the starter first. `administrators`: they decide, whoever is set. Raises NobodyDecides."""
    candidates = [] if administrators else candidates_of(tx, step.roles, step.users, step.superiors, applicants[0])
    return step_settle(tx, ctx, candidates, applicants, step.name)


def step_settle(tx: Tx, ctx: Context, candidates: Sequence[str], applicants: Sequence[str], node: str) -> Chosen:
    """Who of these, or for these, gets the task. Raises NobodyDecides."""
    admins = ctx.settings.admins
    delegates = delegations.delegates(tx, candidates, ctx.today)
    asked = {*candidates, *admins, *delegates.values()}
    able = {user for user in asked if may_be_told(tx, user, ctx.settings)}
    chosen = rules.choose(candidates, admins, applicants=applicants, able=able, delegates=delegates)
    if chosen is None:
        raise NobodyDecides(f"「{node}」现在没有人能处理，请管理员发送「开票审批设置」指定参与者，再试一次。")
    return chosen


def candidates_of(
    tx: Tx, roles: Sequence[tuple[int, str]], users: Sequence[str], superiors: Sequence[str], starter_id: str
) -> list[str]:
    """Everybody who is set, in the order of the setting: people, roles, superiors of the applicant."""
    found = [*users, *flows.members_of(tx, [i for i, _ in roles])]
    for superior in superiors:
        found += _superiors(tx, superior, starter_id)
    return list(dict.fromkeys(found))


def copies_of(tx: Tx, ctx: Context, step: Step, starter_id: str) -> list[str]:
    """Who is told at a node (抄送), without the applicant and those no notice may go to."""
    found = candidates_of(tx, step.copy_roles, step.copy_users, step.copy_superiors, starter_id)
    return [u for u in found if u != starter_id and may_be_told(tx, u, ctx.settings)]


def _superiors(tx: Tx, superior: str, starter_id: str) -> list[str]:
    if superior == LEADER:
        return _leaders(tx, starter_id)
    above: str | None = starter_id
    seen = set[str]()
    for _ in range(int(superior.removeprefix(SUPERIOR))):
        if above is None or above in seen:
            return []
        seen.add(above)
        person = people.get_employee(tx, above)
        above = person.manager_user_id if person is not None else None
    return [above] if above is not None else []


def _leaders(tx: Tx, starter_id: str) -> list[str]:
    """Of his main department, or of the nearest above it that has one who is not he."""
    departments = people.departments_of(tx, starter_id)
    parents = {i: parent for i, _, parent in people.department_parents(tx)}
    at = departments[0] if departments else None
    seen = set[int]()
    while at is not None and at not in seen:
        seen.add(at)
        leaders = sorted(org.leaders_of(tx, at) - {starter_id})
        if leaders:
            return leaders
        at = parents.get(at)
    return []
