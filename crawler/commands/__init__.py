"""The `scrapy` subcommands of every day."""
