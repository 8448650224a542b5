"""The demo: three acts on a small bundled repository, with a recorded model; all else in it is real.

Everything happens in a temporary directory with a scaffold of its own: nothing of the user's is read or changed.
"""
