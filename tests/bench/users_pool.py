"""A user pool for tests/bench/users: run with the users a second that it creates, or 0 for any number, the users that it lists, and
the seconds that it takes to answer. Prints its port."""

import asyncio
import json
import sys
import time

RATE, LISTED, DELAY = float(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
PAGE = 60


class Bucket:
    """AWS's way of limiting: what was not used is saved up, for a second at the most."""

    def __init__(self, rate):
        self.rate, self.left, self.at = rate, rate, time.monotonic()

    def takes(self):
        now = time.monotonic()
        self.left, self.at = min(self.rate, self.left + (now - self.at) * self.rate), now
        if self.left < 1:
            return False
        self.left -= 1
        return True


bucket = Bucket(RATE) if RATE else None
counts = {}


def user(at):
    name, sub = f"seat-{at:06}@example.com", f"{at:08x}-0000-4000-8000-{at:012x}"
    attributes = [{"Name": "email", "Value": name}, {"Name": "email_verified", "Value": "true"}, {"Name": "sub", "Value": sub}]
    return {"Username": sub, "Attributes": attributes, "UserStatus": "CONFIRMED", "Enabled": True,
            "UserCreateDate": 1_700_000_000, "UserLastModifiedDate": 1_700_000_000}


def page(body, token):
    first = int(body.get(token) or 0)
    users = [user(at) for at in range(first, min(first + PAGE, LISTED))]
    more = {token: str(first + PAGE)} if first + PAGE < LISTED else {}
    return {"Users": users} | more


def answer(operation, body):
    if operation == "AdminCreateUser":
        if bucket and not bucket.takes():
            counts["throttled"] = counts.get("throttled", 0) + 1
            return 400, {"__type": "TooManyRequestsException", "message": "Too many requests"}
        made = {"Username": body["Username"], "Attributes": body.get("UserAttributes", []), "UserStatus": "FORCE_CHANGE_PASSWORD",
                "Enabled": True, "UserCreateDate": time.time()}
        return 200, {"User": made}
    if operation == "ListUsers":
        return 200, page(body, "PaginationToken")
    if operation == "ListUsersInGroup":
        return 200, page(body, "NextToken")
    return 200, {}


async def serve(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
            body = json.loads(await reader.readexactly(int(headers.get("content-length", 0))) or b"{}")
            operation = headers.get("x-amz-target", "").split(".")[-1]
            names = {name.lower(): name for name in ("AdminCreateUser", "ListUsers", "ListUsersInGroup")}
            status, content = answer(names.get(operation, operation), body)
            await asyncio.sleep(DELAY)
            text = json.dumps(counts if headers.get("x-counts") else content).encode()
            writer.write(f"HTTP/1.1 {status} X\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
