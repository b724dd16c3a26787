from collections.abc import AsyncIterator

import pytest

from tests.sync.town import Town, department, open_town, person, world


def small() -> dict[str, object]:
    return world(
        [
            department(100, "销售部"), department(101, "销售一部", 100), department(102, "销售二部", 100),
            department(103, "财务部"), department(104, "大客户组", 101),
        ],
        [
            person("chen", 1, name="陈静", dingtalk_admin=True, mobile="13800000001"),
            person("wang", 101, name="王强", leads=[101], title="经理", mobile="13800000003"),
            person("lina", 101, 103, 104, name="李娜", leads=[104], manager="wang"),
            person("zhao", 104, name="赵磊", manager="wang"),
            person("zhou", 102, name="周敏", active=False),
            person("qian", 103, name="钱多"),
        ],
    )  # fmt: skip


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async with open_town(small()) as opened:
        yield opened
