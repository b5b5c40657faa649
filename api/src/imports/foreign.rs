//! What a file is that is neither CSV nor xlsx, by its first bytes: who is told the name of it knows what to do.

use std::path::Path;

use domain::text::is_ignorable;
use unicode_normalization::UnicodeNormalization as _;

use super::encoding::without_marks;

/// Bytes that are looked at.
const LOOK: usize = 4 * 1024;

/// Old Excel, and a workbook under a password, are kept in the same container.
const COMPOUND: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

/// What xlsx is packed in.
pub(super) const PACKED: &[u8] = b"PK\x03\x04";

/// Under which name, or as which type, a file comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// As CSV.
    Csv,
    /// As anything else, or without a name.
    Otherwise,
}

impl Named {
    /// By the name of a file.
    pub fn by_file(name: &str) -> Self {
        let extension = Path::new(name.trim()).extension();
        if extension.is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) {
            Self::Csv
        } else {
            Self::Otherwise
        }
    }
}

/// The words for a file that nothing is imported from.
pub(super) fn what_it_is(file: &[u8]) -> Option<&'static str> {
    let start = file.get(..LOOK.min(file.len())).unwrap_or_default();
    if start.starts_with(COMPOUND) {
        // The name of its stream, in UTF-16; it stands in the directory, wherever that is.
        let encrypted: Vec<u8> = "EncryptedPackage"
            .bytes()
            .flat_map(|byte| [byte, 0])
            .collect();
        let is_encrypted = file
            .windows(encrypted.len())
            .any(|window| window == encrypted);
        return Some(if is_encrypted {
            "パスワードで保護されたExcelブック"
        } else {
            "古い形式のExcelブック（.xls）"
        });
    }
    for (mark, what) in [
        (&b"%PDF-"[..], "PDF"),
        (b"\x89PNG", "画像（PNG）"),
        (b"\xFF\xD8\xFF", "画像（JPEG）"),
        (b"{\\rtf", "リッチテキスト（RTF）"),
        (b"\x1F\x8B", "gzipファイル"),
        (b"Rar!", "RARファイル"),
        (b"7z\xBC\xAF", "7-Zipファイル"),
        (b"BZh", "bzip2ファイル"),
        (b"\xFD7zXZ", "xzファイル"),
        (b"PK\x05\x06", "空のZIPファイル"),
        (b"GIF8", "画像（GIF）"),
        (b"II*\0", "画像（TIFF）"),
        (b"MM\0*", "画像（TIFF）"),
    ] {
        if start.starts_with(mark) {
            return Some(what);
        }
    }
    let text = without_marks(start).trim_ascii_start().to_ascii_lowercase();
    let has = |word: &[u8]| text.windows(word.len()).any(|window| window == word);
    if text.starts_with(b"mime-version:") {
        return Some("Webページ（MHTML）");
    }
    if is_json(&text) {
        return Some("JSON");
    }
    if text.first() != Some(&b'<') {
        return None;
    }
    // XML says that it is; a part of a page begins with any of these.
    let begins = [
        &b"<head"[..],
        b"<title",
        b"<script",
        b"<style",
        b"<link",
        b"<div",
        b"<span",
        b"<p>",
        b"<tr",
        b"<h1",
        b"<form",
        b"<center",
    ];
    Some(
        if [
            &b"<html"[..],
            b"<!doctype html",
            b"<table",
            b"<meta",
            b"<body",
        ]
        .into_iter()
        .any(has)
            || begins.into_iter().any(|tag| text.starts_with(tag))
        {
            "HTML（Webページ）"
        } else if has(b"office:spreadsheet") {
            "XMLスプレッドシート"
        } else {
            "XML"
        },
    )
}

/// JSON in any layout: behind its first bracket, whatever blanks stand between, comes what no header of ours has there.
fn is_json(text: &[u8]) -> bool {
    let [b'{' | b'[', behind @ ..] = text else {
        return false;
    };
    let next = behind.trim_ascii_start().first();
    next.is_none_or(|next| matches!(next, b'"' | b'{' | b'[' | b'}' | b']'))
}

/// By what the columns of a header are parted, if it is no comma and these are among them.
pub(super) fn other_separator(header: &str, columns: &[&str]) -> Option<&'static str> {
    [
        ('\t', "タブ"),
        (';', "セミコロン"),
        ('；', "全角のセミコロン（；）"),
        ('|', "縦線"),
        ('，', "全角のコンマ（，）"),
        ('、', "読点（、）"),
    ]
    .into_iter()
    .find_map(|(separator, name)| {
        if !header.contains(separator) {
            return None;
        }
        let keys: Vec<_> = columns.iter().map(|column| heading_key(column)).collect();
        let mut parts = header.split(separator);
        let is_column = |part: &str| keys.contains(&heading_key(part.trim().trim_matches('"')));
        parts.any(is_column).then_some(name)
    })
}

/// What headings are compared by: half-width kana, full-width letters and combining marks in one form, without blanks, line breaks and
/// what shows nowhere. A person who reads it sees no difference.
pub(super) fn heading_key(heading: &str) -> String {
    heading
        .nfkc()
        .filter(|c| !c.is_whitespace() && !c.is_control() && !is_ignorable(*c))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_file_is_named() {
        let mut encrypted = COMPOUND.to_vec();
        encrypted.extend("xxEncryptedPackage".bytes().flat_map(|byte| [byte, 0]));
        for (file, what) in [
            (COMPOUND, Some("古い形式のExcelブック（.xls）")),
            (&encrypted[..], Some("パスワードで保護されたExcelブック")),
            (b"\r\n<HTML><body>", Some("HTML（Webページ）")),
            (b"\xEF\xBB\xBF<!DOCTYPE html>", Some("HTML（Webページ）")),
            (b"<table border=1>", Some("HTML（Webページ）")),
            (
                b"<?xml version=\"1.0\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">",
                Some("XMLスプレッドシート"),
            ),
            (b"<?xml version=\"1.0\"?><a/>", Some("XML")),
            (b"%PDF-1.7", Some("PDF")),
            (b"[{\"a\":1}]", Some("JSON")),
            (b"[\n  {\n    \"a\": 1\n  }\n]", Some("JSON")),
            (b"{ \"a\": 1 }", Some("JSON")),
            (b"\xEF\xBB\xBF[ ]", Some("JSON")),
            ("[会員番号],[氏名]".as_bytes(), None),
            (b"<div class=\"x\"><p>", Some("HTML（Webページ）")),
            (b"BZh91AY&SY", Some("bzip2ファイル")),
            ("会員番号,氏名".as_bytes(), None),
            (b"", None),
        ] {
            assert_eq!(what_it_is(file), what);
        }
    }

    #[test]
    fn headings_that_look_alike_are_the_same() {
        for (written, column) in [
            ("\u{FEFF}会員番号", "会員番号"),
            ("会員\n番号", "会員番号"),
            (" 会員\u{200B}番号　", "会員番号"),
            ("ﾌﾘｶﾞﾅ", "フリガナ"),
            ("フリカ\u{3099}ナ", "フリガナ"),
            ("自宅ＦＡＸ", "自宅FAX"),
        ] {
            assert_eq!(heading_key(written), heading_key(column), "{written:?}");
        }
        assert_ne!(heading_key("自宅電話"), heading_key("施設電話"));
    }

    #[test]
    fn a_header_with_another_separator_is_named_by_it() {
        let columns = ["会員番号", "氏名"];
        assert_eq!(other_separator("会員番号\t氏名", &columns), Some("タブ"));
        assert_eq!(
            other_separator("\"会員番号\";\"氏名\"", &columns),
            Some("セミコロン")
        );
        for (header, name) in [
            ("会員番号，氏名", "全角のコンマ（，）"),
            ("会員番号、氏名", "読点（、）"),
            ("\"会員\u{200B}番号\"\t\"氏名\"", "タブ"),
        ] {
            assert_eq!(other_separator(header, &columns), Some(name));
        }
        assert_eq!(other_separator("会員番号,氏名", &columns), None);
        assert_eq!(other_separator("a\tb", &columns), None);
        assert_eq!(Named::by_file("C:\\取込\\会員.CSV"), Named::Csv);
        assert_eq!(Named::by_file("会員.xlsx"), Named::Otherwise);
        assert_eq!(Named::by_file(""), Named::Otherwise);
    }
}
