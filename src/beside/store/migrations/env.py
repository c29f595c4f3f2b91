"""Alembic's entry: runs the steps on the connection that was handed over."""

from alembic import context

from beside.store.tables import Table

context.configure(connection=context.config.attributes["connection"], target_metadata=Table.metadata)
context.run_migrations()
