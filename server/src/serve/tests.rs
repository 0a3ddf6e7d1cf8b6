//! A relay that serves on real sockets of this machine.

use std::{net::Ipv4Addr, path::Path};

use rustls::{
    DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use suishou_core::{
    id::Pin,
    time::{Clock, SystemClock},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::*;
use crate::identity::create_api_token;

fn set_up(path: &Path) -> Folder {
    let folder = Folder::new(path);
    let mut random = Random::seeded(1);
    let config = Config::new(&["https://192.168.1.20:8443".to_owned()]).unwrap();
    Certificate::create(&folder, &config.hosts(), &SystemClock).unwrap();
    create_api_token(&folder, &mut random).unwrap();
    config.create(&folder).unwrap();
    Identity::new("金华镇", &mut random).unwrap().create(&folder).unwrap();
    folder
}

fn anywhere(transport: Transport) -> Options {
    let free = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    Options { listen: free, api_listen: free, transport, ..Options::default() }
}

async fn start(options: Options) -> (Result<Server, SetupError>, Folder, TempDir) {
    let parent = tempfile::tempdir().unwrap();
    let folder = set_up(parent.path());
    (Server::start(&folder, options, Arc::new(SystemClock), Random::seeded(2)).await, folder, parent)
}

/// Trusts one certificate by its pin, as phones do.
#[derive(Debug)]
struct Pinned(Pin);

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let shown = crate::identity::pin(certificate);
        if shown == self.0 {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(rustls::Error::General("pin".to_owned()))
        }
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.3 only".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

fn client(version: &'static rustls::SupportedProtocolVersion) -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth()
}

async fn ask(server: &Server, client: rustls::ClientConfig) -> std::io::Result<String> {
    let address: SocketAddr = server.serving().device.strip_prefix("https://").unwrap().parse().unwrap();
    say(address, client, "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await
}

async fn say(address: SocketAddr, client: rustls::ClientConfig, request: &str) -> std::io::Result<String> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::from(address.ip());
    let mut stream = TlsConnector::from(Arc::new(client)).connect(name, stream).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test]
async fn plain_http_and_the_api_are_for_this_machine_alone() {
    let everywhere = Some(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
    let plain = Options { listen: everywhere, ..anywhere(Transport::PlainOnLoopback) };
    let api = Options { api_listen: everywhere, ..anywhere(Transport::Tls) };
    for options in [plain, api] {
        let (started, folder, _parent) = start(options).await;
        assert!(matches!(started, Err(SetupError::NotLoopback { .. })), "{started:?}");
        assert!(!folder.serving().exists());
    }
}

#[tokio::test]
async fn phones_reach_the_relay_by_its_pin_and_tls_1_3_only() {
    let (server, folder, _parent) = start(anywhere(Transport::Tls)).await;
    let server = server.unwrap();
    let pinned = |pin| {
        let mut client = client(&rustls::version::TLS13);
        client.dangerous().set_certificate_verifier(Arc::new(Pinned(pin)));
        client
    };
    let pin = Certificate::load(&folder).unwrap().pin();
    assert!(ask(&server, pinned(pin)).await.unwrap().starts_with("HTTP/1.1 404"));
    assert!(ask(&server, pinned(Pin::ZERO)).await.is_err());
    assert!(ask(&server, client(&rustls::version::TLS13)).await.is_err());
    assert!(ask(&server, client(&rustls::version::TLS12)).await.is_err());
    server.stop().await;
}

#[tokio::test]
async fn browsers_of_other_machines_come_by_tls_and_with_a_session_only() {
    let parent = tempfile::tempdir().unwrap();
    let folder = set_up(parent.path());
    let link = create_first_link(&folder, &mut Random::seeded(3), SystemClock.now()).unwrap();
    let console = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let options = Options { console_listen: console, ..anywhere(Transport::PlainOnLoopback) };
    let server = Server::start(&folder, options, Arc::new(SystemClock), Random::seeded(2)).await.unwrap();
    assert!(!folder.first_link().exists(), "the link is in the database now");
    let found_at = server.serving().console.clone().unwrap();
    let port = found_at.strip_prefix("https://192.168.1.20:").unwrap().parse().unwrap();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let pin = Certificate::load(&folder).unwrap().pin();
    let send = async |method: &str, path: &str, headers: &str, body: &str| {
        let mut client = client(&rustls::version::TLS13);
        client.dangerous().set_certificate_verifier(Arc::new(Pinned(pin)));
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n\r\n{body}"
        );
        say(address, client, &request).await.unwrap()
    };
    let token = folder::read_text(&folder.api_token()).unwrap();
    let host = format!("host: 192.168.1.20:{port}");
    let with_token = format!("{host}\r\nauthorization: Bearer {token}");
    assert!(send("GET", "/api/status", &with_token, "").await.starts_with("HTTP/1.1 401"));
    let misdirected = send("GET", "/api/status", "host: evil.example", "").await;
    assert!(misdirected.starts_with("HTTP/1.1 421"), "{misdirected}");
    // It says under which name it is to be asked, and what to do for another.
    assert!(misdirected.contains(&found_at) && misdirected.contains("addresses"), "{misdirected}");
    assert!(!misdirected.contains("localhost"), "{misdirected}");
    let form = format!(
        r#"{{"code":"{}","name":"boss","shown_name":"boss","password":"three geese crossing"}}"#,
        link.code
    );
    let joined = send("POST", "/api/session/join", &host, &form).await;
    assert!(joined.starts_with("HTTP/1.1 201"), "{joined}");
    let cookie = joined.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    let cookie = cookie.split(';').next().unwrap();
    let answer = send("GET", "/api/status", &format!("{host}\r\ncookie: {cookie}"), "").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn where_it_listens_is_written_while_it_runs() {
    let (server, folder, _parent) = start(anywhere(Transport::PlainOnLoopback)).await;
    let server = server.unwrap();
    assert_eq!(Serving::read(&folder).unwrap(), *server.serving());
    assert!(TcpStream::connect(server.serving().api).await.is_ok());
    let api = server.serving().api;
    server.stop().await;
    assert!(!folder.serving().exists());
    assert!(TcpStream::connect(api).await.is_err());
}

/// The answer to a request of this machine.
async fn get(server: &Server, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(server.serving().api).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    answer.split("\r\n").find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[tokio::test]
async fn every_answer_has_a_number_of_its_own_and_a_refusal_says_it() {
    let (server, folder, _parent) = start(anywhere(Transport::PlainOnLoopback)).await;
    let server = server.unwrap();
    let token = folder::read_text(&folder.api_token()).unwrap();
    let token = format!("authorization: Bearer {}\r\nx-request-id: mine\r\n", token.trim());
    let mut numbers = std::collections::BTreeSet::new();
    for headers in ["", &token, &token] {
        let answer = get(&server, "/api/incidents/nothing", headers).await;
        let number = header(&answer, "x-request-id").unwrap();
        assert!(number.len() == 16 && number.bytes().all(|byte| byte.is_ascii_hexdigit()), "{number}");
        let body: serde_json::Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        assert_eq!(body["error"]["request_id"], number, "{answer}");
        numbers.insert(number.to_owned());
    }
    assert_eq!(numbers.len(), 3);
    // What phones are answered has one too.
    let phones: SocketAddr = server.serving().device.strip_prefix("http://").unwrap().parse().unwrap();
    let mut stream = TcpStream::connect(phones).await.unwrap();
    stream.write_all(b"GET /nothing HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(header(&answer, "x-request-id").is_some(), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn who_listens_is_counted_as_long_as_they_do() {
    let (server, folder, _parent) = start(anywhere(Transport::PlainOnLoopback)).await;
    let server = server.unwrap();
    let token = folder::read_text(&folder.api_token()).unwrap();
    let token = token.trim();
    let metrics = get(&server, "/metrics", "").await;
    assert!(metrics.contains("\nsuishou_listeners 0\n"), "{metrics}");
    let mut stream = TcpStream::connect(server.serving().api).await.unwrap();
    let request =
        format!("GET /api/events HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    assert!(get(&server, "/metrics", "").await.contains("\nsuishou_listeners 1\n"));
    drop(stream);
    while !get(&server, "/metrics", "").await.contains("\nsuishou_listeners 0\n") {}
    server.stop().await;
}
