"""livecoder: a coding agent that writes its own tools, proves them, and shows what it learnt.

The stages of one task, in the order of the data:

    cli/          parses the command line and calls `solve`
    task.py       1   what is asked, from argv, stdin or a file
    solve.py          opens a session, runs its rounds through the stages below, closes it
    loop.py       2   ask the model, run its commands, observe, repeat
    ground/           what the engine learns about a repository, without running any of it
    prompt.py         scaffold + task + ground -> messages
    model/        3a  providers through litellm; scripted and replayed models
    sandbox/      3b  the only place where anything that a model wrote is executed
    workspace/        checkpoints, undo, patch and clean copies of the user's repository
    journal/      4   every event on disk before the next one happens
    scaffold/         the agent's self-modifiable part and its history
    evolution/    5,6 harvest, reflection, the gate
    view/             events as text, JSON and JSON lines

Nothing happens at import.
"""

__version__ = "0.1.0"
