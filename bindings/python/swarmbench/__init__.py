"""Measures how a peer-to-peer content network moves a file through a swarm.

::

    import swarmbench as sb

    exp = sb.Experiment.load("first.yaml")
    print(exp.plan())
    results = exp.run("first.db", progress=True)
    results.summary()

All times are nanoseconds unless a name says otherwise, sizes are bytes, rates bits per second.
"""

from . import _capi, errors, units
from ._bridge import drivers, register_driver
from .charts import Chart, ChartKind, chart_kinds
from .driver import (
    Coded,
    Content,
    Driver,
    Launch,
    Node,
    Operation,
    Option,
    Status,
    Version,
)
from .errors import (
    AlreadyExists,
    AuthenticationRefused,
    Busy,
    Canceled,
    Closed,
    ConnectionFailed,
    ContentMismatch,
    EndedEarly,
    EnvironmentLacks,
    InputError,
    InputOutputError,
    Interrupted,
    InvalidArgument,
    NoSpace,
    NotFound,
    OutOfMemory,
    ProcessEnded,
    ProtocolError,
    RequestRefused,
    ResultsError,
    Stalled,
    SwarmbenchError,
    TimedOut,
    Unsupported,
)
from .exchange import Exchange, Reply, frame, http, next_frame
from .experiment import Experiment, schema
from .machine import Cleaned, Doctor, clean, doctor
from .plan import Cell, Estimate, Plan, PlannedRun
from .results import Progress, Results, compare, table_names
from .run import Event, Run, event_kinds
from .units import GB, KiB, MB, GiB, MiB, TB, TiB, kB

#: Version of the library.
__version__: str = _capi.swb_version()

__all__ = [
    "AlreadyExists",
    "AuthenticationRefused",
    "Busy",
    "Canceled",
    "Cell",
    "Chart",
    "ChartKind",
    "Cleaned",
    "Closed",
    "Coded",
    "ConnectionFailed",
    "Content",
    "ContentMismatch",
    "Doctor",
    "Driver",
    "EndedEarly",
    "EnvironmentLacks",
    "Estimate",
    "Event",
    "Exchange",
    "Experiment",
    "GB",
    "GiB",
    "InputError",
    "InputOutputError",
    "Interrupted",
    "InvalidArgument",
    "KiB",
    "Launch",
    "MB",
    "MiB",
    "NoSpace",
    "Node",
    "NotFound",
    "Operation",
    "Option",
    "OutOfMemory",
    "Plan",
    "PlannedRun",
    "ProcessEnded",
    "Progress",
    "ProtocolError",
    "Reply",
    "RequestRefused",
    "Results",
    "ResultsError",
    "Run",
    "Stalled",
    "Status",
    "SwarmbenchError",
    "TB",
    "TiB",
    "TimedOut",
    "Unsupported",
    "Version",
    "__version__",
    "chart_kinds",
    "clean",
    "compare",
    "doctor",
    "drivers",
    "errors",
    "event_kinds",
    "frame",
    "http",
    "kB",
    "next_frame",
    "register_driver",
    "schema",
    "table_names",
    "units",
]
