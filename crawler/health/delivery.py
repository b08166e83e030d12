"""Alarms on their way out: a command that gets them as JSON, or a webhook. Bounded in time, never a run's failure."""

from __future__ import annotations

import json
import logging
import shlex
import subprocess
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from crawler.health.alarms import Alarm, to_entry
from crawler.setting_values import SettingError

logger = logging.getLogger(__name__)

SECONDS = 20.0
"""So long a command, or a webhook, may take."""


class DeliverySetting(SettingError):
    """HEALTH_COMMAND or HEALTH_WEBHOOK_URL cannot be used; the message names it and the remedy."""


def check_settings(*, command: str | None, webhook: str | None) -> None:
    """Raise DeliverySetting where a setting cannot be used. Its value may hold a secret, and is not shown."""
    if command:
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise DeliverySetting(f"HEALTH_COMMAND: {error}: write it as for a shell, quotes closed") from None
        if not words:
            raise DeliverySetting("HEALTH_COMMAND: empty: name a program, or leave it unset")
    if webhook:
        try:
            parts = urlsplit(webhook)
            usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
        except ValueError:
            usable = False
        if not usable or any(character.isspace() for character in webhook):
            raise DeliverySetting("HEALTH_WEBHOOK_URL: not an http(s) URL: write https://host/path, or leave it unset")


def payload(alarms: Sequence[Alarm], *, database: str, run: str, at: datetime) -> bytes:
    """Return the alarms of a run as the JSON that goes out; instants are ISO 8601 in UTC."""
    entries = [{**to_entry(alarm), "at": _instant(alarm.at)} for alarm in alarms]
    # `text` is what Slack, Mattermost and their like show of what they do not know.
    text = "\n".join(alarm.message for alarm in alarms)
    whole = {"text": text, "database": database, "run": run, "at": _instant(at), "alarms": entries}
    return json.dumps(whole, ensure_ascii=False).encode()


def deliver(data: bytes, *, command: str | None, webhook: str | None, seconds: float = SECONDS) -> None:
    """Give `data` to the command and the webhook, as far as they are set. What goes wrong is a line in the log."""
    ways: list[tuple[str, str | None, Callable[[bytes, str, float], str]]] = [
        ("HEALTH_COMMAND", command, _run),
        ("HEALTH_WEBHOOK_URL", webhook, _post),
    ]
    for name, value, way in ways:
        if value and (problem := way(data, value, seconds)):
            logger.error("%s: %s; the alarms are in `crawls`, and `scrapy health` shows them", name, problem)


def _run(data: bytes, command: str, seconds: float) -> str:
    """Run a command without a shell, `data` on its stdin; return what went wrong, empty if nothing did."""
    words = shlex.split(command)
    try:
        done = subprocess.run(
            words,
            input=data,
            timeout=seconds,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{words[0]} took longer than {seconds:g} s and was stopped"
    except OSError as error:
        return f"{words[0]} cannot be run ({error.strerror or error})"
    return f"{words[0]} ended with status {done.returncode}" if done.returncode else ""


class _NoRedirect(HTTPRedirectHandler):
    """A redirected POST would become a GET without the alarms."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _post(data: bytes, url: str, seconds: float) -> str:
    """Post `data` as JSON; return what went wrong, empty if nothing did. The path of a webhook is often its secret."""
    host = urlsplit(url).hostname
    answer: list[str] = []

    def post() -> None:
        request = Request(url, data, {"Content-Type": "application/json", "User-Agent": "leesook"}, method="POST")
        try:
            with build_opener(_NoRedirect).open(request, timeout=seconds):
                answer.append("")
        except HTTPError as error:
            with error:
                answer.append(f"{host} answered with status {error.code}")
        except (OSError, ValueError) as error:
            reason = error.reason if isinstance(error, URLError) else error
            answer.append(f"{host} could not be reached ({type(reason).__name__})")

    # A server that sends its answer drop by drop passes any time limit of a socket.
    thread = threading.Thread(target=post, daemon=True, name="health-webhook")
    thread.start()
    thread.join(seconds)
    return answer[0] if answer else f"{host} took longer than {seconds:g} s"


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
