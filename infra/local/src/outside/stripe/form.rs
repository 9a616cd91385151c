//! The parameters of a request: `metadata[user]=usr_1&expand[0]=latest_charge`.

use std::collections::BTreeMap;

use super::refusal::Refusal;

/// The most pairs of metadata, and the most characters of a key and of a value.
const METADATA: (usize, usize, usize) = (50, 40, 500);

/// The parameters, by name. Names within others are written with brackets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Form(BTreeMap<String, String>);

impl Form {
    /// Returns the parameters in a query and a body.
    pub fn parse(query: &str, body: &str) -> Self {
        let pairs = [query, body].into_iter().flat_map(|text| form_urlencoded::parse(text.as_bytes()));
        Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// Refuses unknown parameters. A known name includes all parameters within it.
    pub fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        let root = |name: &str| name.split('[').next().unwrap_or_default().to_owned();
        match self.0.keys().find(|name| !known.contains(&root(name).as_str()) && !root(name).eq("expand")) {
            None => Ok(()),
            Some(name) => {
                Err(Refusal::invalid(format!("Received unknown parameter: {}", root(name))).code("parameter_unknown").param(root(name)))
            }
        }
    }

    /// Returns a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns a parameter that must be there.
    pub fn need(&self, name: &str) -> Result<&str, Refusal> {
        let refused = |what: &str, code| Err(Refusal::invalid(format!("{what}: {name}.")).code(code).param(name));
        match self.get(name) {
            None => refused("Missing required param", "parameter_missing"),
            Some("") => refused("You passed an empty string for", "parameter_invalid_empty"),
            Some(value) => Ok(value),
        }
    }

    /// Returns a whole number above zero.
    pub fn number(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match text.parse::<i64>() {
            Ok(number) if number > 0 => Ok(Some(number)),
            Ok(_) => Err(Refusal::invalid("This value must be greater than or equal to 1.").code("parameter_invalid_integer").param(name)),
            Err(_) => Err(Refusal::invalid(format!("Invalid integer: {text}")).code("parameter_invalid_integer").param(name)),
        }
    }

    /// Returns one of these words.
    pub fn word(&self, name: &str, words: &[&str]) -> Result<Option<&str>, Refusal> {
        let Some(word) = self.get(name).filter(|word| !word.is_empty()) else { return Ok(None) };
        if words.contains(&word) {
            return Ok(Some(word));
        }
        Err(Refusal::invalid(format!("Invalid {name}: must be one of {}", words.join(", "))).param(name))
    }

    /// Returns everything within a name: `list[0]=a&list[]=b`, or `object[member]=c`.
    pub fn within<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(key, value)| {
            let inner = key.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']')?;
            Some((inner, value.as_str()))
        })
    }

    /// Returns the metadata.
    pub fn metadata(&self) -> Result<BTreeMap<String, String>, Refusal> {
        let (pairs, key_max, value_max) = METADATA;
        let all: BTreeMap<String, String> = self.within("metadata").map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let wrong = |message: String| Err(Refusal::invalid(message).param("metadata"));
        if all.len() > pairs {
            return wrong(format!("Metadata can have up to {pairs} keys."));
        }
        if let Some(key) = all.keys().find(|key| key.chars().count() > key_max) {
            return wrong(format!("Metadata keys can have up to {key_max} characters: {key}"));
        }
        if let Some((key, _)) = all.iter().find(|(_, value)| value.chars().count() > value_max) {
            return wrong(format!("Metadata values can have up to {value_max} characters: {key}"));
        }
        Ok(all)
    }

    /// Returns the properties to expand. An error if one of them cannot be expanded.
    pub fn expand(&self, known: &[&str]) -> Result<Vec<&str>, Refusal> {
        let requested: Vec<&str> = self.within("expand").map(|(_, name)| name).collect();
        match requested.iter().find(|name| !known.contains(name)) {
            None => Ok(requested),
            Some(name) => Err(Refusal::invalid(format!("This property cannot be expanded ({name}).")).param("expand")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_brackets() {
        let form = Form::parse("expand%5B0%5D=latest_charge", "amount=500&metadata[a]=1&metadata[b]=%C5%BC");
        assert_eq!(form.number("amount"), Ok(Some(500)));
        assert_eq!(form.expand(&["latest_charge"]), Ok(vec!["latest_charge"]));
        assert_eq!(form.metadata().unwrap(), BTreeMap::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "ż".to_owned())]));
        assert!(form.only(&["amount", "metadata"]).is_ok() && form.only(&["amount"]).is_err());
        assert_eq!(Form::parse("", "a=1&b=2"), Form::parse("", "b=2&a=1"), "the order does not matter");
    }
}
