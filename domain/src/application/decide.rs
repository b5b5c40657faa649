//! Decisions about an application: pure, by state, time and rules.

use sha2::{Digest, Sha256};

use super::{
    Application, ApplicationCommand, ApplicationEvent, ApplicationState, CertificationTrack,
    DocumentTrack, ExamTrack, ItemAnswer, Refusal, RowValue, Submission, aggregate::seminar_key,
    opening::asked_for, restore::restore, society,
};
use crate::{
    actor::{Actor, Context, Role},
    calendar::show_deadline,
    documents::{
        DocumentKind, KEPT_FACTOR, RESEARCH_YEARS, ResearchActivity, Resume, Row, RowId, Rows,
        Texts, TooLong,
    },
    eligibility::{Scope, completion_reason, eligibility, exam_passed, period_reason},
    member::{Member, MemberRecord, Payment, PaymentItem},
    personal::Personal,
    program::{Program, ProgramId, Programs, Rules},
    requirements::requirements,
    text::{count, is_blank, is_longer, kana_key, undecodable},
};

type Decision = Result<Vec<ApplicationEvent>, Refusal>;

/// What a command does to an application as it is. An empty list means: nothing changes.
///
/// # Errors
/// The refusal, in words for the person who asked.
pub fn decide(
    application: &Application,
    command: ApplicationCommand,
    context: &Context,
    programs: &Programs,
) -> Decision {
    if let ApplicationCommand::Apply {
        program,
        scope,
        member,
    } = command
    {
        return apply(application, &program, scope, &member, context, programs);
    }
    let state = match application {
        Application::NotMade => return Err(Refusal::NotApplied),
        Application::Made(state) => state,
        // Withdrawing twice is one withdrawal.
        Application::Withdrawn(_) if matches!(command, ApplicationCommand::Withdraw) => {
            return Ok(vec![]);
        }
        Application::Withdrawn(_) => return Err(Refusal::Withdrawn),
    };
    let program = programs
        .get(&state.program)
        .ok_or(Refusal::UnknownProgram)?;
    // A part of an earlier version is no earlier version.
    let whole = matches!(command, ApplicationCommand::RestoreDocument { .. });
    let events = decide_made(state, program, command, context)?;
    // Whatever the way to it: after 差し戻し nothing changes but what was asked for.
    asked_for(state, events, whole)
}

fn decide_made(
    state: &ApplicationState,
    program: &Program,
    command: ApplicationCommand,
    context: &Context,
) -> Decision {
    match command {
        ApplicationCommand::Apply { .. } => Err(Refusal::AlreadyApplied),
        ApplicationCommand::AddExam => add_exam(state, program, context),
        ApplicationCommand::AddRow { row, value, base } => {
            add_row(state, program, row, value, base)
        }
        ApplicationCommand::ReviseRow { row, value, base } => {
            revise_row(state, program, row, value, base)
        }
        ApplicationCommand::RemoveRow {
            document,
            row,
            base,
        } => remove_row(state, document, row, base),
        ApplicationCommand::SaveResume {
            resume,
            record,
            base,
        } => save_resume(state, program, resume, record, base),
        ApplicationCommand::SaveProfile { profile, base } => {
            editable(state, DocumentKind::Profile, Some(base))?;
            keepable(DocumentKind::Profile, &profile, &program.rules)?;
            let unchanged = state.documents.profile.value.as_ref() == Some(&profile);
            Ok(unless(unchanged, || ApplicationEvent::ProfileSaved {
                profile: Personal::new(profile),
            }))
        }
        ApplicationCommand::SaveClinicalExperience { experience, base } => {
            editable(state, DocumentKind::ClinicalExperience, Some(base))?;
            keepable(
                DocumentKind::ClinicalExperience,
                &experience,
                &program.rules,
            )?;
            let unchanged = state.documents.clinical_experience.value.as_ref() == Some(&experience);
            Ok(unless(unchanged, || {
                ApplicationEvent::ClinicalExperienceSaved {
                    experience: Personal::new(experience),
                }
            }))
        }
        ApplicationCommand::RecordResearchYears { total_years, base } => {
            record_research_years(state, program, total_years, base)
        }
        ApplicationCommand::RestoreDocument {
            document,
            earlier,
            record,
            base,
        } => {
            // 当会セミナー has no revision, so none can be stale: it is refused for what it is.
            let base = (document != DocumentKind::Seminars).then_some(base);
            editable(state, document, base)?;
            restore(state, &program.rules, document, &earlier, &record)
        }
        ApplicationCommand::Submit => submit(state, program, context),
        ApplicationCommand::Withdraw => withdraw(state, context),
        ApplicationCommand::SaveResearchActivities {
            total_years,
            row,
            activity,
            new,
            base,
        } => save_research_activities(state, program, total_years, (row, activity, new), base),
        ApplicationCommand::AnswerCorrection { answers } => answer_correction(state, answers),
        ApplicationCommand::Society(command) => society::decide(state, command, program, context),
        ApplicationCommand::ImportSeminarAttendance(attendance) => {
            let unchanged =
                state.attendance.get(&seminar_key(&attendance.key)) == Some(&attendance);
            Ok(unless(unchanged, || {
                ApplicationEvent::SeminarAttendanceImported { attendance }
            }))
        }
        ApplicationCommand::RetractSeminarAttendance(seminar) => {
            let unknown = !state.attendance.contains_key(&seminar_key(&seminar));
            Ok(unless(unknown, || {
                ApplicationEvent::SeminarAttendanceRetracted { seminar }
            }))
        }
        ApplicationCommand::ConfirmPayment(payment) => {
            confirm_payment(state, program, payment, context)
        }
        ApplicationCommand::RetractPayment(payment) => {
            if state.payments.get(&payment.transaction) != Some(&payment) {
                return Ok(vec![]);
            }
            society::reversible(state, &payment)?;
            Ok(vec![ApplicationEvent::PaymentReversed {
                transaction: payment.transaction,
                retracted: true,
                explanation: None,
            }])
        }
    }
}

/// 総年数 and a row: both, or neither.
fn save_research_activities(
    state: &ApplicationState,
    program: &Program,
    total_years: Option<String>,
    (row, activity, new): (RowId, ResearchActivity, bool),
    base: u32,
) -> Decision {
    let value = RowValue::ResearchActivity(activity);
    let mut events = match total_years {
        Some(years) => record_research_years(state, program, years, base)?,
        None => Vec::new(),
    };
    events.extend(if new {
        add_row(state, program, row, value, None)?
    } else {
        revise_row(state, program, row, value, base)?
    });
    Ok(events)
}

fn save_resume(
    state: &ApplicationState,
    program: &Program,
    resume: Resume,
    record: Box<MemberRecord>,
    base: u32,
) -> Decision {
    editable(state, DocumentKind::Resume, Some(base))?;
    keepable(DocumentKind::Resume, &resume, &program.rules)?;
    let saved = state.documents.resume.value.as_ref();
    let unchanged = saved.is_some_and(|saved| saved.resume == resume && saved.record == *record);
    Ok(unless(unchanged, || ApplicationEvent::ResumeSaved {
        resume: Personal::new(resume),
        record: Personal::new(record),
    }))
}

fn record_research_years(
    state: &ApplicationState,
    program: &Program,
    total_years: String,
    base: u32,
) -> Decision {
    editable(state, DocumentKind::ResearchActivities, Some(base))?;
    if let Some(found) = undecodable(&total_years) {
        return Err(Refusal::Undecodable {
            pointer: "/total_years".to_owned(),
            message: found.message(RESEARCH_YEARS),
        });
    }
    let limit = program.rules.limits.short_text;
    if is_longer(&total_years, limit * KEPT_FACTOR) {
        let length = count(&total_years);
        return Err(Refusal::TooLong {
            pointer: "/total_years".to_owned(),
            message: TooLong { limit, length }.message(RESEARCH_YEARS),
        });
    }
    let unchanged = state.documents.research_activities.value.total_years == total_years;
    Ok(unless(unchanged, || {
        ApplicationEvent::ResearchYearsRecorded {
            total_years: Personal::new(total_years),
        }
    }))
}

pub(super) fn unless(
    unchanged: bool,
    event: impl FnOnce() -> ApplicationEvent,
) -> Vec<ApplicationEvent> {
    if unchanged { vec![] } else { vec![event()] }
}

fn apply(
    application: &Application,
    program: &ProgramId,
    scope: Scope,
    member: &Member,
    context: &Context,
    programs: &Programs,
) -> Decision {
    if matches!(application, Application::Made(_)) {
        return Err(Refusal::AlreadyApplied);
    }
    let program = programs
        .get(program)
        .filter(|program| program.offered)
        .ok_or(Refusal::UnknownProgram)?;
    let record = member.record.as_ref().ok_or(Refusal::NotApplied)?;
    if let Some(reason) = period_reason(program, program.period.closes, context.at) {
        return Err(Refusal::PeriodNotOpen(reason));
    }
    let reasons: Vec<_> = eligibility(record, program, context.at)
        .offers
        .into_iter()
        .filter(|offer| offer.scope == scope)
        .flat_map(|offer| offer.reasons)
        .collect();
    if !reasons.is_empty() {
        return Err(Refusal::NotEligible(reasons));
    }
    let mut events = vec![ApplicationEvent::Applied {
        program: program.id.clone(),
        member: record.number.clone(),
        scope,
        applied_at: context.at,
        record: Personal::new(Box::new(record.clone())),
        exam_passed: exam_passed(record, program).map(|year| year.0),
        attendance: member.attendance.values().cloned().collect(),
    }];
    // Payments known before 申込 appear the moment it is made; each by the same rule as one that arrives later.
    let mut made = application.clone();
    cqrs_es::Aggregate::apply(&mut made, events[0].clone());
    for payment in member.payments.values() {
        let Application::Made(state) = &made else {
            break;
        };
        // One that fits nothing yet stays with the member and is tried again.
        if let Ok(confirmed) = confirm_payment(state, program, payment.clone(), &by_import(context))
        {
            for event in confirmed {
                cqrs_es::Aggregate::apply(&mut made, event.clone());
                events.push(event);
            }
        }
    }
    Ok(events)
}

/// Whether anything is left for the member to do.
fn in_force(state: &ApplicationState) -> Result<(), Refusal> {
    if state.has_lapsed() {
        return Err(Refusal::Lapsed);
    }
    Ok(())
}

fn add_exam(state: &ApplicationState, program: &Program, context: &Context) -> Decision {
    in_force(state)?;
    match &state.exam {
        ExamTrack::NotApplied => {}
        ExamTrack::AwaitingPayment | ExamTrack::Paid { .. } | ExamTrack::Resulted { .. } => {
            return Err(Refusal::ExamAlreadyApplied);
        }
        ExamTrack::Exempt { .. } => {
            return Err(Refusal::NotEligible(
                eligibility(&state.record, program, context.at)
                    .offers
                    .into_iter()
                    .filter(|offer| offer.scope == Scope::DocumentsAndExam)
                    .flat_map(|offer| offer.reasons)
                    .collect(),
            ));
        }
    }
    if state.has_failed_review() {
        return Err(Refusal::WrongState {
            act: "筆記試験の追加お申込み",
            state: state.track_words(),
        });
    }
    open_period(state, program, context)?;
    Ok(vec![ApplicationEvent::ExamAdded {
        added_at: context.at,
    }])
}

/// Whether a document may be edited now, from the revision that the person saw.
fn editable(
    state: &ApplicationState,
    document: DocumentKind,
    base: Option<u32>,
) -> Result<(), Refusal> {
    in_force(state)?;
    match &state.documents_track {
        DocumentTrack::NotApplied => return Err(Refusal::DocumentsNotApplied),
        DocumentTrack::UnderReview(_)
        | DocumentTrack::Accepted(_)
        | DocumentTrack::ReviewPassed(_)
        | DocumentTrack::ReviewFailed(_) => return Err(Refusal::AlreadySubmitted),
        // Drafts are kept also after 締め切り日時: what was typed in the last minute is not lost, it only cannot be completed.
        DocumentTrack::Drafting | DocumentTrack::Returned(_) => {}
    }
    let current = state.documents.revision(document);
    if base.is_some_and(|base| base != current) {
        return Err(Refusal::StaleRevision { document, current });
    }
    Ok(())
}

/// Whether what was typed can be kept, with its mistakes.
fn keepable(document: DocumentKind, typed: &impl Texts, rules: &Rules) -> Result<(), Refusal> {
    let label = |pointer: &str| {
        let name = pointer.split('/').nth(1).unwrap_or_default();
        document.field(name).map_or("入力内容", |field| field.label)
    };
    if let Some((pointer, found)) = typed.undecodable() {
        return Err(Refusal::Undecodable {
            message: found.message(label(&pointer)),
            pointer,
        });
    }
    if let Some((pointer, found)) = typed.unkept(rules) {
        return Err(Refusal::TooLong {
            message: found.message(label(&pointer)),
            pointer,
        });
    }
    Ok(())
}

/// The same for one of several values, each with its own fields.
fn keepable_row(value: &RowValue, rules: &Rules) -> Result<(), Refusal> {
    let document = value.document();
    match value {
        RowValue::ResearchActivity(activity) => keepable(document, activity, rules),
        RowValue::Conference(conference) => keepable(document, conference, rules),
        RowValue::Paper(paper) => keepable(document, paper, rules),
    }
}

fn add_row(
    state: &ApplicationState,
    program: &Program,
    row: RowId,
    value: RowValue,
    base: Option<u32>,
) -> Decision {
    let document = value.document();
    editable(state, document, base)?;
    let documents = &state.documents;
    let rules = &program.rules;
    keepable_row(&value, rules)?;
    let (ids, limit) = match document {
        DocumentKind::ResearchActivities => (
            ids(&documents.research_activities.value.rows),
            rules.research_activities.row_limit,
        ),
        DocumentKind::Conferences => (
            ids(&documents.conferences.value),
            rules.conferences.row_limit,
        ),
        _ => (ids(&documents.papers.value), rules.papers.row_limit),
    };
    if ids.contains(&row) {
        return Err(Refusal::RowExists);
    }
    if ids.len() >= limit {
        return Err(Refusal::TooManyRows { document, limit });
    }
    Ok(vec![match value {
        RowValue::ResearchActivity(activity) => ApplicationEvent::ResearchActivityAdded {
            row,
            activity: Personal::new(activity),
        },
        RowValue::Conference(conference) => ApplicationEvent::ConferenceAdded {
            row,
            conference: Personal::new(conference),
        },
        RowValue::Paper(paper) => ApplicationEvent::PaperAdded {
            row,
            paper: Personal::new(paper),
        },
    }])
}

fn ids<T>(rows: &Rows<T>) -> Vec<RowId> {
    rows.iter().map(|Row { id, .. }| *id).collect()
}

fn revise_row(
    state: &ApplicationState,
    program: &Program,
    row: RowId,
    value: RowValue,
    base: u32,
) -> Decision {
    editable(state, value.document(), Some(base))?;
    keepable_row(&value, &program.rules)?;
    let documents = &state.documents;
    let unchanged = match &value {
        RowValue::ResearchActivity(new) => documents
            .research_activities
            .value
            .rows
            .get(row)
            .map(|saved| saved == new),
        RowValue::Conference(new) => documents
            .conferences
            .value
            .get(row)
            .map(|saved| saved == new),
        RowValue::Paper(new) => documents.papers.value.get(row).map(|saved| saved == new),
    }
    .ok_or(Refusal::UnknownRow)?;
    Ok(unless(unchanged, || match value {
        RowValue::ResearchActivity(activity) => ApplicationEvent::ResearchActivityRevised {
            row,
            activity: Personal::new(activity),
        },
        RowValue::Conference(conference) => ApplicationEvent::ConferenceRevised {
            row,
            conference: Personal::new(conference),
        },
        RowValue::Paper(paper) => ApplicationEvent::PaperRevised {
            row,
            paper: Personal::new(paper),
        },
    }))
}

fn remove_row(state: &ApplicationState, document: DocumentKind, row: RowId, base: u32) -> Decision {
    editable(state, document, Some(base))?;
    let documents = &state.documents;
    let (known, event) = match document {
        DocumentKind::ResearchActivities => (
            documents.research_activities.value.rows.get(row).is_some(),
            ApplicationEvent::ResearchActivityRemoved { row },
        ),
        DocumentKind::Conferences => (
            documents.conferences.value.get(row).is_some(),
            ApplicationEvent::ConferenceRemoved { row },
        ),
        DocumentKind::Papers => (
            documents.papers.value.get(row).is_some(),
            ApplicationEvent::PaperRemoved { row },
        ),
        _ => return Err(Refusal::NotARowDocument),
    };
    if known {
        Ok(vec![event])
    } else {
        Err(Refusal::UnknownRow)
    }
}

fn submit(state: &ApplicationState, program: &Program, context: &Context) -> Decision {
    match &state.documents_track {
        DocumentTrack::NotApplied => return Err(Refusal::DocumentsNotApplied),
        // Submitting twice is one submission.
        DocumentTrack::UnderReview(_)
        | DocumentTrack::Accepted(_)
        | DocumentTrack::ReviewPassed(_)
        | DocumentTrack::ReviewFailed(_) => return Ok(vec![]),
        DocumentTrack::Drafting | DocumentTrack::Returned(_) if state.has_lapsed() => {
            return Err(Refusal::Lapsed);
        }
        DocumentTrack::Returned(_) if context.at >= state.closes(program) => {
            return Err(Refusal::CorrectionOverdue {
                due: show_deadline(state.closes(program)),
            });
        }
        DocumentTrack::Returned(_) => {}
        DocumentTrack::Drafting => {
            let closes = state.closes(program);
            if let Some(reason) = completion_reason(program, closes, context.at) {
                return Err(Refusal::PeriodNotOpen(reason));
            }
        }
    }
    let found = requirements(state, program);
    if !found.missing.is_empty() {
        return Err(Refusal::RequirementsNotMet(found.missing));
    }
    Ok(vec![ApplicationEvent::Submitted {
        submission: Submission {
            number: state.submissions.saturating_add(1),
            submitted_at: context.at,
            assessment: found.assessment,
            rules_version: program.version.clone(),
            digest: digest(state),
        },
    }])
}

/// SHA-256 of what is submitted: documents and attendance as canonical JSON (keys in a fixed order).
fn digest(state: &ApplicationState) -> String {
    let submitted =
        serde_json::json!({ "documents": state.documents, "attendance": state.attendance });
    hex::encode(Sha256::digest(submitted.to_string().as_bytes()))
}

/// 締め切り日時, or the later one of this application.
fn open_period(
    state: &ApplicationState,
    program: &Program,
    context: &Context,
) -> Result<(), Refusal> {
    match period_reason(program, state.closes(program), context.at) {
        Some(reason) => Err(Refusal::PeriodNotOpen(reason)),
        None => Ok(()),
    }
}

fn withdraw(state: &ApplicationState, context: &Context) -> Decision {
    in_force(state)?;
    // A 審査不合格 of two persons would be gone with another お申込み.
    if matches!(state.certification, CertificationTrack::Certified(_)) || state.has_failed_review()
    {
        return Err(Refusal::WrongState {
            act: "取下げ",
            state: state.track_words(),
        });
    }
    Ok(vec![ApplicationEvent::Withdrawn {
        withdrawn_at: context.at,
    }])
}

fn answer_correction(state: &ApplicationState, answers: Vec<ItemAnswer>) -> Decision {
    in_force(state)?;
    let correction = state.open_correction().ok_or(Refusal::UnknownCorrection)?;
    if let Some((_, refusal)) = correction.wrong_answers(&answers).into_iter().next() {
        return Err(refusal);
    }
    Ok(answers
        .into_iter()
        .filter(|one| {
            let known = correction.answer_of(one.item);
            known != one.answer && !(known.is_empty() && is_blank(&one.answer))
        })
        .map(|one| ApplicationEvent::CorrectionAnswered {
            item: one.item,
            answer: Personal::new(one.answer),
        })
        .collect())
}

/// What was known before 申込 is confirmed as an import would confirm it, whoever applies.
fn by_import(context: &Context) -> Context {
    Context {
        actor: Actor {
            role: Role::System,
            id: "apply".to_owned(),
        },
        at: context.at,
    }
}

/// Whether 振込名義 is the member's フリガナ: all of it or the family name, as banks and the exam site cut it (exports), both folded.
fn payer_matches(state: &ApplicationState, payment: &Payment) -> bool {
    let payer = kana_key(&payment.payer.value);
    let kana = &state.record.furigana;
    let family = kana.split(char::is_whitespace).next().unwrap_or_default();
    !payer.is_empty() && (payer == kana_key(kana) || payer == kana_key(family))
}

fn confirm_payment(
    state: &ApplicationState,
    program: &Program,
    payment: Payment,
    context: &Context,
) -> Decision {
    let (fee, fits) = match payment.item {
        PaymentItem::ExamFee => (
            &program.fees.exam,
            match &state.exam {
                ExamTrack::AwaitingPayment => true,
                // A correction of the same transaction; a second one is for a person to look at.
                ExamTrack::Paid { transaction } | ExamTrack::Resulted { transaction, .. } => {
                    *transaction == payment.transaction
                }
                ExamTrack::NotApplied | ExamTrack::Exempt { .. } => false,
            },
        ),
        PaymentItem::ReviewFee => (&program.fees.review, state.has_documents()),
        PaymentItem::CertificationFee => (&program.fees.certification, state.has_documents()),
    };
    if !fits {
        return Err(Refusal::PaymentFitsNothing);
    }
    if let Some(expected) = fee
        .amount_yen
        .filter(|expected| *expected != payment.amount_yen)
    {
        return Err(Refusal::AmountDiffers { expected });
    }
    let unchanged = state.payments.get(&payment.transaction) == Some(&payment);
    if context.actor.role == Role::System && !unchanged {
        // Nothing is confirmed below a full match without a person, nor again what a person has taken back.
        if state.reversed.get(&payment.transaction) == Some(&payment) {
            return Err(Refusal::PaymentFitsNothing);
        }
        if !payer_matches(state, &payment) {
            return Err(Refusal::PayerDiffers);
        }
    }
    Ok(unless(unchanged, || ApplicationEvent::PaymentConfirmed {
        payment,
    }))
}
