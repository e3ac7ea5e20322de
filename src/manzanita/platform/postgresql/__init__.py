"""Django's PostgreSQL backend, which also tells the database whose students may be read."""
