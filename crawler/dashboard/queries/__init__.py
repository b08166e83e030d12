"""What the dashboard asks MongoDB: one module a page, each function a read that gives frozen dataclasses."""
