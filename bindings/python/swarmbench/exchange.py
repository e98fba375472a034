"""What a driver's operation says to a node, and what it hears."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Mapping, Optional, Sequence, Tuple, Union

from .errors import AuthenticationRefused, NotFound, ProtocolError, RequestRefused

_JSON_MAX_BYTES = 8 << 20


@dataclass(frozen=True)
class Exchange:
    """One exchange with the node; made by `http`, `frame` and `next_frame`."""

    method: str = ""
    path: str = ""
    headers: Tuple[Tuple[str, str], ...] = ()
    body: Optional[bytes] = None
    content_type: Optional[str] = None
    form: Tuple[Tuple[str, str], ...] = ()
    parts: Tuple[Tuple[str, Optional[str], Optional[str], bytes], ...] = ()
    upload: bool = False
    download: bool = False
    port: str = "api"
    frame: Optional[bytes] = None
    await_frame: bool = False


def _pairs(mapping: Optional[Mapping[str, str]]) -> Tuple[Tuple[str, str], ...]:
    return tuple((str(name), str(value)) for name, value in (mapping or {}).items())


def http(
    method: str,
    path: str,
    *,
    json: Any = None,
    body: Optional[Union[bytes, str]] = None,
    content_type: Optional[str] = None,
    headers: Optional[Mapping[str, str]] = None,
    form: Optional[Mapping[str, str]] = None,
    parts: Sequence[Tuple[str, Optional[str], Optional[str], bytes]] = (),
    upload: bool = False,
    download: bool = False,
    port: str = "api",
) -> Exchange:
    """An HTTP request to the node.

    :param path: begins with "/", query included, percent-encoded.
    :param json: a value to send as JSON.
    :param body: bytes or text to send, of `content_type`.
    :param form: fields of a form, encoded here.
    :param parts: of a multipart form: (name, file name, type, bytes) each.
    :param upload: the body is the content itself, made while it is sent (SEED of a store).
    :param download: the reply's body is the content: verified as it arrives and not kept; the
        times are taken from it (LEECH and READ of a store).
    :param port: "api", "extra" or "wildcard": to which of the node's ports.
    """
    if json is not None:
        body, content_type = _encode(json), content_type or "application/json"
    if isinstance(body, str):
        body = body.encode()
    return Exchange(
        method, path, _pairs(headers), body, content_type, _pairs(form), tuple(parts), upload,
        download, port,
    )  # fmt: skip


def _encode(value: Any) -> bytes:
    return json.dumps(value).encode()


def frame(data: bytes) -> Exchange:
    """A frame on the TLS stream; the reply is the next frame that comes."""
    return Exchange(frame=data)


def next_frame() -> Exchange:
    """Sends nothing and waits for another frame: the last one was not the reply."""
    return Exchange(await_frame=True)


@dataclass(frozen=True)
class Reply:
    """A reply of the node, whole. Nothing in it is to be trusted."""

    status: int  #: of HTTP, 100 to 599; 0 for a frame
    content_type: str  #: lower case, without parameters; "" where none was sent
    body: bytes  #: or one whole frame

    @property
    def text(self) -> str:
        """The body as text; what is no UTF-8 is replaced."""
        return self.body.decode("utf-8", errors="replace")

    def expect(self) -> Reply:
        """The reply itself where it tells success; else it raises what drivers agreed on: 401 and
        403 `AuthenticationRefused`, 404 `NotFound`, others `RequestRefused`, from 500 on worth
        another try."""
        if 200 <= self.status < 300:
            return self
        words = f"HTTP {self.status}"
        if self.status in (401, 403):
            raise AuthenticationRefused(words)
        if self.status == 404:
            raise NotFound(words)
        raise RequestRefused(words, retriable=self.status >= 500)

    def json(self) -> Any:
        """The body as JSON.

        :raises ProtocolError: it is none.
        """
        try:
            if len(self.body) > _JSON_MAX_BYTES:
                raise ValueError("too long")
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise ProtocolError(f"the reply is no JSON: {error}"[:200]) from None
