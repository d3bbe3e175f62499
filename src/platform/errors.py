"""Every failure that a client may see.

    AppError
      Invalid               400  what was sent makes no sense; names the field when there is one
      Unauthenticated       401  nobody, or nobody we know
      Forbidden             403  somebody, but not one who may
      NotFound              404
      MethodNotAllowed      405
      Refused               406  understood and declined (the commerce dialect's business refusal)
      RequestTimeout        408  the body does not come
      Conflict              409
      PreconditionFailed    412
      TooLarge              413
      AddressTooLong        414
      UnsupportedMedia      415
      Unprocessable         422
      TooManyRequests       429
      ServiceUnavailable    503  a server behind us is away; try again

Features subclass these. `message` is the English sentence and the key of its translations; `code` never changes.
Anything else that is raised is a bug and answers 500 with the request's id and nothing more.
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class SettingsError(Exception):
    """The configuration can't work; `faults` says why, one line each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class AppError(Exception):
    """A failure with a status, a stable code and a sentence for the client."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "error"
    message: ClassVar[str] = "Internal server error"

    def __init__(
        self,
        message: str | None = None,
        *,
        field: str | None = None,
        params: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.text = message or self.message
        self.fields: dict[str, str] = {field: self.text} if field else {}
        self.params = dict(params or {})
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})
        super().__init__(self.text)


class Invalid(AppError):
    status, code, message = 400, "invalid", "Validation failed"


class IncompleteBody(Invalid):
    code, message = "incomplete_body", "The body ended too early"


class InvalidFields(Invalid):
    """Several fields at once, each with its own sentence."""

    def __init__(self, fields: Mapping[str, str], params: Mapping[str, object] | None = None) -> None:
        super().__init__(params=params)
        self.fields = dict(fields)


class Unauthenticated(AppError):
    status, code, message = 401, "not_authenticated", "Authentication required"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, headers={"WWW-Authenticate": 'Bearer realm="wishkeep"'})


class Forbidden(AppError):
    status, code, message = 403, "permission_denied", "You do not have permission to perform this action"


class NotFound(AppError):
    status, code, message = 404, "not_found", "Not found"


class MethodNotAllowed(AppError):
    status, code, message = 405, "method_not_allowed", "Method not allowed"


class Refused(AppError):
    status, code, message = 406, "refused", "The request was refused"


class RequestTimeout(AppError):
    status, code, message = 408, "request_timeout", "The request took too long to arrive"

    def __init__(self) -> None:
        super().__init__(headers={"Connection": "close"})


class Conflict(AppError):
    status, code, message = 409, "conflict", "The request conflicts with the current state"


class PreconditionFailed(AppError):
    status, code, message = 412, "precondition_failed", "The object has changed in the meantime"


class TooLarge(AppError):
    status, code, message = 413, "too_large", "The request body is too large"


class AddressTooLong(AppError):
    status, code, message = 414, "address_too_long", "The address of the request is too long"


class UnsupportedMedia(AppError):
    status, code, message = 415, "unsupported_media_type", "This content type is not supported here"


class Unprocessable(AppError):
    status, code, message = 422, "unprocessable", "The request could not be processed"


class TooManyRequests(AppError):
    status, code, message = 429, "too_many_requests", "Too many requests"


class ServiceUnavailable(AppError):
    status, code, message = 503, "unavailable", "The service is temporarily unavailable"

    def __init__(self, message: str | None = None, *, retry_after_s: int = 1) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after_s)})
