//! A resolved value of the template with its path, so that every error names the path.

use serde_json::Value;

use super::{TemplateError, resolve};

/// A value and its path.
#[derive(Clone, Debug)]
pub(super) struct Node {
    path: String,
    value: Value,
}

impl Node {
    pub fn new(path: impl Into<String>, value: Value) -> Self {
        Self { path: path.into(), value }
    }

    pub fn wrong(&self, why: &str) -> TemplateError {
        TemplateError(format!("{}: {why}", self.path))
    }

    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Returns the entry with this name, if it exists.
    pub fn get(&self, key: &str) -> Option<Self> {
        Some(Self::new(format!("{}.{key}", self.path), self.value.get(key)?.clone()))
    }

    /// Returns the entry with this name, which is required.
    pub fn need(&self, key: &str) -> Result<Self, TemplateError> {
        self.get(key).ok_or_else(|| self.wrong(&format!("{key} is missing")))
    }

    /// Returns a scalar, as text.
    pub fn text(&self) -> Result<String, TemplateError> {
        resolve::text(&self.value).ok_or_else(|| self.wrong("text is expected"))
    }

    /// Returns a scalar that parses.
    pub fn parse<T: std::str::FromStr>(&self) -> Result<T, TemplateError> {
        self.text()?.parse().map_err(|_| self.wrong("the value is not valid"))
    }

    /// Returns the text of a required entry.
    pub fn need_text(&self, key: &str) -> Result<String, TemplateError> {
        self.need(key)?.text()
    }

    /// Returns an optional entry.
    pub fn or<T: std::str::FromStr>(&self, key: &str, default: T) -> Result<T, TemplateError> {
        self.get(key).map_or(Ok(default), |n| n.parse())
    }

    /// Returns the items of a list. A single value counts as a list of one.
    pub fn items(&self) -> Vec<Self> {
        match &self.value {
            Value::Array(items) => items.iter().enumerate().map(|(i, v)| Self::new(format!("{}[{i}]", self.path), v.clone())).collect(),
            _ => vec![self.clone()],
        }
    }

    /// Returns the items of a list in an optional entry.
    pub fn list(&self, key: &str) -> Vec<Self> {
        self.get(key).map(|n| n.items()).unwrap_or_default()
    }

    /// Returns the texts of a list in an optional entry.
    pub fn texts(&self, key: &str) -> Result<Vec<String>, TemplateError> {
        self.list(key).iter().map(Self::text).collect()
    }

    /// Returns the entries of an object.
    pub fn entries(&self) -> Result<Vec<(String, Self)>, TemplateError> {
        let object = self.value.as_object().ok_or_else(|| self.wrong("an object is expected"))?;
        Ok(object.iter().map(|(k, v)| (k.clone(), Self::new(format!("{}.{k}", self.path), v.clone()))).collect())
    }
}
