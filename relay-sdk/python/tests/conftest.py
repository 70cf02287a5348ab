import pytest
from fake import Fake, Kind

from relayservice import _access


@pytest.fixture(params=["sync", "async"])
def kind(request):
    return Kind(request.param)


@pytest.fixture
def fake():
    """Makes servers; all of them end with the test."""
    made = []

    def make(*answers):
        made.append(Fake(*answers))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    for name in ("RELAY_KEY", "RELAY_BASE_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(_access, "_warned", False)


@pytest.fixture
def pauses(monkeypatch):
    """Lets the pauses between attempts pass at once, and says how long they would have been, in seconds."""
    taken = []

    async def at_once(seconds):
        taken.append(seconds)

    monkeypatch.setattr("relayservice._client.time.sleep", taken.append)
    monkeypatch.setattr("relayservice._aio.asyncio.sleep", at_once)
    return taken
