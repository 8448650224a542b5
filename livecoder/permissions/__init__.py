"""Which commands the user lets run: rules as word prefixes, judged on the parsed command, asked about, remembered.

The sandbox is the boundary; rules only narrow it. Values in, verdicts out: nothing is run, and no file is read in here.
"""
