"""What runs where: jobs, resources, the Ray flows, the ledger, the command line."""
