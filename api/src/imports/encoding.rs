//! In which characters a file is written.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::ToSchema;

use super::Unusable;

/// UTF-8 as Excel marks it.
const UTF_8_MARK: &[u8] = b"\xEF\xBB\xBF";
/// What "Unicode テキスト" of Excel begins with, in both byte orders.
const UTF_16_MARKS: [&[u8]; 2] = [b"\xFF\xFE", b"\xFE\xFF"];

/// The encodings that the society's systems export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub enum Encoding {
    /// UTF-8, with or without its mark.
    #[serde(rename = "UTF-8")]
    Utf8,
    /// `Shift_JIS` with the characters of Windows (CP932).
    #[serde(rename = "CP932")]
    Cp932,
    /// No text: a workbook of Excel.
    #[serde(rename = "xlsx")]
    Xlsx,
}

/// Bytes that are looked at.
const LOOK: usize = 4 * 1024;

/// What stands behind the mark of UTF-8, and behind a second one: programs that join files or save them again leave several.
pub(super) fn without_marks(file: &[u8]) -> &[u8] {
    let mut text = file;
    while let Some(behind) = text.strip_prefix(UTF_8_MARK) {
        text = behind;
    }
    text
}

/// Whether this is UTF-16 without its mark: every comma has a NUL beside it there, and nothing of the first line is a control
/// character. The first line alone, as a NUL in a row of another file is that row's mistake.
fn is_utf_16(start: &[u8]) -> bool {
    let mut lines = start.split(|byte| matches!(byte, b'\n' | b'\r'));
    let start = lines.next().unwrap_or_default();
    start.contains(&0)
        && [encoding_rs::UTF_16LE, encoding_rs::UTF_16BE]
            .into_iter()
            .any(|utf_16| {
                let even = start.get(..start.len() / 2 * 2).unwrap_or_default();
                let (text, broken) = utf_16.decode_without_bom_handling(even);
                !broken && !text.contains(|c: char| c.is_control() && !c.is_whitespace())
            })
}

impl Encoding {
    /// Tells the encoding of a file, and gives the bytes behind its mark.
    ///
    /// The first line that is not ASCII alone decides, not the whole file: it holds the society's words for the columns, or a title in
    /// the same characters, and one damaged row further down must not turn every other row into nonsense. CP932 in Japanese is never
    /// valid UTF-8 by accident at that length, and never EUC-JP: its kanji begin with bytes that EUC-JP does not have.
    pub(super) fn detect(file: &[u8]) -> Result<(Self, &[u8]), Unusable> {
        let text = without_marks(file);
        if text.len() < file.len() {
            return Ok((Self::Utf8, text));
        }
        let start = file.get(..LOOK.min(file.len())).unwrap_or_default();
        if UTF_16_MARKS.iter().any(|mark| file.starts_with(mark)) || is_utf_16(start) {
            return Err(Unusable::Utf16);
        }
        if start.windows(2).any(|escape| escape == b"\x1B$") {
            return Err(Unusable::OtherEncoding("ISO-2022-JP（JISコード）"));
        }
        let header = file
            .split(|byte| matches!(byte, b'\n' | b'\r'))
            .find(|line| !line.is_ascii())
            .unwrap_or_default();
        if Self::Utf8.decode(header).is_some() {
            return Ok((Self::Utf8, file));
        }
        let euc = encoding_rs::EUC_JP.decode_without_bom_handling_and_without_replacement(header);
        if euc.is_some() {
            return Err(Unusable::OtherEncoding("EUC-JP"));
        }
        Self::Cp932
            .decode(header)
            .map(|_| (Self::Cp932, file))
            .ok_or(Unusable::UnknownEncoding)
    }

    /// The text of a field, or `None` when a byte of it means nothing. Nothing is ever put in its place.
    ///
    /// Fields may be cut out of a line before they are decoded: the second byte of a CP932 character is 0x40 or above, so it
    /// is never a comma, a quotation mark or a line end.
    pub(super) fn decode(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        match self {
            Self::Utf8 | Self::Xlsx => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Self::Cp932 => {
                encoding_rs::SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes)
            }
        }
    }

    /// The name under which people know it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Cp932 => "Shift_JIS（CP932）",
            Self::Xlsx => "Excelブック（xlsx）",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_8_is_known_with_its_mark_and_without() {
        assert_eq!(
            Encoding::detect("\u{FEFF}会員番号".as_bytes()).unwrap(),
            (Encoding::Utf8, "会員番号".as_bytes())
        );
        assert_eq!(
            Encoding::detect("会員番号\r\n".as_bytes()).unwrap().0,
            Encoding::Utf8
        );
    }

    #[test]
    fn cp932_is_known_by_the_header_although_a_later_line_is_damaged() {
        let mut file = encoding_rs::SHIFT_JIS
            .encode("会員番号,氏名\r\n")
            .0
            .into_owned();
        file.extend(b"1,\xFF\r\n");
        assert_eq!(Encoding::detect(&file).unwrap().0, Encoding::Cp932);
        let mut file = "会員番号,氏名\r\n".as_bytes().to_vec();
        file.extend(b"1,\xFF\r\n");
        assert_eq!(Encoding::detect(&file).unwrap().0, Encoding::Utf8);
    }

    #[test]
    fn utf_16_is_refused_by_name_and_noise_as_unknown() {
        assert_eq!(
            Encoding::detect(b"\xFF\xFE\x1A\x4F").unwrap_err(),
            Unusable::Utf16
        );
        assert_eq!(
            Encoding::detect(b"\xFE\xFF\x4F\x1A").unwrap_err(),
            Unusable::Utf16
        );
        for (utf_16, name) in [
            (u16::to_le_bytes as fn(u16) -> [u8; 2], "LE"),
            (u16::to_be_bytes, "BE"),
        ] {
            let file: Vec<u8> = "会員番号,氏名\r\n1,田中\r\n"
                .encode_utf16()
                .flat_map(utf_16)
                .collect();
            assert_eq!(Encoding::detect(&file), Err(Unusable::Utf16), "{name}");
        }
        assert_eq!(
            Encoding::detect(b"\x89PNG\xFF\xFD").unwrap_err(),
            Unusable::UnknownEncoding
        );
    }

    #[test]
    fn the_other_encodings_of_japanese_are_refused_by_name() {
        for (encoding, name) in [
            (encoding_rs::ISO_2022_JP, "ISO-2022-JP（JISコード）"),
            (encoding_rs::EUC_JP, "EUC-JP"),
        ] {
            let file = encoding.encode("会員番号,氏名,ﾌﾘｶﾞﾅ\r\n").0;
            assert_eq!(
                Encoding::detect(&file),
                Err(Unusable::OtherEncoding(name)),
                "{name}"
            );
        }
    }

    #[test]
    fn lines_of_ascii_above_the_header_say_nothing_about_the_encoding() {
        let file = encoding_rs::SHIFT_JIS
            .encode("sep=,\r\n,,\r\n会員番号,氏名\r\n")
            .0;
        assert_eq!(Encoding::detect(&file).unwrap().0, Encoding::Cp932);
    }

    #[test]
    fn a_mark_that_stands_twice_is_no_part_of_the_first_column() {
        assert_eq!(
            Encoding::detect("\u{FEFF}\u{FEFF}会員番号".as_bytes()),
            Ok((Encoding::Utf8, "会員番号".as_bytes()))
        );
    }

    #[test]
    fn the_characters_of_windows_are_read_as_they_are() {
        let decode = |bytes: &[u8]| Encoding::Cp932.decode(bytes).map(Cow::into_owned);
        // NEC and IBM extensions, the wave dash of Windows, half-width kana.
        assert_eq!(
            decode(b"\xFB\xFC\xED\x95\x87\x40\x81\x60\xBB\xC4\xB3").unwrap(),
            "髙﨑①～ｻﾄｳ"
        );
        assert_eq!(decode(b"\x81"), None);
        assert_eq!(decode(b"\xFD"), None);
    }
}
