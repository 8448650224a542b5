"""Events as people and programs read them: lines on a terminal, JSON, JSON lines. A view reads events, nothing else."""
