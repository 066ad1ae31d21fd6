"""One module for each change of the records' schema, oldest first."""
