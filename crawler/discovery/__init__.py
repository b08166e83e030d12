"""Where URLs come from: feeds, sitemaps, site files, URL lists, WARC files."""
