"""The founding shape: an article as one text, month stamp first, read-also links last. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawler.article import Article

DEFAULT_LABEL = "Lees ook"
"""What announces links that the page shows without a label."""


def founding_shape(article: Article) -> str:
    """Return the text of an article as the view `documents` gives it, byte for byte.

    First ` date 2022-01 ` where the month is known, then the text. Then, for each distinct label in the order of first
    appearance, the label with a colon and the links under it in page order: the title and, where there is one, the
    teaser. One blank line stands between any two of these; nothing stands after the last.
    """
    stamp = f" date {article.date} " if article.date else ""
    parts = [article.text]
    for label in dict.fromkeys(link.label or DEFAULT_LABEL for link in article.related):
        parts.append(f"{label}:")
        for link in article.related:
            if (link.label or DEFAULT_LABEL) == label:
                parts += [link.title, link.teaser] if link.teaser else [link.title]
    return stamp + "\n\n".join(parts)
