"""Which page is next, and the ledger by which none is ever lost."""
