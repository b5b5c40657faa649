use domain::{
    application::{ApplicationState, ExamTrack},
    eligibility::Scope,
    program::ProgramId,
};
use tempfile::TempDir;

use super::*;
use crate::{
    ClockSetting,
    clock::DEMONSTRATION_START,
    imports::{ImportReport, Kind, Origin, import},
    service::programs,
};

const MEMBER: &str = "9000004";
const PROGRAM: &str = "specialist-renewal-2026";
const ATTENDANCE: &str = "会員番号,セミナーコード,セミナー名,区分,開始日,終了日,単位,出欠\n";
const PAYMENTS: &str = "取引番号,会員番号,費目,金額,入金日,振込名義カナ\n";

struct Society {
    service: Service,
    forwarder: Forwarder,
    _directory: TempDir,
}

impl Society {
    /// The demonstration's members without anything else known of them.
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("test.db").display());
        let clock = ClockSetting::Demonstration {
            earliest: DEMONSTRATION_START,
        };
        let service = Service::open(&url, programs(None).unwrap(), clock)
            .await
            .unwrap();
        let society = Self {
            forwarder: Forwarder::new(service.clone()),
            service,
            _directory: directory,
        };
        let members = include_str!("../demonstration/members.csv");
        society.import(Kind::Members, members).await;
        society
    }

    async fn import(&self, kind: Kind, file: &str) -> ImportReport {
        let report = import(
            &self.service,
            kind,
            file.as_bytes(),
            false,
            Origin::system(),
        );
        let report = report.await.unwrap();
        assert!(report.is_clean(), "{report}");
        report
    }

    async fn attend(&self, row: &str) {
        self.import(
            Kind::SeminarAttendance,
            &format!("{ATTENDANCE}{MEMBER},{row}\n"),
        )
        .await;
    }

    async fn pay(&self, transaction: &str) {
        let row = format!("{PAYMENTS}{transaction},{MEMBER},受験料,22000,2026/06/01,サトウ\n");
        self.import(Kind::Payments, &row).await;
    }

    async fn command(&self, command: ApplicationCommand) {
        let call = Call {
            actor: Actor {
                role: Role::Member,
                id: MEMBER.to_owned(),
            },
            command_id: Uuid::new_v4(),
            request_hash: [0; 32],
            correlation_id: Uuid::new_v4(),
            causation_id: None,
            reason: None,
            counts_for: None,
        };
        self.service
            .command_application(&id(), command, call)
            .await
            .unwrap();
    }

    /// 申込, with the member as it was read at some moment.
    async fn apply(&self, scope: Scope, member: Member) {
        self.command(ApplicationCommand::Apply {
            program: ProgramId(PROGRAM.to_owned()),
            scope,
            member: Box::new(member),
        })
        .await;
    }

    async fn member(&self) -> Member {
        let number = MemberNumber::parse(MEMBER).unwrap();
        self.service.member(&number).await.unwrap().unwrap()
    }

    async fn state(&self) -> ApplicationState {
        match self.service.application(&id()).await.unwrap().unwrap().0 {
            Application::Made(state) => *state,
            other => panic!("{other:?}"),
        }
    }

    async fn log(&self) -> Vec<RecordedEvent> {
        self.service.log.feed(0, 10_000).await.unwrap()
    }

    /// Hands the whole log over, as after the loss of a checkpoint.
    async fn forward_everything(&self) {
        self.forwarder.forward(&self.log().await).await.unwrap();
    }
}

fn id() -> ApplicationId {
    ApplicationId::parse(&format!("{PROGRAM}.{MEMBER}")).unwrap()
}

const SEMINAR_A: &str = "ES40A,第40回教育セミナーAセッション,A,2024/04/01,2024/09/30";
const SEMINAR_B: &str = "ES41B,第41回教育セミナーBセッション,B,2025/03/01,2025/03/31";

#[tokio::test]
async fn attendance_reaches_an_application_that_was_made_before_it_was_known() {
    let society = Society::new().await;
    society
        .apply(Scope::DocumentsOnly, society.member().await)
        .await;
    society.attend(&format!("{SEMINAR_A},10,出席")).await;
    assert!(society.state().await.attendance.is_empty());
    society.forward_everything().await;
    assert_eq!(society.state().await.attendance.len(), 1);

    society.attend(&format!("{SEMINAR_A},15,出席")).await;
    society.forward_everything().await;
    assert_eq!(
        society
            .state()
            .await
            .attendance
            .values()
            .next()
            .unwrap()
            .units,
        15
    );

    society.attend(&format!("{SEMINAR_A},15,欠席")).await;
    society.forward_everything().await;
    assert!(society.state().await.attendance.is_empty());

    society.attend(&format!("{SEMINAR_A},15,出席")).await;
    society.forward_everything().await;
    assert_eq!(society.state().await.attendance.len(), 1);
}

#[tokio::test]
async fn seeing_the_whole_log_again_writes_nothing() {
    let society = Society::new().await;
    society
        .apply(Scope::DocumentsAndExam, society.member().await)
        .await;
    society.attend(&format!("{SEMINAR_A},10,出席")).await;
    society.pay("T1").await;
    society.forward_everything().await;
    let events = society.log().await.len();
    society.forward_everything().await;
    assert_eq!(society.log().await.len(), events);
}

#[tokio::test]
async fn a_crash_between_two_facts_of_one_batch_loses_neither() {
    let society = Society::new().await;
    society
        .apply(Scope::DocumentsOnly, society.member().await)
        .await;
    society.attend(&format!("{SEMINAR_A},10,出席")).await;
    society.attend(&format!("{SEMINAR_B},10,出席")).await;
    let log = society.log().await;
    let source = log.last().unwrap();
    let application = society.service.application(&id()).await.unwrap().unwrap().0;
    let first = outstanding_facts(&society.member().await, &application).remove(0);
    let call = call(&id(), &first, source).unwrap();
    society
        .service
        .command_application(&id(), first, call)
        .await
        .unwrap();

    society.forward_everything().await;
    assert_eq!(society.state().await.attendance.len(), 2);
}

#[tokio::test]
async fn a_fact_that_came_while_the_member_applied_is_found_by_the_application_itself() {
    let society = Society::new().await;
    let before = society.member().await;
    society.attend(&format!("{SEMINAR_A},10,出席")).await;
    society.apply(Scope::DocumentsOnly, before).await;
    let applied = society.log().await.pop().unwrap();
    assert_eq!(applied.event_type, "Applied");
    society.forwarder.forward(&[applied]).await.unwrap();
    assert_eq!(society.state().await.attendance.len(), 1);
}

#[tokio::test]
async fn a_payment_that_fits_nothing_waits_for_the_exam() {
    let society = Society::new().await;
    society
        .apply(Scope::DocumentsOnly, society.member().await)
        .await;
    society.pay("T1").await;
    society.forward_everything().await;
    assert!(society.state().await.payments.is_empty());

    society.command(ApplicationCommand::AddExam).await;
    assert_eq!(society.state().await.exam, ExamTrack::AwaitingPayment);
    society.forward_everything().await;
    assert!(matches!(society.state().await.exam, ExamTrack::Paid { .. }));
    assert_eq!(society.state().await.payments.len(), 1);
}

#[tokio::test]
async fn what_is_forwarded_names_what_caused_it() {
    let society = Society::new().await;
    society
        .apply(Scope::DocumentsOnly, society.member().await)
        .await;
    society.attend(&format!("{SEMINAR_A},10,出席")).await;
    let source = society.log().await.pop().unwrap();
    society.forward_everything().await;
    let forwarded = society.log().await.pop().unwrap();
    assert_eq!(forwarded.event_type, "SeminarAttendanceImported");
    assert_eq!(forwarded.metadata.actor, "system:forwarder");
    assert_eq!(
        forwarded.metadata.causation_id,
        Some(source.metadata.command_id)
    );
    assert_eq!(
        forwarded.metadata.correlation_id,
        source.metadata.correlation_id
    );
}
