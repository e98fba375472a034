"""What the stand-in was told to do wrong, and the brake on what it sends and takes."""
import threading
import time

# name -> (type, what it does)
KINDS = {
    "hang": (bool, "requests for data are taken and never answered"),
    "drop_connection": (bool, "connections with requests for data are closed without an answer"),
    "quota_full": (bool, "no block can be stored any more"),
    "slow_bps": (int, "bytes a second of all uploads, streams and blocks served together"),
    "truncate_stream": (int, "streams end after so many bytes"),
    "stall_stream": (int, "streams send so many bytes, then nothing, and stay open"),
    "corrupt_stream": (int, "the byte at this offset of a stream is wrong"),
    "corrupt_blocks": (bool, "blocks served to peers are wrong"),
    "hang_peers": (bool, "requests of peers are taken and never answered"),
    "stop_serving": (bool, "vanishes for its peers; its own API works on"),
    "exit": (int, "the process ends at once with this code"),
}


class Faults:
    """The faults in force; reading one is an attribute, None or False where it is off."""

    def __init__(self):
        self._values = dict.fromkeys(KINDS)

    def __getattr__(self, name):
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(name) from None

    def set(self, changes):
        """Takes {name: value}, null to end a fault; ValueError leaves everything as it was."""
        if not isinstance(changes, dict):
            raise ValueError("faults are an object of name and value")
        for name, value in changes.items():
            kind = KINDS.get(name, (None,))[0]
            if kind is None:
                raise ValueError(f"no fault '{name}'; there are {', '.join(KINDS)}")
            if value is not None and (type(value) is not kind or value < 0):
                raise ValueError(f"{name} takes a {kind.__name__} that is not negative")
        self._values = {**self._values, **changes}

    def to_json(self):
        return dict(self._values)


def parse(text):
    """NAME or NAME=NUMBER of the command line -> (name, value)."""
    name, separator, value = text.partition("=")
    return name, int(value) if separator else True


class Brake:
    """Holds everything that passes together to a rate."""

    def __init__(self, faults):
        self._faults = faults
        self._lock = threading.Lock()
        self._free_at = 0.0

    def take(self, size):
        """Waits until `size` bytes may pass."""
        if not self._faults.slow_bps:
            return
        with self._lock:
            now = time.monotonic()
            begin = max(now, self._free_at)
            self._free_at = begin + size / self._faults.slow_bps
            wait = self._free_at - now
        time.sleep(wait)
