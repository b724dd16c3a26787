"""The customers the matching tests know."""

from bot.language.match import Candidate
from bot.language.pinyin import initials, pinyin_of

METHODS = ("电话", "微信", "上门拜访", "会议", "邮件")


def customer(
    number: int,
    name: str,
    *,
    aliases: tuple[str, ...] = (),
    phones: tuple[str, ...] = (),
    contacts: tuple[str, ...] = (),
) -> Candidate:
    return Candidate(number, name, initials(name), pinyin_of(name), aliases, phones, contacts)


HUADONG = customer(1, "宁波华东精密机械有限公司", contacts=("陈强",), phones=("13812345678",))
HUAXING = customer(2, "华兴科技有限公司")
LANHAI = customer(3, "北京蓝海机械有限公司", phones=("01062349999",))
YUANHANG = customer(4, "杭州远航贸易有限公司", aliases=("远航老店",))
TENGFEI = customer(5, "深圳市腾飞信息技术有限公司")
ONE_SHOP = customer(6, "一号店")
TOUTIAO = customer(7, "今日头条")
ZHOUDAFU = customer(8, "周大福珠宝")
SANYI = customer(9, "三一重工股份有限公司")
TOMORROW = customer(10, "北京明天科技有限公司")
ABC = customer(11, "ABC电子")

CUSTOMERS = [HUADONG, HUAXING, LANHAI, YUANHANG, TENGFEI, ONE_SHOP, TOUTIAO, ZHOUDAFU, SANYI, TOMORROW, ABC]
HUAXING_TWIN = customer(20, "苏州华星电子有限公司")
