"""Amazon Cognito tokens from the program cogtok, with its cache: any number of callers make one request.

    import cogtok
    token = cogtok.token("ws", as_="m2m")

Nothing is ever asked: sign in (`cogtok login`), or store the secret, before. Nothing here does what the program does already.
"""

import json
import os
import shutil
import subprocess
import sysconfig
import threading
import time
from typing import Any, Dict, List, Optional, Sequence

__all__ = ["CogtokError", "TokenProvider", "aws_credentials", "boto3_session", "httpx_auth", "token"]

# How long no other token is asked for after a new one was refused all the same: each may cost money.
_TRUCE = 60.0


class CogtokError(Exception):
    """What the program says where it fails: `exit_code` tells the kind (docs/exit-codes.md), `hints` what to do."""

    def __init__(self, exit_code: int, message: str, hints: Sequence[str] = ()) -> None:
        super().__init__("\n".join([message, *(f"hint: {hint}" for hint in hints)]))
        self.exit_code = exit_code
        self.message = message
        self.hints = list(hints)


def _program() -> str:
    name = "cogtok.exe" if os.name == "nt" else "cogtok"
    # The one that this package brought, wherever PATH leads.
    own = os.path.join(sysconfig.get_path("scripts"), name)
    found = own if os.path.isfile(own) else shutil.which("cogtok")
    if found is None:
        raise CogtokError(127, "the program cogtok is not on PATH", ["pip install cogtok"])
    return found


def _run(arguments: List[str], timeout: Optional[float]) -> Dict[str, Any]:
    done = subprocess.run(
        [_program(), *arguments, "--no-input"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout, check=False,
    )
    if done.returncode == 0:
        return json.loads(done.stdout)
    lines = done.stderr.decode("utf-8", "replace").splitlines()
    errors = [line[len("error: "):] for line in lines if line.startswith("error: ")]
    hints = [line[len("hint: "):] for line in lines if line.startswith("hint: ")]
    raise CogtokError(done.returncode, errors[-1] if errors else f"cogtok ended with {done.returncode}", hints)


class TokenProvider:
    """Tokens of one profile. It may be shared by threads, and asks the program again before the token expires."""

    def __init__(
        self,
        profile: Optional[str] = None,
        *,
        as_: str = "user",
        username: Optional[str] = None,
        token: str = "access",
        scopes: Sequence[str] = (),
        min_validity: float = 120,
        timeout: Optional[float] = None,
    ) -> None:
        if as_ not in ("user", "m2m"):
            raise ValueError("as_ is 'user' or 'm2m'")
        if as_ == "m2m" and (username is not None or token != "access"):
            raise ValueError("username and token are for as_='user'")
        if as_ == "user" and scopes:
            raise ValueError("scopes are for as_='m2m'")
        self._arguments = ["token", as_, "--json", "--min-validity", f"{int(min_validity)}s"]
        self._arguments += [] if profile is None else ["-p", profile]
        self._arguments += [] if username is None else ["--username", username]
        self._arguments += [word for scope in scopes for word in ("--scope", scope)]
        self._claim = {"access": "access_token", "id": "id_token"}[token]
        self._min_validity = min_validity
        self._timeout = timeout
        self._lock = threading.Lock()
        self._kept = ("", 0.0)
        self._renewed_at = float("-inf")

    def __repr__(self) -> str:
        return f"TokenProvider({' '.join(self._arguments[1:])})"

    def token(self) -> str:
        """The current token."""
        with self._lock:
            return self._current()

    def headers(self) -> Dict[str, str]:
        """The Authorization header with the current token."""
        return {"Authorization": f"Bearer {self.token()}"}

    def renewed(self, refused: str) -> Optional[str]:
        """Another token than the one that a server `refused` with 401; None where there is none."""
        with self._lock:
            current = self._current()
            # Another thread may have renewed it meanwhile.
            if current != refused:
                return current
            if time.monotonic() - self._renewed_at < _TRUCE:
                return None
            self._renewed_at = time.monotonic()
            renewed = self._fetch(["--force-refresh"])
            return renewed if renewed != refused else None

    def _current(self) -> str:
        value, end = self._kept
        if value and time.time() + self._min_validity < end:
            return value
        return self._fetch([])

    def _fetch(self, more: List[str]) -> str:
        answer = _run(self._arguments + more, self._timeout)
        value = str(answer[self._claim])
        # Where nobody says how long it lives, the program is asked each time.
        self._kept = (value, float(answer.get("expires_at") or 0))
        return value


def token(profile: Optional[str] = None, **options: Any) -> str:
    """The current token of a profile; options as those of TokenProvider."""
    return TokenProvider(profile, **options).token()


def httpx_auth(profile: Optional[str] = None, *, httpx: Any = None, **options: Any) -> Any:
    """An httpx.Auth that sends the current token, and a new one once where the server answers 401.

    `httpx` is the module whose Auth it is, where it is not httpx itself; options as those of TokenProvider.
    """
    if httpx is None:
        import httpx

    provider = TokenProvider(profile, **options)

    class CogtokAuth(httpx.Auth):  # type: ignore[misc, name-defined]
        def sync_auth_flow(self, request: Any) -> Any:
            value = provider.token()
            request.headers["Authorization"] = f"Bearer {value}"
            response = yield request
            if response.status_code == 401:
                other = provider.renewed(value)
                if other is not None:
                    request.headers["Authorization"] = f"Bearer {other}"
                    yield request

        async def async_auth_flow(self, request: Any) -> Any:
            import asyncio

            loop = asyncio.get_running_loop()
            value = await loop.run_in_executor(None, provider.token)
            request.headers["Authorization"] = f"Bearer {value}"
            response = yield request
            if response.status_code == 401:
                other = await loop.run_in_executor(None, provider.renewed, value)
                if other is not None:
                    request.headers["Authorization"] = f"Bearer {other}"
                    yield request

    return CogtokAuth()


def aws_credentials(profile: Optional[str] = None, *, timeout: Optional[float] = None) -> Dict[str, Any]:
    """AWS credentials for the signed-in user through the profile's identity pool, as `credential_process` has them."""
    return _run(["aws-credentials", *([] if profile is None else ["-p", profile])], timeout)


def boto3_session(profile: Optional[str] = None, **session: Any) -> Any:
    """A boto3.Session that calls AWS as the signed-in user, with credentials that are renewed; `session` as for boto3.Session."""
    import boto3
    from botocore.credentials import RefreshableCredentials
    from botocore.session import get_session

    def refresh() -> Dict[str, Any]:
        found = aws_credentials(profile)
        return {"access_key": found["AccessKeyId"], "secret_key": found["SecretAccessKey"],
                "token": found["SessionToken"], "expiry_time": found["Expiration"]}

    core = get_session()
    core._credentials = RefreshableCredentials.create_from_metadata(refresh(), refresh, "cogtok")
    return boto3.Session(botocore_session=core, **session)
