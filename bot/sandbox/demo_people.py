"""The built-in company's people: who they are, where they sit, whom they report to. All names are invented."""

from typing import Any, Final

COMPANY: Final = "宁波澜石工业设备有限公司"
DEPARTMENTS: Final = (  # id, name, parent
    (1, "澜石工业", None),
    (10, "总经办", 1),
    (20, "销售中心", 1),
    (21, "华东大区", 20),
    (211, "销售一部", 21),
    (212, "销售二部", 21),
    (22, "华南大区", 20),
    (221, "销售三部", 22),
    (30, "市场部", 1),
    (40, "财务部", 1),
    (50, "技术支持部", 1),
)
PEOPLE: Final[tuple[tuple[str, str, str, tuple[int, ...], tuple[int, ...], str | None], ...]] = (
    # userid, name, title, departments, leads, manager
    ("chen01", "陈静", "系统管理员", (10,), (), "zhou02"),
    ("zhou02", "周建国", "总经理", (1, 10), (1, 10), None),
    ("wang03", "王强", "销售一部经理", (211,), (211,), "jiang21"),
    ("lina04", "李娜", "销售代表", (211,), (), "wang03"),
    ("zhao05", "赵磊", "销售代表", (211,), (), "wang03"),
    ("sun06", "孙悦", "高级销售代表", (211, 50), (), "wang03"),
    ("qian07", "钱峰", "销售代表", (211,), (), "wang03"),
    ("wu08", "吴桐", "销售代表", (211,), (), "wang03"),
    ("he09", "何敏", "销售二部经理", (212,), (212,), "jiang21"),
    ("lin10", "林涛", "销售代表", (212,), (), "he09"),
    ("xu11", "徐佳", "销售代表", (212,), (), "he09"),
    ("gao12", "高翔", "高级销售代表", (212,), (), "he09"),
    ("ma13", "马琳", "销售代表", (212,), (), "he09"),
    ("zhu14", "朱俊", "销售代表", (212,), (), "he09"),
    ("huang15", "黄志远", "华南大区经理", (22, 221), (22, 221), "liu20"),
    ("liang16", "梁雪", "销售代表", (221,), (), "huang15"),
    ("luo17", "罗凯", "销售代表", (221,), (), "huang15"),
    ("ye18", "叶青", "高级销售代表", (221,), (), "huang15"),
    ("tang19", "唐宇", "销售代表", (221,), (), "huang15"),
    ("liu20", "刘伟", "销售总监", (20,), (20,), "zhou02"),
    ("jiang21", "蒋欣", "华东大区经理", (21,), (21,), "liu20"),
    ("fang22", "方圆", "市场部经理", (30,), (30,), "zhou02"),
    ("cui23", "崔莹", "市场专员", (30,), (), "fang22"),
    ("dong24", "董洁", "财务经理", (40,), (40,), "zhou02"),
    ("yao25", "姚兰", "出纳", (40,), (), "dong24"),
    ("pan26", "潘越", "会计", (40,), (), "dong24"),
    ("xie27", "谢军", "技术支持经理", (50,), (50,), "zhou02"),
    ("lu28", "陆明", "应用工程师", (50,), (), "xie27"),
    ("shen29", "沈倩", "销售内勤", (20,), (), "liu20"),
    ("yan30", "严冬", "销售内勤", (20, 40), (), "liu20"),
)
TEAMS: Final = {  # who sells, by department; the first leads it
    211: ("wang03", "lina04", "zhao05", "sun06", "qian07", "wu08"),
    212: ("he09", "lin10", "xu11", "gao12", "ma13", "zhu14"),
    221: ("huang15", "liang16", "luo17", "ye18", "tang19"),
}
SELLERS: Final = tuple(user for team in TEAMS.values() for user in team)
DEPARTED: Final = ("gu31", "kong32")  # wrote follow-ups, and are gone

_VIEW = ("customer:view", "contact:view", "followup:view", "opportunity:view", "contract:view", "payment:view")
_SELL = (
    *_VIEW, "lead:view", "lead:add", "customer:add", "contact:add", "followup:add", "opportunity:add",
    "contract:add", "payment:add", "product:view", "competitor:view", "competitor:add", "invoice:view",
    "invoice:apply", "pool:view", "pool:claim",
)  # fmt: skip
_LEAD = (
    *_SELL, "customer:edit", "contact:edit", "followup:edit", "lead:edit", "lead:transfer", "opportunity:edit",
    "contract:edit", "customer:transfer", "opportunity:transfer", "pool:assign", "pool:return", "approval:handle",
    "target:view", "target:set", "report:view",
)  # fmt: skip
_DIRECT = (*_LEAD, "customer:export", "report:export", "customer:delete", "contract:transfer", "contract:void")
_OFFICE = (
    *_VIEW, "customer:add", "customer:edit", "customer:import", "customer:export", "contact:add", "contact:edit",
    "contact:import", "lead:view", "lead:add", "lead:import", "product:view", "product:add", "product:edit",
    "contract:add", "contract:edit", "pool:view", "pool:assign",
)  # fmt: skip
_CASH = (
    "customer:view", "contract:view", "payment:view", "payment:add", "payment:edit", "invoice:view",
    "approval:handle",
)  # fmt: skip
_FINANCE = (*_CASH, "payment:void", "invoice:void", "report:view", "target:view")


def org() -> dict[str, Any]:
    """The sections the sandbox reads."""
    names = {userid: name for userid, name, *_ in PEOPLE}
    sales = [*SELLERS, "liu20", "jiang21", "shen29"]
    return {
        "company": {"corp_id": "dingcorp0001", "name": COMPANY},
        "app": {"client_id": "dingapp0001", "client_secret": "demo-secret-0001", "agent_id": 100001},
        "departments": [
            {"id": one, "name": name, "parent": parent, "order": order}
            for order, (one, name, parent) in enumerate(DEPARTMENTS, start=1)
        ],
        "users": [
            {
                "userid": userid, "name": names[userid], "departments": list(departments), "leads": list(leads),
                "title": title, "mobile": f"138000{number:05d}", "manager": manager,
                "dingtalk_admin": userid in ("chen01", "zhou02"), "active": True,
            }
            for number, (userid, _, title, departments, leads, manager) in enumerate(PEOPLE, start=1)
        ],
        "groups": [
            {"id": "cidSALES", "name": "澜石销售群", "members": sales},
            {"id": "cidEAST", "name": "华东大区群", "members": ["jiang21", *TEAMS[211], *TEAMS[212]]},
        ],
        "address_book_scope": {"departments": [1], "users": []},
    }  # fmt: skip


def roles() -> list[dict[str, Any]]:
    """Who may do what."""

    def members(*users: str) -> list[dict[str, Any]]:
        return [{"user": user, "departments": []} for user in users]

    served = {"wang03": [211], "he09": [212], "huang15": [22], "jiang21": [21]}
    return [
        {
            "name": "业务员", "data_scope": "self", "level": "normal", "functions": list(_SELL),
            "members": members(*(u for u in SELLERS if u not in served)),
        },
        {
            "name": "部门经理", "data_scope": "departments", "level": "advanced", "functions": list(_LEAD),
            "members": [{"user": user, "departments": departments} for user, departments in served.items()],
        },
        {
            "name": "销售总监", "data_scope": "all", "level": "advanced", "functions": list(_DIRECT),
            "members": members("liu20", "zhou02"),
        },
        {
            "name": "内勤", "data_scope": "departments", "level": "advanced", "functions": list(_OFFICE),
            "members": [{"user": user, "departments": [20]} for user in ("shen29", "yan30")],
        },
        {
            "name": "财务", "data_scope": "all", "level": "normal", "functions": list(_FINANCE),
            "members": members("dong24", "pan26"),
        },
        {
            "name": "出纳", "data_scope": "all", "level": "normal", "functions": list(_CASH),
            "members": members("yao25"),
        },
    ]  # fmt: skip
