"""Archives read by many processes, on one machine or many: one Dask task for each WARC file."""
