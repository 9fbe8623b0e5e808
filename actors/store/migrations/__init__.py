"""The history of the schema, one file per step, run by `actors.store.schema`."""
