"""What an audit measures: one folder per aspect, one file per check. A check measures, the audit stage judges."""
