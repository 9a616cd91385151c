//! The kinds of stored items of all crates, from the `ABOUT` of their types. Generates `shared/store/ITEMS.md` and the list of exported
//! attributes for `data-export`.

use std::fmt::Write as _;

use local::functions;
use store::{About, ItemKind, Personal, Removal, Ttl};

/// The document with the table of all kinds of items.
pub const DOCUMENT: &str = "shared/store/ITEMS.md";
/// The list of exported attributes of each kind, in the function `data-export`.
pub const EXPORTED: &str = "functions/data-export/src/kinds.rs";

/// Returns every kind of item, by name. The list has the shared crates. Functions are registered with theirs.
pub fn all() -> Vec<ItemKind> {
    let shared = [
        store::ITEMS,
        events::ITEMS,
        accounts::ITEMS,
        proofs::ITEMS,
        passkeys::ITEMS,
        preferences::ITEMS,
        files::ITEMS,
        messaging::ITEMS,
        commerce::ITEMS,
        search::ITEMS,
        catalogue::ITEMS,
        payments::ITEMS,
        tickets::ITEMS,
    ];
    let mut all = shared.concat();
    all.extend(functions::ALL.iter().flat_map(|function| function.items));
    all.sort_by_key(|kind| kind.name);
    all
}

/// Returns whether a key fits a pattern: see [`About`]. `part` decides whether a text fits a name in braces.
pub fn fits(pattern: &str, key: &str, part: &dyn Fn(&str, &str) -> bool) -> bool {
    let Some((literal, rest)) = pattern.split_once('{') else { return pattern == key };
    let (Some((name, rest)), Some(key)) = (rest.split_once('}'), key.strip_prefix(literal)) else { return false };
    // The text for a name ends at the next literal text, or with the key.
    let ends = (1..=key.len()).filter(|end| key.is_char_boundary(*end));
    let mut splits = ends.map(|end| key.split_at(end)).filter(|(text, _)| rest.is_empty() || !text.contains('#'));
    splits.any(|(text, behind)| part(name, text) && fits(rest, behind, part))
}

/// Returns the content of `ITEMS.md`.
pub fn document() -> String {
    let mut text = INTRODUCTION.to_owned();
    for ItemKind { name, version, package, about } in all() {
        let version = if version == 1 { String::new() } else { format!(" v{version}") };
        let table = if about.table == "StateTable" { String::new() } else { format!(" ({})", about.table) };
        let cells = [
            format!("`{name}`{version}"),
            format!("`{}`{table}", about.partition),
            format!("`{}`", about.sort),
            indexes(&about),
            ttl(about.ttl).to_owned(),
            package.to_owned(),
            exported(about.personal),
            removal(&about),
        ];
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}

const INTRODUCTION: &str = "\
# Kinds of items

Written by `cargo xtask sync` from what each type says in its `ABOUT`. In keys, a name in braces stands for what differs from item to
item. An item can be out of an index at times. The steps that remove items are those of `functions/account-purge`.

| Kind | Partition | Sort | Indexes | TTL | Crate | Exported | Removed by |
|---|---|---|---|---|---|---|---|
";

fn indexes(about: &About) -> String {
    let places = about.places().map(|place| format!("{}: `{}`, `{}`", place.index.name(), place.partition, place.sort));
    let ranking = about.ranking.map(|ranking| format!("gsi3: `{ranking}`"));
    places.chain(ranking).collect::<Vec<_>>().join("; ")
}

const fn ttl(ttl: Ttl) -> &'static str {
    match ttl {
        Ttl::Never => "",
        Ttl::Sometimes => "sometimes",
        Ttl::Always => "yes",
    }
}

fn exported(personal: Personal) -> String {
    match personal {
        Personal::Exported(attributes) => attributes.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
        Personal::ExportedIn(file) => format!("in `{file}`"),
        Personal::Withheld(why) => format!("no: {why}"),
        Personal::Nobody(what) => format!("about nobody: {what}"),
    }
}

fn removal(about: &About) -> String {
    match about.removal() {
        Some(Removal::Step(step)) => format!("step `{step}`"),
        Some(Removal::Expiry) => "TTL".to_owned(),
        Some(Removal::Stays(why)) => format!("nothing: {why}"),
        None => String::new(),
    }
}

/// Returns the exported attributes of each kind that the export can find: in the partition of a person, or owned by them.
pub fn exported_kinds() -> String {
    let mut text = "//! What the export contains of each kind of item, written by `cargo xtask sync` from what their types say.

use store::Personal;

/// By kind.
#[rustfmt::skip]
pub(crate) const KINDS: &[(&str, Personal)] = &[
"
    .to_owned();
    for ItemKind { name, about, .. } in all().iter().filter(|kind| kind.about.is_beside_user() || kind.about.owned) {
        let _ = writeln!(text, "    ({name:?}, Personal::{}),", in_rust(about.personal));
    }
    text + "];\n"
}

fn in_rust(personal: Personal) -> String {
    match personal {
        Personal::Exported(attributes) => format!("Exported(&{attributes:?})"),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Returns whether a key can fit both patterns.
    fn can_overlap(a: &str, b: &str) -> bool {
        match (a.chars().next(), b.chars().next()) {
            (None, None) => true,
            (Some('{'), _) => name_can_overlap(a, b),
            (_, Some('{')) => name_can_overlap(b, a),
            (Some(x), Some(y)) if x == y => can_overlap(&a[x.len_utf8()..], &b[y.len_utf8()..]),
            _ => false,
        }
    }

    /// Returns the same, if `a` begins with a name in braces, for which any text can stand.
    fn name_can_overlap(a: &str, b: &str) -> bool {
        let rest = &a[a.find('}').expect("a brace that is closed") + 1..];
        (0..=b.len()).filter(|end| b.is_char_boundary(*end)).any(|end| can_overlap(rest, &b[end..]))
    }

    #[test]
    fn the_console_orders_kinds_that_exist() {
        let all: BTreeSet<&str> = all().iter().map(|kind| kind.name).collect();
        let ordered = local::console::tables::MAIN_KINDS.iter();
        assert_eq!(ordered.filter(|kind| !all.contains(*kind)).collect::<Vec<_>>(), [&""; 0]);
    }

    #[test]
    fn no_two_kinds_share_a_key() {
        let all = all();
        // Ids begin with a prefix of their kind.
        let prefixed = |pattern: &str| pattern.replace("{audit}", "aud_{audit}");
        for (n, a) in all.iter().enumerate() {
            for b in &all[n + 1..] {
                assert_ne!(a.name, b.name);
                let shared =
                    can_overlap(a.about.partition, b.about.partition) && can_overlap(&prefixed(a.about.sort), &prefixed(b.about.sort));
                assert!(a.about.table != b.about.table || !shared, "{} and {}", a.name, b.name);
            }
        }
        assert!(
            can_overlap("EXPORT#{export}", "EXPORT#{upload}")
                && can_overlap("{day}#{shard}", "A#B")
                && !can_overlap("EXPORT#{export}", "EXPORT_TURN")
        );
    }

    #[test]
    fn kinds_in_one_index_are_kept_apart_by_their_partitions() {
        let all = all();
        let places: Vec<_> = all.iter().flat_map(|kind| kind.about.places().map(|place| (kind.name, place))).collect();
        for (a, first) in &places {
            for (b, second) in &places {
                let shared = first.index.name() == second.index.name() && can_overlap(first.partition, second.partition);
                assert!(!shared || first.index == second.index, "{a} and {b}");
            }
        }
    }

    #[test]
    fn a_key_fits_its_pattern() {
        let fits = |pattern, key| super::fits(pattern, key, &|name, text| name != "n" || text.parse::<u8>().is_ok());
        assert!(fits("A", "A") && fits("A#{x}", "A#b#c") && fits("A#{x}#{n}", "A#b#7") && fits("{n}#B", "7#B"));
        assert!(!fits("A", "B") && !fits("A#{x}", "A#") && !fits("A#{x}#B", "A#b") && !fits("A#{x}#B", "A#b#c#B"));
        assert!(!fits("A#{n}", "A#b"));
    }

    /// Every kind with personal data is removed or states why it stays, and the steps that remove items are those of the purge.
    #[test]
    fn something_removes_what_is_about_a_person() {
        let steps: BTreeSet<&str> = account_purge::steps().collect();
        for ItemKind { name, about, .. } in all() {
            match about.removal() {
                Some(Removal::Step(step)) => assert!(steps.contains(step), "{name}: no step {step}"),
                Some(_) => {}
                None => assert!(matches!(about.personal, Personal::Nobody(_)), "{name}: nothing removes it"),
            }
        }
    }

    #[test]
    fn no_secret_is_exported() {
        for ItemKind { name, about, .. } in all() {
            let Personal::Exported(attributes) = about.personal else { continue };
            for secret in ["phc", "pepper", "hash", "refresh_hash", "sealed", "hashes", "state", "app", "credential", "passkey", "pk", "sk"]
            {
                // The state of an upload, a payment, an order or a ticket is a word.
                let is_word = secret == "state" && ["upload", "donation", "plan_payment", "order", "contact_ticket"].contains(&name);
                assert!(is_word || !attributes.contains(&secret), "{secret} of {name}");
            }
        }
    }

    /// Every kind in the partition of a person, or owned by them, has personal data: it is exported, exported in another file, or withheld.
    #[test]
    fn what_is_met_by_the_export_is_in_it() {
        for ItemKind { name, about, .. } in all().iter().filter(|kind| kind.about.is_beside_user() || kind.about.owned) {
            assert!(!matches!(about.personal, Personal::Nobody(_)), "{name}");
        }
    }
}
