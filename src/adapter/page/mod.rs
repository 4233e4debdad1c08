//! Health gates that are looked at from the workstation: ports and pages.

mod http;
mod tls;

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::model::{Gate, GateKind, Observation};

/// Looks once, within the gate's own limit. Not being able to look is a look that did not pass.
// Dropped half-way, its connection is cut.
pub(super) async fn look(gate: &Gate) -> Observation {
    let seen = async {
        match &gate.kind {
            GateKind::Tcp { address, port, .. } => match connect(address, *port).await {
                Ok(stream) => {
                    let peer = stream.peer_addr().map(|peer| peer.to_string());
                    let place = peer.unwrap_or_else(|_| address.clone());
                    Observation::good(format!("{place} takes connections"))
                }
                Err(why) => Observation::bad(why),
            },
            GateKind::Http {
                url,
                status,
                contains,
                ..
            } => match http::get(url, contains.is_some()).await {
                Ok((code, body)) => {
                    Observation::of_page((status, code), (contains.as_deref(), &body))
                }
                Err(seen) => seen,
            },
            GateKind::Systemd { .. } | GateKind::Command { .. } => {
                Observation::bad("this gate is looked at by its host only")
            }
        }
    };
    let late = || Observation::bad(format!("no answer within {}", shown(gate.timeout)));
    timeout(gate.timeout, seen).await.unwrap_or_else(|_| late())
}

/// Opens a connection to the first of a name's addresses that takes it.
async fn connect(host: &str, port: u16) -> Result<TcpStream, String> {
    TcpStream::connect((host, port)).await.map_err(|error| {
        let place = if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        };
        format!("{place}: {error}")
    })
}

fn shown(limit: Duration) -> String {
    format!("{} s", limit.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::model::{AskedFrom, HttpUrl};

    fn gate(kind: GateKind) -> Gate {
        Gate {
            kind,
            timeout: Duration::from_millis(500),
            ..Gate::systemd()
        }
    }

    fn page(url: &str, contains: Option<&str>) -> Gate {
        gate(GateKind::Http {
            url: HttpUrl::new(url).unwrap(),
            from: AskedFrom::Workstation,
            status: Vec::new(),
            contains: contains.map(str::to_owned),
        })
    }

    /// Answers one request with these bytes, and gives the request and what a look saw.
    async fn served(answer: &[u8], contains: Option<&str>) -> (String, Observation) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let count = stream.read(&mut request).await.unwrap();
            stream.write_all(answer).await.unwrap();
            request.truncate(count);
            // Held open: a look must not wait for the end of the connection.
            (String::from_utf8(request).unwrap(), stream)
        };
        let gate = page(&format!("http://127.0.0.1:{port}/a?b"), contains);
        let ((request, _stream), seen) = tokio::join!(server, look(&gate));
        (request.replace(&port.to_string(), "PORT"), seen)
    }

    #[tokio::test]
    async fn a_page_is_asked_for_as_the_rules_of_http_say() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nup";
        let (request, seen) = served(answer, Some("up")).await;
        let begin = "GET /a?b HTTP/1.1\r\n";
        assert!(request.starts_with(begin), "{request}");
        assert!(
            request.to_lowercase().contains("host: 127.0.0.1:port\r\n"),
            "{request}"
        );
        assert_eq!(seen, Observation::good("answered 200"));
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_is_not_followed() {
        let answer =
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(
            served(answer, None).await.1,
            Observation::good("answered 302")
        );
    }

    #[tokio::test]
    async fn what_is_no_page_does_not_pass() {
        let silent = served(b"", None).await.1;
        assert_eq!(silent.detail, "no answer within 0.5 s");
        let rubbish = served(b"SSH-2.0-OpenSSH_9.9\r\n", None).await.1;
        assert!(
            !rubbish.passed && rubbish.detail.contains("no HTTP"),
            "{rubbish:?}"
        );
        let wrong = served(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", None)
            .await
            .1;
        assert_eq!(wrong.detail, "answered 503, wanted 200 to 399");
        let cut = served(
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nup",
            Some("up"),
        )
        .await
        .1;
        assert!(!cut.passed, "{cut:?}");
    }

    #[tokio::test]
    async fn nothing_listens() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let tcp = gate(GateKind::Tcp {
            address: "127.0.0.1".to_owned(),
            port,
            from: AskedFrom::Workstation,
        });
        assert!(look(&tcp).await.passed);
        drop(listener);
        for seen in [
            look(&tcp).await,
            look(&page(&format!("http://127.0.0.1:{port}"), None)).await,
            look(&page(&format!("https://127.0.0.1:{port}"), None)).await,
        ] {
            assert!(seen.detail.contains("refused"), "{seen:?}");
        }
    }
}
