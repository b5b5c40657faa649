use tokio::net::TcpListener;

use super::*;
use crate::{
    ClockSetting, Mode, Service, app::Exposure, clock::DEMONSTRATION_START, serve,
    service::programs,
};

/// Plays against an address and gives what was printed.
async fn played(url: String) -> (Result<(), Surprise>, String) {
    tokio::task::spawn_blocking(move || {
        let mut out = Vec::new();
        let ended = play(&url, &mut out);
        (ended, String::from_utf8(out).unwrap())
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manuals_example_goes_through_and_may_be_played_again() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", directory.path().join("demo.db").display());
    let clock = ClockSetting::Demonstration {
        earliest: DEMONSTRATION_START,
    };
    let service = Service::open(&url, programs(None).unwrap(), clock)
        .await
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let running = serve(service, Mode::Demonstration, Exposure::local(), listener)
        .await
        .unwrap();
    for _ in 0..2 {
        let (ended, printed) = played(running.url()).await;
        ended.unwrap_or_else(|surprise| panic!("{printed}{surprise}"));
        assert!(
            printed.contains("申請を完了する: 申請完了要件で止まる"),
            "{printed}"
        );
        assert!(printed.contains("入金確認済みになる"), "{printed}");
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_in_one_sentence() {
    // The port was free a moment ago and is closed again.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (ended, _) = played(url.clone()).await;
    let surprise = ended.unwrap_err();
    assert!(matches!(surprise, Surprise::Unreachable { .. }));
    assert!(
        surprise
            .to_string()
            .starts_with(&format!("{url} に接続できません")),
        "{surprise}"
    );
}
