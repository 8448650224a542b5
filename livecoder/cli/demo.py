"""`livecoder demo`: stub"""


def demo() -> int:
    """The main job on a bundled repository."""
    return 0
