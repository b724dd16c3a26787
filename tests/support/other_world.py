"""Another company than `small_world`: names that contain each other, people of one name, other dictionaries, depth."""

from typing import Any

from tests.support.world import SELLER, customer, user

NOW = "2026-09-16T10:05:00+08:00"  # a Wednesday


def other_world(**settings: Any) -> dict[str, Any]:
    """A fresh copy each time; `settings` replace those of the world."""
    return {
        "version": 1,
        "now": NOW,
        "company": {"corp_id": "dingother", "name": "川渝恒泰设备集团有限公司"},
        "app": {"client_id": "dingother", "client_secret": "another secret", "agent_id": 77},
        "departments": [
            {"id": 1, "name": "恒泰集团", "parent": None},
            {"id": 20, "name": "营销中心", "parent": 1},
            {"id": 21, "name": "西南大区", "parent": 20},
            {"id": 22, "name": "成都组", "parent": 21},
            {"id": 23, "name": "重庆组", "parent": 21},
            {"id": 24, "name": "华北大区", "parent": 20},
            {"id": 30, "name": "行政部", "parent": 1},
        ],
        "users": [
            user("boss", "欧阳静怡", 1, dingtalk_admin=True),
            user("m1", "司马光", 21, leads=[21]),
            user("a1", "陈晨", 22, manager="m1"),
            user("a2", "陈晨", 23, manager="m1"),
            user("a3", "陈晨曦", 22),
            user("b1", "高兴", 22, 23),
            user("b2", "温馨", 24),
            user("b4", "Jack Ma", 22),
            user("z9", "离晓", 22),
            user("n1", "常新", 22),
            user("x1", "王一", 30),
        ],
        "groups": [{"id": "cidQA", "name": "西南群", "members": ["a1", "a2", "b1", "x1", "m1"]}],
        "address_book_scope": {"departments": [1], "users": []},
        "settings": {
            "opened": True, "consented_by": "boss", "edition": "paid", "admins": ["boss"],
            "usage_scope": {"mode": "some", "departments": [20], "users": []},
            "pool": {"claim_cap": 5, "claims_per_day": 3, "return_after_days": 30, "reclaim_after_days": 3},
            "reminders": {"next_follow_up_days": 2, "at": "08:45"},
            "quiet_hours": ["21:00", "08:00"],
            **settings,
        },
        "dictionaries": [
            {"name": "客户分类", "values": ["A类", "B类", "战略"]},
            {"name": "客户行业", "values": ["白酒", "汽车零部件", "软件"]},
            {"name": "商机及客户来源", "values": ["地推", "老客户介绍", "抖音"]},
            {"name": "跟进方式", "values": ["电话", "上门", "视频会议", "微信", "短信"]},
        ],
        "roles": [
            {
                "name": "销售代表", "data_scope": "self", "level": "normal", "functions": [*SELLER],
                "members": [{"user": u, "departments": []} for u in ("a1", "a2", "a3", "b1", "b2", "b4", "z9")],
            },
            {
                "name": "大区经理", "data_scope": "departments", "level": "advanced",
                "functions": [*SELLER, "pool:assign", "pool:return", "followup:edit", "customer:edit"],
                "members": [{"user": "m1", "departments": [21]}],
            },
        ],
        "customers": [
            customer("天府软件有限公司", "a1", owner_since="2026-09-10", industry="软件", **{"class": "A类"}),
            customer("天府软件集团", "a1", owner_since="2026-09-10"),
            customer("天府软件集团成都分公司", "a1", owner_since="2026-09-10"),
            customer("天府", "a1", owner_since="2026-09-10"),
            customer("重庆长江轴承股份有限公司", "a1", owner_since="2026-09-10"),
            customer("江轴承厂", "a1", owner_since="2026-09-10"),
            customer("成都成发科技股份有限公司", "a1", owner_since="2026-09-10"),
            customer("成发科技(重庆)有限公司", "a2", owner_since="2026-09-10"),
            customer("Tesla Motors Ltd", "a1", owner_since="2026-09-10"),
            customer("SAP", "a1", owner_since="2026-09-10"),
            customer("喆堃科技", "a1", owner_since="2026-09-10"),
            customer("北京三月春风文化有限公司", "b2", owner_since="2026-09-10"),
            customer("离别制衣", "z9", owner_since="2026-09-10"),
            customer("南充嘉陵白酒厂", industry="白酒", pooled_on="2026-09-01"),
            customer("宜宾五粮液", industry="白酒", pooled_on="2026-09-01", **{"class": "战略"}),
            customer("泸州老窖股份有限公司", industry="白酒", pooled_on="2026-09-01"),
            customer("绵阳九洲电器", pooled_on="2026-09-01"),
            customer("自贡灯会", pooled_on="2026-09-01"),
            customer("[点我](http://evil.example) **科技**", pooled_on="2026-09-01"),
            customer("长虹", pooled_on="2026-09-01"),
        ],
        "claims": [{"user": "b2", "count": 5}],
    }  # fmt: skip
