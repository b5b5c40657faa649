//! Files that are their owner's alone.

use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// Reading and writing, for the owner.
const OWNER_ALONE: u32 = 0o600;

/// Opens a file that nobody but its owner can read: made so whatever the umask is, and made so again when it was there with more.
///
/// # Errors
///
/// What opening says; a file of somebody else, which this process can not narrow.
pub fn open_private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let file = options.mode(OWNER_ALONE).open(path)?;
    narrow(path)?;
    Ok(file)
}

/// The same for a file that is not opened, if there is one.
pub(crate) fn narrow(path: &Path) -> io::Result<()> {
    let mode = match std::fs::metadata(path) {
        Ok(file) => file.permissions().mode(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if mode & 0o777 & !OWNER_ALONE == 0 {
        return Ok(());
    }
    std::fs::set_permissions(path, Permissions::from_mode(OWNER_ALONE))
}
