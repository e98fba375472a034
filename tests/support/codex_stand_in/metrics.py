"""The metrics page, with a real node's names for what the stand-in counts."""
import os
import resource
import time

_STARTED = time.time()


def page(node):
    """The page's text."""
    prefix, counters, store = node.options.generation, node.counters, node.store
    usage = resource.getrusage(resource.RUSAGE_SELF)
    exchange = f"{prefix}_block_exchange"
    lines = [
        "# HELP process_info CPU and memory usage", "# TYPE process_info gauge",
        f"process_resident_memory_bytes {_resident_bytes():.1f}",
        f"process_start_time_seconds {_STARTED:.2f}",
        f"process_cpu_seconds_total {usage.ru_utime + usage.ru_stime:.2f}", ""]
    lines += _metric("libp2p_network_bytes", "counter", "total traffic",
                     {'{direction="in"}': counters["bytes_in"],
                      '{direction="out"}': counters["bytes_out"]})
    lines += _metric("libp2p_peers", "gauge", "total connected peers",
                     {"": len(node.directory.members())})
    for name, what, count in (
            (f"{exchange}_blocks_sent", "blocks sent", "blocks_sent"),
            (f"{exchange}_blocks_received", "blocks received", "blocks_received"),
            (f"{exchange}_spurious_blocks_received", "unrequested/duplicate blocks received",
             "spurious_blocks"),
            (f"{prefix}_api_uploads", "API uploads", "uploads"),
            (f"{prefix}_api_downloads", "API downloads", "downloads")):
        lines += _metric(name, "counter", f"{prefix} {what}", {"": counters[count]})
    for name, value in (("blocks", store.total_blocks), ("bytes_used", store.used),
                        ("bytes_reserved", 0)):
        lines += _metric(f"{prefix}_repostore_{name}", "gauge", f"{prefix} repostore {name}",
                         {"": value})
    return "\n".join(lines)


def _metric(name, kind, what, values):
    suffix = "_total" if kind == "counter" else ""
    return [f"# HELP {name} {what}", f"# TYPE {name} {kind}",
            *(f"{name}{suffix}{labels} {value:.1f}" for labels, value in values.items()), ""]


def _resident_bytes():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
