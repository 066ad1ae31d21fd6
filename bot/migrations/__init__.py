"""The history of the records' schema, as Alembic runs it."""
