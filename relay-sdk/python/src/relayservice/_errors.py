from __future__ import annotations

from typing import Optional
from urllib.parse import quote

_DOCS = "https://github.com/relayservice/relay/blob/main/docs"
#: The codes that only the package raises. All others are Relay's.
_OWN = {"missing_relay_key", "connection_failed", "timeout", "unexpected_response", "invalid_webhook"}


class RelayError(Exception):
    """The error that this package's own methods raise. AI calls raise the OpenAI client's errors.

    The text of the error has the message, the status, the code and the request id. It never has the key.
    """

    #: Without Relay's status, code and request id, which the error's text has too.
    message: str
    #: The HTTP status of Relay's response; `None` if there was none.
    status: Optional[int]
    #: The stable code to branch on. `doc_url` explains it.
    code: str
    #: OpenAI's error type, such as `permission_error`.
    type: Optional[str]
    #: The invalid argument, or member of the request.
    param: Optional[str]
    #: Relay's id of the request: quote it when you ask for support.
    request_id: Optional[str]
    #: Whether the same request may succeed later. The package has already retried it `max_retries` times.
    retryable: bool
    #: The provider whose key or service failed. `key_needed` tells whether the widget helps.
    provider: Optional[str]

    def __init__(
        self,
        message: str,
        *,
        code: str,
        status: Optional[int] = None,
        type: Optional[str] = None,
        param: Optional[str] = None,
        request_id: Optional[str] = None,
        retryable: bool = False,
        provider: Optional[str] = None,
    ) -> None:
        facts = " ".join(str(fact) for fact in (status, code, request_id) if fact)
        super().__init__(f"{message} ({facts})")
        self.message = message
        self.status = status
        self.code = code
        self.type = type
        self.param = param
        self.request_id = request_id
        self.retryable = retryable
        self.provider = provider

    @property
    def status_code(self) -> Optional[int]:
        """The same as `status`, as the OpenAI client's errors spell it: for code that handles both."""
        return self.status

    @property
    def doc_url(self) -> str:
        """The page that explains this code and what to do. A text fragment: browsers scroll to the code."""
        page = "sdk" if self.code in _OWN else "errors"
        return f"{_DOCS}/{page}.md#:~:text={quote(self.code)}"

    def __reduce__(self) -> tuple[object, ...]:
        names = ("message", "code", "status", "type", "param", "request_id", "retryable", "provider")
        return (_restored, ({name: getattr(self, name) for name in names},))


def _restored(facts: dict[str, object]) -> RelayError:
    """Unpickles an error: workers of other processes send theirs."""
    return RelayError(**facts)  # type: ignore[arg-type]
