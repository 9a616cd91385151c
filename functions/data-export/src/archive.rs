//! The archive: a ZIP file, which every system opens. It is not compressed, because pictures would not get smaller and the rest
//! is small.

use std::io::{Cursor, Write as _};

use function::Failure;
use serde::Serialize;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// An archive that is being made.
pub(crate) struct Archive(ZipWriter<Cursor<Vec<u8>>>);

impl Archive {
    pub fn new() -> Self {
        Self(ZipWriter::new(Cursor::new(Vec::new())))
    }

    /// Adds a file.
    ///
    /// # Errors
    /// If the archive has a file of this name already.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        self.0.start_file(name, SimpleFileOptions::default().compression_method(CompressionMethod::Stored))?;
        Ok(self.0.write_all(bytes)?)
    }

    /// Adds a document as readable JSON.
    ///
    /// # Errors
    /// If the archive has a file of this name already.
    pub fn add_json(&mut self, name: &str, document: &impl Serialize) -> Result<(), Failure> {
        self.add(name, &serde_json::to_vec_pretty(document)?)
    }

    /// The finished archive.
    ///
    /// # Errors
    /// If it is larger than a ZIP file can be.
    pub fn finish(self) -> Result<Vec<u8>, Failure> {
        Ok(self.0.finish()?.into_inner())
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
}
