"""Reads two pages when it is loaded, so that the workers forked afterwards find patterns compiled and lists read.

A process's first page costs 0.1 s more than the others, and the first of which trafilatura is unsure as much again: for
justext it reads the stop words of a hundred languages. Each worker that begins, and each that takes the place of
another, would pay for both.
"""

from __future__ import annotations

from crawler.extraction.reading import extract

_SENTENCE = "De gemeenteraad stemt donderdag over de nieuwe brug, zei wethouder Jansen na afloop van het overleg. "
_HEAD = """<!doctype html><html lang="nl"><head><title>Raad stemt over brug</title>
<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Raad stemt over brug"}</script></head>"""
_ARTICLE = f"""{_HEAD}<body><article class="article"><h1>Raad stemt over brug</h1>
<p class="byline">Door Anna de Wit, 3 mei 2024</p><p>{6 * _SENTENCE}</p><p>Lees ook: <a href="/2024/05/veer">Het
veer vaart langer door dan gedacht</a></p><h2>Langer wachten</h2><p>{6 * _SENTENCE}</p></article></body></html>"""
_COMMENTS = f"{_HEAD}<body><div class='comments'><p>{_SENTENCE}</p><p>{_SENTENCE}</p></div></body></html>"

for _page in (_ARTICLE, _COMMENTS):
    extract(_page.encode(), "https://dagblad.example/2024/05/raad-stemt-over-brug")
