"""The schema's history, one file a step, run by `actors.store.migrate`."""
