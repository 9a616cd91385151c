//! Secrets Manager, as far as the template uses it: secrets are generated once, stored, and inserted into dynamic references.

use std::{collections::BTreeMap, io, path::Path};

use kernel::Sys;
use serde_json::{Map, Value};

use crate::{
    storage::{read_file, replace_file},
    template::{SecretSpec, TemplateError},
};

/// The characters of secrets without punctuation.
const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The generated secrets, by ARN.
#[derive(Clone, Default)]
pub struct Secrets(BTreeMap<String, String>);

impl Secrets {
    /// Generates the secrets that are missing in `file`, and stores them there.
    ///
    /// # Errors
    /// If the file cannot be read or written, or is damaged.
    pub fn open(sys: &Sys, specs: &[SecretSpec], file: Option<&Path>) -> io::Result<Self> {
        let mut known: BTreeMap<String, String> = file.map_or(Ok(None), read_file)?.unwrap_or_default();
        let before = known.len();
        for spec in specs {
            if !known.contains_key(&spec.logical_id) {
                known.insert(spec.logical_id.clone(), draw(sys, spec)?);
            }
        }
        if let Some(file) = file.filter(|_| known.len() != before) {
            replace_file(file, &known)?;
        }
        Ok(Self(specs.iter().filter_map(|s| Some((s.arn.clone(), known.get(&s.logical_id)?.clone()))).collect()))
    }

    /// Returns the value of a secret.
    #[must_use]
    pub fn get(&self, arn: &str) -> Option<&str> {
        self.0.get(arn).map(String::as_str)
    }

    /// Returns the text with every `{{resolve:secretsmanager:<arn>:SecretString[:<key>]}}` replaced by the secret.
    ///
    /// # Errors
    /// If there is no such secret.
    pub fn insert(&self, text: &str) -> Result<String, TemplateError> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{resolve:") {
            let (reference, after) = after.split_once("}}").ok_or_else(|| TemplateError(format!("{text:?}: an unclosed {{{{")))?;
            out.push_str(before);
            out.push_str(&self.find(reference).ok_or_else(|| TemplateError(format!("{{{{resolve:{reference}}}}} refers to no secret")))?);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn find(&self, reference: &str) -> Option<String> {
        let reference = reference.strip_prefix("secretsmanager:")?;
        let (secret, rest) = self.0.iter().find_map(|(arn, secret)| Some((secret, reference.strip_prefix(arn.as_str())?)))?;
        let mut rest = rest.split(':').skip(1);
        match (rest.next().unwrap_or("SecretString"), rest.next().filter(|k| !k.is_empty())) {
            ("SecretString", None) => Some(secret.clone()),
            ("SecretString", Some(key)) => Some(serde_json::from_str::<Value>(secret).ok()?.get(key)?.as_str()?.to_owned()),
            _ => None,
        }
    }
}

fn draw(sys: &Sys, spec: &SecretSpec) -> io::Result<String> {
    let letters = u32::try_from(ALPHABET.len()).unwrap_or(1);
    let letter = |_| ALPHABET.get(sys.below(letters) as usize).copied().map_or('A', char::from);
    let generated: String = (0..spec.length).map(letter).collect();
    let Some(key) = &spec.key else { return Ok(generated) };
    let mut object: Map<String, Value> = serde_json::from_str(spec.template.as_deref().unwrap_or("{}"))?;
    object.insert(key.clone(), generated.into());
    Ok(Value::Object(object).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn specs() -> Vec<SecretSpec> {
        let plain =
            SecretSpec { logical_id: "Pepper".into(), arn: "arn:aws:x:y:0:secret:Pepper".into(), length: 64, template: None, key: None };
        let keyed = SecretSpec {
            logical_id: "Keys".into(),
            arn: "arn:aws:x:y:0:secret:Keys".into(),
            template: Some("{\"a\":1}".into()),
            key: Some("k1".into()),
            ..plain.clone()
        };
        vec![plain, keyed]
    }

    #[test]
    fn secrets_are_generated_once_and_inserted_by_reference() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("secrets.json");
        let first = Secrets::open(&Sys::real(), &specs(), Some(&file)).expect("opened");
        let second = Secrets::open(&Sys::real(), &specs(), Some(&file)).expect("opened again");
        let text = "k1:{{resolve:secretsmanager:arn:aws:x:y:0:secret:Keys:SecretString:k1}},{{resolve:secretsmanager:arn:aws:x:y:0:secret:Pepper:SecretString}}";
        let inserted = first.insert(text).expect("inserted");
        assert_eq!(inserted.len(), "k1:,".len() + 64 + 64);
        assert_eq!(second.insert(text).ok(), Some(inserted));
        assert!(first.insert("{{resolve:secretsmanager:arn:aws:x:y:0:secret:Other:SecretString}}").is_err());
        assert!(first.insert("{{resolve:ssm:x}}").is_err());
        std::fs::write(&file, "{").expect("damaged");
        assert!(Secrets::open(&Sys::real(), &specs(), Some(&file)).is_err());
    }
}
