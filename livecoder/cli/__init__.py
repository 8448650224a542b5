"""The command line: parsing, asking and printing. One file a command group; no logic of the agent in here."""
