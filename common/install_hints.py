"""How to install a missing package, for messages: into the environment that `make setup` makes."""

PIP = ".venv/bin/python -m pip install"


def install_extra(name: str) -> str:
    """The command that installs one of this package's extras; it is on no registry, so a clone is what is installed."""
    return f"{PIP} -c constraints.txt -e '.[{name}]' (in the clone's folder)"
