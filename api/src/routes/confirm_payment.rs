//! `POST /api/v1/applications/{id}/payments`: 入金確認 by hand.

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use domain::{
    Personal,
    application::{ApplicationCommand, Refusal, check_reason},
    calendar::{jst_date, parse_date},
    documents::FieldError,
    member::{Payment, PaymentItem, impossible_payment_day},
    text::{code, is_blank, too_long},
};
use jiff::civil::Date;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{
    Endpoint,
    status::{ApplicationAnswer, answer},
};
use crate::{
    access::Permission,
    app::App,
    problem::{Kind, Problem},
    saving::execute,
    situation::{visible, with_view_behind},
    write::Write,
};

/// Most characters of each text.
const TEXT_LIMIT: usize = 200;

pub(super) fn endpoint() -> Endpoint {
    let problems = &[
        Kind::Withdrawn,
        Kind::PaymentFitsNothing,
        Kind::AmountDiffers,
        Kind::Invalid,
    ];
    super::endpoint(
        Permission::ConfirmPayments,
        &[problems],
        routes!(confirm_payment),
    )
}

/// A payment as the secretariat has seen it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SeenPayment {
    /// 取引番号: the same number again replaces what was confirmed under it.
    #[schema(example = "TX-20260603-0001", max_length = 200)]
    transaction: String,
    /// 費目
    item: PaymentItem,
    /// 円, more than 0.
    #[schema(minimum = 1, example = 11000)]
    amount_yen: u32,
    /// 入金日
    #[schema(example = "2026-06-03")]
    paid_on: String,
    /// 振込名義カナ
    #[serde(default)]
    #[schema(max_length = 200)]
    payer: String,
    /// 内部の理由: why it is confirmed by hand; kept with the event, never shown to the member; required.
    #[serde(default)]
    #[schema(max_length = 1000)]
    reason: String,
}

impl SeenPayment {
    fn read(self, today: Date) -> Result<(Payment, String), Problem> {
        let mut errors = Vec::new();
        let mut wrong = |pointer: &str, message: String| {
            errors.push(FieldError {
                pointer: pointer.to_owned(),
                message,
            });
        };
        let transaction = code(&self.transaction);
        if is_blank(&transaction) {
            wrong("/transaction", "取引番号 は必須入力です。".to_owned());
        }
        if self.amount_yen == 0 {
            wrong(
                "/amount_yen",
                "金額 は1円以上で入力してください。".to_owned(),
            );
        }
        for (pointer, label, text) in [
            ("/transaction", "取引番号", transaction.as_str()),
            ("/payer", "振込名義カナ", self.payer.as_str()),
        ] {
            if let Some(sentence) = too_long(label, text, TEXT_LIMIT) {
                wrong(pointer, sentence);
            }
        }
        if let Err(
            Refusal::Invalid { pointer, message } | Refusal::Undecodable { pointer, message },
        ) = check_reason(&self.reason, true)
        {
            wrong(&pointer, message);
        }
        let paid_on = parse_date(&self.paid_on)
            .map_err(|error| wrong("/paid_on", error.message("入金日")))
            .ok();
        if let Some(sentence) = paid_on.and_then(|day| impossible_payment_day(day, today)) {
            wrong("/paid_on", sentence);
        }
        match paid_on {
            Some(paid_on) if errors.is_empty() => Ok((
                Payment {
                    transaction,
                    item: self.item,
                    amount_yen: self.amount_yen,
                    paid_on,
                    payer: Personal::new(self.payer),
                },
                self.reason,
            )),
            _ => Err(errors
                .into_iter()
                .fold(Problem::new(Kind::Invalid), |problem, error| {
                    problem.at(error.pointer, error.message)
                })),
        }
    }
}

/// Confirm a payment (入金確認)
///
/// By hand, for one application. Payments that are imported reach the application by themselves.
#[utoipa::path(
    post,
    path = "/api/v1/applications/{id}/payments",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    request_body = SeenPayment,
    responses((status = OK, description = "Confirmed.", body = ApplicationAnswer))
)]
async fn confirm_payment(
    State(app): State<App>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let id = visible(&app, &write.identity, &id).await?;
    let today = jst_date(app.service().clock.now());
    let (payment, reason) = write.decode::<SeenPayment>()?.read(today)?;
    let command = ApplicationCommand::ConfirmPayment(payment);
    let done = execute(&app, &id, command, write.call_because(Some(reason))).await?;
    let body = answer(&app, &done.found, app.service().clock.now())?;
    Ok(with_view_behind(Json(body).into_response(), done.behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<(Payment, String), Vec<String>> {
        let seen: SeenPayment = serde_json::from_str(body).unwrap();
        seen.read(jiff::civil::date(2026, 6, 3)).map_err(|problem| {
            problem
                .body()
                .errors
                .iter()
                .map(|error| error.pointer.clone())
                .collect()
        })
    }

    #[test]
    fn a_payment_is_read_as_people_write_it() {
        let (payment, reason) =
            read(r#"{"transaction":" T1 ","item":"exam_fee","amount_yen":1,"paid_on":"令和8年6月3日","reason":"窓口で確認"}"#)
                .unwrap();
        assert_eq!(payment.transaction, "T1");
        assert_eq!(payment.paid_on.to_string(), "2026-06-03");
        assert_eq!(reason, "窓口で確認");
    }

    #[test]
    fn a_transaction_is_one_however_it_is_typed() {
        for typed in ["T1", "Ｔ１", " T1\u{200b}", "'T1", "=\\\"T1\\\""] {
            let body = format!(
                r#"{{"transaction":"{typed}","item":"exam_fee","amount_yen":1,"paid_on":"2026-06-03","reason":"窓口で確認"}}"#
            );
            assert_eq!(read(&body).unwrap().0.transaction, "T1", "{typed}");
        }
    }

    #[test]
    fn days_that_no_payment_has_and_texts_that_nobody_sees_are_pointed_at() {
        for day in ["2026-06-04", "2027/01/01", "1900/01/01"] {
            let body = format!(
                r#"{{"transaction":"\u200b","item":"exam_fee","amount_yen":1,"paid_on":"{day}","reason":"\u200b\ufeff"}}"#
            );
            assert_eq!(
                read(&body).unwrap_err(),
                ["/transaction", "/reason", "/paid_on"]
            );
        }
    }

    #[test]
    fn everything_that_is_wrong_is_pointed_at() {
        assert_eq!(
            read(r#"{"transaction":" ","item":"exam_fee","amount_yen":0,"paid_on":"2026-02-30"}"#)
                .unwrap_err(),
            ["/transaction", "/amount_yen", "/reason", "/paid_on"]
        );
    }
}
