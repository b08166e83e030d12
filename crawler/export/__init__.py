"""What leaves the database: which articles, and in what shape. Pure, but for the files in `output`."""
