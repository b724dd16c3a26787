"""Company keys (crm-rules.md R-DUP-1, invariant 89), pinyin, normalising, phones, command words."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypinyin.core import Pinyin

from bot.language.commands import closest
from bot.language.companies import (
    core_name,
    distinctive_words,
    hard_key,
    is_same_company,
    is_soft_duplicate,
    likeness,
    soft_key,
)
from bot.language.normalize import clean, fold, normalize
from bot.language.phones import credit_code, find_phones, is_credit_code, mask, read_contact, read_phone, tails
from bot.language.pinyin import initials, pinyin_of, readings, sounds_like, syllables, words

LIMITED = "北京华创科技有限公司"


@pytest.mark.parametrize(
    "name",
    [
        "北京华创科技有限责任公司",
        "北京华创科技（有限责任公司）",
        "北京华创科技(有限公司)",
        "北京华创科技有限公司",
        "北京 华创科技 有限公司",
        "北京華創科技有限公司",
        "北京·华创科技有限公司。",
        "\u200b北京华创科技有限公司",
        "北京华创科技",
    ],
)
def test_invariant_89_one_legal_person(name: str) -> None:
    assert hard_key(name) == hard_key(LIMITED)
    assert is_same_company(name, LIMITED)
    assert is_soft_duplicate(name, LIMITED)


def test_invariant_89_full_width() -> None:
    assert hard_key("ＡＢＣ科技（有限公司）") == hard_key("abc科技有限公司")


@pytest.mark.parametrize(
    "name",
    [
        "华创科技(武汉)有限公司",
        "北京华创科技股份有限公司",
        "北京华创科技集团有限公司",
        "华创信息技术（上海）有限公司",
        "北京华创科技有限公司上海分公司",
    ],
)
def test_invariant_89_another_legal_person_is_a_soft_hit(name: str) -> None:
    assert hard_key(name) != hard_key(LIMITED)
    assert not is_same_company(name, LIMITED)
    assert is_soft_duplicate(name, LIMITED)


@pytest.mark.parametrize(
    "name", ["北京华信科技有限公司", "北京科技有限公司", "华为技术有限公司", "", "上海贸易有限公司"]
)
def test_invariant_89_no_hit(name: str) -> None:
    assert not is_same_company(name, LIMITED)
    assert not is_soft_duplicate(name, LIMITED)


def test_generic_words_alone_never_make_a_soft_hit() -> None:
    assert not is_soft_duplicate("上海科技有限公司", "北京科技有限公司")
    assert distinctive_words("上海贸易有限公司") == frozenset()


@pytest.mark.parametrize(
    ("name", "core", "soft"),
    [
        ("宁波华东精密机械有限公司", "宁波华东精密机械", "华东精密"),
        ("杭州市余杭区远航贸易有限公司", "杭州市余杭区远航贸易", "远航"),
        ("浙江省宁波市华东机械厂", "浙江省宁波市华东机械", "华东"),
        ("华为技术有限公司北京分公司", "华为技术", "华为"),
        ("远航贸易(杭州)", "远航贸易", "远航"),
        ("上海贸易有限公司", "上海贸易", "贸易"),
        ("阿里巴巴集团", "阿里巴巴", "阿里巴巴"),
        ("集团", "集团", "集团"),
        ("", "", ""),
    ],
)
def test_parts_of_a_name(name: str, core: str, soft: str) -> None:
    assert core_name(name) == core
    assert soft_key(name) == soft


def test_likeness_is_of_the_own_part() -> None:
    assert likeness("杭州远航贸易有限公司", "远航贸易(杭州)") == 1.0
    assert likeness("华为技术有限公司", "信星华为技术有限公司") < 0.9
    assert likeness("", "华为") == 0.0


@given(st.text(max_size=40))
def test_keys_of_any_text(name: str) -> None:
    assert hard_key(name) == hard_key(hard_key(name)) or "有限" in name or "股份" in name
    assert is_soft_duplicate(name, name) == bool(distinctive_words(name))
    assert bool(soft_key(name)) == bool(core_name(name))


@given(st.text(alphabet="北京华创科技有限责任公司股份集团()（） ", max_size=20))
def test_equal_hard_keys_never_differ_softly(name: str) -> None:
    other = f"{name} "
    assert hard_key(other) == hard_key(name)
    assert soft_key(other) == soft_key(name)


@pytest.mark.parametrize(
    ("name", "spelled", "letters"),
    [
        ("单丽", "shanli danli", "sl dl"),
        ("仇英", "qiuying chouying", "qy cy"),
        ("曾国强", "zengguoqiang cengguoqiang", "zgq cgq"),
        ("翟明", "zhaiming diming", "zm dm"),
        ("查良", "zhaliang chaliang", "zl cl"),
        ("尉迟恭", "yuchigong", "ycg"),
        ("张伟", "zhangwei", "zw"),
    ],
)
def test_surnames_have_both_readings(name: str, spelled: str, letters: str) -> None:
    assert pinyin_of(name, person=True) == spelled
    assert initials(name, person=True) == letters


def test_company_pinyin() -> None:
    assert pinyin_of("重庆银行A1") == "chongqingyinhanga1"
    assert initials("宁波华东精密机械有限公司") == "nbhdjmjxyxgs"
    assert initials("華東精密") == "hdjm"
    assert pinyin_of("") == ""
    assert readings("行") >= {"hang", "xing"}
    assert sounds_like("华行", "华星")
    assert not sounds_like("华行", "华")


def test_pypinyin_is_not_imported_before_it_is_needed() -> None:
    program = "import sys, bot.language.followup, bot.language.commands; sys.exit('pypinyin' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("１３８：￥５", "138:¥5"),
        ("@小助手 公海 杭州", "公海 杭州"),
        ("@小助手 @李明 公海", "公海"),
        ("@小助手", ""),
        ("/跟进 华兴", "跟进 华兴"),
        ("公\u200b海\ufeff", "公海"),
        ("公海！！！", "公海!"),
        ("公海　杭州", "公海 杭州"),
        ("  公海\t杭州 ", "公海 杭州"),
        ("領取 華東精密", "领取 华东精密"),
        ("跟進客戶", "跟进客户"),
        ("a@b.com", "a@b.com"),
        ("7/5", "7/5"),
    ],
)
def test_normalize(text: str, normal: str) -> None:
    assert normalize(text) == normal


def test_fillers_go_from_voice_only() -> None:
    said = "嗯，那个，跟进一下华东精密，呃就是说聊了报价"
    assert normalize(said, voice=True) == "跟进一下华东精密,聊了报价"
    assert "嗯" in normalize(said)
    assert clean("那个项目要加快", voice=True).endswith("项目要加快")


def test_clean_keeps_the_users_own_characters() -> None:
    assert clean("@机器人 聊了報價，對方要８折！！") == "聊了報價，對方要８折！"


@given(st.text(max_size=60))
def test_normalising_any_text(text: str) -> None:
    assert len(fold(text)) == len(text)
    once = normalize(text)
    assert once == once.strip()
    normalize(text, voice=True)
    clean(text, voice=True)


@pytest.mark.parametrize(
    ("text", "number", "kind"),
    [
        ("13812345678", "13812345678", "mobile"),
        ("+86 138 1234 5678", "13812345678", "mobile"),
        ("138-1234-5678", "13812345678", "mobile"),
        ("电话0755 8888 8888", "075588888888", "landline"),
        ("(021)62345678转801", "02162345678-801", "landline"),
        ("400-800-1234", "4008001234", "service"),
        ("幺三八一二三四五六七八", "13812345678", "mobile"),
        ("１３８１２３４５６７８", "13812345678", "mobile"),
    ],
)
def test_phone(text: str, number: str, kind: str) -> None:
    found = find_phones(text)
    assert [(p.number, p.kind) for p in found] == [(number, kind)]
    assert read_phone(text) == number


@pytest.mark.parametrize(
    "text", ["", "12345", "合同20260309", "138123456789", "1381234567", "91330106MA2CFLDG4R", "3.13812345678"]
)
def test_no_phone(text: str) -> None:
    assert find_phones(text) == []


def test_masking() -> None:
    assert mask("13812345678") == "138****5678"
    assert mask("138 1234 5678") == "138****5678"
    assert mask("1234") == "****"
    assert "87654321" not in mask("0574-87654321")
    assert tails(["138 1234 5678", "+8613812345678", "0574-87654321"]) == ("13812345678", "057487654321")


def test_credit_codes() -> None:
    assert is_credit_code("91330106MA2CFLDG4R")
    assert credit_code("9133 0106 ma2c fldg 4r") == "91330106MA2CFLDG4R"
    assert not is_credit_code("91330106MA2CFLDG4X")
    assert credit_code("13812345678") is None


@pytest.mark.parametrize(
    ("text", "name", "title", "phone", "rest"),
    [
        ("陈强13812345678 采购经理", "陈强", "采购经理", "13812345678", ""),
        ("采购经理 陈强 13812345678", "陈强", "采购经理", "13812345678", ""),
        ("联系人：张三丰 手机：138-1234-5678", "张三丰", "", "13812345678", ""),
        ("王总 13900001111 展会认识", "王总", "", "13900001111", "展会认识"),
        ("欧阳明 董事长 0574-87654321", "欧阳明", "董事长", "057487654321", ""),
        ("13812345678", "", "", "13812345678", ""),
        ("李娜", "李娜", "", "", ""),
    ],
)
def test_pasted_contact(text: str, name: str, title: str, phone: str, rest: str) -> None:
    found = read_contact(text)
    assert found is not None
    assert (found.name, found.title, found.phone, found.rest) == (name, title, phone, rest)


def test_no_contact() -> None:
    assert read_contact("聊了报价") is None
    assert read_contact("") is None


@given(st.text(max_size=60))
def test_any_text_can_be_searched_for_contacts(text: str) -> None:
    for phone in find_phones(text):
        assert 0 <= phone.start < phone.end <= len(text)
    read_contact(text)
    mask(text)
    is_credit_code(text)


KNOWN = ["跟进", "领取", "公海", "退回", "开票", "回款", "待办", "帮助", "同步组织"]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("跟进", "跟进"),
        ("跟近", "跟进"),
        ("工海", "公海"),
        ("領取", "领取"),
        ("lingqu", "领取"),
        ("推回", "退回"),
        ("同步组只", "同步组织"),
        ("代办", "待办"),
    ],
)
def test_closest_command(typed: str, first: str) -> None:
    assert closest(typed, KNOWN)[0] == first


@pytest.mark.parametrize("typed", ["", "今天天气不错", "开", "删除全部"])
def test_no_command_is_close(typed: str) -> None:
    assert closest(typed, KNOWN) == []


@given(st.text(max_size=20))
def test_any_word_can_be_compared(typed: str) -> None:
    assert set(closest(typed, KNOWN)) <= set(KNOWN)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from([*"重庆银行长安都单于（）·、々〇é", "重庆", "银行", "长安", "一波未平，一波又起"]), max_size=9
    )
)
def test_words_spelled_one_by_one_are_spelled_as_together(parts: list[str]) -> None:
    from pypinyin import lazy_pinyin

    text = fold("".join(parts))
    spelled = lazy_pinyin(text, errors="\x1f".join)
    flat = tuple(s.replace("ü", "v").lower() for one in spelled for s in one.split("\x1f"))
    assert syllables(text) == flat


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from("重庆银行长江行长乐清中国人民大会堂一心一意不可思议ー（A9・"), max_size=14).map("".join)
)
def test_texts_are_parted_into_words_as_pypinyin_parts_them(text: str) -> None:
    assert not text or words(text) == list(Pinyin().seg(text))
