"""What the package uses of the module that SWIG makes of the C headers (capi.i).

A call raises an exception of `swarmbench.errors` where the C function returns a negative status,
returns what the C function gives by its outputs, and refuses None for the objects that it needs.
"""

from typing import Any, List, Optional, Tuple

SWB_OK: int
SWB_ENOMEM: int
SWB_EINVAL: int
SWB_EINPUT: int
SWB_ENOENT: int
SWB_EIO: int
SWB_EENV: int
SWB_ETIMEDOUT: int
SWB_EPROTO: int
SWB_ECONNECT: int
SWB_EAUTH: int
SWB_EREMOTE: int
SWB_EMISMATCH: int
SWB_ECANCELED: int
SWB_EBUSY: int
SWB_EUNSUPPORTED: int
SWB_EEXIST: int
SWB_EDB: int
SWB_EINTERRUPTED: int
SWB_ETRUNCATED: int
SWB_ENOSPACE: int
SWB_EEXITED: int
SWB_ESTALLED: int
SWB_FORMAT_TEXT: int
SWB_FORMAT_MARKDOWN: int
SWB_FORMAT_JSON: int
SWB_FORMAT_CSV: int
SWB_FORMAT_HTML: int
SWB_FORMAT_JSON_LINES: int
SWB_EVENT_EXPERIMENT_ENDED: int
SWB_OP_COUNT: int

class swb_experiment: ...
class swb_plan: ...
class swb_runner: ...
class swb_results: ...
class swb_launch: ...
class swb_call: ...

class swb_cell:
    index: int
    file_size_bytes: int
    size: int
    seeders: int
    label: str

class swb_planned_run:
    index: int
    cell: int
    block: int
    mode: int
    seeder_set: int
    repetition: int
    optional: int
    content_seed: int
    run_seed: int

class swb_estimate:
    time_min_ns: int
    time_max_ns: int
    disk_peak_bytes: int
    memory_peak_bytes: int
    traffic_bytes: int
    runs_min: int
    runs_max: int
    downloads_min: int

class swb_event:
    kind: int
    status: int
    time_ns: int
    run: int
    mode: int
    node: int
    value: int
    total: int
    name: str
    text: str

class swb_progress:
    experiment: str
    runs_planned: int
    runs_done: int
    runs_failed: int
    runs_unfinished: int
    running: int
    ended: int
    cells_planned: int
    cells_begun: int

class swb_quantity:
    median: float
    low: float
    high: float
    p25: float
    p75: float

class swb_summary_row:
    experiment: str
    cell: str
    mode: str
    file_size_bytes: int
    size: int
    seeders: int
    runs: int
    runs_failed: int
    downloads: int
    downloads_verified: int
    reliability_low: float
    reliability_high: float
    makespan_ns: swb_quantity
    first_byte_ns: swb_quantity
    completion_ns: swb_quantity
    bandwidth_bps: swb_quantity
    stability: float
    seeder_share: float
    start_skew_ns: float
    cpu_ns: float
    ratio: float
    simulated: int

class swb_chart:
    name: str
    title: str
    description: str

class swb_clean_report:
    journals: int
    processes: int
    directories: int
    live: int
    held_text: str
    objects: int

class swb_result:
    version: str
    api_version: str
    revision: str
    stand_in: int
    handle: str
    bootstrap: str
    state: int
    bytes_done: int
    payload_received: int
    payload_sent: int
    wasted: int
    wire_received: int
    wire_sent: int
    peers: int
    stored_bytes: int
    detail: str

class swb_reply:
    http_status: int
    content_type: str
    def data(self) -> bytes: ...

class swb_command:
    operation: int
    handle: Optional[str]
    peer_count: int
    def torrent(self) -> bytes: ...
    def peer(self, index: int) -> Tuple[str, int]: ...

class swb_node:
    name: str
    role: int
    address: str
    data_port: int
    api_port: int
    extra_port: int
    wildcard_port: int
    program: str
    home_dir: str
    content_dir: str
    user: str
    password: str
    content_name: str
    content_bytes: int
    swarm_size: int
    tracker_url: Optional[str]
    infohash: Optional[str]
    bootstrap: Optional[str]
    stored_bytes: int
    data_parts: int
    parity_parts: int
    attached: int
    def torrents(self) -> List[str]: ...
    def option(self, index: int) -> Tuple[int, float, Optional[str]]: ...

def swb_version() -> str: ...
def swb_status_text(status: int) -> str: ...
def swb_status_name(status: int) -> str: ...
def swb_experiment_load(path: str) -> swb_experiment: ...
def swb_experiment_parse(text: str, name: str) -> swb_experiment: ...
def swb_experiment_name(experiment: swb_experiment) -> str: ...
def swb_experiment_seed(experiment: swb_experiment) -> int: ...
def swb_experiment_text(experiment: swb_experiment) -> str: ...
def swb_experiment_mode_count(experiment: swb_experiment) -> int: ...
def swb_experiment_mode_name(experiment: swb_experiment, index: int) -> str: ...
def swb_experiment_baseline(experiment: swb_experiment) -> int: ...
def swb_plan_create(experiment: swb_experiment) -> swb_plan: ...
def swb_plan_destroy(plan: swb_plan) -> None: ...
def swb_plan_cell(plan: swb_plan, index: int) -> swb_cell: ...
def swb_plan_run(plan: swb_plan, index: int) -> swb_planned_run: ...
def swb_plan_cell_count(plan: swb_plan) -> int: ...
def swb_plan_run_count(plan: swb_plan) -> int: ...
def swb_plan_estimate(plan: swb_plan) -> swb_estimate: ...
def swb_plan_write(plan: swb_plan, format: int, fd: int) -> int: ...
def swb_schema_write(fd: int) -> int: ...
def swb_event_kind_name(kind: int) -> str: ...
def runner_create(
    experiment: swb_experiment,
    results_path: str,
    work_dir: Optional[str],
    on: Optional[str],
    only: Optional[str],
    resume: int,
    keep_data: int,
) -> swb_runner: ...
def swb_runner_destroy(runner: swb_runner) -> None: ...
def swb_runner_poll(runner: swb_runner, timeout_ms: int) -> Optional[swb_event]: ...
def swb_runner_done(runner: swb_runner) -> int: ...
def swb_runner_stop(runner: swb_runner) -> None: ...
def swb_runner_detach(runner: swb_runner) -> int: ...
def swb_runner_step(runner: swb_runner) -> int: ...
def swb_runner_fd(runner: swb_runner) -> int: ...
def swb_runner_timeout_ms(runner: swb_runner) -> int: ...
def swb_runner_failed_runs(runner: swb_runner) -> int: ...
def swb_results_open(path: str) -> swb_results: ...
def swb_results_close(results: swb_results) -> None: ...
def swb_results_database(results: swb_results) -> str: ...
def swb_results_summary(results: swb_results) -> List[swb_summary_row]: ...
def swb_results_progress(results: swb_results, index: int) -> swb_progress: ...
def swb_results_report(results: swb_results, format: int, fd: int) -> int: ...
def swb_results_export(results: swb_results, table: str, format: int, fd: int) -> int: ...
def swb_results_table_name(index: int) -> Optional[str]: ...
def swb_chart_at(index: int) -> Optional[swb_chart]: ...
def results_chart(
    results: swb_results,
    chart: str,
    experiment: Optional[str],
    cell: Optional[str],
    modes: Optional[str],
    rows_max: int,
    width_px: int,
    fd: int,
) -> int: ...
def results_compare(
    before: swb_results,
    after: swb_results,
    experiment: Optional[str],
    margin: float,
    confidence: float,
    format: int,
    fd: int,
) -> int: ...
def swb_doctor(format: int, fd: int) -> int: ...
def swb_clean(dry_run: int) -> swb_clean_report: ...
def swb_drivers_write(format: int, fd: int) -> int: ...
def swb_operation_name(operation: int) -> str: ...
def swb_launch_program(launch: swb_launch, program: str) -> None: ...
def swb_launch_arg(launch: swb_launch, argument: str) -> None: ...
def swb_launch_env(launch: swb_launch, name: str, value: str) -> None: ...
def swb_launch_dir(launch: swb_launch, path: str, mode: int) -> None: ...
def swb_launch_file(launch: swb_launch, path: str, mode: int, bytes: bytes) -> None: ...
def swb_call_node(call: swb_call) -> swb_node: ...
def swb_call_command(call: swb_call) -> swb_command: ...
def swb_call_reply(call: swb_call) -> Optional[swb_reply]: ...
def swb_call_result(call: swb_call) -> swb_result: ...
def swb_call_http(call: swb_call, method: str, path: str) -> int: ...
def swb_call_http_extra(call: swb_call, method: str, path: str) -> int: ...
def swb_call_http_wildcard(call: swb_call, method: str, path: str) -> int: ...
def swb_call_header(call: swb_call, name: str, value: str) -> None: ...
def swb_call_body(call: swb_call, type: Optional[str], bytes: bytes) -> None: ...
def swb_call_field(call: swb_call, name: str, value: str) -> None: ...
def swb_call_part(
    call: swb_call,
    name: str,
    filename: Optional[str],
    type: Optional[str],
    bytes: bytes,
) -> None: ...
def swb_call_upload_content(call: swb_call) -> None: ...
def swb_call_download_content(call: swb_call) -> None: ...
def swb_call_frame(call: swb_call, bytes: bytes) -> int: ...
def swb_call_next_frame(call: swb_call) -> int: ...
def swb_call_fail(call: swb_call, status: int, retriable: int, message: str) -> int: ...
def bridge_register(driver: Any) -> int: ...
def bridge_address(name: str) -> int: ...
