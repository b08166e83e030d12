"""How often faults are made: `make test` once each, `make test-faults` again and again."""

import os

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "1"))
"""Rounds of the kill tests (FAULT_ROUNDS)."""
KILLS = int(os.environ.get("FAULT_KILLS", "4"))
"""Kills in a round (FAULT_KILLS)."""
REPEATS = max(ROUNDS // 4, 1)
"""Rounds of the other tests: a mongod takes longer to kill and to bring back than a crawl."""
