"""Each request comes from another address: a server refuses an address for a while that sends many malformed credentials, and
run.sh makes this machine a trusted proxy."""
import random

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    address = ".".join(str(random.randint(1, 254)) for _ in range(4))
    case.headers = {**(case.headers or {}), "X-Forwarded-For": address}
