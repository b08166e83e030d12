"""One crawl on many machines: Redis hands out what the ledger in MongoDB knows to be pending.

Each host belongs to a partition, each partition has a stream, and each stream with something in it one owner, whose
lease the others respect. An entry is a pointer to a row in MongoDB and nothing more: it leaves its stream when that row
is settled, and what becomes of it otherwise the ledger decides. So all of Redis may be lost, and only time is.
"""
