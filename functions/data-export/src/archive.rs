//! The archive: a ZIP file, which every system can open. It is not compressed, because pictures would not get smaller and the other files
//! are small. Finished parts are taken out while it is written, so that the memory does not limit its size.

use std::{
    io::{self, Cursor, Read, Seek, SeekFrom, Write},
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use function::Failure;
use serde::Serialize;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// An archive that is being written.
pub(crate) struct Archive {
    zip: ZipWriter<Pages>,
    /// The finished bytes that were not taken yet.
    done: Arc<Mutex<Vec<u8>>>,
}

impl Archive {
    pub fn new() -> Self {
        let pages = Pages::default();
        let done = Arc::clone(&pages.done);
        let mut zip = ZipWriter::new(pages);
        zip.set_flush_on_finish_file(true);
        Self { zip, done }
    }

    /// Adds a file.
    ///
    /// # Errors
    /// If the archive has a file of this name already.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        self.zip.start_file(name, SimpleFileOptions::default().compression_method(CompressionMethod::Stored))?;
        Ok(self.zip.write_all(bytes)?)
    }

    /// Adds a document as indented JSON.
    ///
    /// # Errors
    /// If the archive has a file of this name already.
    pub fn add_json(&mut self, name: &str, document: &impl Serialize) -> Result<(), Failure> {
        self.add(name, &serde_json::to_vec_pretty(document)?)
    }

    /// Takes the bytes that will not change any more: all except those of the last file, and of those taken before.
    pub fn take(&self) -> Vec<u8> {
        mem::take(&mut *self.done.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Finishes the archive, and returns the bytes that were not taken yet.
    ///
    /// # Errors
    /// If it is larger than a ZIP file can be.
    pub fn finish(self) -> Result<Vec<u8>, Failure> {
        let Self { zip, done } = self;
        zip.finish()?.flush()?;
        Ok(mem::take(&mut *done.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// The writer behind the ZIP library. The library writes the header of a file again at the end of the file, so only flushed bytes are
/// final.
#[derive(Default)]
struct Pages {
    done: Arc<Mutex<Vec<u8>>>,
    /// The number of bytes that were flushed.
    before: u64,
    open: Cursor<Vec<u8>>,
}

impl Write for Pages {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.open.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut complete = mem::take(&mut self.open).into_inner();
        self.before = self.before.saturating_add(u64::try_from(complete.len()).unwrap_or(u64::MAX));
        self.done.lock().unwrap_or_else(PoisonError::into_inner).append(&mut complete);
        Ok(())
    }
}

/// [`ZipWriter`] requires this trait for flushing. It never reads.
impl Read for Pages {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.open.read(bytes)
    }
}

impl Seek for Pages {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let within = match to {
            SeekFrom::Start(at) => {
                SeekFrom::Start(at.checked_sub(self.before).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?)
            }
            other => other,
        };
        Ok(self.open.seek(within)?.saturating_add(self.before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out_as_it_was() {
        let mut archive = Archive::new();
        archive.add_json("a.json", &["ż"]).unwrap();
        archive.add("pictures/b.jpg", b"\xff\xd8").unwrap();
        assert!(archive.add("a.json", b"").is_err(), "a name is used once");
        let zip = archive.finish().unwrap();
        let text = String::from_utf8_lossy(&zip);
        assert!(zip.starts_with(b"PK\x03\x04") && text.contains("a.json") && text.contains("pictures/b.jpg") && text.contains("ż"));
    }

    #[test]
    fn an_archive_is_the_same_whenever_its_bytes_are_taken() {
        let made = |take: bool| {
            let (mut archive, mut taken) = (Archive::new(), Vec::new());
            for n in 0..5 {
                archive.add(&format!("{n}.txt"), &vec![n; 1000]).unwrap();
                if take {
                    taken.extend(archive.take());
                    assert!(taken.len() >= usize::from(n) * 1000, "all but the last file is complete");
                }
            }
            taken.extend(archive.finish().unwrap());
            taken
        };
        assert_eq!(made(true), made(false));
    }
}
