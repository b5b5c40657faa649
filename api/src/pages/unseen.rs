//! Characters that show nowhere and turn what is around them: directional controls (Unicode, UAX 9). On every page each is shown as
//! what it is, and turns nothing. What is typed into a form stays as it is: it is the person's text.

use domain::text::{directional, is_directional};

/// A page with every directional control of its text shown by its name. Tags are left alone, and so is what stands in a field.
pub(super) fn shown(html: String) -> String {
    if !html.contains(is_directional) {
        return html;
    }
    let mut page = String::with_capacity(html.len() + 64);
    let mut rest = html.as_str();
    // The element whose contents are text and nothing else.
    let mut plain = None;
    while !rest.is_empty() {
        let (piece, behind) = match rest.strip_prefix('<') {
            Some(_) => rest.split_at(rest.find('>').map_or(rest.len(), |end| end + 1)),
            None => rest.split_at(rest.find('<').unwrap_or(rest.len())),
        };
        rest = behind;
        if piece.starts_with('<') {
            plain = ["textarea", "title", "option"]
                .into_iter()
                .find(|name| piece.get(1..).is_some_and(|tag| tag.starts_with(name)));
            page.push_str(piece);
            continue;
        }
        for c in piece.chars() {
            match (directional(c), plain) {
                (None, _) | (_, Some("textarea")) => page.push(c),
                (Some(name), Some(_)) => page.push_str(&name),
                (Some(name), None) => {
                    page.push_str("<span class=\"unseen\">");
                    page.push_str(&name);
                    page.push_str("</span>");
                }
            }
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_that_turns_the_text_is_shown_and_turns_nothing() {
        for c in [
            '\u{202e}', '\u{202a}', '\u{2066}', '\u{2069}', '\u{200f}', '\u{61c}',
        ] {
            let html = format!("<p title=\"a{c}b\">前{c}後</p><b>x</b>");
            let name = format!("［U+{:04X}］", u32::from(c));
            assert_eq!(
                shown(html),
                format!("<p title=\"a{c}b\">前<span class=\"unseen\">{name}</span>後</p><b>x</b>")
            );
        }
    }

    #[test]
    fn what_stands_in_a_field_is_left_as_it_was_typed() {
        let html = "<textarea id=\"text\">\n前\u{202e}後</textarea><input value=\"\u{202e}\"><option value=\"\u{202e}\">\u{202e}</option><p>\u{202e}</p>";
        assert_eq!(
            shown(html.to_owned()),
            "<textarea id=\"text\">\n前\u{202e}後</textarea><input value=\"\u{202e}\"><option value=\"\u{202e}\">［U+202E］</option><p><span class=\"unseen\">［U+202E］</span></p>"
        );
    }

    #[test]
    fn a_page_without_them_is_not_touched() {
        let html = "<p>葛󠄀飾区 👨‍👩‍👧 < a</p>".to_owned();
        assert_eq!(shown(html.clone()), html);
    }
}
