"""Tests of crawler.extraction.encoding: the right text, whatever a page claims."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extraction.encoding import declared_charset, decode

DUTCH = "<html><body><p>Één café in Oosterplaat bleef ’s nachts geöffnet, voor 3 €.</p></body></html>"
JAPANESE = "<html><body><p>路面電車が十年ぶりに全線で運転を再開した。町長は「長かった」と話した。</p></body></html>"
CHINESE = "<html><body><p>渔民说,今年冬天的海带收成比往年好得多,价格也更高。</p></body></html>"
KOREAN = "<html><body><p>마을 도서관이 다시 문을 열었다. 주민들은 기뻐했다.</p></body></html>"
RUSSIAN = "<html><body><p>Паром снова ходит каждый день, сообщила в среду администрация острова.</p></body></html>"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (DUTCH, "cp1252"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (CHINESE, "gbk"),
        (CHINESE, "gb18030"),
        (KOREAN, "euc_kr"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
    ],
)
@pytest.mark.parametrize("declared_in", ["header", "meta", "both"])
def test_a_true_declaration_is_believed(text: str, encoding: str, declared_in: str) -> None:
    meta = f'<meta charset="{encoding}">' if declared_in != "header" else ""
    header = encoding if declared_in != "meta" else None
    assert text in decode((meta + text).encode(encoding), header).text


@pytest.mark.parametrize("claim", ["iso-8859-1", "shift_jis", "gbk", "windows-1252", "ascii", "no-such-thing"])
def test_utf8_bytes_are_utf8_whatever_is_claimed(claim: str) -> None:
    page = f'<meta http-equiv="Content-Type" content="text/html; charset={claim}">{DUTCH}{JAPANESE}'
    decoded = decode(page.encode(), f"text/html; charset={claim}")
    assert decoded.text == page
    assert decoded.encoding == "utf-8"


@pytest.mark.parametrize("encoding", ["cp1252", "iso-8859-1"])
def test_western_bytes_that_claim_utf8(encoding: str) -> None:
    text = DUTCH if encoding == "cp1252" else DUTCH.replace("’", "'").replace("€", "euro")
    assert decode(f'<meta charset="utf-8">{text}'.encode(encoding), "utf-8").text.endswith(text)


@pytest.mark.parametrize(
    ("text", "encoding"), [(JAPANESE * 5, "shift_jis"), (CHINESE * 5, "gbk"), (RUSSIAN * 5, "cp1251")]
)
def test_other_scripts_that_claim_utf8(text: str, encoding: str) -> None:
    assert decode(f'<meta charset="utf-8">{text}'.encode(encoding), "utf-8").text.endswith(text)


def test_latin_1_means_windows_1252_as_in_browsers() -> None:
    assert decode("<p>‘Ja’ – 5 €</p>".encode("cp1252"), "iso-8859-1").text == "<p>‘Ja’ – 5 €</p>"


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")],
)
def test_a_byte_order_mark_goes_before_all_claims(mark: bytes, encoding: str) -> None:
    assert decode(mark + DUTCH.encode(encoding), "iso-8859-1").text == DUTCH


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark(encoding: str) -> None:
    page = DUTCH.replace("<p>", "<p><b><i><u></u></i></b>") + "<hr>" * 4
    assert decode(page.encode(encoding)).text == page


def test_iso_2022_jp_looks_like_ascii_and_is_believed_when_declared() -> None:
    page = f'<meta charset="iso-2022-jp">{JAPANESE}'
    assert decode(page.encode("iso2022_jp")).text == page


def test_a_few_foreign_bytes_do_not_spoil_a_utf8_page() -> None:
    page = f"{DUTCH * 10}".encode() + b"<p>reactie: caf\xe9 \x96 leuk</p>"
    assert decode(page, "utf-8").text == DUTCH * 10 + "<p>reactie: café – leuk</p>"


def test_a_character_cut_at_the_end_costs_that_character_only() -> None:
    decoded = decode((DUTCH * 3).encode() + "é".encode()[:1])
    assert decoded.text.startswith(DUTCH * 3)
    assert len(decoded.text) == len(DUTCH * 3) + 1


def test_nul_bytes_are_dropped() -> None:
    assert decode(b"<p>a\x00b</p>").text == "<p>ab</p>"


def test_the_charset_of_a_content_type() -> None:
    assert declared_charset("text/html; charset=ISO-8859-15") == "iso8859-15"
    assert declared_charset("text/html") is None
    assert declared_charset(None) is None


@given(st.binary(max_size=600), st.sampled_from([None, "utf-8", "shift_jis", "utf-16", "text/html; charset=gbk", "x"]))
def test_any_bytes_become_text(data: bytes, charset: str | None) -> None:
    decoded = decode(data, charset)
    assert "\x00" not in decoded.text
    decoded.text.encode("utf-8")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00\ufeff"), min_size=1))
def test_utf8_is_read_back(text: str) -> None:
    if not text.startswith(("\x1b", "~{")):
        assert decode(b"<p>" + text.encode()).text == "<p>" + text
