"""A batch run from end to end: job, cluster, engine, output, monitor, report, command line."""
