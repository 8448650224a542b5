"""Stage 4: the session's append-only event log, on disk before the next event happens. The single source of truth."""
