"""News of our own making with known answers: which texts tell one story, and which merely look alike.

All is drawn from a seed. A wire story is told by several papers: with another opening, without its tail, with
paragraphs of their own, with words changed. Reports of one kind (weather, matches, shares) have a form and standing
phrases in common, and each tells something else. Notices are too short to be compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

_WHO = (
    "de wethouder|een woordvoerder|het waterschap|de burgemeester|een bewoner|de schipper|een onderzoeker|"
    "de rechtbank|het ziekenhuis|de vakbond|een ondernemer|de gemeenteraad|de directeur|een leraar|de brandweer|"
    "het museum|de boerin|een reiziger|de provincie|de trainer|een arts|de bakker|het bestuur|de minister|"
    "een advocaat|de dirigent"
).split("|")
_DID = (
    "bekijkt|verdedigt|betwist|onderzoekt|steunt|verwerpt|prijst|vreest|bespreekt|herhaalt|begroet|betreurt|"
    "bevestigt|ontkent|vergelijkt|bekostigt|verlaat|opent|sluit|verschuift|tekent|bewaart|beschrijft|verzamelt|"
    "beperkt|herziet"
).split("|")
_KIND = (
    "nieuwe|oude|kleine|omstreden|tijdelijke|dure|lege|houten|stille|brede|smalle|verlaten|drukke|vroege|late|"
    "gele|gezamenlijke|plaatselijke|geheime|bekende|onverwachte|zware|lichte|diepe|hoge|lage|vrije|eerste|tweede|"
    "laatste"
).split("|")
_WHAT = (
    "brug|haven|regeling|school|begroting|molen|veerboot|dijk|markt|tunnel|tentoonstelling|staking|oogst|fabriek|"
    "wedstrijd|vergunning|boomgaard|bibliotheek|storing|vergadering|sluis|kerk|subsidie|kade|zaak|polder|vlucht|"
    "lijst|stichting|proef|tram|zolder|sporthal|kazerne|kwekerij|toren|verbouwing|rotonde|camping|steiger|wijk|"
    "bron|opera|drukkerij"
).split("|")
_WHERE = (
    "bij de Linde|in Oosterwoud|aan de Havenkade|tussen beide dorpen|op het Molenplein|in de Zuidpolder|"
    "achter het station|langs de ringweg|in het oude raadhuis|op de markt van Veldkamp|aan het kanaal|"
    "in de haven van Wierum|naast de sporthal|op het eiland|in de binnenstad|buiten de dijk|op de heide|"
    "in Noorderhoek|bij de grens|onder het viaduct"
).split("|")
_WHEN = (
    "sinds dinsdag|tot de zomer|na een lange avond|zonder uitstel|voor het eerst|in de loop van de week|"
    "vanaf volgend jaar|na de storm|volgens de planning|tegen de verwachting in|voor de derde keer|"
    "nog dit seizoen|tijdens de vakantie|ondanks de kritiek|op verzoek van de buurt|met onmiddellijke ingang|"
    "zoals eerder beloofd|na overleg|om zes uur|kort"
).split("|")
_SHAPES = (
    "{who} {did} {when} de {kind} {what} {where}",
    "{when} {did} {who} een {what} die {number} euro kost",
    "voor {who} telt vooral de {kind} {what} {where} en niet de {what2}",
    "er kwamen {number} mensen naar de {what} {where} maar {who} {did} de {what2}",
    "{where} ligt een {kind} {what} en {who} {did} die {when}",
    "de {kind} {what} van {who} is {number} meter lang en {who2} {did} de {what2}",
    "wie de {what} kent weet dat {who} {when} de {what2} {did}",
    "{who} en {who2} zijn het oneens over de {kind} {what} {where}",
    "in {year} {did} {who} ook al een {kind} {what} {when}",
    "zonder {what} geen {what2} zegt {who} {where}",
    "van de {number} bezoekers {did} {who} er {number2} {when}",
    "{who} heeft {where} een {kind2} {what} en een {kind} {what2}",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeText:
    """One text, and what is known of it."""

    story: str
    """The same for all texts that tell one story."""
    kind: str
    """`wire`, `single`, `weather`, `match`, `shares` or `notice`."""
    text: str
    """Paragraphs with a blank line between them."""


def made_set(seed: int, *, stories: int) -> list[MadeText]:
    """Return the texts of a number of wire stories, and as many of each other kind, in no order."""
    random = Random(seed)
    texts: list[MadeText] = []
    for number in range(stories):
        texts += _wire(random, f"wire-{number}")
        texts.append(MadeText(story=f"single-{number}", kind="single", text="\n\n".join(paragraphs(random))))
        texts += _forms(random, number)
        texts.append(MadeText(story=f"notice-{number}", kind="notice", text=" ".join(sentences(random, 2))))
    random.shuffle(texts)
    return texts


def paragraphs(random: Random, *, words: int = 0) -> list[str]:
    """Return a story: paragraphs of two to five sentences, until there are so many words (120 to 900 if not told)."""
    words = words or random.randint(120, 900)
    found: list[str] = []
    while sum(len(paragraph.split()) for paragraph in found) < words:
        found.append(" ".join(sentences(random, random.randint(2, 5))))
    return found


def sentences(random: Random, count: int) -> list[str]:
    """Return so many sentences."""
    return [_sentence(random) for _ in range(count)]


def retold(random: Random, original: list[str], *, change: float) -> list[str]:
    """Return the paragraphs of a story as another paper has it. change: about how much of it differs, 0 to 1.

    An opening of its own, the tail cut, paragraphs added, words replaced: in shares that are drawn.
    """
    told = list(original)
    shares = [random.random() for _ in range(3)]
    cut, add, replace = (change * share / sum(shares) for share in shares)
    count = sum(len(paragraph.split()) for paragraph in told)
    while len(told) > 2 and sum(len(p.split()) for p in told[:-1]) >= (1 - cut) * count:
        told.pop()
    # A changed word touches four runs of words, the added and the cut ones each but their own.
    for _ in range(round(replace * count / 4)):
        at = random.randrange(len(told))
        words = told[at].split()
        words[random.randrange(len(words))] = random.choice(random.choice((_KIND, _WHAT, _DID)))
        told[at] = " ".join(words)
    while sum(len(p.split()) for p in told) < (1 - cut + add * 0.8) * count:
        told.insert(random.randint(0, len(told)), " ".join(sentences(random, random.randint(1, 3))))
    if random.random() < 0.5:
        told.insert(0, f"{random.choice(_WHERE)} - Van onze verslaggever".capitalize())
    return told


def _wire(random: Random, story: str) -> Iterator[MadeText]:
    original = paragraphs(random)
    yield MadeText(story=story, kind="wire", text="\n\n".join(original))
    for _ in range(random.randint(2, 6)):
        told = retold(random, original, change=random.uniform(0.0, 0.3))
        yield MadeText(story=story, kind="wire", text="\n\n".join(told))


def _sentence(random: Random) -> str:
    values = {
        "who": random.choice(_WHO),
        "who2": random.choice(_WHO),
        "did": random.choice(_DID),
        "kind": random.choice(_KIND),
        "kind2": random.choice(_KIND),
        "what": random.choice(_WHAT),
        "what2": random.choice(_WHAT),
        "where": random.choice(_WHERE),
        "when": random.choice(_WHEN),
        "number": random.randint(3, 9000),
        "number2": random.randint(3, 900),
        "year": random.randint(1950, 2020),
    }
    return random.choice(_SHAPES).format(**values).capitalize() + "."


_CITIES = "Linde|Oosterwoud|Wierum|Veldkamp|Noorderhoek|Zandvliet|Molendijk|Havenstad|Kruisweg|Beekdorp|Rietland"
_SKY = "zon|wolken|buien|mist|sneeuw|onweer|motregen|opklaringen|hagel|sluierbewolking"
_WIND = "noord|oost|zuid|west|noordoost|noordwest|zuidoost|zuidwest"
_FIRMS = "Lindebouw|Zeewier|Polderstaal|Havenlicht|Meelfabriek|Glasoord|Kabelwerk|Papierhuis|Waterkant|Zoutmijn|Turfhof"

_WEATHER = (
    "Het weer in {city} begint vandaag met {sky} en een wind uit het {wind}. In de middag wordt het {number} graden. "
    "Later volgen {sky2} en draait de wind naar {wind2}, kracht {force}.\n\n"
    "Morgen is er in {city2} kans op {sky3}. De temperatuur ligt rond {number2} graden en in de nacht daalt die tot "
    "{number3} graden. Op zaterdag wordt het {number4} graden met {sky4} in het {wind3}.\n\n"
    "Deze verwachting is gemaakt door de weerkamer en wordt vier keer per dag ververst. De cijfers gelden voor ons "
    "verspreidingsgebied en kunnen per plaats afwijken. Wie de weg op gaat, kijkt vooraf naar de waarschuwingen."
)
_MATCH = (
    "{city} heeft de wedstrijd tegen {city2} met {goals}-{goals2} beslist. In de {minute}e minuut scoorde {who}, en "
    "{minute2} minuten later was het {who2} die voor de {kind} treffer zorgde. Bij rust stonden er {number} mensen "
    "in de regen langs het veld van {city}.\n\n"
    "Na de pauze kreeg {city2} een strafschop, genomen door {who3}. De scheidsrechter gaf {goals3} keer geel. "
    "{extra}\n\n"
    "De stand en het volledige programma staan op de uitslagenpagina van deze krant. Daar vindt u ook de jeugd en de "
    "dames. Uitslagen doorgeven kan tot zondagavond acht uur bij de sportredactie."
)
_SHARES = (
    "De beurs sloot {wind} van de verwachting: de index eindigde op {number},{goals} punten. {firm} won "
    "{goals},{goals2} procent en {firm2} verloor {goals3},{force} procent. Grootste daler was {firm3}, op {number2} "
    "euro. {extra}\n\n"
    "De koersen in dit bericht zijn met vijftien minuten vertraging weergegeven. Aan dit bericht kunnen geen rechten "
    "worden ontleend en het is geen advies om te kopen of te verkopen. In het verleden behaalde resultaten bieden geen "
    "garantie voor de toekomst."
)


def _forms(random: Random, number: int) -> Iterator[MadeText]:
    for kind, form in (("weather", _WEATHER), ("match", _MATCH), ("shares", _SHARES)):
        values = {
            **{name: random.choice(_CITIES.split("|")) for name in ("city", "city2")},
            **{name: random.choice(_SKY.split("|")) for name in ("sky", "sky2", "sky3", "sky4")},
            **{name: random.choice(_WIND.split("|")) for name in ("wind", "wind2", "wind3")},
            **{name: random.choice(_FIRMS.split("|")) for name in ("firm", "firm2", "firm3")},
            **{name: random.choice(_WHO) for name in ("who", "who2", "who3")},
            **{name: random.randint(0, 9) for name in ("goals", "goals2", "goals3", "force")},
            **{name: random.randint(1, 90) for name in ("minute", "minute2")},
            **{name: random.randint(-9, 9999 if kind == "shares" else 34) for name in ("number", "number2")},
            **{name: random.randint(-9, 34) for name in ("number3", "number4")},
            "kind": random.choice(_KIND),
            "extra": " ".join(sentences(random, random.randint(0, 3))),
        }
        yield MadeText(story=f"{kind}-{number}", kind=kind, text=form.format(**values))
