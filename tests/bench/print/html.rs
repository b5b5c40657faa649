//! The same content as HTML, for a side that sets it on pages itself: the widths, sizes and breaks of our layout, as far as style
//! sheets say such things.

use std::fmt::Write as _;

use api::print::Content;
use api::print::content::{
    Block, ColumnKind, Group, Labelled, RUNNING_TITLE, SOCIETY, Section, TITLE, Table,
};

/// How it looks; `{face}` is the address of the font program.
pub const STYLE: &str = r#"
@font-face { font-family: Face; src: url("{face}") }
@page {
  size: A4; margin: 31mm 20mm 23mm;
  font: 7pt Face;
  @top-left { content: string(title); font-size: 13pt }
  @top-right { content: string(form); font-size: 10pt }
  @bottom-left { content: string(foot); white-space: pre-line; text-align: left }
  @bottom-right { content: counter(page) " / " counter(pages); font-size: 9pt }
}
@page :first { @top-left { content: none } @top-right { content: none } }
html { font: 9.5pt/4.9mm Face }
body { margin: 0 }
h1 { font-size: 25pt; line-height: 12mm; text-align: center; font-weight: normal }
h2 { string-set: title content(); font-size: 0; line-height: 0; margin: 0; bookmark-level: 1 }
.form { string-set: form content(); display: block; font-size: 0; line-height: 0 }
.foot { string-set: foot content(); display: block; font-size: 0; line-height: 0; white-space: pre-line }
section { break-before: page }
p { margin: 2mm 0 1mm }
table { width: 100%; border-collapse: collapse; border: 0.3mm solid black; table-layout: fixed; margin-bottom: 1mm }
td, th { border: 0.12mm solid black; padding: 1.1mm 1.5mm; vertical-align: top; text-align: left; font-weight: normal; overflow-wrap: anywhere }
th { background: #f0f0f0 }
tr { break-inside: avoid }
.figure { text-align: right }
.prose { border: 0.3mm solid black; padding: 3mm; font-size: 10.5pt; line-height: 6.4mm; white-space: pre-wrap; margin-bottom: 4mm }
.choices span { display: inline-block; width: 20%; line-height: 6.6mm }
"#;

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        // The face has no ☑ and no ☐; the other sides draw the square as well.
        .replace(['☐', '☑'], "□")
}

/// The content as a document of its own.
pub fn document(content: &Content) -> String {
    let cover = &content.cover;
    let mut html = format!(
        "<!DOCTYPE html><html lang=ja><meta charset=utf-8><title>{}</title><meta name=author content=\"{}\"><body>\
         <span class=foot>{}\n{}</span><span class=form>{RUNNING_TITLE}</span><p>{SOCIETY}</p><h1>{TITLE}</h1><p>提出書類リスト</p>",
        escaped(&content.title),
        escaped(&content.author),
        escaped(&content.foot[0]),
        escaped(&content.foot[1]),
    );
    for line in &cover.list {
        let _infallible = write!(html, "<p>・{}</p>", escaped(line));
    }
    labelled(&mut html, &cover.applicant);
    let _infallible = write!(html, "<p>{} {}</p>", cover.kind, cover.remark);
    labelled(&mut html, &cover.record);
    for each in &content.sections {
        section(&mut html, each);
    }
    html
}

fn labelled(html: &mut String, labelled: &[Labelled]) {
    html.push_str("<table><col style='width: 30%'><col>");
    for one in labelled {
        let _infallible = write!(
            html,
            "<tr><th>{}</th><td>{}</td></tr>",
            escaped(&one.label),
            escaped(&one.value)
        );
    }
    html.push_str("</table>");
}

fn section(html: &mut String, section: &Section) {
    let _infallible = write!(html, "<section><h2>{}</h2>", section.document.title());
    for block in &section.blocks {
        let _infallible = match block {
            Block::Question(words) | Block::Remark(words) => {
                write!(html, "<p>{}</p>", escaped(words))
            }
            Block::Prose(words) => write!(html, "<div class=prose>{}</div>", escaped(words)),
            Block::Particulars(groups) => {
                particulars(html, groups);
                Ok(())
            }
            Block::Choices { choices, .. } => {
                html.push_str("<div class=choices>");
                for (label, _) in choices {
                    let _infallible = write!(html, "<span>□ {}</span>", escaped(label));
                }
                write!(html, "</div>")
            }
            Block::Table(table) => {
                rows(html, table);
                Ok(())
            }
        };
    }
    html.push_str("</section>");
}

fn particulars(html: &mut String, groups: &[Group]) {
    html.push_str("<table><col style='width: 32mm'><col style='width: 26mm'><col>");
    for group in groups {
        for (at, one) in group.values.iter().enumerate() {
            html.push_str("<tr>");
            let _infallible = match (at, one.label.is_empty()) {
                (_, true) => write!(html, "<th colspan=2>{}</th>", escaped(&group.label)),
                (0, false) => write!(
                    html,
                    "<th rowspan={}>{}</th><th>{}</th>",
                    group.values.len(),
                    escaped(&group.label),
                    escaped(&one.label)
                ),
                (_, false) => write!(html, "<th>{}</th>", escaped(&one.label)),
            };
            let _infallible = write!(html, "<td>{}</td></tr>", escaped(&one.value));
        }
    }
    html.push_str("</table>");
}

/// Width of a column (mm), as in our layout; none: what is left.
fn width(kind: ColumnKind) -> Option<f32> {
    Some(match kind {
        ColumnKind::Number => 9.5,
        ColumnKind::Choice | ColumnKind::Units => 12.0,
        ColumnKind::Office => 19.5,
        ColumnKind::Day => 22.0,
        ColumnKind::Kind | ColumnKind::Figure => 24.0,
        ColumnKind::Period => 46.0,
        ColumnKind::Text => return None,
    })
}

fn rows(html: &mut String, table: &Table) {
    html.push_str("<table>");
    for column in &table.columns {
        let _infallible = match width(column.kind) {
            Some(width) => write!(html, "<col style='width: {width}mm'>"),
            None => write!(html, "<col>"),
        };
    }
    html.push_str("<thead><tr>");
    for column in &table.columns {
        let _infallible = write!(html, "<th>{}</th>", column.heading);
    }
    html.push_str("</tr></thead>");
    for row in &table.rows {
        html.push_str("<tr>");
        for (text, column) in row.iter().zip(&table.columns) {
            let class = match column.kind {
                ColumnKind::Number | ColumnKind::Units | ColumnKind::Figure => " class=figure",
                _ => "",
            };
            let _infallible = write!(html, "<td{class}>{}</td>", escaped(text));
        }
        html.push_str("</tr>");
    }
    if let Some(total) = &table.total {
        let before = table
            .columns
            .iter()
            .take_while(|column| column.kind != ColumnKind::Units)
            .count();
        let after = table.columns.len().saturating_sub(before + 1);
        let _infallible = write!(
            html,
            "<tr><th class=figure colspan={before}>{}</th><td class=figure>{}</td>{}</tr>",
            escaped(&total.label),
            escaped(&total.value),
            "<td></td>".repeat(after)
        );
    }
    html.push_str("</table>");
}
