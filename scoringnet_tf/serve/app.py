"""The web application: a page to upload videos, their places in the queue, their pages, and what is kept."""

import asyncio
import contextlib
import ipaddress
import re
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from starlette.requests import ClientDisconnect

from scoringnet_tf.data.corrections import LARGEST
from scoringnet_tf.inference.fall import check_speed
from scoringnet_tf.report.page import rendered
from scoringnet_tf.serve import kept
from scoringnet_tf.serve.jobs import DONE, Job, Queue
from scoringnet_tf.support.messages import InputError

STATUSES = {  # else 400
    "wrong_password": 401,
    "foreign_origin": 403,
    "unknown_host": 421,
    "not_found": 404,
    "upload_timeout": 408,
    "exists": 409,
    "busy": 409,
    "changed": 409,
    "too_large": 413,
    "queue_full": 503,
    "not_writable": 507,
}
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'unsafe-inline'"
# The page of a video has an origin of its own: whatever it were to run, it could ask this server for its corrections
# alone, by the token in its address, and without the password.
SHOWN = (
    f"{NOTHING}; sandbox allow-scripts allow-downloads; script-src 'unsafe-inline'; connect-src 'self'; "
    "img-src data: blob:; media-src data: blob:"
)
SANDBOXED = "null"  # its origin
HEADERS = {
    "Content-Security-Policy": NOTHING,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # an address is all that is needed to see a page
    "Cache-Control": "no-store",
}


def create_app(
    queue: Queue,
    model: str,
    host: str,
    greeting: str,
    stop: Callable[[], None] = lambda: None,
    password: str | None = None,
) -> FastAPI:
    """The application for a model's name, and the name or address that it listens at.

    It prints the greeting once it answers, and calls `stop` as it ends, which ends the work on a video. With a password
    it answers those who send it, with any user's name.
    """

    @contextlib.asynccontextmanager
    async def working(_: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(queue.run())
        print(greeting, flush=True)
        yield
        task.cancel()
        stop()

    async def checked(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        # Not `request.url`, which falls back to this server's address if the header is malformed.
        name = re.sub(r":\d+$", "", request.headers.get("Host", "")).strip("[]").lower()
        known = _is_address(name) or name in {"localhost", host.lower(), socket.gethostname().lower()}
        is_page = request.url.path.endswith(kept.CORRECTIONS) and request.headers.get("Origin") == SANDBOXED
        if not known:
            error = InputError("unknown_host", f"This server is not called {name}.", "Open it by its IP address.")
            response = await _refused(request, error)
        elif request.method not in ("GET", "HEAD") and _is_foreign(request) and not is_page:
            error = InputError("foreign_origin", "Another web page may not do this.", "Open the page of this server.")
            response = await _refused(request, error)
        else:
            response = await call_next(request)
        if is_page:
            response.headers["Access-Control-Allow-Origin"] = SANDBOXED
        for header, value in HEADERS.items():
            response.headers.setdefault(header, value)
        return response

    def admit(given: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())]) -> None:
        if not secrets.compare_digest(given.password.encode(), str(password).encode()):
            raise HTTPException(401)

    app = FastAPI(lifespan=working, openapi_url=None)
    guarded = APIRouter(dependencies=[Depends(admit)] if password else [])
    app.add_exception_handler(401, _unknown_reader)
    app.add_exception_handler(InputError, _refused)
    app.add_exception_handler(RequestValidationError, _wrong_value)
    app.middleware("http")(checked)

    @guarded.get("/")
    async def page() -> Response:
        nonce = secrets.token_urlsafe(16)
        content = {"model": model, "title": "Score a video", "limits": queue.limits, "keeps": queue.keeps}
        text = rendered("upload.html", **content, nonce=nonce)
        policy = f"{NOTHING}; connect-src 'self'; script-src 'nonce-{nonce}'; img-src data:"
        return HTMLResponse(text, headers={"Content-Security-Policy": policy})

    @guarded.get("/videos")
    async def listed() -> list[dict]:
        if not queue.keeps:
            raise InputError("not_found", "This server keeps no videos.")
        return [_description(queue, job) for job in queue.jobs]

    @guarded.post("/videos")
    async def reserve(name: str = "", size: int | None = None, speed: float = 1.0) -> dict:
        check_speed(speed)
        return _description(queue, queue.reserve(name, size, speed=speed))

    @guarded.post("/comparisons")
    async def compare(tokens: Annotated[list[str], Query()]) -> dict:
        return _description(queue, queue.compare(*tokens))

    @guarded.delete("/videos/{token}")
    async def delete(token: str) -> dict:
        queue.delete(queue.job(token))
        return {}

    @guarded.put("/videos/{token}")
    async def receive(token: str, request: Request) -> Response:
        job = queue.job(token)
        try:
            await queue.receive(job, request.stream())
        except ClientDisconnect:
            return Response(status_code=400)
        return JSONResponse(_description(queue, job))

    @guarded.get("/videos/{token}")
    async def state(token: str) -> dict:
        return _description(queue, queue.job(token))

    @app.get("/videos/{token}/{_:path}corrections.csv")
    async def corrections(token: str) -> Response:
        path = queue.job(token).folder / kept.CORRECTIONS
        if not path.is_file():
            raise InputError("not_found", "There are none yet.")
        return FileResponse(path, media_type="text/csv")

    @app.post("/videos/{token}/{_:path}corrections.csv")
    async def correct(token: str, request: Request, seen: str = "") -> dict:
        job, content = queue.job(token), b""
        async for chunk in request.stream():
            content += chunk
            if len(content) > LARGEST:
                raise InputError("too_large", "The corrections have more than 1 MB.", "Shorten the note.")
        queue.correct(job, content, seen)
        return {}

    @guarded.get("/videos/{token}/{name:path}")
    async def shown(token: str, name: str) -> Response:
        job = queue.job(token)
        if name not in job.pages:
            raise InputError("not_found", "There is no such page.")
        return FileResponse(job.folder / name, media_type="text/html", headers={"Content-Security-Policy": SHOWN})

    app.include_router(guarded)
    return app


def _is_address(name: str) -> bool:
    """Whether a host is an IP address: anyone can have a name lead here, and so call their page ours."""
    with contextlib.suppress(ValueError):
        return bool(ipaddress.ip_address(name))
    return False


def _is_foreign(request: Request) -> bool:
    """Whether another origin's page sends a request; older browsers tell that by Origin alone."""
    site, origin = (request.headers.get(name) for name in ("Sec-Fetch-Site", "Origin"))
    if site is None and origin is not None:
        return origin.partition("://")[2] != request.headers.get("Host")
    return site not in (None, "same-origin", "none")


def _description(queue: Queue, job: Job) -> dict:
    """The answer to a client that asks for a video."""
    answer: dict = {"token": job.token, "name": job.name, "state": job.state, "message": queue.message(job)}
    answer |= {"date": job.date, "is_comparison": bool(job.compared)}
    if job.error:
        answer["code"] = job.error.code
    if job.state == DONE:
        answer["page"] = f"videos/{job.token}/{job.pages[0]}"
    return answer


async def _wrong_value(request: Request, error: Any) -> Response:
    (first, *_) = error.errors()
    return await _refused(request, InputError("wrong_value", f"{first['loc'][-1]}: {first['msg']}."))


async def _unknown_reader(request: Request, _: Any) -> Response:
    response = await _refused(request, InputError("wrong_password", "This server has a password."))
    response.headers["WWW-Authenticate"] = "Basic"
    return response


async def _refused(_: Request, error: Any) -> Response:
    status = STATUSES.get(error.code, 400)
    # Whoever still sends, and may do so for ever, is cut off.
    return JSONResponse({"code": error.code, "message": str(error)}, status, headers={"Connection": "close"})
