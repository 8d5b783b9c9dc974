//! A site that is not the server's: where an app listens, and pages of whoever else there is. To a browser
//! `http://127.0.0.1` and `http://localhost` are different sites.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What an app shows when it has its answer.
const CALLBACK: &str = "<!doctype html><title>The app</title><p id=\"arrived\">You are back in the app.";

/// A site on a port of its own.
pub(crate) struct Site {
    pub(crate) origin: String,
    pages: Arc<Mutex<HashMap<String, String>>>,
    serving: JoinHandle<()>,
}

impl Site {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let pages = Arc::new(Mutex::new(HashMap::from([("/callback".to_owned(), CALLBACK.to_owned())])));
        let known = Arc::clone(&pages);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&known)));
            }
        });
        Self { origin, pages, serving }
    }

    /// Where the app listens.
    pub(crate) fn callback(&self) -> String {
        format!("{}/callback", self.origin)
    }

    /// Puts a page there, and says where.
    pub(crate) fn page(&self, path: &str, html: &str) -> String {
        self.pages.lock().unwrap().insert(path.to_owned(), html.to_owned());
        format!("{}{path}", self.origin)
    }

    /// A page that posts a form as soon as it is opened.
    pub(crate) fn page_that_posts(&self, action: &str, fields: &[(&str, &str)]) -> String {
        let fields: String = fields
            .iter()
            .map(|(name, value)| format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">"))
            .collect();
        let html = format!(
            "<!doctype html><title>A trap</title><form method=\"post\" action=\"{action}\">{fields}</form>\
             <script>document.forms[0].submit()</script>"
        );
        self.page("/trap", &html)
    }

    /// A page that frames another one, and says when that has loaded, whatever came of it.
    pub(crate) fn page_that_frames(&self, address: &str) -> String {
        let address = address.replace('&', "&amp;");
        let html = format!(
            "<!doctype html><title>A frame</title>\
             <iframe src=\"{address}\" onload=\"document.body.id = 'loaded'\"></iframe>"
        );
        self.page("/frame", &html)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(mut stream: TcpStream, pages: Arc<Mutex<HashMap<String, String>>>) {
    let mut lines = BufReader::new(&mut stream).lines();
    let Ok(Some(first)) = lines.next_line().await else { return };
    while let Ok(Some(line)) = lines.next_line().await {
        if line.is_empty() {
            break;
        }
    }
    let target = first.split(' ').nth(1).unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default();
    let page = pages.lock().unwrap().get(path).cloned();
    let (status, body) = page.map_or(("404 Not Found", String::new()), |page| ("200 OK", page));
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    );
    // A browser that has gone on does not wait for it.
    drop(stream.write_all(format!("{head}{body}").as_bytes()).await);
}
