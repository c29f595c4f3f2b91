"""The only home of SQL and of files: records, artifacts, rows, bundles, people, the ledger and the workspace that holds them."""
