"""One line an event on standard output."""
import sys
import time


def event(message, **values):
    now = time.time()
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}"
    fields = "".join(f" {name}={value}" for name, value in values.items())
    try:
        sys.stdout.write(f"INF {stamp} {message}{fields}\n")
        sys.stdout.flush()
    except OSError:  # the reader of the log has gone, which must not stop a node
        pass
