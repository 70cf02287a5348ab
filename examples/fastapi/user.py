"""A stand-in for your own sign-in: everybody who comes is somebody new. Who may ask for a token decides whose key it will be."""

from typing import Annotated
from uuid import uuid4

from fastapi import Cookie, Depends, Response


def signed_in(response: Response, user: Annotated[str, Cookie()] = "") -> str:
    if not user:
        user = f"user_{uuid4()}"
        response.set_cookie("user", user, httponly=True, samesite="strict")
    return user


SignedIn = Annotated[str, Depends(signed_in)]
