"""Downloader middlewares that make us a good citizen: delays, back-off, conditional requests."""
