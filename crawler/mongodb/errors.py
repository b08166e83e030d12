"""What goes wrong between us and MongoDB, in one sentence with its remedy."""

from __future__ import annotations


class DatabaseUnavailable(Exception):
    """No database to work with. Its text is one sentence for a person: what is wrong, and what to do about it."""
