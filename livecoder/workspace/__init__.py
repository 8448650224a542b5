"""The engine's git side of the user's repository: checkpoints, undo, patch, clean copies, private gitdirs.

The user's index, stash and HEAD are never written here, and of their refs only a new branch that they asked for.
Nothing that a model or a repository wrote is run: git is called in `git.py` only. `Workspace.open` in `workspace.py` is
the door.

    workspace.py   finds the repository, locks it for one session
    git.py         the one hardened git
    scan.py        what lies in the tree, by `lstat` alone
    glance.py      branch, last commits and untracked files, for the ground
    beneath.py     file operations that never leave the root
    trees.py       the shadow repository: trees, blobs, differences
    shadow.py      checkpoints of the worktree into it
    undo.py        rounds undone and redone
    diff.py        the agent's product as patch, numbers and text
    copies.py      clean copies of a checkpoint with the dependencies of the session's start
    gitdir.py      the gitdir that commands see instead of the user's
    quarantine.py  objects that commands made, taken out of that gitdir and checked by git
    commits.py     those commits, looked through one by one
    branch.py      a new branch of them
    weakened.py    tests that a change deleted, skipped or reconfigured
"""
