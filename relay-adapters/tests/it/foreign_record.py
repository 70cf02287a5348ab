"""Seals a record by the documented format with another implementation of AES-GCM, HKDF and HMAC (package `cryptography`).

Prints the constants that `ring.rs` holds. Nothing here is secret: the master key is 00 01 .. 1f, the nonces are fixed.
"""
import base64, hashlib, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

master, data_key = bytes(range(32)), bytes(range(100, 132))
nonce_dek, nonce = bytes(range(12)), bytes(range(50, 62))
project, record, user, provider, version = b"prj_0123456789ABCDEFGHIJkl", b"0123456789abcdef", b"user@example.com", b"anthropic", 3
key = b"sk-ant-api03-example-key"


def fields(*parts):
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


kid = hashlib.sha256(b"relay.kid" + master).digest()[:8]
slot = (project, record, user, provider, version.to_bytes(8, "big"))
padded = len(key).to_bytes(2, "big") + key
padded += bytes(-len(padded) % 64)
body = AESGCM(data_key).encrypt(nonce, padded, fields(b"relay.cred.v1", *slot))
wrapped = AESGCM(master).encrypt(nonce_dek, data_key, fields(b"relay.dek.v1", *slot, kid))
sub_key = HKDF(SHA256(), 32, None, b"relay/fingerprint/v1").derive(master)
fingerprint = hmac.new(sub_key, fields(b"relay.fingerprint.v1", provider, project) + key, hashlib.sha256).digest()[:16]

print("master key ", base64.b64encode(master).decode())
print("kid        ", kid.hex())
print("record     ", (b"\x01\x01" + kid + nonce_dek + wrapped + nonce + body).hex())
print("fingerprint", fingerprint.hex())
