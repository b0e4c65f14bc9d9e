//! The page in a browser, and who may call from one. Programs that speak gRPC over HTTP/2 without
//! an `Origin` are no browsers; they pass by here.

mod layers;
mod switches;

use std::{path::PathBuf, sync::Arc};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode, Uri, Version,
        header::{self, HeaderName},
        uri::Authority,
    },
    middleware::Next,
    response::{IntoResponse as _, Response},
};

pub use self::switches::{Switch, Switches};
use polder_picture::refusal::Refusal;

use crate::{
    grpc::guard::credential,
    people::{People, rights::Right},
    tls::peer::Peer,
};

/// What of a node is for browsers.
#[derive(Debug, Clone)]
pub struct WebOptions {
    /// Serve the page.
    pub page: bool,
    /// Names under which browsers may reach the node, besides those of this machine: that of a
    /// proxy before it.
    pub names: Vec<String>,
    /// Where the operator's layers for the map lie; it need not exist.
    pub layers: Option<PathBuf>,
    /// Switches of a demo.
    pub switches: Option<Switches>,
}

impl Default for WebOptions {
    fn default() -> Self {
        Self { page: true, names: Vec::new(), layers: None, switches: None }
    }
}

/// Headers of every answer to a browser. Scripts, styles and connections are those of this node,
/// and nobody puts the page into a frame.
const GUARDS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];

/// What the door knows.
#[derive(Clone)]
pub(crate) struct Web {
    /// What is for browsers.
    pub(crate) options: Arc<WebOptions>,
    /// Who may see what is not for everybody.
    pub(crate) people: Arc<People>,
}

/// Lets through what may call, answers for the page, refuses the rest.
pub(crate) async fn door(State(web): State<Web>, request: Request, next: Next) -> Response {
    let Web { options, people } = web;
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let own = request.version() == Version::HTTP_2
        && !request.headers().contains_key(header::ORIGIN)
        && !reads;
    if own {
        return next.run(request).await;
    }
    let encrypted = request.extensions().get::<Peer>().is_some_and(Peer::is_encrypted);
    let named = called(request.uri(), request.headers())
        .is_some_and(|host| options.names.iter().any(|own| own.eq_ignore_ascii_case(host.host())));
    let mut response = match refusal(&options, request.uri(), request.headers(), encrypted) {
        Some(why) if request.version() == Version::HTTP_2 && !reads => {
            tonic::Status::permission_denied(why).into_http()
        }
        Some(why) => (StatusCode::FORBIDDEN, format!("{why}\n")).into_response(),
        None => match beside(&options, &people, &asked(&request)).await {
            Some(response) => response,
            None if !reads => next.run(request).await,
            None if options.page => page(&request),
            None => StatusCode::NOT_FOUND.into_response(),
        },
    };
    if !reads {
        // A proxy that collects a stream before it passes it on shows the past.
        let name = HeaderName::from_static("x-accel-buffering");
        response.headers_mut().insert(name, HeaderValue::from_static("no"));
    }
    // Of a name that was given for browsers, and never of a mere address or of this machine, where
    // other programs may serve plain text.
    if encrypted && named {
        let always = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, always);
    }
    for (name, value) in GUARDS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// What the page needs besides its own files and calls.
async fn beside(options: &WebOptions, people: &Arc<People>, asked: &Asked) -> Option<Response> {
    let Asked { uri, method, headers, peer } = asked;
    let path = uri.path();
    if let Some(switches) = options.switches.as_ref().filter(|_| path == switches::PATH) {
        return Some(switches.answer(method, uri.query().unwrap_or_default()));
    }
    let below = path.strip_prefix(layers::LIST)?;
    let reads = matches!(*method, Method::GET | Method::HEAD);
    if !options.page || !reads || !(below.is_empty() || below.starts_with('/')) {
        return None;
    }
    // What an operator lays there, such as objects at risk, is for those who may look on.
    if let Err(refusal) = looks_on(people, headers, peer.as_ref()).await {
        return Some((StatusCode::UNAUTHORIZED, format!("{}\n", refusal.sentence)).into_response());
    }
    let directory = options.layers.clone().unwrap_or_default();
    let (path, method, headers) = (path.to_owned(), method.clone(), headers.clone());
    let ask = layers::Ask { path, method, headers };
    let read = tokio::task::spawn_blocking(move || layers::answer(&directory, &ask)).await;
    Some(read.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()))
}

/// A request without its body, which no two may look at.
struct Asked {
    uri: Uri,
    method: Method,
    headers: HeaderMap,
    peer: Option<Peer>,
}

fn asked(request: &Request) -> Asked {
    Asked {
        uri: request.uri().clone(),
        method: request.method().clone(),
        headers: request.headers().clone(),
        peer: request.extensions().get().cloned(),
    }
}

async fn looks_on(
    people: &Arc<People>,
    headers: &HeaderMap,
    peer: Option<&Peer>,
) -> Result<(), Refusal> {
    let caller = people.identify(credential(headers, peer)?).await?;
    caller.require(Right::Look)
}

/// Why a browser may not call.
fn refusal(
    options: &WebOptions,
    uri: &Uri,
    headers: &HeaderMap,
    encrypted: bool,
) -> Option<&'static str> {
    let Some(host) = called(uri, headers) else {
        return Some("one Host is needed");
    };
    // A name of somebody else's that leads here would make their page one of ours.
    if !is_ours(options, &host) {
        return Some("this node is not served under that name: see `polder serve --web-name`");
    }
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let origin = origins.next()?;
    let authority = origin.to_str().ok().and_then(|origin| {
        // A proxy of this machine may have taken the encryption off; nobody puts it on.
        let plain = origin.strip_prefix("http://").filter(|_| !encrypted);
        plain.or_else(|| origin.strip_prefix("https://"))
    });
    let same = authority.is_some_and(|origin| origin.eq_ignore_ascii_case(host.as_str()));
    if same && origins.next().is_none() { None } else { Some("pages of others may not call") }
}

/// The name and port that were asked for, if the request agrees with itself.
fn called(uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
    let mut named = headers.get_all(header::HOST).iter().map(HeaderValue::as_bytes);
    match (named.next(), named.next(), uri.authority()) {
        (Some(host), None, None) => Authority::try_from(host).ok(),
        (None, None, Some(authority)) => Some(authority.clone()),
        (Some(host), None, Some(authority)) if host == authority.as_str().as_bytes() => {
            Some(authority.clone())
        }
        _ => None,
    }
}

fn is_ours(options: &WebOptions, host: &Authority) -> bool {
    // With `user@` before it, what follows is not what a person reads.
    if host.as_str().contains('@') {
        return false;
    }
    let name = host.host();
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    let local = bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    let given = options.names.iter().any(|own| own.eq_ignore_ascii_case(name));
    local || given || name.eq_ignore_ascii_case("localhost")
}

/// A file of the page.
fn page(request: &Request) -> Response {
    let Some(file) = polder_web::file(request.uri().path()) else {
        return (StatusCode::NOT_FOUND, "there is no such page\n").into_response();
    };
    let packs = accepts_gzip(request.headers());
    let tag = if packs { format!("\"{}-gz\"", file.hash) } else { format!("\"{}\"", file.hash) };
    let mut response = Response::new(Body::empty());
    let known = request.headers().get_all(header::IF_NONE_MATCH).iter();
    let known = known.filter_map(|tags| tags.to_str().ok()).flat_map(|tags| tags.split(','));
    let known = known.map(|tag| tag.trim().trim_start_matches("W/"));
    if known.into_iter().any(|known| known == "*" || known == tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        let body = if packs { Ok(file.packed.into()) } else { file.unpacked().map(Body::from) };
        let Ok(body) = body else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
        let length = if packs { file.packed.len() } else { file.size };
        if *request.method() == Method::GET {
            *response.body_mut() = body;
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.media_type()));
        headers.insert(header::CONTENT_LENGTH, length.into());
        if packs {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
    }
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }
    // Names carry no hash: a browser asks each time, and is told that nothing changed.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

/// Whether gzip is named and not refused with a quality of zero.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter();
    let codings = values.filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(','));
    let mut gzip = codings.filter_map(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let quality = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
        named.then_some(quality.unwrap_or(1.0) > 0.0)
    });
    gzip.next().unwrap_or(false)
}
