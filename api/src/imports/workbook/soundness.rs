//! What a damaged workbook may not do to the service: its parts are looked over before calamine reads them, which reserves as many shared strings
//! as the file says that it has, and counts places of cells without looking where they end. Six kilobytes that say "two thousand million
//! strings" ended the whole service; a cell at `AAAAAAAA1` was a panic.

use std::io::{BufReader, Read};

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

use super::Unusable;

/// Most shared strings of a workbook: a hundred thousand members have 27 texts each, most of them once.
const STRING_LIMIT: usize = 4_000_000;
/// Rows of a sheet, as Excel has them.
const LAST_ROW: u32 = 1_048_576;
/// Letters of a column, as Excel has them: `XFD` is the last.
const COLUMN_LETTERS: usize = 3;

/// Looks a part of a workbook over. What is no XML, or breaks off, is for calamine to refuse: it reads the same events.
pub(super) fn look_over(part: impl Read) -> Result<(), Unusable> {
    let mut reader = Reader::from_reader(BufReader::new(part));
    let config = reader.config_mut();
    // As calamine reads it.
    config.check_end_names = false;
    config.trim_text(false);
    config.check_comments = false;
    config.expand_empty_elements = true;
    let mut buffer = Vec::new();
    let mut strings = 0_usize;
    // Whether what comes is the number of a shared string.
    let (mut of_string, mut number) = (false, false);
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(element)) => match element.local_name().as_ref() {
                "sst" => check_declared(&element)?,
                "si" => {
                    strings += 1;
                    if strings > STRING_LIMIT {
                        return Err(Unusable::Unpacked);
                    }
                }
                "dimension" | "mergeCell" => check_range(&element)?,
                "row" => {
                    if let Some(row) = attribute(&element, "r") {
                        position(&format!("A{row}")).ok_or(Unusable::Damaged)?;
                    }
                }
                "c" => {
                    if let Some(place) = attribute(&element, "r") {
                        position(&place).ok_or(Unusable::Damaged)?;
                    }
                    of_string = attribute(&element, "t").is_some_and(|kind| kind == "s");
                }
                "v" => number = of_string,
                _ => {}
            },
            // calamine takes what is no number for the first string.
            Ok(Event::Text(text)) if number => {
                if !text.trim().bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(Unusable::Damaged);
                }
            }
            Ok(Event::End(element)) if element.local_name().as_ref() == "v" => number = false,
            Ok(Event::Eof) | Err(_) => return Ok(()),
            Ok(_) => {}
        }
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.try_get_attribute(name).ok().flatten()?;
    Some(found.value.into_owned())
}

/// How many strings there are said to be: for so many there is room made before one is read.
fn check_declared(element: &BytesStart<'_>) -> Result<(), Unusable> {
    let too_many = |declared: String| match declared.trim().parse::<u64>() {
        Ok(declared) => usize::try_from(declared).map_or(true, |declared| declared > STRING_LIMIT),
        // No number, or one beyond every number.
        Err(_) => true,
    };
    if attribute(element, "uniqueCount").is_some_and(too_many) {
        return Err(Unusable::Damaged);
    }
    Ok(())
}

/// `A1:AA200`: the last place is not before the first.
fn check_range(element: &BytesStart<'_>) -> Result<(), Unusable> {
    let Some(range) = attribute(element, "ref") else {
        return Ok(());
    };
    let (first, last) = range.split_once(':').unwrap_or((&range, &range));
    match (position(first), position(last)) {
        (Some(first), Some(last)) if first.0 <= last.0 && first.1 <= last.1 => Ok(()),
        _ => Err(Unusable::Damaged),
    }
}

/// Column and row of `AA200`, from 1; none for a place that no sheet has.
fn position(place: &str) -> Option<(u32, u32)> {
    let letters = place.bytes().take_while(u8::is_ascii_alphabetic).count();
    if letters == 0 || letters > COLUMN_LETTERS {
        return None;
    }
    let (column, row) = place.split_at(letters);
    let column = column.bytes().fold(0, |column, letter| {
        column * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1
    });
    // `+5` is a number for Rust, and none in a place.
    let row = row
        .bytes()
        .all(|digit| digit.is_ascii_digit())
        .then_some(row)?;
    let row = row.parse().ok()?;
    (1..=LAST_ROW).contains(&row).then_some((column, row))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked_over(xml: &str) -> Result<(), Unusable> {
        look_over(xml.as_bytes())
    }

    #[test]
    fn as_many_strings_are_said_to_be_there_as_could_be() {
        let of =
            |count: &str| looked_over(&format!("<sst count='9' uniqueCount='{count}'><si/></sst>"));
        assert_eq!(of("1"), Ok(()));
        assert_eq!(of("3000000"), Ok(()));
        for count in [
            "2000000000",
            "99999999999",
            "99999999999999999999999",
            "-1",
            "x",
        ] {
            assert_eq!(of(count), Err(Unusable::Damaged), "{count}");
        }
        assert_eq!(looked_over("<sst><si/></sst>"), Ok(()));
    }

    #[test]
    fn more_strings_than_could_be_used_are_refused_while_they_are_counted() {
        let many = "<si/>".repeat(STRING_LIMIT + 1);
        assert_eq!(
            looked_over(&format!("<sst>{many}</sst>")),
            Err(Unusable::Unpacked)
        );
    }

    #[test]
    fn a_place_that_no_sheet_has_is_refused() {
        let cell = |place: &str| {
            looked_over(&format!(
                "<sheetData><row r='2'><c r='{place}'><v>1</v></c></row></sheetData>"
            ))
        };
        for good in ["A1", "b2", "XFD1048576"] {
            assert_eq!(cell(good), Ok(()), "{good}");
        }
        for bad in [
            "AAAAAAAA1",
            "ZZZZZZZ1",
            "B99999999999",
            "B4294967296",
            "B0",
            "B",
            "1",
            "B-2",
            "B+2",
            "あ2",
            "",
        ] {
            assert_eq!(cell(bad), Err(Unusable::Damaged), "{bad}");
        }
        for bad in ["99999999999", "0", "x", "1048577"] {
            let row = format!("<row r='{bad}'/>");
            assert_eq!(looked_over(&row), Err(Unusable::Damaged), "{bad}");
        }
        for (range, expected) in [
            ("A1", Ok(())),
            ("A1:AA200", Ok(())),
            ("Z9:A1", Err(Unusable::Damaged)),
            ("A1:ZZZZZZ99999999999", Err(Unusable::Damaged)),
        ] {
            let dimension = format!("<worksheet><dimension ref='{range}'/></worksheet>");
            assert_eq!(looked_over(&dimension), expected, "{range}");
        }
    }

    #[test]
    fn the_number_of_a_string_is_a_number() {
        let cell = |value: &str| {
            looked_over(&format!(
                "<c r='B2' t='s'><v>{value}</v></c><c r='B3'><v>-1.5</v></c>"
            ))
        };
        assert_eq!(cell("0"), Ok(()));
        for bad in ["x", "-1", "1.5"] {
            assert_eq!(cell(bad), Err(Unusable::Damaged), "{bad}");
        }
    }
}
