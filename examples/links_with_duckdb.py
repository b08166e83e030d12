"""What papers point to most, and where the links stand, with DuckDB: `links_with_duckdb.py EXPORT`.

EXPORT is what `scrapy export --format parquet` wrote: a file, or `DIR/**/*.parquet` of a partitioned one.
"""

import sys

import duckdb

if len(sys.argv) != 2:
    sys.exit(__doc__)
export = duckdb.read_parquet(sys.argv[1], hive_partitioning=True)
links = duckdb.sql("select site, unnest(related) as link from export")
print("Where the read-also links stand")
print(duckdb.sql("select site, link.position as position, count(*) as links from links group by all order by all"))
print("What is pointed to most, and whether we have it")
print(
    duckdb.sql(
        """
        select count(*) as pointers, any_value(link.title) as title, any_value(export.title) is not null as crawled
        from links left join export on export._id = link.article_id
        group by link.article_id order by pointers desc, title limit 10
        """
    )
)
