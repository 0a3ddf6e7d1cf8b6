//! Hands out the console's files, and nothing else: what the pages show, they ask of `/api` as every other program does.
//!
//! The files are embedded when the program was built with the feature `console`, after `make console` had packed them;
//! `--console-dir` reads them from a folder instead. Without either, `/` says how to build them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    Router,
    extract::{Path as Segment, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;

use crate::error::SetupError;

/// The packed files: a line of JSON that lists them, then their bytes.
#[cfg(feature = "console")]
const PACK: Option<&[u8]> = Some(include_bytes!("../../console/dist.pack"));
/// Not built in.
#[cfg(not(feature = "console"))]
const PACK: Option<&[u8]> = None;

/// The page, and the picture in the browser's tab.
const PAGE: &str = "index.html";
const ICON: &str = "icon.svg";
/// What stands at `/` if there is no console.
const ABSENT: &str = include_str!("absent.html");
/// Nothing from elsewhere, no script and no style that does not stand in a file of ours.
const POLICY: &str = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; \
    media-src 'self' blob:; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// Pictures and answers too, but for those of the tile service that the township chose.
const PICTURES: &str = "img-src 'self' data: blob:";
const ANSWERS: &str = "connect-src 'self'";
/// A file whose name changes with its content.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// A file that may be another one tomorrow.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// Where the files come from.
#[derive(Clone, Debug)]
enum Pages {
    Packed(Arc<BTreeMap<String, Packed>>),
    Folder(Arc<Path>),
    Absent,
}

/// A file of the pack.
#[derive(Clone, Copy, Debug)]
struct Packed {
    plain: &'static [u8],
    gzip: &'static [u8],
}

/// Where a file lies in the pack: counted from behind the list.
#[derive(Debug, Deserialize)]
struct Line {
    path: String,
    plain: [usize; 2],
    gzip: [usize; 2],
}

/// The console's routes; from `folder` if one is given. `elsewhere` tells from which other place a page may fetch tiles.
pub(super) fn router<F>(folder: Option<PathBuf>, elsewhere: F) -> Result<Router, SetupError>
where
    F: Fn() -> Option<String> + Clone + Send + Sync + 'static,
{
    let pages = match (folder, PACK) {
        (Some(folder), _) if folder.join(PAGE).is_file() => Pages::Folder(folder.into()),
        (Some(folder), _) => {
            let reason = "the console is not built here: make console".to_owned();
            return Err(SetupError::Unreadable { path: folder.join(PAGE), reason });
        }
        (None, Some(pack)) => Pages::Packed(Arc::new(unpack(pack)?)),
        (None, None) => Pages::Absent,
    };
    let routes = Router::new()
        .route("/", get(async |pages: State<Pages>, headers: HeaderMap| serve(pages, PAGE, &headers).await))
        .route(
            "/icon.svg",
            get(async |pages: State<Pages>, headers: HeaderMap| serve(pages, ICON, &headers).await),
        )
        .route("/assets/{file}", get(asset));
    let seal = move |response: Response| {
        let policy = policy(elsewhere().as_deref());
        async move { sealed(response, policy) }
    };
    Ok(routes.with_state(pages).layer(middleware::map_response(seal)))
}

/// The scheme and host of a tile service's address.
pub(super) fn origin(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    let is_host = !host.is_empty() && host.bytes().all(is_plain);
    (matches!(scheme, "http" | "https") && is_host).then(|| format!("{scheme}://{host}"))
}

/// What a browser may do with a page.
fn policy(elsewhere: Option<&str>) -> HeaderValue {
    let more = elsewhere.map(|origin| format!(" {origin}")).unwrap_or_default();
    let whole = format!("{POLICY}; {PICTURES}{more}; {ANSWERS}{more}");
    HeaderValue::from_str(&whole).unwrap_or(HeaderValue::from_static(POLICY))
}

/// Reads the list of a pack.
fn unpack(pack: &'static [u8]) -> Result<BTreeMap<String, Packed>, SetupError> {
    let wrong = |reason: &str| SetupError::Relay(format!("the packed console: {reason}"));
    let split = pack.iter().position(|byte| *byte == b'\n').and_then(|end| pack.split_at_checked(end + 1));
    let (list, bytes) = split.ok_or_else(|| wrong("no list"))?;
    let lines: Vec<Line> = serde_json::from_slice(list).map_err(|error| wrong(&error.to_string()))?;
    let part = |[from, to]: [usize; 2]| bytes.get(from..to).ok_or_else(|| wrong("cut short"));
    let files = lines
        .into_iter()
        .map(|line| Ok((line.path, Packed { plain: part(line.plain)?, gzip: part(line.gzip)? })));
    files.collect()
}

async fn asset(pages: State<Pages>, Segment(file): Segment<String>, headers: HeaderMap) -> Response {
    // One plain name: nothing leads out of the folder.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if file.starts_with('.') || !file.bytes().all(is_plain) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let mut response = serve(pages, &format!("assets/{file}"), &headers).await;
    if response.status().is_success() {
        response.headers_mut().insert(header::CACHE_CONTROL, FOR_EVER);
    }
    response
}

async fn serve(State(pages): State<Pages>, path: &str, asked: &HeaderMap) -> Response {
    let kind = [(header::CONTENT_TYPE, kind(path))];
    match pages {
        Pages::Absent if path == PAGE => (kind, ABSENT).into_response(),
        Pages::Absent => StatusCode::NOT_FOUND.into_response(),
        Pages::Folder(folder) => match tokio::fs::read(folder.join(path)).await {
            Ok(bytes) => (kind, bytes).into_response(),
            Err(_) => StatusCode::NOT_FOUND.into_response(),
        },
        Pages::Packed(files) => match files.get(path) {
            Some(file) if takes_gzip(asked) && !file.gzip.is_empty() => {
                let coding = [(header::CONTENT_ENCODING, "gzip"), (header::VARY, "accept-encoding")];
                (kind, coding, file.gzip).into_response()
            }
            Some(file) => (kind, [(header::VARY, "accept-encoding")], file.plain).into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        },
    }
}

fn takes_gzip(asked: &HeaderMap) -> bool {
    let codings = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    codings.flat_map(|line| line.split(',')).any(|coding| matches!(coding.trim(), "gzip" | "*"))
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

/// Says what a browser may do with the pages.
fn sealed(mut response: Response, policy: HeaderValue) -> Response {
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(ASK_AGAIN);
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), usb=()"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    async fn ask(router: &Router, path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, String) {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (head.status, head.headers, String::from_utf8_lossy(&body).into_owned())
    }

    fn built() -> tempfile::TempDir {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("dist");
        std::fs::create_dir_all(folder.join("assets")).unwrap();
        std::fs::write(folder.join(PAGE), "<p>page</p>").unwrap();
        std::fs::write(folder.join("assets/a-1.js"), "1").unwrap();
        std::fs::write(parent.path().join("secret"), "s").unwrap();
        parent
    }

    #[tokio::test]
    async fn a_folder_is_served_and_nothing_outside_of_it() {
        let parent = built();
        let router = router(Some(parent.path().join("dist")), || None).unwrap();
        let (status, headers, body) = ask(&router, "/", &[]).await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, "<p>page</p>"));
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"), "{policy}");
        let (status, headers, _) = ask(&router, "/assets/a-1.js", &[]).await;
        assert_eq!((status, &headers[header::CACHE_CONTROL]), (StatusCode::OK, &FOR_EVER));
        for outside in ["/assets/..%2f..%2fsecret", "/assets/%2e%2e", "/assets/b.js", "/secret", "/assets/"] {
            let (status, _, body) = ask(&router, outside, &[]).await;
            assert_eq!((status, body.as_str()), (StatusCode::NOT_FOUND, ""), "{outside}");
        }
    }

    #[tokio::test]
    async fn a_page_may_fetch_tiles_of_the_chosen_service_and_nothing_else_from_there() {
        let parent = built();
        let chosen = || origin("https://t0.example.org:8443/w/{z}/{x}/{y}.png?tk=secret");
        let router = router(Some(parent.path().join("dist")), chosen).unwrap();
        let (_, headers, _) = ask(&router, "/", &[]).await;
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        let with_host: Vec<&str> = policy.split("; ").filter(|part| part.contains("example.org")).collect();
        assert_eq!(
            with_host,
            [
                "img-src 'self' data: blob: https://t0.example.org:8443",
                "connect-src 'self' https://t0.example.org:8443",
            ]
        );
        assert!(!policy.contains("secret"), "{policy}");
        for bad in
            ["", "ftp://a/{z}", "https://", "https:///{z}", "https://a;script-src *", "https://a b/{z}"]
        {
            assert_eq!(origin(bad), None, "{bad}");
        }
        assert_eq!(origin("http://10.0.0.2/t?x={x}").as_deref(), Some("http://10.0.0.2"));
    }

    #[tokio::test]
    async fn a_folder_without_a_page_is_refused_at_the_start() {
        let parent = built();
        assert!(router(Some(parent.path().to_owned()), || None).is_err());
    }

    #[tokio::test]
    async fn a_pack_gives_each_browser_what_it_can_read_and_a_broken_one_is_refused() {
        let list = r#"[{"path":"index.html","plain":[0,3],"gzip":[3,5]},{"path":"icon.svg","plain":[0,3],"gzip":[5,5]}]"#;
        let pack: &'static [u8] = Vec::leak(format!("{list}\nabcGZ").into_bytes());
        let pages = Pages::Packed(Arc::new(unpack(pack).unwrap()));
        let routes = Router::new().route(
            "/{path}",
            get(async |pages: State<Pages>, Segment(path): Segment<String>, headers: HeaderMap| {
                serve(pages, &path, &headers).await
            }),
        );
        let routes = routes.with_state(pages);
        assert_eq!(ask(&routes, "/index.html", &[]).await.2, "abc");
        let (_, headers, body) = ask(&routes, "/index.html", &[("accept-encoding", "br, gzip")]).await;
        assert_eq!((body.as_str(), &headers[header::CONTENT_ENCODING]), ("GZ", &"gzip".parse().unwrap()));
        assert_eq!(ask(&routes, "/icon.svg", &[("accept-encoding", "gzip")]).await.2, "abc");
        assert_eq!(ask(&routes, "/other", &[]).await.0, StatusCode::NOT_FOUND);
        assert!(unpack(Vec::leak(format!("{list}\nabc").into_bytes())).is_err());
        assert!(unpack(b"nothing").is_err());
    }

    #[cfg(not(feature = "console"))]
    #[tokio::test]
    async fn without_files_the_page_says_how_to_build_them() {
        let (status, _, body) = ask(&router(None, || None).unwrap(), "/", &[]).await;
        assert!(
            status.is_success() && body.contains("make console") && body.contains("--console-dir"),
            "{body}"
        );
    }
}
