"""Experiments as plain data and as YAML, and the key that a place in the text belongs to."""

from __future__ import annotations

import datetime
import io
import math
import os
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from .errors import InputError
from .units import duration


def _yaml() -> YAML:
    # Round trip: YAML 1.2 as the library reads it (`on` is a text), and comments stay.
    yaml = YAML(typ="rt", pure=True)
    yaml.default_flow_style = False
    yaml.width = 100
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _join(path: str, key: object) -> str:
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else str(key)


def _number(value: float, path: str) -> object:
    if not math.isfinite(value):
        raise InputError(f"{path}: {value} is no number that an experiment can hold", path=path)
    return int(value) if float(value).is_integer() else float(value)


def plain(value: Any, path: str = "") -> Any:
    """`value` as what YAML knows: numpy's arrays and numbers, ranges, tuples and timedeltas too.

    :raises InputError: for what an experiment cannot hold; `path` names it.
    """
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, datetime.timedelta):
        return duration(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Mapping):
        return _plain_mapping(value, path)
    if hasattr(value, "tolist") and not isinstance(value, (int, float)):
        return plain(value.tolist(), path)  # numpy's and pandas' arrays and scalars
    if isinstance(value, (int, float)):
        number = _number(value.tolist() if hasattr(value, "tolist") else value, path)
        return f"{number}B" if _is_size(path) and isinstance(number, int) else number
    if isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray)):
        return [plain(item, _join(path, index)) for index, item in enumerate(value)]
    raise InputError(
        f"{path}: a {type(value).__name__} is nothing that an experiment can hold; "
        "write a text, a number, a list or a mapping",
        path=path,
    )


def _is_size(path: str) -> bool:
    return path.rsplit(".", 1)[-1].split("[", 1)[0] == "file_size"


def _plain_mapping(value: Mapping[Any, Any], path: str) -> Dict[str, Any]:
    out: Dict[str, Any] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise InputError(f"{_join(path, key)}: keys are texts, not {key!r}", path=path or None)
        out[key] = plain(item, _join(path, key))
    return out


def _is_leaf(value: object) -> bool:
    return not isinstance(value, (dict, list))


def _styled(value: Any) -> Any:
    """Lists and mappings of single values stand on one line."""
    if isinstance(value, dict):
        mapping = CommentedMap((key, _styled(item)) for key, item in value.items())
        if value and all(_is_leaf(item) or _is_flat_list(item) for item in value.values()):
            mapping.fa.set_flow_style()
        return mapping
    if isinstance(value, list):
        sequence = CommentedSeq(_styled(item) for item in value)
        if _is_flat_list(value):
            sequence.fa.set_flow_style()
        return sequence
    return value


def _is_flat_list(value: object) -> bool:
    return isinstance(value, list) and all(_is_leaf(item) for item in value)


def dump(settings: Mapping[str, Any]) -> str:
    """Plain data as YAML; what was loaded with `load` keeps its comments."""
    out = io.StringIO()
    if not isinstance(settings, CommentedMap):
        settings = CommentedMap((key, _styled(item)) for key, item in settings.items())
    _yaml().dump(settings, out)
    return out.getvalue()


def load(text: str) -> CommentedMap:
    """The mapping of an experiment that the library accepted, comments included."""
    loaded = _yaml().load(text)
    assert isinstance(loaded, CommentedMap)
    return loaded


def settle(settings: CommentedMap, key: str, value: Any) -> None:
    """Sets the key `key`, dots lead into sections; None removes it."""
    *sections, last = key.split(".")
    at: Any = settings
    for section in sections:
        if not isinstance(at.get(section), dict):
            at[section] = CommentedMap()
        at = at[section]
    if value is None:
        at.pop(last, None)
    else:
        at[last] = _styled(plain(value, key))


def path_at(text: str, line: int, column: int) -> Optional[str]:
    """The key that the place belongs to (both from 1): ``matrix.swarm[1].seeders``."""
    try:
        root = _yaml().compose(io.StringIO(text))
    except YAMLError:
        return None
    return _path_in(root, (line - 1, column - 1), "") or None if root is not None else None


def _place(mark: Any) -> Tuple[int, int]:
    return (mark.line, mark.column)


def _children(node: Node, path: str) -> List[Tuple[str, Node, Node]]:
    if isinstance(node, MappingNode):
        return [(_join(path, str(key.value)), key, value) for key, value in node.value]
    if isinstance(node, SequenceNode):
        return [(_join(path, index), item, item) for index, item in enumerate(node.value)]
    return []


def _path_in(node: Node, place: Tuple[int, int], path: str) -> str:
    for child, first, last in _children(node, path):
        if _place(first.start_mark) <= place < _place(last.end_mark):
            return _path_in(last, place, child)
    return path
