"""Django's SQLite backend with one process-wide lock round every write transaction."""
