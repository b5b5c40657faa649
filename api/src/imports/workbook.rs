//! xlsx as it is: the first sheet row by row, and never more of it in memory than a file may have.

use std::io::{self, Cursor, Read as _};

use calamine::{DataRef, ExcelDateTime, Reader as _, SheetType, SheetVisible, Xlsx};
use zip::ZipArchive;

use super::Unusable;

mod soundness;

/// Most bytes that a workbook may unpack to.
pub(super) const UNPACKED_LIMIT: u64 = 200 * 1024 * 1024;
/// Most parts of a workbook.
const PART_LIMIT: usize = 10_000;

/// What a cell holds, as it would stand in a CSV file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CellText {
    Text(String),
    /// `#N/A` and its like: what a formula could not tell.
    Error,
    /// A formula whose result the program that wrote the file has left to Excel.
    Uncomputed,
}

/// A row with something in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SheetRow {
    /// As Excel counts it, from 1.
    pub line: usize,
    /// From the first column on; without the empty ones at the end.
    pub cells: Vec<CellText>,
}

/// The first sheet that Excel shows, and the names of the others.
#[derive(Debug)]
pub(super) struct Sheet {
    pub name: String,
    pub rows: Vec<SheetRow>,
    pub others: Vec<String>,
}

/// What a packed file is, that is no xlsx.
fn packed_kind(archive: &ZipArchive<Cursor<&[u8]>>) -> Option<&'static str> {
    let has = |start: &str| {
        let mut names = archive.file_names().flatten();
        names.any(|name| name.starts_with(start))
    };
    if has("xl/workbook.xml") {
        None
    } else if has("xl/workbook.bin") {
        Some("Excelのバイナリブック（xlsb）")
    } else if has("word/") {
        Some("Wordの文書")
    } else if has("ppt/") {
        Some("PowerPointの文書")
    } else if has("content.xml") {
        Some("OpenDocumentの文書（ods など）")
    } else {
        Some("ZIPファイル")
    }
}

/// What the sizes in the file say is for whoever made the file to choose: it is unpacked once, and counted.
fn check_unpacked(file: &[u8], limit: u64) -> Result<(), Unusable> {
    let mut archive = ZipArchive::new(Cursor::new(file)).map_err(|_| Unusable::Damaged)?;
    if let Some(what) = packed_kind(&archive) {
        return Err(Unusable::Foreign(what));
    }
    if archive.len() > PART_LIMIT {
        return Err(Unusable::Unpacked);
    }
    let mut left = limit;
    for number in 0..archive.len() {
        let part = archive.by_index(number).map_err(|_| Unusable::Damaged)?;
        let most = left.saturating_add(1);
        let mut counted = part.take(most);
        // Whatever it is called: which part is the sheet, the file itself says.
        soundness::look_over(&mut counted)?;
        io::copy(&mut counted, &mut io::sink()).map_err(|_| Unusable::Damaged)?;
        let bytes = most.saturating_sub(counted.limit());
        left = left.checked_sub(bytes).ok_or(Unusable::Unpacked)?;
    }
    Ok(())
}

/// Reads the first sheet of a workbook, at most so many rows, and of each no more cells than the longest header has and one.
pub(super) fn read(file: &[u8], limits: (usize, usize)) -> Result<Sheet, Unusable> {
    check_unpacked(file, UNPACKED_LIMIT)?;
    // Whatever else a damaged file makes calamine stumble over is a damaged file, and no fault of the service.
    std::panic::catch_unwind(|| read_sound(file, limits)).unwrap_or(Err(Unusable::Damaged))
}

fn read_sound(file: &[u8], (rows, cells): (usize, usize)) -> Result<Sheet, Unusable> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(file)).map_err(|_| Unusable::Damaged)?;
    let sheets = book.sheets_metadata().iter();
    let sheets: Vec<_> = sheets
        .filter(|sheet| sheet.typ == SheetType::WorkSheet)
        .collect();
    let mut shown = sheets.iter();
    let shown = shown.find(|sheet| sheet.visible == SheetVisible::Visible);
    let first = shown
        .or(sheets.first())
        .ok_or(Unusable::Empty)?
        .name
        .clone();
    let names = sheets.iter().map(|sheet| sheet.name.clone());
    let others = names.filter(|name| *name != first).collect();
    let mut reader = book
        .worksheet_cells_reader(&first)
        .map_err(|_| Unusable::Damaged)?;
    let mut sheet = Sheet {
        name: first,
        rows: Vec::new(),
        others,
    };
    // One long text may stand in every cell of a sheet and in the file once.
    let mut left = usize::try_from(UNPACKED_LIMIT).unwrap_or(usize::MAX);
    while let Some(cell) = reader
        .next_cell_with_formula_metadata()
        .map_err(|_| Unusable::Damaged)?
    {
        let (row, column) = cell.pos;
        let (Ok(row), Ok(column)) = (usize::try_from(row), usize::try_from(column)) else {
            continue;
        };
        let uncomputed = cell.formula.is_some() && matches!(cell.value, DataRef::Empty);
        let text = if uncomputed {
            CellText::Uncomputed
        } else if let Some(text) = text_of(&cell.value) {
            text
        } else {
            continue;
        };
        if let CellText::Text(text) = &text {
            left = left.checked_sub(text.len()).ok_or(Unusable::Unpacked)?;
        }
        let line = row.saturating_add(1);
        if sheet.rows.last().is_none_or(|last| last.line != line) {
            if sheet.rows.len() > rows {
                return Err(Unusable::TooManyRows(rows));
            }
            sheet.rows.push(SheetRow {
                line,
                cells: Vec::new(),
            });
        }
        let Some(last) = sheet.rows.last_mut() else {
            continue;
        };
        // What stands far beside the table is one column too many, wherever it stands.
        let column = column.min(cells);
        if last.cells.len() <= column {
            // Also an empty cell takes room: one text far to the right in each of many rows took a gigabyte.
            let room = (column + 1 - last.cells.len()) * size_of::<CellText>();
            left = left.checked_sub(room).ok_or(Unusable::Unpacked)?;
            last.cells.resize(column + 1, CellText::Text(String::new()));
        }
        if let Some(place) = last.cells.get_mut(column) {
            *place = text;
        }
    }
    Ok(sheet)
}

/// `None` for a cell with nothing in it.
fn text_of(cell: &DataRef<'_>) -> Option<CellText> {
    let text = match cell {
        DataRef::Empty => return None,
        DataRef::Error(_) => return Some(CellText::Error),
        DataRef::Int(number) => number.to_string(),
        // Rust writes the shortest text that is that number, and no exponent.
        DataRef::Float(number) => number.to_string(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(value) => if *value { "TRUE" } else { "FALSE" }.to_owned(),
        DataRef::DateTime(time) if !time.as_f64().is_finite() => return Some(CellText::Error),
        DataRef::DateTime(time) => date_text(time),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            text.clone()
        }
    };
    (!text.is_empty()).then_some(CellText::Text(text))
}

/// A day, with the time where there is one. What is shown as a time and is no day stays the number that it is.
fn date_text(time: &ExcelDateTime) -> String {
    if !time.is_datetime() || time.as_f64() < 1.0 {
        return time.as_f64().to_string();
    }
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    let date = format!("{year:04}/{month:02}/{day:02}");
    if (hour, minute, second) == (0, 0, 0) {
        date
    } else {
        format!("{date} {hour:02}:{minute:02}:{second:02}")
    }
}

#[cfg(test)]
pub(super) mod examples {
    use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

    /// A cell of a book that a test writes.
    pub(crate) enum Written<'a> {
        Text(&'a str),
        Number(f64),
        Day(u16, u8, u8),
        Nothing,
    }

    /// A workbook with these sheets.
    pub(crate) fn book(sheets: &[(&str, Vec<Vec<Written<'_>>>)]) -> Vec<u8> {
        let mut book = Workbook::new();
        let dates = Format::new().set_num_format("yyyy/mm/dd");
        for (name, rows) in sheets {
            let sheet = book.add_worksheet().set_name(*name).unwrap();
            for (row, cells) in (0_u32..).zip(rows) {
                for (column, cell) in (0_u16..).zip(cells) {
                    match cell {
                        Written::Text(text) => sheet.write_string(row, column, *text).unwrap(),
                        Written::Number(number) => {
                            sheet.write_number(row, column, *number).unwrap()
                        }
                        Written::Day(year, month, day) => {
                            let day = ExcelDateTime::from_ymd(*year, *month, *day).unwrap();
                            sheet
                                .write_datetime_with_format(row, column, &day, &dates)
                                .unwrap()
                        }
                        Written::Nothing => sheet,
                    };
                }
            }
        }
        book.save_to_buffer().unwrap()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::{
        examples::{Written, book},
        *,
    };

    fn text(text: &str) -> CellText {
        CellText::Text(text.to_owned())
    }

    #[test]
    fn the_first_sheet_is_read_with_its_lines_and_the_others_are_named() {
        let file = book(&[
            (
                "会員",
                vec![
                    vec![Written::Text("会員番号"), Written::Text("生年月日")],
                    vec![],
                    vec![Written::Number(123_456.0), Written::Day(1982, 2, 8)],
                    vec![Written::Nothing, Written::Number(10.5)],
                ],
            ),
            ("控え", vec![vec![Written::Text("x")]]),
        ]);
        let sheet = read(&file, (10, 2)).unwrap();
        assert_eq!(sheet.others, ["控え"]);
        let rows: Vec<_> = sheet
            .rows
            .into_iter()
            .map(|row| (row.line, row.cells))
            .collect();
        assert_eq!(
            rows,
            [
                (1, vec![text("会員番号"), text("生年月日")]),
                (3, vec![text("123456"), text("1982/02/08")]),
                (4, vec![text(""), text("10.5")]),
            ]
        );
        assert_eq!(read(&file, (1, 2)).unwrap_err(), Unusable::TooManyRows(1));
    }

    #[test]
    fn a_formula_without_its_result_is_not_nothing() {
        let written = book(&[(
            "会員",
            vec![vec![Written::Number(1.0), Written::Number(2.0)]],
        )]);
        for (cell, expected) in [
            ("<f>1+1</f>", CellText::Uncomputed),
            ("<f>1+1</f><v></v>", CellText::Uncomputed),
            ("<f>1+1</f><v/>", CellText::Uncomputed),
            ("<f>1+1</f><v>2</v>", text("2")),
        ] {
            let file = changed(&written, "sheet1.xml", "<v>1</v>", cell);
            let sheet = read(&file, (10, 2)).unwrap();
            assert_eq!(sheet.rows[0].cells, [expected, text("2")], "{cell}");
        }
        let emptied = changed(
            &written,
            "sheet1.xml",
            "<c r=\"A1\"><v>1</v>",
            "<c r=\"A1\" t=\"str\"><f>\"\"</f><v></v>",
        );
        let sheet = read(&emptied, (10, 2)).unwrap();
        assert_eq!(sheet.rows[0].cells, [text(""), text("2")]);
    }

    #[test]
    fn the_first_sheet_that_excel_shows_is_read() {
        let cells = |text| vec![vec![Written::Text(text)]];
        let written = book(&[("説明", cells("a")), ("会員", cells("b"))]);
        for (state, read_first, other) in [
            ("", "説明", "会員"),
            ("state=\"hidden\"", "会員", "説明"),
            ("state=\"veryHidden\"", "会員", "説明"),
        ] {
            let of_first = format!("<sheet {state} name=\"説明\"");
            let file = changed(&written, "workbook.xml", "<sheet name=\"説明\"", &of_first);
            let sheet = read(&file, (10, 2)).unwrap();
            assert_eq!(
                (sheet.name.as_str(), &sheet.others[..]),
                (read_first, &[other.to_owned()][..])
            );
        }
    }

    /// A packed file in one of whose parts something stands otherwise.
    fn changed(file: &[u8], part: &str, from: &str, to: &str) -> Vec<u8> {
        let mut archive = ZipArchive::new(Cursor::new(file)).unwrap();
        let mut parts = Vec::new();
        for number in 0..archive.len() {
            let mut one = archive.by_index(number).unwrap();
            let name = one.name().unwrap().into_owned();
            let mut bytes = Vec::new();
            one.read_to_end(&mut bytes).unwrap();
            if name.ends_with(part) {
                let text = String::from_utf8(bytes).unwrap();
                assert!(text.contains(from), "{text}");
                bytes = text.replacen(from, to, 1).into_bytes();
            }
            parts.push((name, bytes));
        }
        let parts: Vec<_> = parts
            .iter()
            .map(|(name, bytes)| (name.as_str(), &bytes[..]))
            .collect();
        packed(&parts)
    }

    fn packed(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, part) in parts {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(part).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn a_small_file_that_unpacks_to_more_than_is_allowed_is_refused_before_it_is_read() {
        let file = packed(&[
            ("xl/workbook.xml", b"<workbook/>"),
            ("xl/worksheets/sheet1.xml", &vec![b' '; 2_000_000]),
        ]);
        assert!(file.len() < 10_000);
        assert_eq!(check_unpacked(&file, 1_000_000), Err(Unusable::Unpacked));
        assert_eq!(check_unpacked(&file, 3_000_000), Ok(()));
    }

    #[test]
    fn a_packed_file_that_is_no_workbook_is_named() {
        for (part, name) in [
            ("word/document.xml", "Word"),
            ("content.xml", "OpenDocument"),
            ("xl/workbook.bin", "xlsb"),
            ("a.csv", "ZIP"),
        ] {
            let refused = read(&packed(&[(part, b"x")]), (10, 10)).unwrap_err();
            assert!(refused.to_string().contains(name), "{refused}");
        }
        assert_eq!(
            read(b"PK\x03\x04nothing", (10, 10)).unwrap_err(),
            Unusable::Damaged
        );
    }
}
