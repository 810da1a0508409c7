"""What is kept: copies of the database, and of its rows those that are young enough."""
