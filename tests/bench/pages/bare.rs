//! The other side: axum alone, answering the same pages as constant strings.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use tokio::net::TcpListener;

use super::SCREENS;
use crate::Outcome;

/// What the bare side goes by, as it knows no addresses.
pub const SCREEN: &str = "x-screen";

/// A process of its own, so that it shares nothing with the clients that ours does not share; killed when dropped.
pub struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    /// Starts it on pages in the order of the screens.
    pub fn start(directory: &Path, pages: &[String]) -> Outcome<Self> {
        for (place, page) in pages.iter().enumerate() {
            fs::write(directory.join(format!("{place}.html")), page)?;
        }
        let child = Command::new(std::env::current_exe()?)
            .arg("bare")
            .arg(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut process = Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        let said = process.child.stdout.take().ok_or("no output")?;
        let mut line = String::new();
        BufReader::new(said).read_line(&mut line)?;
        process.address = line.trim().parse()?;
        Ok(process)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

type Page = ([(HeaderName, &'static str); 1], Bytes);

async fn page(
    State(pages): State<Arc<Vec<Bytes>>>,
    headers: HeaderMap,
) -> Result<Page, StatusCode> {
    let screen = headers
        .get(SCREEN)
        .and_then(|screen| screen.to_str().ok()?.parse::<usize>().ok());
    let page = screen
        .and_then(|screen| pages.get(screen))
        .ok_or(StatusCode::NOT_FOUND)?;
    Ok((
        [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
        page.clone(),
    ))
}

/// Serves the pages of a directory until it is killed, and says where.
pub async fn serve(directory: &Path) -> Outcome<()> {
    let pages = (0..SCREENS.len())
        .map(|place| {
            Ok(Bytes::from(fs::read(
                directory.join(format!("{place}.html")),
            )?))
        })
        .collect::<Outcome<Vec<Bytes>>>()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let router = Router::new().fallback(page).with_state(Arc::new(pages));
    axum::serve(listener, router).await?;
    Ok(())
}
