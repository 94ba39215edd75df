"""YAML as people write it: no field twice, and numbers that are what they look like.

PyYAML keeps the last of several values of one field, and by YAML 1.1 reads `010` as 8 and `1:30` as 90.
"""

import re
from typing import Any

import yaml

INT, FLOAT, MERGE = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:merge"
TWICE = "found a field twice: "
DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9_]*)$")
POINTED = re.compile(
    r"[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?$|[-+]?\.(inf|Inf|INF)$|\.(nan|NaN|NAN)$"
)


class JobLoader(yaml.SafeLoader):
    """PyYAML's safe loader, which refuses fields that stand twice and leaves numbers of other bases as text."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """One mapping, as it is written.

        Raises:
            yaml.MarkedYAMLError: a field stands in it twice.
        """
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != MERGE:
                if key.value in seen:
                    raise yaml.MarkedYAMLError(problem=f"{TWICE}{key.value}", problem_mark=key.start_mark)
                seen.add(key.value)
        return node


JobLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag not in (INT, FLOAT)]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
JobLoader.add_implicit_resolver(INT, DECIMAL, list("-+0123456789"))
JobLoader.add_implicit_resolver(FLOAT, POINTED, list("-+0123456789."))


def parse(text: str) -> Any:
    """The plain data of a YAML text.

    Raises:
        yaml.YAMLError: it is none, or a field stands twice.
    """
    return yaml.load(text, JobLoader)
