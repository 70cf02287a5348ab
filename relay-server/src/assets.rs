//! The widget's scripts: compiled in, compressed at first use, each with the hashes that pin it.

use std::io::Write as _;
use std::sync::LazyLock;

use actix_web::http::header::{
    AcceptEncoding, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, Encoding, EntityTag, Header as _, IfNoneMatch,
    VARY,
};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use data_encoding::HEXLOWER;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256, Sha384};

/// The version in the scripts' URLs: this server's.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The number of bytes of a script's SHA-256 in its URL.
const NAMED_BYTES: usize = 8;

/// The script that a page includes.
pub(crate) static WIDGET: LazyLock<Script> =
    LazyLock::new(|| Script::new("widget", include_bytes!("../assets/widget/widget.js")));
/// The key frame in its languages.
pub(crate) static FRAMES: LazyLock<[Frame; 2]> = LazyLock::new(|| {
    [
        Frame {
            language: "en",
            script: Script::new("frame-en", include_bytes!("../assets/widget/frame-en.js")),
            texts: Script::new("text-en", include_bytes!("../assets/widget/text-en.js")),
        },
        Frame {
            language: "ko",
            script: Script::new("frame-ko", include_bytes!("../assets/widget/frame-ko.js")),
            texts: Script::new("text-ko", include_bytes!("../assets/widget/text-ko.js")),
        },
    ]
});
/// The script of the hosted page.
pub(crate) static CONNECT: LazyLock<Script> =
    LazyLock::new(|| Script::new("connect", include_bytes!("../assets/widget/connect.js")));

/// The form for pages without the frame (`isolation: 'shadow'`): a module that the widget loads only then.
pub(crate) static FORM: LazyLock<Script> =
    LazyLock::new(|| Script::new("form", include_bytes!("../assets/widget/form.js")));

/// The key frame in one language.
pub(crate) struct Frame {
    /// A tag of two letters.
    pub(crate) language: &'static str,
    /// The script of its document, with the texts of this language.
    pub(crate) script: Script,
    /// The texts alone, for a frame whose page changes the language.
    pub(crate) texts: Script,
}

/// The frame in a language; in the first for an unknown one.
pub(crate) fn frame_in(language: Option<&str>) -> &'static Frame {
    let [usual, others @ ..] = &*FRAMES;
    others.iter().find(|frame| Some(frame.language) == language).unwrap_or(usual)
}

/// Every script.
pub(crate) fn scripts() -> impl Iterator<Item = &'static Script> {
    let of_frames = FRAMES.iter().flat_map(|frame| [&frame.script, &frame.texts]);
    [&*WIDGET, &CONNECT, &FORM].into_iter().chain(of_frames)
}

/// A script.
pub(crate) struct Script {
    /// The last part of its pinned path: `widget-0123456789abcdef.js`.
    pub(crate) file: String,
    /// Its pinned path, which always means these bytes.
    pub(crate) path: String,
    /// `sha384-…`, for the `integrity` of a script element.
    pub(crate) integrity: String,
    plain: &'static [u8],
    gzip: Bytes,
    tag: String,
}

impl Script {
    fn new(name: &str, plain: &'static [u8]) -> Self {
        let hash = Sha256::digest(plain);
        let tag = HEXLOWER.encode(hash.get(..NAMED_BYTES).unwrap_or_default());
        let file = format!("{name}-{tag}.js");
        Self {
            path: format!("/widget/{VERSION}/{file}"),
            integrity: format!("sha384-{}", STANDARD.encode(Sha384::digest(plain))),
            gzip: compressed(plain),
            plain,
            file,
            tag,
        }
    }

    /// Responds with the script, compressed if the client accepts that; with 304 if the client already has it.
    pub(crate) fn answer(&self, request: &HttpRequest, cache_control: &'static str) -> HttpResponse {
        let gzip = takes_gzip(request);
        let tag = EntityTag::new_strong(if gzip { format!("{}-gzip", self.tag) } else { self.tag.clone() });
        let known = match IfNoneMatch::parse(request) {
            Ok(IfNoneMatch::Any) => true,
            Ok(IfNoneMatch::Items(items)) => items.iter().any(|item| item.weak_eq(&tag)),
            Err(_) => false,
        };
        let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response
            .insert_header((ETAG, tag.to_string()))
            .insert_header((VARY, "accept-encoding"))
            .insert_header((CACHE_CONTROL, cache_control));
        if known {
            return response.finish();
        }
        response.insert_header((CONTENT_TYPE, "text/javascript; charset=utf-8"));
        if gzip {
            return response.insert_header((CONTENT_ENCODING, "gzip")).body(self.gzip.clone());
        }
        response.body(self.plain)
    }
}

fn takes_gzip(request: &HttpRequest) -> bool {
    let known = [Encoding::gzip(), Encoding::identity()];
    AcceptEncoding::parse(request).is_ok_and(|asked| asked.negotiate(known.iter()) == Some(Encoding::gzip()))
}

fn compressed(plain: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // Writing to a `Vec` does not fail. If it did, length and checksum would not match, and no client would run half a
    // script.
    let _ = encoder.write_all(plain);
    encoder.finish().unwrap_or_default().into()
}
