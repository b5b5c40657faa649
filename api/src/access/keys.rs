//! The keys outside the database, and the seals that are made with them: whoever can write rows only lets nobody in, and has nobody import
//! what no file said.
//!
//! Files `<number>.key` of a directory (`SHINSEI_KEYS`), 32 bytes in hexadecimal each. The one with the highest number seals, all check, so a
//! key is replaced by adding the next. Nothing else in the program knows where keys come from: a keeper of keys would take this place.

use std::{
    fmt, fs,
    fs::{DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use eventstore::open_private;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use super::session::is_hexadecimal;

/// Bytes of a key.
const LENGTH: usize = 32;

/// How the files of keys end.
const EXTENSION: &str = "key";

/// The keys, the newest first.
#[derive(Clone)]
pub struct Keys(Arc<[[u8; LENGTH]]>);

/// How many, never which.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.0.len())
    }
}

/// Keys that cannot be used. What they are is not told.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// None, where one is not made without being asked for.
    #[error(
        "there is no key in {}, and in production none is made by itself: name the directory by SHINSEI_KEYS and copy the keys of the other nodes \
         there, or, for the first node, run `shinsei new-key`",
        .0.display()
    )]
    Missing(PathBuf),
    /// The directory or a file of it.
    #[error("the keys in {} can not be read or written (SHINSEI_KEYS)", .directory.display())]
    Unusable {
        /// Which directory.
        directory: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file that holds something else.
    #[error("{} is no key: 64 characters of 0-9 and a-f, as `shinsei new-key` makes them", .0.display())]
    NoKey(PathBuf),
}

/// What a seal is for: one of a session is none of a token, whatever the columns say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Session,
    Token,
    SignIn,
    ShownLink,
    KeptForm,
    HeldRow,
}

impl Purpose {
    /// In figures and log lines.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Token => "token",
            Self::SignIn => "sign-in",
            Self::ShownLink => "shown-link",
            Self::KeptForm => "kept-form",
            Self::HeldRow => "held-row",
        }
    }
}

/// The columns of a row one after the other, each with its length, so that none runs into the next.
pub(crate) struct Columns {
    purpose: Purpose,
    text: Vec<u8>,
}

impl Columns {
    /// Of a row of this kind.
    pub(crate) fn of(purpose: Purpose) -> Self {
        let columns = Self {
            purpose,
            text: Vec::new(),
        };
        columns.bytes(b"shinsei-seal-1").text(purpose.as_str())
    }

    pub(crate) fn bytes(mut self, value: &[u8]) -> Self {
        let length = u64::try_from(value.len()).unwrap_or(u64::MAX);
        self.text.extend(length.to_be_bytes());
        self.text.extend(value);
        self
    }

    pub(crate) fn text(self, value: &str) -> Self {
        self.bytes(value.as_bytes())
    }

    pub(crate) fn number(self, value: i64) -> Self {
        self.bytes(&value.to_be_bytes())
    }

    /// SHA-256 (hexadecimal): by which a press names the row that it was shown.
    pub(crate) fn digest(&self) -> String {
        hex::encode(Sha256::digest(&self.text))
    }

    /// Nothing is another value than every number.
    pub(crate) fn number_or_none(self, value: Option<i64>) -> Self {
        match value {
            Some(value) => self.number(value),
            None => self.bytes(&[]),
        }
    }
}

impl Keys {
    /// One that nobody knows and that ends with the process: for tools that let nobody in.
    pub fn random() -> Self {
        Self([rand::random()].into())
    }

    /// Those of a directory.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub fn read(directory: &Path) -> Result<Self, KeysError> {
        let keys = numbered(directory)?
            .into_iter()
            .rev()
            .map(|(_, file)| read_key(directory, file))
            .collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() {
            return Err(KeysError::Missing(directory.to_owned()));
        }
        Ok(Self(keys.into()))
    }

    /// The same; the first is made where there is none, by whichever process comes first.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub fn read_or_make(directory: &Path) -> Result<Self, KeysError> {
        match Self::read(directory) {
            Err(KeysError::Missing(_)) => match make(directory, 1) {
                Ok(_) => Self::read(directory),
                Err(KeysError::Unusable { source, .. })
                    if source.kind() == io::ErrorKind::AlreadyExists =>
                {
                    Self::read(directory)
                }
                Err(error) => Err(error),
            },
            read => read,
        }
    }

    /// The files of a directory's keys, the oldest first; none where there is no directory.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub fn files(directory: &Path) -> Result<Vec<PathBuf>, KeysError> {
        let files = numbered(directory)?;
        Ok(files.into_iter().map(|(_, file)| file).collect())
    }

    /// Adds a key that takes the place of those that are there; gives its file.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub fn make_next(directory: &Path) -> Result<PathBuf, KeysError> {
        let last = numbered(directory)?.last().map_or(0, |(number, _)| *number);
        make(directory, last.saturating_add(1))
    }

    /// The seal of a row.
    pub(crate) fn seal(&self, columns: &Columns) -> Vec<u8> {
        self.0
            .first()
            .and_then(|newest| mac(newest, columns))
            .map(|mac| mac.finalize().into_bytes().to_vec())
            .unwrap_or_default()
    }

    /// Whether a row was sealed by one of the keys. Comparing takes the same time whatever differs.
    pub(crate) fn knows(&self, columns: &Columns, seal: &[u8]) -> bool {
        self.0
            .iter()
            .filter_map(|key| mac(key, columns))
            .any(|mac| mac.verify_slice(seal).is_ok())
    }

    /// The same where somebody wants to come in: a row that was not is counted and told, without anything of it.
    pub(crate) fn fits(&self, columns: &Columns, seal: &[u8]) -> bool {
        let fits = self.knows(columns, seal);
        if !fits {
            let purpose = columns.purpose.as_str();
            metrics::counter!("shinsei_unsealed_rows_total", "of" => purpose).increment(1);
            tracing::warn!(
                of = purpose,
                "a row that this service did not write lets nobody in"
            );
        }
        fits
    }
}

/// A key of any length makes an HMAC, so there always is one.
fn mac(key: &[u8; LENGTH], columns: &Columns) -> Option<Hmac<Sha256>> {
    let mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    Some(mac.chain_update(&columns.text))
}

fn unusable(directory: &Path) -> impl Fn(io::Error) -> KeysError {
    move |source| KeysError::Unusable {
        directory: directory.to_owned(),
        source,
    }
}

/// The files of keys with their numbers, the oldest first.
fn numbered(directory: &Path) -> Result<Vec<(u32, PathBuf)>, KeysError> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unusable(directory)(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(unusable(directory))?.path();
        if path.extension().is_none_or(|ending| ending != EXTENSION) {
            continue;
        }
        let number = path.file_stem().and_then(|stem| stem.to_str());
        match number.and_then(|number| number.parse().ok()) {
            Some(number) => files.push((number, path)),
            None => return Err(KeysError::NoKey(path)),
        }
    }
    files.sort();
    Ok(files)
}

fn read_key(directory: &Path, file: PathBuf) -> Result<[u8; LENGTH], KeysError> {
    let text = fs::read_to_string(&file).map_err(unusable(directory))?;
    let text = text.trim();
    let mut key = [0; LENGTH];
    let is_key = is_hexadecimal(text) && hex::decode_to_slice(text, &mut key).is_ok();
    is_key.then_some(key).ok_or(KeysError::NoKey(file))
}

/// Makes the key of a number, whole or not at all: another process may be reading or making the same.
fn make(directory: &Path, number: u32) -> Result<PathBuf, KeysError> {
    let failed = unusable(directory);
    if !directory.is_dir() {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(directory).map_err(&failed)?;
    }
    let unfinished = directory.join(format!("{}.new", hex::encode(rand::random::<[u8; 8]>())));
    let file = directory.join(format!("{number:04}.{EXTENSION}"));
    let written = write_key(&unfinished).and_then(|()| fs::hard_link(&unfinished, &file));
    let cleared = fs::remove_file(&unfinished);
    written.and(cleared).map_err(&failed)?;
    Ok(file)
}

fn write_key(path: &Path) -> io::Result<()> {
    let mut file = open_private(OpenOptions::new().write(true).create_new(true), path)?;
    writeln!(file, "{}", hex::encode(rand::random::<[u8; LENGTH]>()))?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn row(account: &str) -> Columns {
        Columns::of(Purpose::Session)
            .text(account)
            .number_or_none(None)
    }

    #[test]
    fn a_row_fits_its_own_seal_only() {
        let keys = Keys::random();
        let seal = keys.seal(&row("a"));
        assert!(keys.fits(&row("a"), &seal));
        for other in [
            row("b"),
            Columns::of(Purpose::Token).text("a").number_or_none(None),
            Columns::of(Purpose::Session).text("a").number(0),
            Columns::of(Purpose::Session).text("").text("a"),
        ] {
            assert!(!keys.fits(&other, &seal));
        }
        assert!(!keys.fits(&row("a"), &[]), "a row without a seal");
        assert!(!keys.fits(&row("a"), &seal[..31]));
        assert!(!Keys::random().fits(&row("a"), &seal), "another key");
    }

    #[test]
    fn the_first_key_is_made_once_for_the_owner_alone() {
        let above = tempfile::tempdir().unwrap();
        let directory = above.path().join("data/keys");
        assert!(matches!(Keys::read(&directory), Err(KeysError::Missing(_))));
        let seal = Keys::read_or_make(&directory).unwrap().seal(&row("a"));
        let again = Keys::read_or_make(&directory).unwrap();
        assert!(again.fits(&row("a"), &seal));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&directory), 0o700);
        assert_eq!(mode(&directory.join("0001.key")), 0o600);
        let files = fs::read_dir(&directory).unwrap().count();
        assert_eq!(files, 1, "nothing unfinished is left");
    }

    #[test]
    fn the_newest_key_seals_and_all_check() {
        let directory = tempfile::tempdir().unwrap();
        let first = Keys::read_or_make(directory.path()).unwrap();
        let sealed_before = first.seal(&row("a"));
        let second = Keys::make_next(directory.path()).unwrap();
        assert_eq!(second.file_name().unwrap(), "0002.key");
        let both = Keys::read(directory.path()).unwrap();
        assert!(both.fits(&row("a"), &sealed_before));
        let sealed_after = both.seal(&row("a"));
        assert!(!first.fits(&row("a"), &sealed_after));
        fs::remove_file(directory.path().join("0001.key")).unwrap();
        let newest = Keys::read(directory.path()).unwrap();
        assert!(newest.fits(&row("a"), &sealed_after));
        assert!(!newest.fits(&row("a"), &sealed_before));
    }

    #[test]
    fn what_is_no_key_is_refused_by_its_name_and_no_key_is_ever_shown() {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("1.key", "short"),
            ("1.key", &*"A".repeat(64)),
            ("first.key", &*"a".repeat(64)),
        ] {
            let file = directory.path().join(name);
            fs::write(&file, text).unwrap();
            let error = Keys::read(directory.path()).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
            fs::remove_file(file).unwrap();
        }
        fs::write(directory.path().join("1.key"), "a".repeat(64)).unwrap();
        let keys = Keys::read(directory.path()).unwrap();
        assert_eq!(format!("{keys:?}"), "Keys(1)");
    }
}
