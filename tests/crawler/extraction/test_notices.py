from __future__ import annotations

import pytest

from crawler.extraction.notices import is_notice


@pytest.mark.parametrize(
    "text",
    [
        "Advertisement",
        "ANZEIGE",
        "Story continues below advertisement",
        "De tekst gaat verder onder de foto",
        "Externer Inhalt nicht verfügbar",
        "Sign up for our weekly newsletter here.",
        "Get the harbour news in your inbox",
        "Inscrivez-vous à notre newsletter du soir",
        "Suscríbete a nuestro boletín diario",
        "Meld je aan voor onze nieuwsbrief",
        "Follow us on Facebook and Instagram",
        "CLICK HERE TO GET THE HARBOUR APP",
        "Write to Ada Sluys at ada@havenblad.example",
        "Hat Ihnen dieser Artikel gefallen? Dann empfehlen Sie uns weiter.",
        "この記事は会員限定です。",
        "Already a subscriber? Log in",
        "12 comments",
        "© 2026 Harbour Press. All rights reserved.",
        "Photo: Ada Sluys",
        "Foto: Ada Sluys / Havenblad",
        "(Credit: Ada Sluys)",
        "(as/hp)",
        "Zum Vergrößern bitte anklicken",
        "4 min read",
        "Lesezeit: 3 Minuten",
    ],
)
def test_notices(text: str):
    assert is_notice(text)


@pytest.mark.parametrize(
    "text",
    [
        "The paper sells its advertisement space by the inch.",
        "Follow the river for two miles and you reach the lock.",
        "Subscribers of the gas company were without heat for a week.",
        "Comments by the minister caused anger on the quay.",
        "Share prices fell on Monday after the news.",
        "Shares in the shipyard rose by a tenth.",
        "Video footage shows the gate breaking.",
        "Photographers came from as far as the capital.",
        "Foto's van de sluis hangen in het museum.",
        "Bilder der Verwüstung erreichten die Stadt am Abend.",
        "Register offices will stay open on Saturday.",
        "Copyrighted music was played without a licence.",
        "Loading the barge took four hours.",
        "Listen to the water, the old keeper used to say.",
        "記事によると、水門は三年ぶりに開いた。",
        "",
    ],
)
def test_news_is_none(text: str):
    assert not is_notice(text)


def test_long_line_is_text_whatever_it_begins_with():
    assert not is_notice("Sign up for our newsletter, the sign said, " + "and nobody in the long queue did so. " * 12)


# What papers write under and between their articles, in the languages of the lexicon.
NOTICES = {
    "nl": (
        "Volg Waterbode op WhatsApp",
        "Al abonnee? Log in om verder te lezen.",
        "Deel via WhatsApp",
        "Reageer op dit artikel",
        "Heb je een tip? Mail de redactie",
    ),
    "en": (
        "By signing up you agree to our terms and privacy policy.",
        "Advertisement - scroll to continue",
        "Have you got a news tip? Send it to us.",
        "This story was originally published by the Waterpost",
    ),
    "de": (
        "Diesen Artikel teilen",
        "Quelle: dpa",
        "Laden Sie jetzt die App des Wasserboten herunter",
        "Fehler gefunden? Jetzt melden.",
        "Folgen Sie dem Wasserboten auf Facebook",
    ),
    "fr": (
        "Lire la suite après la publicité",
        "Cet article est réservé aux abonnés. Il vous reste 70% à lire.",
        "Abonnez-vous pour lire la suite",
        "Réagissez à cet article",
        "Crédit photo : Ada Sluys",
    ),
    "es": (
        "Comparte este artículo",
        "Este contenido es exclusivo para suscriptores",
        "Únete a nuestro canal de WhatsApp",
        "Puedes seguir a El Mensajero en Facebook y X",
    ),
    "it": ("Articolo riservato agli abbonati", "Condividi questo articolo", "Riproduzione riservata"),
    "pt": ("Assine para continuar lendo", "Compartilhe esta notícia", "Continua após a publicidade"),
    "pl": ("Dalszy ciąg materiału pod wideo", "Udostępnij artykuł", "Masz już subskrypcję? Zaloguj się"),
    "nordic": (
        "Artikeln fortsätter efter annonsen",
        "Juttu jatkuu mainoksen jälkeen",
        "Artiklen er kun for abonnenter",
    ),
    "cs": ("Článek pokračuje pod reklamou", "Sdílet článek", "Našli jste chybu? Napište nám"),
    "ru": (
        "Читайте нас в Telegram",
        "Материал доступен только подписчикам",
        "Нашли ошибку? Выделите её и нажмите Ctrl+Enter",
    ),
    "uk": ("Стежте за нами у Facebook", "Поширити статтю", "Усі права захищені"),
    "tr": ("Bizi Facebook'ta takip edin", "Haberin devamı reklamdan sonra", "Tüm hakları saklıdır"),
    "ja": ("写真：アンナ", "この記事をシェア", "続きを読むには会員登録が必要です"),
    "zh": ("版权所有，未经许可不得转载", "（編輯：王小明）", "扫一扫，关注我们", "訂閱電子報"),
    "ko": ("저작권자 ⓒ 물신문, 무단전재 금지", "페이스북에 공유", "네이버에서 구독하기"),
    "ar": ("اشترك في نشرتنا البريدية", "تابعنا على فيسبوك", "جميع الحقوق محفوظة"),
    "more": (
        "Urmărește-ne pe Facebook",
        "Iratkozzon fel hírlevelünkre",
        "Ακολουθήστε μας στο Google News",
        "Последвайте ни във Facebook",
        "Pratite nas na Facebooku",
        "Prihláste sa na odber noviniek",
        "Seguiu-nos a Instagram",
        "Ikuti kami di Google News",
        "Theo dõi chúng tôi trên Facebook",
        "हमारे व्हाट्सएप चैनल से जुड़ें",
        "עקבו אחרינו בפייסבוק",
        "ما را در تلگرام دنبال کنید",
    ),
}
# Sentences that begin like one of them.
PROSE = (
    "Overname van dit bedrijf kost de gemeente vier miljoen euro.",
    "Heb je informatie nodig over de brug, dan kun je bij de balie terecht.",
    "Deel van de kade blijft nog een jaar dicht.",
    "Haben Sie Fehler gemacht, Herr Minister?",
    "Haben Sie Hinweise auf die Täter?",
    "Quelle der Angst war das Wasser selbst, das nachts durch die alten Dielen kam.",
    "Vous avez repéré des failles dans le dossier, dites-vous.",
    "Sigue la búsqueda del barco en el fondo del río.",
    "Abbonati per una vita, i pendolari ora protestano.",
    "Entre no canal e o porto há uma só comporta.",
    "Перепечатка романа началась через год.",
    "Источник на верфи сказал, что мост откроют весной.",
    "未经许可，他打开了水闸，村里的人都看见了。",
    "로그인 후 결제가 되지 않는다는 민원이 이어졌다.",
    "저작권자는 그림을 돌려 달라고 요구했다.",
    "اشترك في المؤتمر عشرون خبيرا من المدينة.",
    "עקבו אחרי הספינה כל הלילה.",
    "Text je jen krátký a nikdo ho nepodepsal.",
)


@pytest.mark.parametrize("texts", NOTICES.values(), ids=NOTICES)
def test_notices_by_language(texts: tuple[str, ...]) -> None:
    assert [text for text in texts if not is_notice(text)] == []


def test_prose_of_many_languages_is_none() -> None:
    assert [text for text in PROSE if is_notice(text)] == []
