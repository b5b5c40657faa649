//! The demonstration: members to try everything with, signed in without a password, on a clock in お申込み期間.
//!
//! The members come in the society's export format through the same import as real ones. 臨床 瘍子 is the manual's; she and
//! all others are fictional, and the 会員番号 are our own.

use std::fmt;

use domain::{Role, calendar::show_jst_minutes};

use crate::{
    Clock, Service,
    imports::{ImportReport, Kind, Origin, Unusable, import},
};

/// The files, in the order in which they must be imported.
const FILES: [(Kind, &[u8]); 3] = [
    (Kind::Members, include_bytes!("demonstration/members.csv")),
    (
        Kind::SeminarAttendance,
        include_bytes!("demonstration/seminar-attendance.csv"),
    ),
    (Kind::Payments, include_bytes!("demonstration/payments.csv")),
];

/// 会員番号 of the manual's 臨床 瘍子.
pub const FIRST_MEMBER: &str = "9000001";

/// Somebody to sign in as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoIdentity {
    /// In which role.
    pub role: Role,
    /// 会員番号 of a member; `None` for staff.
    pub member: Option<&'static str>,
    /// Who it is and what there is to see, in Japanese.
    pub label: &'static str,
}

const fn member(number: &'static str, label: &'static str) -> DemoIdentity {
    DemoIdentity {
        role: Role::Member,
        member: Some(number),
        label,
    }
}

/// Everybody that the start page offers.
pub const IDENTITIES: [DemoIdentity; 11] = [
    member(
        FIRST_MEMBER,
        "臨床 瘍子（認定番号 0500026）: 手引きの例。更新4回目・正規更新年度。書類審査・筆記試験同時",
    ),
    member(
        "9000002",
        "鈴木　一郎: 更新3回目・正規更新年度。前年度に筆記試験合格。書類審査のみ",
    ),
    member(
        "9000003",
        "田中　美咲: 正規更新の前年度。筆記試験のみ。受験料は入金済み",
    ),
    member(
        "9000004",
        "佐藤　健: 更新2回目・正規更新年度。書類審査のみの後、筆記試験を追加お申込み。受験料は入金済み",
    ),
    member("9000005", "高橋　あかね: 医籍登録日・医籍登録番号が未登録"),
    member("9000006", "伊藤　大輔: 2026年度の会費が未納"),
    member(
        "9000007",
        "髙﨑　葛\u{E0100}𠮷: 氏名に異体字・旧字体。連絡先が自宅。受験料は入金済み",
    ),
    member("9000008", "渡邉　直子: 猶予年度"),
    DemoIdentity {
        role: Role::Secretariat,
        member: None,
        label: "事務局: データの取り込み、入金確認、変更履歴",
    },
    DemoIdentity {
        role: Role::Secretariat,
        member: None,
        label: "事務局（判定の承認者）: 閲覧と判定。ほかの方の起案の承認",
    },
    DemoIdentity {
        role: Role::Reporter,
        member: None,
        label: "集計担当: 申請の種類の閲覧",
    },
];

/// Why the demonstration's members could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] eventstore::Error),
    /// A file that comes with the binary is no import file.
    #[error("{}: {unusable}", .kind.title())]
    Unusable {
        /// Which.
        kind: Kind,
        /// Why.
        unusable: Unusable,
    },
    /// Rows of a file that comes with the binary were not recorded.
    #[error("the demonstration's data was not recorded whole:\n{0}")]
    Reported(Box<ImportReport>),
}

/// Imports the demonstration's members into a log without a single event; any other log is left alone. Says whether it did.
///
/// # Errors
/// See [`SeedError`]. What was recorded until then stays, so the log is not empty any more.
pub async fn seed(service: &Service) -> Result<bool, SeedError> {
    // PostgreSQL: events that nobody has sealed yet are events too.
    eventstore::seal(service.log.database()).await?;
    if service.log.head().await? > 0 {
        return Ok(false);
    }
    for (kind, file) in FILES {
        let report = import(service, kind, file, false, Origin::system())
            .await
            .map_err(|unusable| SeedError::Unusable { kind, unusable })?;
        if !report.is_clean() {
            return Err(SeedError::Reported(Box::new(report)));
        }
    }
    Ok(true)
}

/// What is said wherever the demonstration shows itself: that it is one, what time it believes it is, who can reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// One sentence each, in Japanese.
    pub sentences: [String; 3],
}

/// The announcement of this moment.
pub fn announcement(clock: &Clock) -> Announcement {
    Announcement {
        sentences: [
            "デモンストレーションです。会員・データはすべて架空のもので、パスワードなしでサインインできます。実在の個人情報は入力しないでください。".to_owned(),
            format!(
                "お申込み期間中の操作を試せるように、時計を進めてあります。現在の日時は {} として扱います。",
                show_jst_minutes(clock.now())
            ),
            "このコンピューター（ループバックアドレス）からのみ利用できます。".to_owned(),
        ],
    }
}

impl fmt::Display for Announcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sentences
            .iter()
            .try_for_each(|sentence| writeln!(f, "{sentence}"))
    }
}

#[cfg(test)]
mod tests;
