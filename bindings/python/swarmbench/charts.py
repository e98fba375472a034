"""Charts as Vega-Lite specifications, which notebooks draw by themselves."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from . import _capi, _html

if TYPE_CHECKING:
    import altair

    from .experiment import PathLike


@dataclass(frozen=True)
class ChartKind:
    """A chart that `Results.chart` can make."""

    name: str  #: for programs: "completion"
    title: str  #: for people
    description: str  #: what it shows and how to read it


class ChartKinds(List[ChartKind]):
    """The kinds of charts, as a list that a notebook shows as a table."""

    def _repr_html_(self) -> str:
        return _html.table(("name", "title", "what it shows"),
                           [(kind.name, kind.title, kind.description) for kind in self])  # fmt: skip


def chart_kinds() -> ChartKinds:
    """All charts that `Results.chart` can make, in the order of a report."""
    kinds = ChartKinds()
    while True:
        row = _capi.swb_chart_at(len(kinds))
        if row is None:
            return kinds
        kinds.append(ChartKind(row.name, row.title, row.description))


class Chart:
    """A Vega-Lite specification with its data. A notebook draws it; `spec` is plain data."""

    def __init__(self, spec: Dict[str, Any]) -> None:
        self.spec = spec

    @property
    def media_type(self) -> str:
        """Media type of the specification, by the version of Vega-Lite that it names."""
        return f"application/vnd.vegalite.v{_major(self.spec)}+json"

    def to_json(self, indent: Optional[int] = None) -> str:
        """The specification as JSON."""
        return json.dumps(self.spec, indent=indent)

    def save(self, path: PathLike) -> None:
        """Writes the specification (.json), or a page that draws it and needs a network (.html)."""
        text = self._page() if os.fspath(path).endswith(".html") else self.to_json(2)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def _page(self) -> str:
        scripts = "".join(
            f'<script src="https://cdn.jsdelivr.net/npm/{name}"></script>'
            for name in ("vega@6", f"vega-lite@{_major(self.spec)}", "vega-embed@7")
        )
        spec = self.to_json().replace("</", "<\\/")
        return (
            f'<!DOCTYPE html><meta charset="utf-8"><title>{escape(str(self))}</title>{scripts}'
            f'<div id="chart"></div><script>vegaEmbed("#chart", {spec})</script>'
        )

    def to_altair(self) -> altair.Chart:
        """The chart as one of altair, which must be installed."""
        import altair

        made: altair.Chart = altair.Chart.from_dict(self.spec, validate=False)
        return made

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> Dict[str, Any]:
        return {self.media_type: self.spec, "text/plain": repr(self)}

    def __str__(self) -> str:
        title = self.spec.get("title", "")
        text = title.get("text", "") if isinstance(title, dict) else title
        return " ".join(text) if isinstance(text, list) else str(text)

    def __repr__(self) -> str:
        return f"<Chart {str(self)!r}>"


def _major(spec: Dict[str, Any]) -> str:
    """Major version of Vega-Lite: ".../vega-lite/v5.json" and "v5.20.1.json" give "5"."""
    schema = str(spec.get("$schema", "/v5"))
    return schema.rsplit("/v", 1)[-1].split(".", 1)[0]
