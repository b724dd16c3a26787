"""Who is in front of the page (platform.md section 7). Both kinds of code work once."""

from dataclasses import dataclass
from urllib.parse import urlencode

from bot.dingtalk.api import DingTalkApi
from bot.dingtalk.errors import BadRequest, CodeRejected, DingTalkError, PersonGone, WrongCredentials
from bot.dingtalk.lenient import as_bool, as_dict, as_int, as_text

LOGIN_PAGE = "https://login.dingtalk.com/oauth2/auth"


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A person of this company. `sys_level`: 1 main administrator, 2 sub, 100 boss, 0 other."""

    user_id: str
    union_id: str
    name: str
    sys_level: int = 0
    is_admin: bool = False


class Login:
    """Turns codes of DingTalk's client and of its login page into people."""

    def __init__(self, api: DingTalkApi, *, login_page: str = LOGIN_PAGE) -> None:
        self._api = api
        self._login_page = login_page

    async def user_by_code(self, code: str) -> LoggedIn:
        """For `dd.requestAuthCode` inside DingTalk; the code lives five minutes.

        Raises:
            CodeRejected: unknown, too old, or used before.
            DingTalkError: otherwise.
        """
        answer = await self._api.old("/topapi/v2/user/getuserinfo", {"code": code})
        found = as_dict(answer.get("result")) or {}
        user_id = as_text(found.get("userid"))
        if not user_id:
            raise DingTalkError("the answer names nobody")
        return LoggedIn(
            user_id=user_id,
            union_id=as_text(found.get("unionid")) or "",
            name=as_text(found.get("name")) or "",
            sys_level=as_int(found.get("sys_level")) or 0,
            is_admin=bool(as_bool(found.get("sys"))),
        )

    def authorize_url(self, redirect_uri: str, state: str) -> str:
        """Where a browser outside DingTalk is sent to log in; it returns with `code` and `state`."""
        query = {
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "client_id": self._api.credentials.client_id,
            "scope": "openid corpid",
            "state": state,
            "prompt": "consent",
        }
        return f"{self._login_page}?{urlencode(query)}"

    async def user_by_web_code(self, code: str) -> LoggedIn:
        """For the code that the login page gave.

        Raises:
            CodeRejected: the code is not accepted.
            PersonGone: logged in, but nobody of this company.
            DingTalkError: otherwise.
        """
        ours = self._api.credentials
        try:
            granted = await self._api.new(
                "POST",
                "/v1.0/oauth2/userAccessToken",
                {
                    "clientId": ours.client_id,
                    "clientSecret": ours.client_secret,
                    "code": code,
                    "grantType": "authorization_code",
                },
                token="",
            )
        except WrongCredentials:
            raise
        except BadRequest as problem:
            raise CodeRejected(problem.message, code=problem.code, request_id=problem.request_id) from problem
        token = as_text(granted.get("accessToken"))
        if not token:
            raise DingTalkError("the answer holds no token")
        corp_id = as_text(granted.get("corpId"))
        if corp_id and corp_id != ours.corp_id:
            raise PersonGone("logged in for another company")
        me = await self._api.new("GET", "/v1.0/contact/users/me", token=token)
        union_id = as_text(me.get("unionId"))
        if not union_id:
            raise DingTalkError("the answer names nobody")
        answer = await self._api.old("/topapi/user/getbyunionid", {"unionid": union_id}, repeatable=True)
        found = as_dict(answer.get("result")) or {}
        user_id = as_text(found.get("userid"))
        if not user_id or as_int(found.get("contact_type")) == 1:  # 1: an external contact
            raise PersonGone("no employee of this company")
        return LoggedIn(user_id, union_id, as_text(me.get("nick")) or "")
