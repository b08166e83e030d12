"""From an Article to MongoDB: validate, language, dedupe, store."""
