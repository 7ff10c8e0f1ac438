//! The pages that a browser is shown.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::error::printable;

/// The most of a longer request that is read and dropped, so that its sender can read the answer.
const MAX_DROPPED: usize = 16 * 1024 * 1024;

/// The status of an answer: code, reason phrase.
pub(crate) type Status = (u16, &'static str);

/// Sends a page and ends the connection. That it can't be sent is nothing to fail for.
pub(crate) async fn send(mut stream: TcpStream, (status, reason): Status, title: &str, text: &str) {
    let body = page(title, text);
    let answer = format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
         Content-Security-Policy: default-src 'none'\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n\
         Referrer-Policy: no-referrer\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = timeout(Duration::from_secs(2), async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        // Closing a socket with unread data makes the kernel reset it, and the answer is lost.
        let (mut buffer, mut dropped) = (vec![0; 64 * 1024], 0);
        while dropped < MAX_DROPPED {
            match stream.read(&mut buffer).await? {
                0 => break,
                count => dropped += count,
            }
        }
        std::io::Result::Ok(())
    })
    .await;
}

fn page(title: &str, text: &str) -> String {
    let (title, text) = (escaped(title), escaped(text));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>cogtok: {title}</title>\n\
         <h1>{title}</h1>\n<p>{text}</p>\n<p>You can close this window.</p>\n</html>\n"
    )
}

/// Text escaped for HTML.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in printable(text, 400).chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_escape_what_they_show() {
        let page = page("a<b", "<script>alert('1')</script>&\"\u{202e}");
        assert!(
            !page.contains("<script>") && page.contains("&lt;script&gt;") && page.contains("&amp;&quot;"),
            "{page}"
        );
        assert!(page.contains("a&lt;b") && page.contains("\\u{202e}"), "{page}");
        assert!(!page.contains("http"), "an external resource: {page}");
    }
}
