"""What a client was given: key, address and limits."""

from __future__ import annotations

import os
import warnings
from typing import Optional

from ._checks import check_base_url, check_key, check_number, check_timeout
from ._http import Place

#: The service that the Relay project runs.
STANDARD = "https://vault.relayservice.im"
_UNCHOSEN = (
    f"relayservice: neither RELAY_BASE_URL nor `base_url` says where your Relay is, so your Relay key goes to {STANDARD}, the service that "
    f"the Relay project runs. If you host Relay yourself, set RELAY_BASE_URL to its address; if not, set it to {STANDARD} to end this warning."
)
_warned = False


class Access:
    """Key and address are read and checked at each call: a build has neither, and `.env` files are often read after a module is loaded."""

    def __init__(self, key: Optional[str], base_url: Optional[str], timeout: Optional[float], max_retries: Optional[int]) -> None:
        self._key = key
        self._base_url = base_url
        #: Those that the caller chose, for the OpenAI clients, which have their own defaults.
        self.chosen_timeout = None if timeout is None else check_timeout(timeout)
        self.chosen_retries = None if max_retries is None else int(check_number("max_retries", max_retries, 0))
        self.timeout = 30.0 if timeout is None else check_timeout(timeout)
        self.max_retries = 2 if max_retries is None else int(max_retries)

    @property
    def key(self) -> Optional[str]:
        return self._key if self._key is not None else os.environ.get("RELAY_KEY") or None

    @property
    def _chosen(self) -> Optional[str]:
        return self._base_url if self._base_url is not None else os.environ.get("RELAY_BASE_URL") or None

    @property
    def base_url(self) -> str:
        chosen = self._chosen
        return check_base_url(STANDARD if chosen is None else chosen)

    def check(self) -> tuple[str, Place]:
        """What a call needs. The first one without an address warns."""
        global _warned
        key, place = check_key(self.key), Place(self.base_url, self._chosen is None)
        if place.standard and not _warned:
            _warned = True
            warnings.warn(_UNCHOSEN, UserWarning, stacklevel=5)
        return key, place
