//! One request for one page. No redirect is followed, nothing is kept between two looks.

use std::pin::Pin;

use hyper::Request;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{connect, tls};
use crate::model::{HttpUrl, Observation};

/// Most bytes of a page that are looked at.
const PAGE_BYTES: usize = 2 << 20;

/// Asks for a page, and returns its status code and, where it is `wanted`, its text.
pub(super) async fn get(url: &HttpUrl, wanted: bool) -> Result<(u16, Vec<u8>), Observation> {
    let stream = connect(url.host(), url.port())
        .await
        .map_err(Observation::bad)?;
    if url.is_tls() {
        ask(tls::wrap(url.host(), stream).await?, url, wanted).await
    } else {
        ask(stream, url, wanted).await
    }
}

async fn ask<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    url: &HttpUrl,
    wanted: bool,
) -> Result<(u16, Vec<u8>), Observation> {
    let failed = |error: hyper::Error| {
        let what = if error.is_parse() {
            "no HTTP answer"
        } else {
            "the answer broke off"
        };
        Observation::bad(format!("{what}: {error}"))
    };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(failed)?;
    let request = Request::get(url.target())
        .header("Host", url.authority())
        .header("User-Agent", concat!("phoenix/", env!("CARGO_PKG_VERSION")))
        .header("Accept", "*/*")
        .body(String::new())
        .map_err(|error| Observation::bad(format!("the URL cannot be asked for: {error}")))?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(failed)?;
        let code = response.status().as_u16();
        let body = if wanted {
            read(response.into_body()).await?
        } else {
            Vec::new()
        };
        Ok((code, body))
    };
    // The connection has to be driven beside the question, and may end before or after it.
    let mut driver = Box::pin(connection);
    let mut answer = Box::pin(answer);
    tokio::select! {
        biased;
        answer = &mut answer => return answer,
        _ = &mut driver => {}
    }
    answer.await
}

async fn read(mut body: Incoming) -> Result<Vec<u8>, Observation> {
    let mut page = Vec::new();
    loop {
        let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        match frame {
            None => return Ok(page),
            Some(Err(error)) => {
                return Err(Observation::bad(format!("the page broke off: {error}")));
            }
            Some(Ok(frame)) => {
                page.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data))
            }
        }
        if page.len() > PAGE_BYTES {
            let limit = PAGE_BYTES >> 20;
            return Err(Observation::bad(format!(
                "the page is longer than {limit} MiB"
            )));
        }
    }
}
