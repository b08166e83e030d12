"""The spiders: `news` for scheduled jobs, `backfill` for one-off ones."""
