"""Articles, words and read-also links by site and month, with polars: `months_with_polars.py EXPORT`.

EXPORT is what `scrapy export --format parquet` wrote: a file, or `DIR/**/*.parquet` of a partitioned one.
"""

import sys

import polars as pl

if len(sys.argv) != 2:
    sys.exit(__doc__)
pl.Config.set_tbl_rows(-1)
pl.Config.set_tbl_width_chars(120)
pl.Config.set_tbl_hide_dataframe_shape(True)
months = (
    # Lazy: only the columns that are named are read. Folders such as site=nrc.nl are columns, too.
    pl.scan_parquet(sys.argv[1], hive_partitioning=True)
    .filter(pl.col("duplicate_of").is_null())
    .group_by("site", "date")
    .agg(
        pl.len().alias("articles"),
        pl.col("word_count").median().alias("median words"),
        pl.col("related").list.len().sum().alias("read-also links"),
        (pl.col("authors").list.len() > 0).mean().round(2).alias("with author"),
    )
    .sort("site", "date")
    .collect()
)
print(months)
