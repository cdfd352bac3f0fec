//! Files appear whole, private and only when complete.

use super::*;

#[test]
fn a_file_appears_only_when_finished_and_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("devices.txt");
    std::fs::write(&target, "before").unwrap();
    let mut output = Output::create(&target).unwrap();
    output.write_all(b"after").unwrap();
    output.flush().unwrap();
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "before");
    output.finish().unwrap();
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "after");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            std::fs::metadata(&target).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}

#[test]
fn rows_on_their_way_are_private_and_removed_at_the_end() {
    let file = scratch().unwrap();
    let path = file.path().to_owned();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert!(registry().as_ref().unwrap().contains(&path));
}

#[test]
fn a_dropped_file_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    drop(Output::create(&folder.path().join("x")).unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
#[cfg(unix)]
fn a_link_and_a_device_stay_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real"), folder.path().join("link"));
    std::fs::write(&real, "before").unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    for target in [link.as_path(), Path::new("/dev/null")] {
        let mut output = Output::create(target).unwrap();
        output.write_all(b"after").unwrap();
        output.finish().unwrap();
    }
    assert!(link.is_symlink());
    assert_eq!(std::fs::read_to_string(real).unwrap(), "after");
    assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn a_folder_is_no_target() {
    let folder = tempfile::tempdir().unwrap();
    let failure = Output::create(folder.path()).unwrap_err();
    assert!(failure.message().contains("it is a folder"), "{failure:?}");
    assert!(Output::create(&folder.path().join("none/x")).is_err());
}
