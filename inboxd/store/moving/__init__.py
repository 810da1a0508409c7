"""Taking rows out of a database, and another database's rows into it."""
