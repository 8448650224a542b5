"""One module a test runner: from the lines that it printed to a `TestRun`, or None where it did not print them.

Every line is looked at once, by patterns that take time in proportion to its length.
"""
