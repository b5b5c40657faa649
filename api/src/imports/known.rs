//! What is recorded across members, as far as an import compares a file with it: read from the log itself, as a view may be behind.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::{
    member::{
        Member, MemberCommand, MemberEvent, MemberNumber, MemberRecord, Neighbours,
        SeminarAttendance, SeminarKey, without_leading_zeros,
    },
    text::{MailAddress, code_key},
    upcasters,
};

use super::{
    Described, Kind,
    net_effect::{Fact, PlacedRow},
    places,
};
use crate::Service;

type Holders = HashMap<String, BTreeSet<MemberNumber>>;

/// What other members have.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// By 会員番号 without the zeros at its front, those that are recorded and those of the file.
    numbers: Holders,
    /// By 医籍登録番号, however it is written.
    registrations: Holders,
    mails: Holders,
    /// By セミナーコード: the ways in which seminars are described.
    seminars: HashMap<String, Vec<SeminarAttendance>>,
}

fn hold(holders: &mut Holders, key: String, number: &MemberNumber) {
    if !key.is_empty() {
        holders.entry(key).or_default().insert(number.clone());
    }
}

fn registration_key(record: &MemberRecord) -> String {
    let registration = record.medical_registration.as_ref();
    registration.map_or_else(String::new, |one| code_key(&one.number))
}

fn mail_key(record: &MemberRecord) -> String {
    MailAddress::parse(&record.email).map_or(String::new(), |address| address.key())
}

impl Known {
    /// What a file of this kind is compared with.
    pub(super) async fn load(
        service: &Service,
        kind: Kind,
        rows: &[PlacedRow],
    ) -> Result<Self, eventstore::Error> {
        match kind {
            Kind::Members => {
                let mut known = Self::members(service).await?;
                for row in rows {
                    let number = &row.row.member;
                    let key = without_leading_zeros(number.as_str()).to_owned();
                    hold(&mut known.numbers, key, number);
                }
                Ok(known)
            }
            Kind::SeminarAttendance => {
                let known = Self::attendance(service).await?;
                known.with_numbers(service).await
            }
            Kind::Payments | Kind::ExamResults => Self::default().with_numbers(service).await,
        }
    }

    async fn with_numbers(mut self, service: &Service) -> Result<Self, eventstore::Error> {
        for id in service.log.ids_of::<Member>().await? {
            if let Ok(number) = MemberNumber::parse(&id) {
                let key = without_leading_zeros(&id).to_owned();
                hold(&mut self.numbers, key, &number);
            }
        }
        Ok(self)
    }

    /// Whether a number of which nothing is known differs by zeros at its front alone from one that is known.
    pub(super) fn may_have_lost_zeros(&self, number: &MemberNumber) -> bool {
        let alike = self.numbers.get(without_leading_zeros(number.as_str()));
        alike.is_some_and(|alike| !alike.is_empty() && !alike.contains(number))
    }

    /// The records of all members.
    pub(crate) async fn members(service: &Service) -> Result<Self, eventstore::Error> {
        let events = service
            .log
            .events_of::<Member>(&["RecordImported", "RecordRetracted"], upcasters)
            .await?;
        let mut records: BTreeMap<String, Option<Box<MemberRecord>>> = BTreeMap::new();
        for (id, event) in events {
            let record = match event {
                MemberEvent::RecordImported { record } => Some(record.value),
                _ => None,
            };
            records.insert(id, record);
        }
        let mut known = Self::default();
        for record in records.into_values().flatten() {
            let number = &record.number;
            let key = without_leading_zeros(number.as_str()).to_owned();
            hold(&mut known.numbers, key, number);
            hold(&mut known.registrations, registration_key(&record), number);
            hold(&mut known.mails, mail_key(&record), number);
        }
        Ok(known)
    }

    async fn attendance(service: &Service) -> Result<Self, eventstore::Error> {
        let events = service
            .log
            .events_of::<Member>(&["AttendanceRecorded", "AttendanceRetracted"], upcasters)
            .await?;
        let mut attended: HashMap<(String, SeminarKey), SeminarAttendance> = HashMap::new();
        for (id, event) in events {
            match event {
                MemberEvent::AttendanceRecorded { attendance, .. } => {
                    attended.insert((id, attendance.key.clone()), attendance);
                }
                MemberEvent::AttendanceRetracted { seminar, .. } => {
                    attended.remove(&(id, seminar));
                }
                _ => {}
            }
        }
        let mut known = Self::default();
        for attendance in attended.into_values() {
            let ways = known
                .seminars
                .entry(attendance.key.folded().code)
                .or_default();
            if !ways.contains(&attendance) {
                ways.push(attendance);
            }
        }
        Ok(known)
    }

    /// Who else has what a command says.
    pub(crate) fn neighbours(&self, number: &MemberNumber, command: &MemberCommand) -> Neighbours {
        let MemberCommand::ImportRecord(record) = command else {
            return Neighbours::default();
        };
        let others = |holders: &Holders, key: &str| {
            let mut others = holders.get(key).cloned().unwrap_or_default();
            others.remove(number);
            others
        };
        Neighbours {
            by_number: others(&self.numbers, without_leading_zeros(number.as_str())),
            by_registration: others(&self.registrations, &registration_key(record)),
            by_mail: others(&self.mails, &mail_key(record)),
        }
    }

    /// The rows that describe a seminar otherwise than it is recorded.
    pub(super) fn described_otherwise(&self, rows: &[PlacedRow]) -> Option<String> {
        let mut found: BTreeMap<&str, Described> = BTreeMap::new();
        for PlacedRow { line, row, .. } in rows {
            let Fact::Member(MemberCommand::RecordAttendance(attendance)) = &row.fact else {
                continue;
            };
            let ways = self.seminars.get(&attendance.key.folded().code);
            let columns: BTreeSet<_> = ways
                .into_iter()
                .flatten()
                .flat_map(|known| attendance.described_otherwise(known))
                .collect();
            if !columns.is_empty() {
                let place = found.entry(&attendance.key.code).or_default();
                place.add(*line, columns);
            }
        }
        let found: Vec<_> = found.into_values().map(|it| it.to_string()).collect();
        (!found.is_empty()).then(|| {
            format!(
                "セミナーコードが、登録済みの出席と異なる内容で書かれています。どちらが正しいかをご確認ください: {}",
                places(&found)
            )
        })
    }
}
