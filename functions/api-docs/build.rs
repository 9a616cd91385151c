//! Compresses the files that the function serves.
#![expect(clippy::print_stdout, reason = "a build script tells cargo what it depends on that way")]

use std::{
    env,
    error::Error,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};
use utoipa_swagger_ui::{Config, serve};

const DOCUMENT: &str = "../../infra/openapi.json";
const SWAGGER_UI: [&str; 2] = ["swagger-ui.css", "swagger-ui-bundle.js"];

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?);
    let mut files: Vec<(String, Vec<u8>)> = vec![("openapi.json".to_owned(), gzip(&depended_on(Path::new(DOCUMENT))?)?)];
    for asset in fs::read_dir("assets")? {
        let path = asset?.path();
        let name = path.file_name().and_then(|name| name.to_str()).ok_or("an asset has no name")?;
        files.push((name.to_owned(), gzip(&depended_on(&path)?)?));
    }
    for name in SWAGGER_UI {
        let file = serve(name, Arc::new(Config::default())).map_err(|e| e.to_string())?.ok_or("Swagger UI lacks a file")?;
        let compressed = if file.gzpipped { file.bytes.into_owned() } else { gzip(&file.bytes)? };
        files.push((name.to_owned(), compressed));
    }
    let mut listed = Vec::new();
    for (name, compressed) in &files {
        fs::write(out.join(name), compressed)?;
        let hash: String = Sha256::digest(compressed).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        listed.push(format!("File {{ name: {name:?}, hash: {hash:?}, gzip: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\")) }}"));
    }
    fs::write(out.join("files.rs"), format!("&[\n{}]\n", listed.join(",\n")))?;
    Ok(())
}

/// The bytes of a file, after whose change this is run again.
fn depended_on(path: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", path.display());
    fs::read(path).map_err(|e| format!("{}: {e}", path.display()).into())
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}
