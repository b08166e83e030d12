"""Whether an outlet still reads as it used to: what a run counts, what is usual, and who is told when it breaks."""
