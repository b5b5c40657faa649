//! Name of the file: `専門医更新申請書_<認定番号>_<date>.pdf`. It carries no name of a person.

use std::fmt::Write as _;

use domain::{application::ApplicationState, calendar::jst_date};

use super::Sheet;

/// Name of a printed application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName {
    /// `専門医更新申請書_0500026_20260603.pdf`
    pub japanese: String,
    /// The same for programs that read ASCII only: `specialist-renewal_0500026_20260603.pdf`
    pub ascii: String,
}

impl FileName {
    /// The name by 認定番号 and the day in Japan that the sheet speaks of. An applicant without 認定番号 goes by 会員番号.
    pub fn new(state: &ApplicationState, sheet: &Sheet) -> Self {
        let saved = state.documents.resume.value.as_ref();
        let record = saved.map_or(&state.record, |saved| &saved.record);
        // The number comes from an import; what is no part of a number has no place in a header or a path.
        let number: String = record
            .certification
            .iter()
            .flat_map(|one| one.number.chars())
            .filter(|&c| c.is_ascii_alphanumeric() || c == '-')
            .collect();
        let number = if number.is_empty() {
            state.member.as_str()
        } else {
            &number
        };
        let day = jst_date(sheet.at());
        let end = format!(
            "{number}_{:04}{:02}{:02}.pdf",
            day.year(),
            day.month(),
            day.day()
        );
        Self {
            japanese: format!("専門医更新申請書_{end}"),
            ascii: format!("specialist-renewal_{end}"),
        }
    }

    /// Value of Content-Disposition (RFC 6266): both names, the Japanese one as RFC 8187 writes it.
    pub fn content_disposition(&self) -> String {
        let mut value = format!("attachment; filename=\"{}\"; filename*=UTF-8''", self.ascii);
        for byte in self.japanese.bytes() {
            // attr-char of RFC 8187, without the signs that no name here holds.
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') {
                value.push(char::from(byte));
            } else {
                let _infallible = write!(value, "%{byte:02X}");
            }
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::{super::sample, *};

    #[test]
    fn the_file_is_named_by_number_and_day_in_both_scripts() {
        let name = FileName::new(&sample::small(), &sample::provisional());
        assert_eq!(name.japanese, "専門医更新申請書_0500026_20260603.pdf");
        assert_eq!(
            name.content_disposition(),
            "attachment; filename=\"specialist-renewal_0500026_20260603.pdf\"; \
             filename*=UTF-8''%E5%B0%82%E9%96%80%E5%8C%BB%E6%9B%B4%E6%96%B0%E7%94%B3%E8%AB%8B%E6%9B%B8_0500026_20260603.pdf"
        );
    }

    #[test]
    fn a_number_with_signs_cannot_leave_the_header_or_the_folder() {
        let mut state = sample::small();
        let saved = state.documents.resume.value.as_mut().unwrap();
        saved.record.certification.as_mut().unwrap().number = "../05\"\r\n臨床".to_owned();
        let name = FileName::new(&state, &sample::provisional());
        assert_eq!(name.ascii, "specialist-renewal_05_20260603.pdf");
        saved_without_number(&mut state);
        let name = FileName::new(&state, &sample::provisional());
        assert_eq!(name.ascii, "specialist-renewal_9000001_20260603.pdf");
    }

    fn saved_without_number(state: &mut ApplicationState) {
        let saved = state.documents.resume.value.as_mut().unwrap();
        saved.record.certification = None;
    }
}
