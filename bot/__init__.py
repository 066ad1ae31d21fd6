"""How it talks: the command line, the Teams adapter, answers and cards."""
