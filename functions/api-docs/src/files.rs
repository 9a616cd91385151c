//! The files that are compiled in, compressed by `build.rs`.

use axum::response::Response;
use http::HeaderMap;
use web::{Error, File};

const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// Returns the bytes of a file as it is sent to clients that accept gzip, or `None` if there is no such file.
pub fn compressed_bytes(name: &str) -> Option<usize> {
    FILES.iter().find(|file| file.name == name).map(|file| file.gzip.len())
}

/// Returns a response with a file: see [`web::file`].
///
/// # Errors
/// `not_found` if there is no file of this name.
pub fn file(name: &str, content_type: &'static str, cached: &'static str, headers: &HeaderMap) -> Result<Response, Error> {
    web::file(FILES, name, content_type, cached, headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_there_and_compressed() {
        for file in FILES {
            assert_eq!(file.gzip[..2], [0x1F, 0x8B], "{}", file.name);
        }
        assert!(FILES.iter().any(|file| file.name == "swagger-ui-bundle.js"));
    }
}
