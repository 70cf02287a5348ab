"""HTTP clients of the library that the installed OpenAI client uses, with a canned answer."""

import importlib

from openai import DefaultHttpxClient

library = importlib.import_module(DefaultHttpxClient.__mro__[1].__module__.split(".")[0])


def client(is_async, status=200, body=None, seen=None, **more):
    def answer(request):
        if seen is not None:
            seen.append(request)
        return library.Response(status, json=body if body is not None else {}, **more)

    transport = library.MockTransport(answer)
    return library.AsyncClient(transport=transport) if is_async else library.Client(transport=transport)
