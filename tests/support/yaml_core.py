"""YAML as editors and libyaml's users read it: by the core schema of YAML 1.2.

PyYAML follows YAML 1.1, where `on` is a truth value; the key `on` of an experiment is a text.
"""
import re

import yaml


class Loader(yaml.SafeLoader):
    """SafeLoader without yes, no, on, off and dates."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers
            if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool",
                             re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def load(text):
    return yaml.load(text, Loader)
