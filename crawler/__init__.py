"""From a URL to an Article: discovery, politeness, extraction, and the spiders that tie them together."""
