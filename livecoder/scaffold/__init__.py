"""The agent's self-modifiable part: settings, prompts, tools, hooks and lessons, and their history.

Everything in here is read as data from someone who may be hostile; nothing of it is executed here. No model, no
sandbox and no journal may enter; `store.py` alone knows git.
"""
