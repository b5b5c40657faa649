//! A printed application as other programs read it: poppler's and qpdf. What we write is never judged by what wrote it.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A PDF in a file.
pub struct Paper {
    directory: TempDir,
    /// What it is made of.
    pub bytes: Vec<u8>,
}

/// A page as pixels, three bytes each.
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pixels: Vec<u8>,
}

impl Paper {
    pub fn new(bytes: &[u8]) -> Self {
        assert!(bytes.starts_with(b"%PDF-1.7"), "no PDF");
        let directory = TempDir::new().unwrap();
        std::fs::write(directory.path().join("paper.pdf"), bytes).unwrap();
        Self {
            directory,
            bytes: bytes.to_vec(),
        }
    }

    pub fn of(file: &Path) -> Self {
        Self::new(&std::fs::read(file).unwrap())
    }

    #[track_caller]
    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        Command::new(program)
            .args(arguments)
            .current_dir(self.directory.path())
            .output()
            .unwrap_or_else(|error| {
                panic!("{program}: {error} (apt-get install poppler-utils qpdf)")
            })
    }

    #[track_caller]
    fn said(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.run(program, arguments);
        assert!(output.status.success(), "{program}: {output:?}");
        assert!(output.stderr.is_empty(), "{program}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What can be copied out of each page, in the order of the content.
    #[track_caller]
    pub fn pages(&self) -> Vec<String> {
        let text = self.said("pdftotext", &["-raw", "-enc", "UTF-8", "paper.pdf", "-"]);
        let mut pages: Vec<String> = text.split('\u{c}').map(str::to_owned).collect();
        assert_eq!(pages.pop().as_deref(), Some(""), "a page ends each page");
        pages
    }

    /// Every text of the document without blanks and line ends: lines are broken where the paper needs it.
    #[track_caller]
    pub fn squeezed(&self) -> String {
        squeezed(&self.pages().concat())
    }

    /// What qpdf finds wrong: nothing, for a sound file.
    #[track_caller]
    pub fn check(&self) {
        let output = self.run("qpdf", &["--check", "paper.pdf"]);
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("No syntax or stream encoding errors found"));
        assert!(
            output.stderr.is_empty() && !said.contains("WARNING"),
            "{output:?}"
        );
    }

    /// Of each font: name, and whether it is embedded, a subset, and tells the text of its glyphs.
    #[track_caller]
    pub fn fonts(&self) -> Vec<(String, [bool; 3])> {
        let listed = self.said("pdffonts", &["paper.pdf"]);
        listed
            .lines()
            .skip(2)
            .map(|line| {
                let words: Vec<&str> = line.split_whitespace().collect();
                // … emb sub uni object generation
                let answers = &words[words.len() - 5..words.len() - 2];
                let yes = |at: usize| answers[at] == "yes";
                (words[0].to_owned(), [yes(0), yes(1), yes(2)])
            })
            .collect()
    }

    /// What the file says of itself.
    #[track_caller]
    pub fn information(&self, name: &str) -> String {
        let listed = self.said("pdfinfo", &["paper.pdf"]);
        let line = listed.lines().find_map(|line| line.strip_prefix(name));
        let line = line.unwrap_or_else(|| panic!("{name} is not in {listed}"));
        line.trim_start_matches(':').trim().to_owned()
    }

    /// Each page as it looks at 36 dots to the inch.
    #[track_caller]
    pub fn pictures(&self) -> Vec<Picture> {
        let pages: usize = self.information("Pages").parse().unwrap();
        (1..=pages)
            .map(|page| {
                let page = page.to_string();
                let output = self.run(
                    "pdftoppm",
                    &["-r", "36", "-f", &page, "-l", &page, "paper.pdf"],
                );
                assert!(
                    output.status.success() && output.stderr.is_empty(),
                    "{output:?}"
                );
                Picture::read(&output.stdout)
            })
            .collect()
    }
}

/// Without blanks, line ends, and what surrounds a page's number.
pub fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

impl Picture {
    /// A portable pixmap: `P6`, width, height, 255, then the pixels.
    fn read(bytes: &[u8]) -> Self {
        let mut ends = bytes
            .iter()
            .enumerate()
            .filter(|(_, byte)| byte.is_ascii_whitespace())
            .map(|(at, _)| at);
        let head = ends.nth(3).unwrap();
        let words: Vec<&str> = std::str::from_utf8(&bytes[..head])
            .unwrap()
            .split_whitespace()
            .collect();
        assert_eq!((words[0], words[3]), ("P6", "255"));
        let picture = Self {
            width: words[1].parse().unwrap(),
            height: words[2].parse().unwrap(),
            pixels: bytes[head + 1..].to_vec(),
        };
        assert_eq!(picture.pixels.len(), picture.width * picture.height * 3);
        picture
    }

    /// How many pixels are red: much more red than green and blue.
    pub fn red(&self) -> usize {
        self.count(|[red, green, blue]| {
            red > green.saturating_add(24) && red > blue.saturating_add(24)
        })
    }

    /// How many pixels are dark.
    pub fn dark(&self) -> usize {
        self.count(|pixel| pixel.iter().all(|part| *part < 128))
    }

    fn count(&self, wanted: impl Fn([u8; 3]) -> bool) -> usize {
        self.pixels
            .chunks_exact(3)
            .filter(|pixel| wanted([pixel[0], pixel[1], pixel[2]]))
            .count()
    }
}
