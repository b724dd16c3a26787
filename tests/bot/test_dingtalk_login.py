from urllib.parse import parse_qs, urlsplit

import pytest

from bot.dingtalk.client import DingTalk
from bot.dingtalk.errors import CodeRejected, PersonGone, WrongCredentials
from bot.dingtalk.login import LoggedIn
from tests.support.stub_api import stub_api

INSIDE = "/topapi/v2/user/getuserinfo"
GRANT = "/v1.0/oauth2/userAccessToken"
ME = "/v1.0/contact/users/me"
BY_UNION = "/topapi/user/getbyunionid"


async def test_login_inside_dingtalk() -> None:
    async with stub_api() as (stub, api):
        result = {"userid": "u1", "unionid": "un", "name": "张三", "sys": "true", "sys_level": "1"}
        stub.say(INSIDE, (200, {"errcode": 0, "result": result}), (200, {"errcode": 40078, "errmsg": "used"}))
        login = DingTalk.over(api).login
        assert await login.user_by_code("c") == LoggedIn("u1", "un", "张三", 1, is_admin=True)
        with pytest.raises(CodeRejected):
            await login.user_by_code("c")
        assert [call.body for call in stub.calls(INSIDE)] == [{"code": "c"}] * 2


async def test_login_in_a_browser() -> None:
    async with stub_api() as (stub, api):
        login = DingTalk.over(api, login_page=f"{stub.url}/oauth2/auth").login
        query = parse_qs(urlsplit(login.authorize_url("https://crm/back?x=1", "st")).query)
        assert query["redirect_uri"] == ["https://crm/back?x=1"]
        assert (query["client_id"], query["scope"], query["state"]) == (["dingclient"], ["openid corpid"], ["st"])
        stub.say(GRANT, (200, {"accessToken": "users", "expireIn": 7200, "corpId": "dingcorp"}))
        stub.say(ME, (200, {"nick": "小张", "unionId": "un"}))
        stub.say(BY_UNION, (200, {"errcode": 0, "result": {"contact_type": 0, "userid": "u1"}}))
        assert await login.user_by_web_code("c") == LoggedIn("u1", "un", "小张")
        assert stub.calls(ME)[0].headers["x-acs-dingtalk-access-token"] == "users"
        assert stub.calls(GRANT)[0].body["grantType"] == "authorization_code"


@pytest.mark.parametrize(
    ("grant", "found", "kind"),
    [
        ((400, {"code": "invalidParameter.code"}), None, CodeRejected),
        ((400, {"code": "invalidClientIdOrSecret"}), None, WrongCredentials),
        ((200, {"accessToken": "t", "corpId": "another"}), None, PersonGone),
        ((200, {"accessToken": "t"}), (200, {"errcode": 60121, "errmsg": "none"}), PersonGone),
        ((200, {"accessToken": "t"}), (200, {"errcode": 0, "result": {"contact_type": 1, "userid": "x"}}), PersonGone),
    ],
)
async def test_a_browser_login_that_is_not_ours(grant: object, found: object, kind: type[Exception]) -> None:
    """Invariant 83."""
    async with stub_api() as (stub, api):
        stub.say(GRANT, grant)
        stub.say(ME, (200, {"nick": "n", "unionId": "un"}))
        if found:
            stub.say(BY_UNION, found)
        with pytest.raises(kind):
            await DingTalk.over(api).login.user_by_web_code("c")
