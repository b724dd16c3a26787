"""A small company for journeys: lina (seller), zhao (same team), zhou (other team), wang (manager), chen (admin)."""

from typing import Any

NOW = "2026-03-02T09:30:00+08:00"  # a Monday
SELLER = [
    "customer:view", "customer:add", "contact:view", "contact:add", "followup:view", "followup:add", "pool:view",
    "pool:claim",
]  # fmt: skip


def user(userid: str, name: str, *departments: int, **more: Any) -> dict[str, Any]:
    return {"userid": userid, "name": name, "departments": list(departments), **more}


def customer(name: str, owner: str | None = None, **more: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"name": name, "owner": owner, "created_on": "2026-01-05", **more}
    if owner is None:
        row.setdefault("pooled_on", "2026-02-20")
    else:
        row.setdefault("owner_since", "2026-02-25")
    return row


def small_world(**settings: Any) -> dict[str, Any]:
    """A fresh copy each time; `settings` replace those of the world."""
    return {
        "version": 1,
        "now": NOW,
        "company": {"corp_id": "dingcorp0001", "name": "甬城机械有限公司"},
        "app": {"client_id": "dingapp0001", "client_secret": "s3cret-for-tests", "agent_id": 100001},
        "departments": [
            {"id": 1, "name": "甬城机械", "parent": None, "order": 1},
            {"id": 100, "name": "销售部", "parent": 1},
            {"id": 101, "name": "销售一部", "parent": 100},
            {"id": 102, "name": "销售二部", "parent": 100},
            {"id": 103, "name": "财务部", "parent": 1},
        ],
        "users": [
            user("chen01", "陈静", 1, dingtalk_admin=True, mobile="13800000001"),
            user("wang03", "王强", 101, leads=[101], mobile="13800000003"),
            user("lina04", "李娜", 101, manager="wang03", mobile="13800000004"),
            user("zhao05", "赵磊", 101, manager="wang03", mobile="13800000005"),
            user("zhou06", "周敏", 102, mobile="13800000006"),
            user("qian07", "钱多", 103, mobile="13800000007"),
        ],
        "groups": [{"id": "cidSALES", "name": "销售群", "members": ["lina04", "zhao05", "zhou06", "wang03"]}],
        "address_book_scope": {"departments": [1], "users": []},
        "settings": {
            "opened": True, "consented_by": "chen01", "edition": "paid", "admins": ["chen01"],
            "usage_scope": {"mode": "some", "departments": [100], "users": ["chen01"]},
            "pool": {"claim_cap": 3, "return_after_days": 15},
            "reminders": {"next_follow_up_days": 1, "at": "09:00"},
            "quiet_hours": ["20:00", "08:30"],
            **settings,
        },
        "dictionaries": [
            {"name": "客户分类", "values": ["重点客户", "普通客户"]},
            {"name": "商机及客户来源", "values": ["展会", "网络", "转介绍"]},
            {"name": "跟进方式", "values": ["电话", "微信", "拜访", "会议", "邮件"]},
        ],
        "roles": [
            {
                "name": "业务员", "data_scope": "self", "level": "normal", "functions": [*SELLER],
                "members": [{"user": u, "departments": []} for u in ("lina04", "zhao05", "zhou06")],
            },
            {
                "name": "部门经理", "data_scope": "departments", "level": "advanced",
                "functions": [*SELLER, "pool:assign", "pool:return", "followup:edit", "customer:edit"],
                "members": [{"user": "wang03", "departments": [101]}],
            },
        ],
        "customers": [
            customer("宁波海蓝食品有限公司", industry="食品"),
            customer("杭州蓝海机械有限公司", industry="机械"),
            customer("苏州远航贸易有限公司"),
            customer("绍兴越达纺织有限公司"),
            customer("台州金阳模具有限公司"),
            customer("温州恒通电器有限公司"),
            customer("嘉兴乐家家具有限公司"),
            customer(
                "宁波华东精密机械有限公司", "lina04", industry="机械",
                contacts=[{"name": "张伟", "title": "采购经理", "mobile": "13800010001", "main": True}],
            ),
            customer("华兴科技有限公司", "lina04", contacts=[{"name": "陈强", "mobile": "13812345678", "main": True}]),
            customer("华星电子有限公司", "lina04"),
            customer("上海明德仪器有限公司", "zhao05"),
            customer("深圳创想电子有限公司", "zhou06", contacts=[{"name": "马丽", "mobile": "13700007777"}]),
        ],
        "claims": [],
    }  # fmt: skip
