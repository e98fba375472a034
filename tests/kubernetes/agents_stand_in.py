"""Answers for the agents of all pods whose addresses are this machine's: as much as greeting them
takes. Pods that kwok plays have no agent, and what is measured with them is the runner.

usage: agents_stand_in.py PORT TOKEN-FILE
"""
import asyncio
import json
import pathlib
import sys
import time
import urllib.parse

WORKING = b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class Agents:
    def __init__(self, token):
        self.token = token
        self.greeted = 0

    async def answer(self, path, headers):
        parts = urllib.parse.urlsplit(path)
        query = dict(urllib.parse.parse_qsl(parts.query))
        if parts.path == "/v1/health":
            return 200, {"version": "stand-in", "api": 1}
        if headers.get("x-swarmbench-token") != self.token:
            return 401, {"status": "SWB_EAUTH", "message": "wrong token"}
        if parts.path == "/v1/clock":
            return 200, {"now_ns": str(time.monotonic_ns())}
        if parts.path == "/v1/events":
            self.greeted += query["instance"] == "0"
            await asyncio.sleep(int(query["wait_ms"]) / 1000)
            return 200, {"instance": "7", "events": [], "lost": False}
        return 404, {"status": "SWB_ENOENT", "message": "nothing was started"}

    async def serve(self, reader, writer):
        try:
            while line := await reader.readline():
                headers = {}
                while (text := (await reader.readline()).decode().strip()):
                    name, value = text.split(":", 1)
                    headers[name.lower()] = value.strip()
                status, reply = await self.answer(line.split()[1].decode(), headers)
                body = json.dumps(reply).encode()
                writer.write(WORKING % (status, b"OK", len(body)) + body)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def main(port, token_file):
    agents = Agents(pathlib.Path(token_file).read_text().strip())
    server = await asyncio.start_server(agents.serve, "0.0.0.0", port, backlog=4096)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
