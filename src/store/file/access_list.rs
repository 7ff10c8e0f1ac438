//! The access lists of Windows: who may open a file, where there are no modes.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::path::Path;

use windows_permissions::constants::{AccessRights, AceFlags, AceType, SeObjectType, SecurityInformation};
use windows_permissions::utilities::current_process_sid;
use windows_permissions::wrappers::{
    ConvertSecurityDescriptorToStringSecurityDescriptor, GetNamedSecurityInfo, SetNamedSecurityInfo,
};
use windows_permissions::{Ace, LocalBox, SecurityDescriptor};

const SYSTEM: &str = "S-1-5-18";
const ADMINISTRATORS: &str = "S-1-5-32-544";
/// Whoever owns the file.
const OWNER_RIGHTS: &str = "S-1-3-4";

/// `FILE_READ_DATA`.
const READ_DATA: AccessRights = AccessRights::Bit0;

/// Makes a file that only this user, the system and administrators may open, and lets nobody open it before that is so. A disk
/// without access lists is no error: [`is_read_by_others`] knows.
///
/// # Errors
/// As the operating system says; [`io::ErrorKind::AlreadyExists`] where there is one.
pub fn create_private(path: &Path) -> io::Result<File> {
    let unshared = OpenOptions::new().write(true).create_new(true).share_mode(0).open(path)?;
    let _ = make_private(path);
    drop(unshared);
    // The new name is given while it is open, which has to be shared.
    OpenOptions::new().read(true).write(true).open(path).inspect_err(|_| drop(std::fs::remove_file(path)))
}

/// Lets only this user, the system and administrators open the file at `path`.
fn make_private(path: &Path) -> io::Result<()> {
    let user = current_process_sid()?.to_string();
    let whole = [SYSTEM, ADMINISTRATORS, &user].map(|who| format!("(A;;FA;;;{who})")).concat();
    let wanted: LocalBox<SecurityDescriptor> = format!("D:P{whole}").parse()?;
    set(path, &wanted, SecurityInformation::ProtectedDacl)
}

/// Gives the file at `new` the access list of that at `old`; what a folder hands down it has from its own.
///
/// # Errors
/// The operating system's error.
pub fn copy(old: &Path, new: &Path) -> io::Result<()> {
    let list = of(old)?;
    let text = ConvertSecurityDescriptorToStringSecurityDescriptor(&list, SecurityInformation::Dacl)?;
    let is_protected = text.to_string_lossy().starts_with("D:P");
    set(
        new,
        &list,
        if is_protected { SecurityInformation::ProtectedDacl } else { SecurityInformation::UnprotectedDacl },
    )
}

/// Whether anybody but this user, the system and administrators may read the file at `path`.
///
/// # Errors
/// The operating system's error.
pub fn is_read_by_others(path: &Path) -> io::Result<bool> {
    let user = current_process_sid()?.to_string();
    let is_trusted = |who: &str| [SYSTEM, ADMINISTRATORS, OWNER_RIGHTS, &user].contains(&who);
    let opens = |ace: &Ace| {
        let is_grant =
            matches!(ace.ace_type(), AceType::ACCESS_ALLOWED_ACE_TYPE | AceType::ACCESS_ALLOWED_CALLBACK_ACE_TYPE);
        let rights = READ_DATA | AccessRights::GenericRead | AccessRights::GenericAll;
        is_grant
            && !ace.flags().contains(AceFlags::InheritOnly)
            && ace.mask().intersects(rights)
            && !ace.sid().is_some_and(|who| is_trusted(&who.to_string()))
    };
    let list = of(path)?;
    // Without a list, it is everybody's.
    let Some(entries) = list.dacl() else { return Ok(true) };
    Ok((0..entries.len()).filter_map(|at| entries.get_ace(at)).any(opens))
}

fn of(path: &Path) -> io::Result<LocalBox<SecurityDescriptor>> {
    GetNamedSecurityInfo(path, SeObjectType::SE_FILE_OBJECT, SecurityInformation::Dacl)
}

fn set(path: &Path, list: &SecurityDescriptor, inheritance: SecurityInformation) -> io::Result<()> {
    let what = SecurityInformation::Dacl | inheritance;
    SetNamedSecurityInfo(path, SeObjectType::SE_FILE_OBJECT, what, None, None, list.dacl(), None)
}
