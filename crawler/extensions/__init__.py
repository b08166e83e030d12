"""What watches a run: progress, the balance sheet, the exit status."""
