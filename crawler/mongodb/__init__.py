"""The way to MongoDB: which server, how to connect, and the embedded one."""
