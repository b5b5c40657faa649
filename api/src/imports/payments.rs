//! `payments.csv`: 入金 from the exam site.

use domain::{
    Personal,
    member::{MemberCommand, Payment, PaymentItem, impossible_payment_day},
};
use jiff::civil::Date;

use super::{
    net_effect::{Fact, GoodRow, Key},
    table::Reader,
};

/// The columns of the export.
pub(super) const COLUMNS: &[&str] = &[
    "取引番号",
    "会員番号",
    "費目",
    "金額",
    "入金日",
    "振込名義カナ",
];

/// Reads one payment.
pub(super) fn read(mut row: Reader<'_>) -> Result<GoodRow, String> {
    let transaction = row.required_code("取引番号");
    let member = row.member("会員番号");
    let item = row.word("費目", "「受験料」「審査料」「認定料」", PaymentItem::parse);
    let amount_yen = row.yen("金額");
    if amount_yen == Some(0) {
        row.refuse("金額 は 1 以上の数字で入力してください。");
    }
    let paid_on = row.date("入金日");
    // A bank tells of transfers by the day on which they will be booked, so one of its days may be to come.
    if let Some(sentence) = paid_on.and_then(|day| impossible_payment_day(day, Date::MAX)) {
        row.refuse(sentence);
    }
    let payer = Personal::new(row.kana("振込名義カナ"));
    let read = (|| {
        Some(GoodRow {
            key: Key::Transaction(transaction.clone()),
            member: member?,
            fact: Fact::Member(MemberCommand::ReceivePayment(Payment {
                transaction,
                item: item?,
                amount_yen: amount_yen?,
                paid_on: paid_on?,
                payer,
            })),
        })
    })();
    row.finish(read)
}
