"""A FastAPI app whose users bring their own AI key."""

from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, StreamingResponse
from openai import APIError
from pydantic import BaseModel
from relayservice import AsyncRelay, key_needed
from user import SignedIn  # a stand-in for your own sign-in

relay = AsyncRelay()  # RELAY_KEY and RELAY_BASE_URL
page = (Path(__file__).parent / "page.html").read_text()
app = FastAPI()


class Question(BaseModel):
    model: str
    messages: list[dict]


@app.get("/", response_class=HTMLResponse)
async def home(user: SignedIn) -> str:
    return page.replace("{{relay}}", relay.base_url)


# For the widget in the page: a token with which this user, and nobody else, can connect a key.
@app.post("/relay-token", response_class=PlainTextResponse)
async def relay_token(user: SignedIn) -> str:
    token = await relay.create_registration_token(user)
    return token.registration_token


# An answer, as it comes, paid with the user's own key.
@app.post("/chat")
async def chat(question: Question, user: SignedIn) -> StreamingResponse:
    ai = relay.openai(user=user)
    stream = await ai.chat.completions.create(model=question.model, messages=question.messages, stream=True)

    async def pieces():
        async with stream:  # the user left: the provider stops, too
            async for chunk in stream:
                yield chunk.choices[0].delta.content or "" if chunk.choices else ""

    return StreamingResponse(pieces(), media_type="text/plain")


# The user has no key for this model, or one that no longer works: the page opens the widget.
@app.exception_handler(APIError)
async def failed(request: Request, error: APIError) -> JSONResponse:
    provider = key_needed(error)
    if provider is None:
        raise error
    return JSONResponse({"provider": provider}, status_code=403)
