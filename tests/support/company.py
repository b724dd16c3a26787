"""The small company in a database, without DingTalk: the mirror written directly, the rest loaded."""

from datetime import datetime
from typing import Any

from sqlmodel import select

from bot.core.clock import BEIJING
from storage.database import Database, Tx
from storage.tables import Customer, Department, Employee, EmployeeDepartment
from storage.world.load import load_world
from tests.support.world import small_world

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=BEIJING)


def mirror(tx: Tx, world: dict[str, Any], now: datetime = NOW) -> None:
    """What a full sync would have written."""
    for row in world["departments"]:
        tx.add(Department(department_id=row["id"], name=row["name"], parent_id=row.get("parent")))
    for row in world["users"]:
        tx.add(
            Employee(
                user_id=row["userid"], name=row["name"], joined_at=now, active=True, mobile=row.get("mobile"),
                dingtalk_admin=row.get("dingtalk_admin", False),
            )
        )  # fmt: skip
    tx.flush()
    for row in world["users"]:
        for position, department_id in enumerate(row["departments"]):
            leads = department_id in row.get("leads", [])
            tx.add(
                EmployeeDepartment(user_id=row["userid"], department_id=department_id, leader=leads, position=position)
            )
    tx.flush()


async def load_company(db: Database, world: dict[str, Any] | None = None) -> dict[str, Any]:
    """Mirror and company of `small_world` (or `world`)."""
    world = world or small_world()

    def work(tx: Tx) -> None:
        mirror(tx, world)
        load_world(tx, world, NOW)

    await db.system(work)
    return world


def customer_id(tx: Tx, name: str) -> int:
    """By its name, whoever has it."""
    found = tx.exec(
        select(Customer.id).where(Customer.name == name), execution_options={"unscoped": "a test names its objects"}
    ).one()
    assert found is not None
    return found


async def id_of(db: Database, name: str) -> int:
    """As `customer_id`, in a unit of its own."""
    return await db.system(lambda tx: customer_id(tx, name))
