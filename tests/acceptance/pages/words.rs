//! What of a page a person reads.

use scraper::{ElementRef, Node};

/// Without any white space: a line break in the source is none on the screen, and Japanese has no words to part.
pub fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// A label as it names its field: without what says whether it must be filled in.
pub fn name(text: &str) -> String {
    let name = squeezed(text);
    let end = ["※必須", "※任意"]
        .iter()
        .filter_map(|mark| name.find(mark))
        .min();
    end.map_or(name.clone(), |end| name[..end].to_owned())
}

/// Elements whose text is not shown, or not as part of the page.
const UNSEEN: [&str; 5] = ["head", "script", "style", "template", "noscript"];

/// Elements in the middle of a sentence. Everything else begins and ends one.
const INLINE: [&str; 20] = [
    "a", "abbr", "b", "bdi", "br", "cite", "code", "del", "em", "i", "ins", "kbd", "mark", "q",
    "ruby", "small", "span", "strong", "sub", "time",
];

fn is_hidden(element: ElementRef, whole: bool) -> bool {
    UNSEEN.contains(&element.value().name())
        || element.attr("hidden").is_some()
        || (!whole
            && element
                .value()
                .classes()
                .any(|class| class == "visually-hidden"))
}

/// The sentences of an element: what stands between the edges of its blocks, squeezed. Without the words that are there for
/// screen readers only, as the manual's sentences are for everybody.
pub fn sentences(element: ElementRef) -> Vec<String> {
    let mut sentences = vec![String::new()];
    collect(element, &mut sentences);
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

fn collect(element: ElementRef, sentences: &mut Vec<String>) {
    if is_hidden(element, false) {
        return;
    }
    let block = !INLINE.contains(&element.value().name());
    if block {
        sentences.push(String::new());
    }
    for child in element.children() {
        match child.value() {
            Node::Text(text) => {
                if let Some(last) = sentences.last_mut() {
                    last.push_str(&squeezed(text));
                }
            }
            Node::Element(_) => {
                if let Some(child) = ElementRef::wrap(child) {
                    collect(child, sentences);
                }
            }
            _ => {}
        }
    }
    if block {
        sentences.push(String::new());
    }
}

/// All of it in one, squeezed.
pub fn text(element: ElementRef) -> String {
    sentences(element).concat()
}

/// All of it with the words for screen readers, squeezed.
pub fn spoken(element: ElementRef) -> String {
    if is_hidden(element, true) {
        return String::new();
    }
    let children = element.children().map(|child| match child.value() {
        Node::Text(text) => squeezed(text),
        _ => ElementRef::wrap(child).map(spoken).unwrap_or_default(),
    });
    children.collect()
}
