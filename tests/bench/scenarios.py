"""What is asked of every gateway: bodies, rates, and what a right answer is."""

import json
from dataclasses import dataclass

import machine

USERS = 100
FILLER = (
    "You are a careful assistant. Answer briefly, cite the section you used, and keep the user's language. "
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore. "
)
BODY_BYTES = 1024
# The mock provider accepts any key that ends with four digits and shows them in its answer.
PROVIDER_KEYS = {
    "openai": "sk-bench-0000000000000000-{user}",
    "anthropic": "sk-ant-api03-bench-0000000000000000-{user}",
    "google": "AIzaSy-bench-0000000000000000-{user}",
}
MODELS = {"openai": "gpt-4o-mini", "anthropic": "claude-haiku-4-5", "google": "gemini-2.5-flash"}
EMBEDDING_MODEL = "text-embedding-3-small"
CHUNKS = 100
WHOLE_RATE, STREAM_RATE = 500, 200
# A stream's chunks come apart, as tokens do: sent at once they would arrive together at a slow gateway, which then has
# fewer of them to pass on and looks cheap. The mock's timer goes by milliseconds and makes about 3 of these 2.
DELAY_US = 2000
BUSY_STREAMS = 128
# Latency is asked of few streams at a time, because those that wake together wait for each other.
PACED_CHUNKS = 10
HELD_CHUNKS, HELD_DELAY_US, HELD_RAMP_S = 12, 500_000, 2.0


@dataclass(frozen=True)
class Scenario:
    """A kind of request. `target` is the most CPU time that Relay may take for it, in nginx's."""

    id: str
    title: str
    provider: str
    streamed: bool = False
    embeddings: bool = False
    target: float | None = None

    def form(self, translates):
        """Whose API the gateway is asked in: a plain proxy gets the provider's own."""
        return "openai" if translates else self.provider

    def path(self, form):
        if self.embeddings:
            return "/v1/embeddings"
        method = "streamGenerateContent?alt=sse" if self.streamed else "generateContent"
        return {
            "openai": "/v1/chat/completions",
            "anthropic": "/v1/messages",
            "google": f"/v1beta/models/{MODELS['google']}:{method}",
        }[form]

    def body(self, form, directive):
        if self.embeddings:
            return json.dumps({"model": EMBEDDING_MODEL, "input": "{{mock vectors=1}} " + FILLER})
        bare = len(json.dumps(self._chat(form, directive)))
        prompt = directive + " " + (FILLER * (BODY_BYTES // len(FILLER) + 1))[: max(0, BODY_BYTES - bare - 1)]
        return json.dumps(self._chat(form, prompt), separators=(",", ":"))

    def _chat(self, form, prompt):
        if form == "google":
            return {
                "systemInstruction": {"parts": [{"text": FILLER}]},
                "contents": [{"role": "user", "parts": [{"text": prompt}]}],
                "generationConfig": {"maxOutputTokens": 1024},
            }
        chat = {"model": MODELS[self.provider], "max_tokens": 1024}
        messages = [{"role": "user", "content": prompt}]
        if form == "anthropic":
            chat |= {"system": FILLER, "messages": messages}
        else:
            chat |= {"temperature": 0.7, "messages": [{"role": "system", "content": FILLER}, *messages]}
        if self.streamed:
            chat["stream"] = True
            if form == "openai":
                chat["stream_options"] = {"include_usage": True}
        return chat

    def expect(self, form, chunks):
        if self.embeddings:
            return {"contains": ['"embedding":[', "u={user}"], "ends_with": "}", "chunks": 0}
        marks = ["relaybench-start", "relaybench-end", "u={user}"]
        if form == "openai":
            marks.append('"chat.completion')
        endings = {"openai": "data: [DONE]", "anthropic": '{"type":"message_stop"}', "google": "}"}
        return {
            "contains": marks,
            "ends_with": endings[form] if self.streamed else "}",
            "chunks": chunks if self.streamed else 1,
        }


SCENARIOS = [
    Scenario("S1", "whole, OpenAI (passed through)", "openai", target=2.0),
    Scenario("S2", "streamed, OpenAI (passed through)", "openai", streamed=True, target=1.5),
    Scenario("S3", "whole, Anthropic (translated)", "anthropic", target=2.5),
    Scenario("S4", "streamed, Anthropic (translated)", "anthropic", streamed=True, target=1.8),
    Scenario("S5", "streamed, Google (translated)", "google", streamed=True, target=1.8),
    Scenario("S6", "embedding of 1,536 numbers, OpenAI", "openai", embeddings=True),
]
HELD = Scenario("held", "open streams", "openai", streamed=True)


def plan(scenario, entry, **how):
    """A plan for bench-load; `how` overrides its defaults."""
    form = scenario.form(entry.translates)
    chunks, delay_us = how.pop("chunks", CHUNKS), how.pop("delay_us", 0)
    directive = "{{mock chunks=%d bytes=40 delay_us=%d}}" % (chunks, delay_us if scenario.streamed else 0)
    return {
        "address": f"127.0.0.1:{entry.port}",
        "path": scenario.path(form),
        "headers": entry.headers(scenario.provider),
        "body": scenario.body(form, directive),
        "users": USERS,
        "connections": 16,
        "warmup_s": 0.4,
        "seconds": 3.0,
        "rate": None,
        "ramp_s": 0.0,
        "timeout_s": 60.0,
        "expect": scenario.expect(form, chunks),
        "pids": entry.process.pids(),
        "ticks_per_s": machine.TICKS_PER_S,
        "sample_memory": False,
        **how,
    }


def busy(scenario, entry, seconds):
    """Requests without a break: for CPU time a request."""
    if not scenario.streamed:
        return plan(scenario, entry, seconds=seconds)
    # From the first to the last byte of every stream, or a warm-up's end would cut some in two.
    whole = {"warmup_s": 0.0, "ramp_s": 0.3}
    return plan(scenario, entry, seconds=seconds, connections=BUSY_STREAMS, delay_us=DELAY_US, **whole)


def paced(scenario, entry, seconds):
    """A fixed rate far from any limit: for latency."""
    rate = STREAM_RATE if scenario.streamed else WHOLE_RATE
    pace = {"rate": rate, "chunks": PACED_CHUNKS, "delay_us": DELAY_US}
    return plan(scenario, entry, seconds=seconds, connections=128, **pace)


def held(entry, streams):
    """Streams that are all open at once, a chunk each half second: for memory."""
    return plan(
        HELD,
        entry,
        connections=streams,
        chunks=HELD_CHUNKS,
        delay_us=HELD_DELAY_US,
        ramp_s=HELD_RAMP_S,
        warmup_s=0.0,
        seconds=HELD_RAMP_S + 0.5,
        sample_memory=True,
    )
