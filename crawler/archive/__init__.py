"""What was fetched, kept as WARC files: written while a crawl goes on, read again by `scrapy replay`."""

ARCHIVED_AT = "archived_at"
"""Key of a request's `meta` under which stands when its answer was archived: its article has the same `fetch.at`."""
