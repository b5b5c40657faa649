//! What is never to stand in a log.

use super::smtp::{Manner, SmtpServer};
use crate::databases::each_database;
use crate::service::{Applicant, FOURTH, Person, Process, eventually};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_addresses_nor_texts_nor_what_a_server_says_stand_in_the_log() {
    each_database(async |database| {
        let server = SmtpServer::start();
        server.will(&[
            Manner::Refuses("550 5.1.1 <member9000001@example.jp> 臨床 is unknown here"),
            Manner::Takes,
        ]);
        let (address, url) = (Process::free_address(), server.url());
        let settings = [
            ("SHINSEI_SMTP_URL", url.as_str()),
            (
                "SHINSEI_MAIL_FROM",
                "日本臨床学会 事務局 <shinsei@example.jp>",
            ),
        ];
        let process = Process::start_with(&database.url, address, &settings);
        let person = Person::member(&process.url(), "9000001");
        let yoko = Applicant::new(person, FOURTH, "9000001");
        yoko.apply("documents_and_exam").created();
        let staff = Person::staff(&process.url(), "secretariat");
        let states = || {
            let listed = staff.get("/api/v1/mails").ok();
            let mails = listed["mails"].as_array().unwrap().iter();
            mails
                .map(|mail| mail["state"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        eventually(&vec!["failed".to_owned()], states);
        yoko.person.post(&yoko.path("/withdrawal")).send().ok();
        eventually(&vec!["sent".to_owned(), "failed".to_owned()], states);
        let metrics = Person::nobody(&process.url()).get("/metrics").text;
        assert!(
            metrics.contains("shinsei_outbox_mails{state=\"failed\"} 1"),
            "{metrics}"
        );
        let (ended, said) = process.terminate();
        assert!(ended.success(), "{said}");
        assert!(said.contains("smtp-550"), "the code is told: {said}");
        for personal in [
            "example.jp>",
            "member9000001",
            "臨床",
            "瘍子",
            "unknown here",
            "受け付けました",
        ] {
            assert!(!said.contains(personal), "{personal}: {said}");
        }
    })
    .await;
}
