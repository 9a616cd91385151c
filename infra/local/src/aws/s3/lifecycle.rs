//! Lifecycle rules: objects have the time of the local cloud's clock, and are deleted when a rule of their bucket expires them.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html>

use std::{
    fs, io,
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use kernel::Time;

use super::S3;
use crate::template::{BucketSpec, ExpirySpec};

/// How long a new file may have the time of the file system's clock, before [`S3::date`] sets that of the local cloud's clock. No rule
/// expires objects as early as that.
const UNDATED: Duration = Duration::from_mins(1);

impl S3 {
    /// Sets the time of a new object by the local cloud's clock. The file system uses the real one.
    pub(super) fn date(&self, operation: &str, bucket: &str, key: &str, now: Time) {
        if !matches!(operation, "PutObject" | "PostObject" | "CopyObject" | "CompleteMultipartUpload") {
            return;
        }
        let moment = UNIX_EPOCH.checked_add(Duration::from_millis(u64::try_from(now.millis()).unwrap_or(0))).unwrap_or(UNIX_EPOCH);
        let Some(file) = self.file_of(bucket, key) else { return };
        let dated = fs::File::options().write(true).open(file).and_then(|file| file.set_modified(moment));
        if let Err(e) = dated {
            tracing::warn!(error = %e, "an object cannot be dated");
        }
    }

    /// Deletes the objects that the buckets' rules expire.
    pub fn sweep(&self, buckets: &[BucketSpec], now: Time) {
        for bucket in buckets.iter().filter(|b| !b.expiries.is_empty()) {
            let folder = self.root.join(&bucket.name);
            let mut expired = Vec::new();
            if let Err(e) = walk(&folder, "", &mut |key, written| {
                if bucket.expiries.iter().any(|rule| takes(rule, key, written, now)) {
                    expired.push(key.to_owned());
                }
            }) {
                tracing::warn!(error = %e, bucket = bucket.name, "a bucket cannot be swept");
            }
            for key in &expired {
                self.remove(&bucket.name, key);
            }
        }
    }
}

fn takes(rule: &ExpirySpec, key: &str, written: Time, now: Time) -> bool {
    key.starts_with(&rule.prefix) && now >= written + rule.after
}

/// Calls `see` with every object of a bucket and its time, except those that may not be dated yet.
fn walk(folder: &Path, prefix: &str, see: &mut impl FnMut(&str, Time)) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let key = format!("{prefix}{name}");
        // Another request may have deleted it in between.
        let Ok(about) = entry.metadata() else { continue };
        if about.is_dir() {
            walk(&entry.path(), &format!("{key}/"), see)?;
        } else {
            let modified = about.modified()?;
            if modified.elapsed().is_ok_and(|age| age < UNDATED) {
                continue;
            }
            let age = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
            see(&key, Time::from_millis(i64::try_from(age.as_millis()).unwrap_or(i64::MAX)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_expires_old_objects_with_its_prefix() {
        let rule = ExpirySpec { prefix: "trash/".to_owned(), after: Duration::from_secs(10) };
        let at = |seconds: i64| Time::from_millis(seconds * 1000);
        assert!(takes(&rule, "trash/a", at(0), at(10)));
        assert!(!takes(&rule, "trash/a", at(1), at(10)));
        assert!(!takes(&rule, "pictures/a", at(0), at(99)));
    }

    /// A clock that is ahead of the real one would expire it otherwise, between its writing and its dating.
    #[test]
    fn an_object_that_is_being_written_is_not_expired() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("a");
        fs::write(&file, "x").expect("written");
        let seen = || {
            let mut keys = Vec::new();
            walk(folder.path(), "", &mut |key, _| keys.push(key.to_owned())).expect("walked");
            keys
        };
        assert!(seen().is_empty());
        let dated = fs::File::options().write(true).open(&file).and_then(|file| file.set_modified(UNIX_EPOCH));
        assert!(dated.is_ok() && seen() == ["a"]);
    }
}
