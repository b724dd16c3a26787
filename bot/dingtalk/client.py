"""The whole outbound side in one hand."""

from dataclasses import dataclass

from bot.dingtalk.api import DingTalkApi
from bot.dingtalk.cards import Cards
from bot.dingtalk.checkins import CheckIns
from bot.dingtalk.contacts import Contacts
from bot.dingtalk.login import LOGIN_PAGE, Login
from bot.dingtalk.media import Media
from bot.dingtalk.notices import Notices
from bot.dingtalk.robot import Robot
from bot.dingtalk.templates import Templates
from bot.dingtalk.todos import Todos


@dataclass(frozen=True, slots=True)
class DingTalk:
    """DingTalk's calls by subject, over one `DingTalkApi`."""

    api: DingTalkApi
    robot: Robot
    cards: Cards
    notices: Notices
    contacts: Contacts
    login: Login
    media: Media
    templates: Templates
    checkins: CheckIns
    todos: Todos

    @classmethod
    def over(cls, api: DingTalkApi, *, login_page: str = LOGIN_PAGE) -> "DingTalk":
        """`login_page`: where browsers log in, which in the sandbox is not DingTalk's."""
        return cls(
            api=api,
            robot=Robot(api),
            cards=Cards(api),
            notices=Notices(api),
            contacts=Contacts(api),
            login=Login(api, login_page=login_page),
            media=Media(api),
            templates=Templates(api),
            checkins=CheckIns(api),
            todos=Todos(api),
        )
