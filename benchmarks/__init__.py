"""Scripts that measure quality and speed on real pages."""
