//! The program's files are changed after a completion.

use tempfile::TempDir;

use super::{filled_in, pdf};
use crate::service::{Applicant, FOURTH, TestService, each_demonstration};

/// The programs as they come with the binary, with another order of the organs.
fn changed_programs() -> TempDir {
    let directory = TempDir::new().unwrap();
    let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/programs");
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let text = std::fs::read_to_string(file.path()).unwrap();
        let text = text
            .replace("造血器", "？")
            .replace("肝胆膵", "造血器")
            .replace("？", "肝胆膵");
        std::fs::write(directory.path().join(file.file_name()), text).unwrap();
    }
    directory
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_final_form_is_printed_by_the_rules_that_it_was_submitted_under() {
    each_demonstration(async |database| {
        let service = TestService::on(database).await;
        let yoko = filled_in(&service);
        yoko.submit().ok();
        let before = pdf(&yoko, "");
        service.stop().await;

        let changed = changed_programs();
        let service = TestService::with_programs(database, changed.path()).await;
        let yoko = Applicant::new(service.member("9000001"), FOURTH, "9000001");
        assert_eq!(pdf(&yoko, "").bytes, before.bytes);

        // What is completed under the new rules is printed by them.
        yoko.person.post(&yoko.path("/withdrawal")).send().ok();
        yoko.apply("documents_only").created();
        yoko.submit().ok();
        let organs = |paper: &super::Paper| {
            let page = paper.pages().pop().unwrap();
            (page.find("造血器").unwrap(), page.find("肝胆膵").unwrap())
        };
        let (blood, liver) = organs(&before);
        assert!(blood < liver);
        let (blood, liver) = organs(&pdf(&yoko, ""));
        assert!(liver < blood);
        assert_eq!(pdf(&yoko, "?number=1").bytes, before.bytes);
        service.stop().await;
    })
    .await;
}
