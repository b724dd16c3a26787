"""What is a secret, and what only looks like one."""

import pytest

from bot.language.secret import SentCredentials, looks_secret, read_credentials

SECRET = "aB3-xyz_0987654321qwerty"


@pytest.mark.parametrize(
    ("text", "client_id", "secret"),
    [
        (f"Client ID dingabc123 Client Secret {SECRET}", "dingabc123", SECRET),
        (f"ClientID：dingabc123\nClientSecret：{SECRET}", "dingabc123", SECRET),
        (f"AppKey=dingabc123 AppSecret={SECRET}", "dingabc123", SECRET),
        (f"corpsecret是{SECRET}", "", SECRET),
        (f"凭证 Client Secret: {SECRET}", "", SECRET),
    ],
)
def test_named_credentials_are_read_anywhere(text: str, client_id: str, secret: str) -> None:
    sent = read_credentials(text)
    assert sent is not None and (sent.client_id, sent.client_secret) == (client_id, secret)
    assert looks_secret(text)


def test_bare_ones_only_where_they_were_asked_for() -> None:
    for text, client_id in ((SECRET, ""), (f"dingabc123 {SECRET}", "dingabc123"), (f"凭证 {SECRET}", "")):
        assert read_credentials(text) is None and looks_secret(text)
        sent = read_credentials(text, asked=True)
        assert sent is not None and (sent.client_id, sent.client_secret) == (client_id, SECRET)


def test_a_word_inside_a_secret_does_not_cut_it() -> None:
    sent = read_credentials("凭证 dingsilk01 silk-secret-abcdefgh12", asked=True)
    assert sent is not None and sent.client_secret == "silk-secret-abcdefgh12"


@pytest.mark.parametrize(
    "text",
    [
        "公海", "13812345678", "91330200MA2XABCD4T", "跟进 华兴 密钥的事下周再聊", "hxkj", "查 Client", "FP-0001",
        "secretary 陈静", "凭证",
    ],
)  # fmt: skip
def test_ordinary_words_are_none(text: str) -> None:
    assert not looks_secret(text) and read_credentials(text) is None


@pytest.mark.parametrize("word", ["凭证", "更换凭证", "设置凭证"])
def test_what_is_called_credentials_is_secret_however_short(word: str) -> None:
    assert looks_secret(f"{word} dingapp01 sec-x1-verylong")
    assert read_credentials(f"{word} dingapp01 sec-x1-verylong", asked=True) == SentCredentials(
        "dingapp01", "sec-x1-verylong"
    )
    assert not looks_secret(word) and not looks_secret("dingapp01 sec-x1-very")
