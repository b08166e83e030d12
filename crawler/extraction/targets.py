"""What a link on a news page points to: an article of the same paper, or something else."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit

from crawler.url import InvalidURL, absolute_url, canonical_url, site_of

# Path segments that say "not an article" in the languages of the lexicon: hubs, people, shops, forms, media players.
_HUB_SEGMENTS = frozenset(
    "tag tags tagged topic topics topico topicos tema temas theme themes thema themen onderwerp "
    "onderwerpen sujet sujets etiqueta etiquetas argomento argomenti keyword keywords label labels "
    "stichwort schlagwort trefwoord emne emner amne amnen etiketter etiket konu konular tematy category "
    "categories categorie categoria categorias kategorie kategorien kategori kategoria rubrik rubrique "
    "rubriques rubriek seccion secciones ressort channel channels author authors auteur auteurs autor "
    "autores autore autori autoren profile profiles profil profiel people person contributor "
    "contributors journalist journalists columnist columnists redacteur redactie redaktion redaccion "
    "staff user users member members team all-about alles-zu alles-over newsletter newsletters "
    "nieuwsbrief nieuwsbrieven boletines infolettre infolettres nyhetsbrev subscribe subscription "
    "subscriptions subscriber abo abos abonnement abonnements abonnieren suscripcion suscribete "
    "suscripciones abbonamenti assine assinatura login logout signin sign-in signup sign-up register "
    "registrierung account mijn mein my-account konto app apps search suche zoeken buscar recherche "
    "cerca sok haku szukaj shop store webshop boutique tienda deals coupons gutscheine vouchers "
    "kortingscodes jobs stellenmarkt vacatures contact contacto kontakt about about-us over-ons "
    "impressum imprint privacy datenschutz cookies terms agb hilfe help faq rss feed feeds epaper "
    "e-paper archive archives archiv archief comments kommentare reacties share sponsored partner "
    "partners partnercontent advertorial advertorials anzeige werbung brandstory branded-content "
    "horoscope horoskop horoscopo kreuzwortraetsel sudoku games spiele puzzles weather wetter tv-guide "
    "tv-programm hashtag taxonomy tagi programme programmes program programs shows show motcle mot-cle mots-cles "
    "information terms-of-service terms-of-use terms-and-conditions privacy-policy cookie-policy "
    "contact-us advertise media-kit nutzungsbedingungen agbs podcast podcasts vacature vacancy vacancies agenda "
    "abonnementen abonneren abonnes abonnements membership memberships lidmaatschap abbonamento".split()
)
# Those under which some papers also file their articles.
_SHELVES = frozenset(
    "thema themen theme themes topic topics tema temas category categories kategorie rubrik rubrique "
    "ressort section channel archive archives archiv archief horoscope horoskop horoscopo games "
    "spiele puzzles weather wetter".split()
)
_ARTICLE_SEGMENTS = frozenset(
    "article articles artikel artikels articolo articoli articulo articulos artigo artigos story "
    "stories news-story noticia nota notas nieuwsartikel nyheter haber art actualite p a i s n news".split()
)
_MEDIA_ENDING = re.compile(r"\.(?:jpe?g|png|gif|webp|svg|pdf|mp3|mp4|zip|docx?|xlsx?|xml|rss)$", re.IGNORECASE)
_DATE_IN_PATH = re.compile(r"/(?:19|20)\d\d[/-]?(?:[01]?\d|[a-z]{3})(?:[/-]|\d\d)", re.IGNORECASE)
_ONLY_DATE = re.compile(r"^.{0,20}/(?:19|20)\d\d(?:[/-](?:\d{1,2}|[a-z]{3})){0,2}/?$", re.IGNORECASE)
_LONG_NUMBER = re.compile(r"\d{5,}")
_OWN_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{5,}(?![0-9A-Za-z])")
_HUB_ENDING = re.compile(r"(?:^|[-_])(?:hub|newshub|live-?page|landing-?page|topic-?page|homepage)$", re.IGNORECASE)
_WORD_BREAK = re.compile(r"[-_+.,~]|%20|%e2%80%93", re.IGNORECASE)
_PAGE_ENDING = re.compile(r"\.(?:s?html?|php|aspx?|jsp|ece|cms|amp|shtm|dws|story)$", re.IGNORECASE)
_HEX_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}|[a-z]{1,4}\d{4,}|\d+[a-z]\d+", re.IGNORECASE)
_ID_PARAMETERS = frozenset(
    "id artid article articleid article_id p story storyid nid aid idx no newsid news_id sid pid".split()
)


@lru_cache(maxsize=8192)
def brand_of(url: str) -> str:
    """Return what two domains of one paper have in common: `bbc` of bbc.com and bbc.co.uk."""
    return site_of(url).split(".")[0]


def _is_long(segment: str) -> bool:
    return len(_WORD_BREAK.split(segment)) >= 6 or _LONG_NUMBER.search(segment) is not None


@lru_cache(maxsize=8192)
def _looks_like_article(path: str, query: str) -> bool:
    segments = [segment for segment in path.lower().split("/") if segment]
    if not segments or _MEDIA_ENDING.search(path):
        return False
    if segments[-1] in _HUB_SEGMENTS or any(
        segment in _HUB_SEGMENTS and not (segment in _SHELVES and _is_long(segments[-1])) for segment in segments[:-1]
    ):
        return False
    if _ONLY_DATE.match(path):
        return False
    if _DATE_IN_PATH.search(path):
        return True
    last = segments[-1]
    slug = _PAGE_ENDING.sub("", last)
    if slug in {"index", "default", "home"}:
        last = slug = segments[-2] if len(segments) > 1 else ""
    if any(name.lower() in _ID_PARAMETERS and any(c.isdigit() for c in value) for name, value in parse_qsl(query)):
        return True
    if not slug or _HUB_ENDING.search(slug):
        return False
    if any(segment in _ARTICLE_SEGMENTS for segment in segments[:-1]):
        return True
    if slug.isdigit() and len(slug) >= 3:
        return not (len(slug) == 4 and slug.startswith(("19", "20")))
    words = [word for word in _WORD_BREAK.split(slug) if word]
    if len(words) >= 4 or _LONG_NUMBER.search(path) or _HEX_ID.search(slug):
        return True
    if len(words) == 3:
        return len(slug) >= 16 or slug != last
    # A percent-encoded slug of a script without spaces, or a short slug with the page ending of an article.
    return slug.count("%") >= 8 or (
        slug != last and len(slug) >= 4 and (len(words) > 1 or any(c.isdigit() for c in slug))
    )


def has_number(url: str) -> bool:
    """Return whether a URL bears a date or a long number: better evidence of an article than words alone."""
    path = urlsplit(url).path
    return _LONG_NUMBER.search(path) is not None or _DATE_IN_PATH.search(path) is not None


_VIEWER = re.compile(
    r"/(?:[\w-]*[-_])?(?:photos?|fotos?|images?|bild(?:er)?|galler(?:y|ies)|galerie|galeria|slideshow|diaporama|fotostrecke|bilderstrecke|fotogalerie|media|videos?"
    r"|live-?tv|watch|player|podcasts?|audio|quiz|quizzes|poll)(?:/|$)",
    re.IGNORECASE,
)


def is_viewer(url: str) -> bool:
    """Return whether a URL leads to pictures, films, sound or a quiz rather than to a text."""
    return _VIEWER.search(urlsplit(url).path) is not None


@lru_cache(maxsize=4096)
def target_url(base: str, own: str, href: str) -> str | None:
    """Return the absolute URL of a link if it looks like another article of the same paper, else None.

    `base` is what links are resolved against, `own` the page's URL. The judgement is by the URL alone: the same
    brand (registrable domain without its suffix), no hub or service in the path, and a slug, date or number that
    section pages do not have.
    """
    href = href.strip()
    if not href or href[0] == "#":
        return None
    url = absolute_url(base, href)
    if url is None or brand_of(url) != brand_of(own):
        return None
    parts = urlsplit(url)
    # jobs.paper.example, shop.paper.example
    if (parts.hostname or "").split(".")[0] in _HUB_SEGMENTS:
        return None
    try:
        if not _looks_like_article(parts.path, parts.query) or _key(url) == _key(own):
            return None
        # A page with the article's own number is a part of it: its pictures, its comments, its second page.
        number = max(_OWN_NUMBER.findall(urlsplit(own).path), key=len, default="")
        if number and not _is_date(number) and number in href:
            return None
    except InvalidURL:
        return None
    return url


def _is_date(number: str) -> bool:
    return len(number) in {6, 8, 10, 12, 14} and number.startswith(("19", "20"))


@lru_cache(maxsize=8192)
def _key(url: str) -> str:
    parts = urlsplit(canonical_url(url))
    path = parts.path
    # Behind a long slug a query does not choose the page, it says where the click came from.
    query = "" if len(path.rsplit("/", 1)[-1]) >= 12 else parts.query
    return f"{(parts.hostname or '').removeprefix('www.')}{path}?{query}"


def target_key(url: str) -> str:
    """Return what two links to the same article share. Raises InvalidURL as `canonical_url` does."""
    return _key(url)
