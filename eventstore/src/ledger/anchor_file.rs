//! The file of the anchors: one line of JSON each, only ever lengthened.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::ledger::anchor::{Anchor, AnchorFlaw, AnchorProblem};
use crate::private_file::open_private;

/// The name of the file in its directory.
const FILE: &str = "anchors.jsonl";

/// Where a node keeps its anchors. Nothing is made before there is an anchor to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchors {
    directory: PathBuf,
}

impl Anchors {
    /// In a directory, which is made with the first anchor.
    pub fn within(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
        }
    }

    /// The file.
    pub fn path(&self) -> PathBuf {
        self.directory.join(FILE)
    }

    /// The anchors, oldest first; none when there is no file yet. That each follows from the one before is not checked here:
    /// see [`crate::verify_anchors`].
    ///
    /// # Errors
    ///
    /// [`Error::AnchorFile`] when it can not be read, [`Error::Anchor`] when a line is no anchor.
    pub async fn read(&self) -> Result<Vec<Anchor>, Error> {
        let path = self.path();
        tokio::task::spawn_blocking(move || match File::open(path) {
            Ok(file) => read(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(Error::AnchorFile(error)),
        })
        .await
        .map_err(|_| Error::Interrupted)?
    }

    /// Writes anchors behind the last one, if that is the one after which they were made: `false` when another process has come
    /// before, and nothing is written then. They are on the disk when it returns.
    pub(crate) async fn append(
        &self,
        after: Option<&Anchor>,
        made: &[Anchor],
    ) -> Result<bool, Error> {
        let mut lines = String::new();
        for anchor in made {
            lines += &serde_json::to_string(anchor).map_err(|_| Error::UnserializableMetadata)?;
            lines.push('\n');
        }
        let (directory, path, after) = (self.directory.clone(), self.path(), after.cloned());
        tokio::task::spawn_blocking(move || append(&directory, &path, after.as_ref(), &lines))
            .await
            .map_err(|_| Error::Interrupted)?
    }
}

/// The anchors in any file of that form, such as a copy that was kept elsewhere. Whoever pastes the line of a day into a file may leave
/// out its end.
///
/// # Errors
///
/// As [`Anchors::read`]; a file that is not there is an error here.
pub fn read_anchors(path: &Path) -> Result<Vec<Anchor>, Error> {
    let bytes = std::fs::read(path).map_err(Error::AnchorFile)?;
    parse(bytes.trim_ascii_end())
}

fn read(mut file: File) -> Result<Vec<Anchor>, Error> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(Error::AnchorFile)?;
    // A last line without its end was being written when the power failed: it never was an anchor.
    parse(complete(&bytes))
}

fn parse(lines: &[u8]) -> Result<Vec<Anchor>, Error> {
    lines
        .split_inclusive(|&byte| byte == b'\n')
        .enumerate()
        .map(|(index, line)| {
            serde_json::from_slice(line).map_err(|_| {
                Error::Anchor(AnchorProblem {
                    line: index + 1,
                    day: None,
                    flaw: AnchorFlaw::Unreadable,
                })
            })
        })
        .collect()
}

/// Up to the last end of a line.
fn complete(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|&byte| byte == b'\n');
    // A position is below the length.
    &bytes[..end.map_or(0, |end| end + 1)]
}

fn append(
    directory: &Path,
    path: &Path,
    after: Option<&Anchor>,
    lines: &str,
) -> Result<bool, Error> {
    let at = Error::AnchorFile;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(at)?;
    let mut file = open_private(
        OpenOptions::new().read(true).append(true).create(true),
        path,
    )
    .map_err(at)?;
    // The service and `shinsei anchor` may be at it at the same time. Freed when the file is closed.
    file.lock().map_err(at)?;
    let there = read(file.try_clone().map_err(at)?)?;
    if there.last() != after {
        return Ok(false);
    }
    let length = file.metadata().map_err(at)?.len();
    let whole = std::fs::read(path).map_err(at)?;
    let sound = complete(&whole).len() as u64;
    if sound < length {
        // What the power failure left of a line; its anchor is written again, the same.
        file.set_len(sound).map_err(at)?;
    }
    file.write_all(lines.as_bytes()).map_err(at)?;
    file.sync_all().map_err(at)?;
    // The names too: that of the file in the directory, and that of the directory in the one above.
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(at)?;
    if let Some(above) = directory
        .parent()
        .filter(|above| !above.as_os_str().is_empty())
    {
        File::open(above)
            .and_then(|above| above.sync_all())
            .map_err(at)?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use jiff::civil::date;

    use super::*;

    fn two() -> [Anchor; 2] {
        let first = Anchor::after(None, date(2026, 6, 3), 5, [1; 32], [2; 32]);
        let second = Anchor::after(Some(&first), date(2026, 6, 4), 9, [3; 32], [4; 32]);
        [first, second]
    }

    #[tokio::test]
    async fn what_is_written_is_there_line_by_line() {
        let directory = tempfile::tempdir().unwrap();
        let anchors = Anchors::within(directory.path().join("new/anchors"));
        let [first, second] = two();
        assert_eq!(anchors.read().await.unwrap(), []);
        assert!(!anchors.path().exists(), "asking makes nothing");
        assert!(
            anchors
                .append(None, std::slice::from_ref(&first))
                .await
                .unwrap()
        );
        assert!(
            anchors
                .append(Some(&first), std::slice::from_ref(&second))
                .await
                .unwrap()
        );
        assert_eq!(anchors.read().await.unwrap(), two());
        assert_eq!(read_anchors(&anchors.path()).unwrap(), two());
        let text = std::fs::read_to_string(anchors.path()).unwrap();
        assert_eq!(text.lines().count(), 2);
        let mode = std::fs::metadata(anchors.path())
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[tokio::test]
    async fn who_comes_second_writes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let anchors = Anchors::within(directory.path());
        let made = two();
        assert!(anchors.append(None, &made).await.unwrap());
        assert!(!anchors.append(None, &made).await.unwrap());
        assert!(!anchors.append(Some(&made[0]), &made[1..]).await.unwrap());
        assert_eq!(anchors.read().await.unwrap(), made);
    }

    #[tokio::test]
    async fn a_line_that_a_power_failure_cut_never_was_an_anchor_and_is_written_again() {
        let directory = tempfile::tempdir().unwrap();
        let anchors = Anchors::within(directory.path());
        let [first, second] = two();
        anchors
            .append(None, std::slice::from_ref(&first))
            .await
            .unwrap();
        let one_line = std::fs::read_to_string(anchors.path()).unwrap();
        anchors
            .append(Some(&first), std::slice::from_ref(&second))
            .await
            .unwrap();
        let whole = std::fs::read_to_string(anchors.path()).unwrap();
        for cut in one_line.len()..whole.len() {
            std::fs::write(anchors.path(), &whole[..cut]).unwrap();
            assert_eq!(anchors.read().await.unwrap(), two()[..1], "{cut}");
            assert!(
                anchors
                    .append(Some(&first), std::slice::from_ref(&second))
                    .await
                    .unwrap()
            );
            assert_eq!(
                std::fs::read_to_string(anchors.path()).unwrap(),
                whole,
                "{cut}"
            );
        }
    }

    #[tokio::test]
    async fn a_line_that_is_no_anchor_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let anchors = Anchors::within(directory.path());
        let [first, _] = two();
        anchors
            .append(None, std::slice::from_ref(&first))
            .await
            .unwrap();
        let sound = std::fs::read(anchors.path()).unwrap();
        for broken in [
            &b"{}\n"[..],
            b"\n",
            b"\xff\n",
            b"{\"day\":\"2026-06-04\"}\n",
        ] {
            std::fs::write(anchors.path(), [&sound[..], broken].concat()).unwrap();
            let error = anchors.read().await.unwrap_err();
            assert_eq!(error.to_string(), "anchor in line 2: the line is no anchor");
        }
    }

    #[tokio::test]
    async fn a_directory_that_can_not_be_used_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        std::fs::write(&file, "").unwrap();
        let anchors = Anchors::within(&file);
        assert!(matches!(
            anchors.append(None, &two()).await,
            Err(Error::AnchorFile(_))
        ));
        assert!(matches!(anchors.read().await, Err(Error::AnchorFile(_))));
    }
}
