//! Requests that hide another one where two programs might disagree about their ends, and fields that must not be believed.
//! In most rows the hidden request is a health check: if it were taken for one, there would be a second answer.

use super::Want::{Last, Served};
use super::{BAD, BROKEN, Row};

pub(super) const HIDDEN: &[Row] = &[
    (
        "SMUG-CLTE-DESYNC",
        "9112, 6.3",
        b"{post}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX",
        BAD,
    ),
    (
        "SMUG-TECL-DESYNC",
        "9112, 6.3",
        b"{post}Transfer-Encoding: chunked\r\nContent-Length: 30\r\n\r\n0\r\n\r\nX",
        BAD,
    ),
    (
        "SMUG-CLTE-SMUGGLED-GET",
        "9112, 6.3",
        b"{post}Content-Length: 46\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{get}\r\n",
        BAD,
    ),
    (
        "SMUG-CLTE-SMUGGLED-HEAD",
        "9112, 6.3",
        b"{post}Content-Length: 52\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHEAD /api/health HTTP/1.1\r\nHost: relay.test\r\n\r\n",
        BAD,
    ),
    (
        "SMUG-TECL-SMUGGLED-GET",
        "9112, 6.3",
        b"{post}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n2e\r\n{get}\r\n\r\n0\r\n\r\n",
        BAD,
    ),
    (
        "SMUG-CLTE-SMUGGLED-GET-CL-PLUS",
        "9110, 8.6",
        b"{post}Content-Length: +46\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{get}\r\n",
        BAD,
    ),
    (
        "SMUG-CLTE-SMUGGLED-GET-CL-NON-NUMERIC",
        "9110, 8.6",
        b"{post}Content-Length: N\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{get}\r\n",
        BAD,
    ),
    (
        "SMUG-CLTE-SMUGGLED-GET-TE-CASE-MISMATCH",
        "9112, 6.3",
        b"{post}Content-Length: 46\r\nTransfer-Encoding: cHuNkEd\r\n\r\n0\r\n\r\n{get}\r\n",
        BAD,
    ),
    (
        "SMUG-CLTE-SMUGGLED-GET-TE-LEADING-COMMA",
        "9112, 6.3",
        b"{post}Content-Length: 46\r\nTransfer-Encoding: , chunked\r\n\r\n0\r\n\r\n{get}\r\n",
        BAD,
    ),
    (
        "SMUG-CLTE-SMUGGLED-GET-TE-TRAILING-SPACE",
        "9112, 6.3",
        b"{post}Content-Length: 46\r\nTransfer-Encoding: chunked \r\n\r\n0\r\n\r\n{get}\r\n",
        BAD,
    ),
    (
        "SMUG-CLTE-SMUGGLED-GET-TE-OBS-FOLD",
        "9112, 5.2",
        b"{post}Content-Length: 46\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n{get}\r\n",
        BAD,
    ),
    (
        "SMUG-TE-DUPLICATE-HEADERS-SMUGGLED-GET",
        "9112, 6.1",
        b"{post}Content-Length: 46\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n{get}\r\n",
        BAD,
    ),
    (
        "SMUG-DUPLICATE-CL-SMUGGLED-GET",
        "9110, 8.6",
        b"{post}Content-Length: 14\r\nContent-Length: 60\r\n\r\n{json}{get}\r\n",
        BAD,
    ),
    ("SMUG-CL-COMMA-TRIPLE", "9110, 8.6", b"{post}Content-Length: 14, 14, 14\r\n\r\n{json}", BAD),
    ("SMUG-CL-LEADING-ZEROS-OCTAL", "9110, 8.6", b"{post}Content-Length: 0200\r\n\r\n{json}", BAD),
    (
        "SMUG-CLTE-CONN-CLOSE",
        "9112, 6.1",
        b"{post}Connection: keep-alive\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        BAD,
    ),
    (
        "SMUG-TECL-CONN-CLOSE",
        "9112, 6.1",
        b"{post}Connection: keep-alive\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        BAD,
    ),
    (
        "SMUG-GET-CL-PREFIX-DESYNC",
        "9110, 9.3.1",
        b"{get}Content-Length: 46\r\n\r\n{get}\r\n",
        Last(200),
    ),
    ("SMUG-GET-CL-BODY-DESYNC: less than announced", "9110, 9.3.1", b"{get}Content-Length: 4000\r\n\r\nx", Last(200)),
    (
        "SMUG-OPTIONS-CL-BODY-DESYNC",
        "9110, 9.3.7",
        b"OPTIONS /api/health HTTP/1.1\r\nHost: relay.test\r\nContent-Length: 46\r\n\r\n{get}\r\n",
        Last(204),
    ),
    (
        "SMUG-OPTIONS-TE-OBS-FOLD",
        "9112, 5.2",
        b"OPTIONS /api/health HTTP/1.1\r\nHost: relay.test\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        BAD,
    ),
    // Whoever sends the body at once is not told to go on: the standard lets the server leave the 100 out then.
    (
        "SMUG-EXPECT-100-CL",
        "9110, 10.1.1",
        b"{post}Expect: 100-continue\r\nContent-Length: 14\r\n\r\n{json}",
        Served(201),
    ),
    (
        "SMUG-EXPECT-100-CL-DESYNC",
        "9110, 10.1.1",
        b"{get}Expect: 100-continue\r\nContent-Length: 46\r\n\r\n{get}\r\n",
        Last(200),
    ),
    (
        "SMUG-CHUNK-INVALID-SIZE-DESYNC",
        "9112, 7.1",
        b"{post}Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n{get}\r\n",
        BROKEN,
    ),
    (
        "SMUG-CHUNK-SIZE-PLUS",
        "9112, 7.1",
        b"{post}Transfer-Encoding: chunked\r\n\r\n+e\r\n{json}\r\n0\r\n\r\n",
        BROKEN,
    ),
    (
        "SMUG-CHUNK-SIZE-TRAILING-OWS",
        "9112, 7.1",
        b"{post}Transfer-Encoding: chunked\r\n\r\ne \t\r\n{json}\r\n0\r\n\r\n",
        BROKEN,
    ),
    (
        "SMUG-CHUNK-EXT-INVALID-TOKEN",
        "9112, 7.1.1",
        b"{post}Transfer-Encoding: chunked\r\n\r\ne;b@d\r\n{json}\r\n0\r\n\r\n",
        BROKEN,
    ),
    ("SMUG-PIPELINE-SAFE", "9112, 9.3.2", b"{get}Connection: keep-alive\r\n\r\n", Served(200)),
];

pub(super) const DISTRUSTED: &[Row] = &[
    (
        "SMUG-TRAILER-HOST",
        "9110, 6.5.1",
        b"{post}Transfer-Encoding: chunked\r\n\r\ne\r\n{json}\r\n0\r\nHost: evil.test\r\n\r\n",
        Served(201),
    ),
    (
        "SMUG-TRAILER-CONTENT-TYPE",
        "9110, 6.5.1",
        b"{post}Transfer-Encoding: chunked\r\n\r\ne\r\n{json}\r\n0\r\nContent-Type: text/plain\r\n\r\n",
        Served(201),
    ),
    (
        "a user in a trailer",
        "9110, 6.5.1",
        b"{post}Transfer-Encoding: chunked\r\n\r\ne\r\n{json}\r\n0\r\nX-Relay-User: eve\r\n\r\n",
        Served(201),
    ),
    ("NORM-UNDERSCORE-TE", "9112, 6.1", b"{post}Transfer_Encoding: chunked\r\n\r\n0\r\n\r\n", BAD),
    ("COMP-DUPLICATE-CT", "9110, 8.3", b"{post}Content-Type: text/plain\r\nContent-Length: 14\r\n\r\n{json}", Last(415)),
    (
        "COMP-POST-UNSUPPORTED-CT",
        "9110, 15.5.16",
        b"POST /v1/nothing HTTP/1.1\r\nHost: relay.test\r\nContent-Type: x/y\r\nContent-Length: 0\r\n\r\n",
        Served(404),
    ),
    ("COMP-ACCEPT-NONSENSE", "9110, 12.5.1", b"{get}Accept: nonsense/nothing\r\n\r\n", Served(200)),
    ("COMP-RANGE-INVALID", "9110, 14.2", b"{get}Range: bytes=abc-xyz\r\n\r\n", Served(200)),
    ("COMP-RANGE-POST", "9110, 14.2", b"{post}Range: bytes=0-3\r\nContent-Length: 14\r\n\r\n{json}", Served(201)),
    ("COMP-HTTP10-DEFAULT-CLOSE", "9112, 9.3", b"GET /api/health HTTP/1.0\r\nHost: relay.test\r\n\r\n", Last(200)),
    (
        "COMP-UPGRADE-HTTP10",
        "9110, 7.8",
        b"GET /api/health HTTP/1.0\r\nHost: relay.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        Last(200),
    ),
    // "A server MAY ignore a received Upgrade header field" (9110, 7.8): without WebSocket there is no handshake to refuse.
    (
        "COMP-UPGRADE-INVALID-VER",
        "9110, 7.8",
        b"{get}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 99\r\n\r\n",
        Served(200),
    ),
    ("COOK-MALFORMED", "6265, 5.4", b"{get}Cookie: ===;;=;a\r\n\r\n", Served(200)),
    ("COOK-EMPTY", "6265, 5.4", b"{get}Cookie:\r\n\r\n", Served(200)),
    ("COOK-MULTI-HEADER", "6265, 5.4", b"{get}Cookie: a=b\r\nCookie: c=d\r\n\r\n", Served(200)),
    ("COOK-CONTROL-CHARS", "9110, 5.5", b"{get}Cookie: a=b\x01c\r\n\r\n", BAD),
    ("COOK-NUL", "9110, 5.5", b"{get}Cookie: a=b\x00c\r\n\r\n", BAD),
    (
        "COMP-TRACE-SENSITIVE",
        "9110, 9.3.8",
        b"TRACE /api/health HTTP/1.1\r\nHost: relay.test\r\nCookie: a=b\r\nAuthorization: Bearer x\r\n\r\n",
        Served(405),
    ),
];
