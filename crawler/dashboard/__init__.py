"""The dashboard: what came in, in a browser. Reads MongoDB, writes nothing, and takes what pages say for text."""
