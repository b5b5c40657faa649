//! 入金の照合: the payments that no application has, where they could belong, and the person who says so.

use domain::{
    Personal,
    access::Whose,
    application::{
        Act, Application, ApplicationCommand, ApplicationId, Placement, SocietyCommand, decide,
        place,
    },
    member::{Member, MemberNumber, Payment, PaymentItem},
    text::kana_key,
};
use projections::{CertificationTrack, ExamTrack, Order, ViewName, WorklistFilter, WorklistSort};

use crate::{
    Call,
    access::{Identity, note},
    app::App,
    imports::applications_of,
    problem::{Kind, Problem},
    routes::worklist::unread,
    saving::execute,
    situation::visible,
};

/// Most candidates by name: more are no candidates but a list.
const CANDIDATES: i64 = 20;

/// How long an answer waits for the list of payments.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);

/// A payment that came in, and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    /// Under whose number it came.
    pub member: MemberNumber,
    /// フリガナ of that member.
    pub furigana: String,
    pub payment: Payment,
    pub placement: Placement,
    /// The application for which that is said, or that has it.
    pub application: Option<ApplicationId>,
}

impl Incoming {
    /// Whom it shows: under whose number it came, and whose application is named.
    pub(crate) fn members(&self) -> impl Iterator<Item = MemberNumber> + use<> {
        let application = self.application.as_ref().map(|id| id.member.clone());
        std::iter::once(self.member.clone()).chain(application)
    }
}

/// An application to which a payment could belong.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub application: ApplicationId,
    pub name: String,
    pub furigana: String,
    /// Whether it is one of the member under whose number the payment came.
    pub by_number: bool,
}

async fn incoming(
    app: &App,
    member: MemberNumber,
    transaction: &str,
) -> Result<Option<Incoming>, Problem> {
    let service = app.service();
    let Some(known) = service.member(&member).await? else {
        return Ok(None);
    };
    let Member {
        record, payments, ..
    } = known;
    let Some(payment) = payments.get(transaction).cloned() else {
        return Ok(None);
    };
    let mut applications = applications_of(service, &member).await?;
    let now = service.clock.now();
    let (placement, program) = place(&mut applications, &payment, &service.programs, now);
    Ok(Some(Incoming {
        furigana: record.map(|record| record.furigana).unwrap_or_default(),
        application: program.map(|program| ApplicationId {
            program,
            member: member.clone(),
        }),
        member,
        payment,
        placement,
    }))
}

/// A part of the payments that no application has, and how many there are.
pub(crate) async fn unmatched(
    app: &App,
    part: (i64, i64),
) -> Result<(Vec<Incoming>, i64), Problem> {
    let page = app
        .service()
        .views
        .unmatched_payments(part)
        .await
        .map_err(unread)?;
    let mut found = Vec::with_capacity(page.payments.len());
    for one in page.payments {
        let Ok(member) = MemberNumber::parse(&one.member) else {
            continue;
        };
        // The view may be behind: what has gone meanwhile is not shown.
        let incoming = incoming(app, member, &one.transaction_number).await?;
        found.extend(incoming.filter(|one| one.placement != Placement::Confirmed));
    }
    Ok((found, page.total))
}

/// One payment, wherever it stands. Whoever asks is written down.
pub(crate) async fn one(
    app: &App,
    identity: &Identity,
    member: &str,
    transaction: &str,
) -> Result<Incoming, Problem> {
    let unknown = || Problem::new(Kind::UnknownPayment);
    let member = MemberNumber::parse(member).map_err(|_| unknown())?;
    let mut found = incoming(app, member.clone(), transaction)
        .await?
        .ok_or_else(unknown)?;
    let viewing = identity.viewing(app.service(), None);
    note(
        app.service(),
        &Whose::Member(member),
        viewing,
        identity.request(),
    )
    .await?;
    if found.placement != Placement::Confirmed {
        // A person may have confirmed it for another member.
        let elsewhere = app
            .service()
            .views
            .confirmations(transaction)
            .await
            .map_err(unread)?;
        for id in elsewhere {
            let Ok(id) = ApplicationId::parse(&id) else {
                continue;
            };
            let Some((application, _)) = app.service().application(&id).await? else {
                continue;
            };
            let payments = application.state().map(|state| &state.payments);
            if payments.and_then(|payments| payments.get(transaction)) == Some(&found.payment) {
                found.placement = Placement::Confirmed;
                found.application = Some(id);
            }
        }
    }
    Ok(found)
}

/// Where a payment could belong: first by 会員番号, then by fee, amount and 振込名義.
pub(crate) async fn candidates(
    app: &App,
    identity: &Identity,
    incoming: &Incoming,
) -> Result<Vec<Candidate>, Problem> {
    let service = app.service();
    let mut found = Vec::new();
    for (program, application) in applications_of(service, &incoming.member).await? {
        let id = ApplicationId {
            program,
            member: incoming.member.clone(),
        };
        found.extend(candidate(app, identity, incoming, (id, application)));
    }
    let payer = &incoming.payment.payer.value;
    if kana_key(payer).is_empty() {
        return Ok(found);
    }
    let (exam_track, certification) = match incoming.payment.item {
        PaymentItem::ExamFee => (Some(ExamTrack::AwaitingPayment), None),
        PaymentItem::ReviewFee => (None, None),
        PaymentItem::CertificationFee => (None, Some(CertificationTrack::FeeRequested)),
    };
    let filter = WorklistFilter {
        text: Some(payer.clone()),
        exam_track,
        certification,
        withdrawn: Some(false),
        ..WorklistFilter::default()
    };
    let by_name = service
        .views
        .worklist(
            &filter,
            (WorklistSort::Furigana, Order::Ascending),
            (0, CANDIDATES),
        )
        .await
        .map_err(unread)?;
    for entry in by_name.entries {
        let Ok(id) = ApplicationId::parse(&entry.application) else {
            continue;
        };
        if id.member == incoming.member {
            continue;
        }
        if let Some((application, _)) = service.application(&id).await? {
            found.extend(candidate(app, identity, incoming, (id, application)));
        }
    }
    Ok(found)
}

/// An application that would take the payment if this person said so.
fn candidate(
    app: &App,
    identity: &Identity,
    incoming: &Incoming,
    (id, application): (ApplicationId, Application),
) -> Option<Candidate> {
    let context = domain::Context {
        actor: identity.actor().clone(),
        at: app.service().clock.now(),
    };
    let command = ApplicationCommand::ConfirmPayment(incoming.payment.clone());
    let takes = decide(&application, command, &context, &app.service().programs)
        .is_ok_and(|events| !events.is_empty());
    let record = &application.state().filter(|_| takes)?.record;
    Some(Candidate {
        name: record.name.clone(),
        furigana: record.furigana.clone(),
        by_number: id.member == incoming.member,
        application: id,
    })
}

/// A person confirms a payment for an application, exactly as it came in.
pub(crate) async fn match_by_hand(
    app: &App,
    identity: &Identity,
    incoming: &Incoming,
    application: &str,
    call: Call,
) -> Result<(), Problem> {
    let id = visible(app, identity, application).await?;
    if incoming.placement == Placement::Confirmed
        && incoming.application.as_ref().is_some_and(|at| *at != id)
    {
        // One payment pays one fee.
        return Err(Problem::saying(
            Kind::PaymentFitsNothing,
            "この入金は別の申請で確認済みです。先に入金確認を取り消してください。",
        ));
    }
    let payment = Payment {
        payer: Personal::new(incoming.payment.payer.value.clone()),
        ..incoming.payment.clone()
    };
    let done = execute(app, &id, ApplicationCommand::ConfirmPayment(payment), call).await?;
    wait(app, &id, done.found.sequence).await;
    Ok(())
}

/// The same taken back.
pub(crate) async fn undo(
    app: &App,
    identity: &Identity,
    application: &str,
    transaction: &str,
    (reason, call): (String, Call),
) -> Result<(), Problem> {
    let id = visible(app, identity, application).await?;
    let command = ApplicationCommand::Society(SocietyCommand {
        act: Act::ReversePayment {
            transaction: transaction.to_owned(),
        },
        explanation: String::new(),
        reason,
        seen: None,
        approved: None,
    });
    let done = execute(app, &id, command, call).await?;
    wait(app, &id, done.found.sequence).await;
    Ok(())
}

/// That the list cannot be read is no failure of the write.
async fn wait(app: &App, id: &ApplicationId, sequence: i64) {
    let views = &app.service().views;
    let id = id.to_string();
    let waited = views.wait_once(ViewName::Payments, &id, sequence, PATIENCE);
    if let Err(error) = waited.await {
        tracing::warn!(%error, "waiting for a view");
    }
}
