//! Bundles the JavaScript client: the modules of `stoa.js` become one file, which is smaller and needs only one request.

use std::collections::BTreeSet;

/// The modules of [`BUNDLE`], each after those that it imports. `core.js` stays a file of its own, because it can be used alone.
pub const MODULES: [&str; 7] = ["lists.js", "live.js", "room.js", "rooms.js", "notifications.js", "people.js", BUNDLE];
/// The bundle, named like the last module.
pub const BUNDLE: &str = "stoa.js";
/// The file that the modules import from.
const CORE: &str = "\"./core.js\";";

/// Makes one script of the modules: with one import, and with the exports of the last module.
///
/// # Errors
/// If two modules declare one name, or if an import takes several lines.
pub fn bundled(modules: &[String]) -> Result<String, String> {
    let (mut imported, mut names, mut body) = (BTreeSet::new(), BTreeSet::new(), String::new());
    for (n, module) in modules.iter().enumerate() {
        for line in module.lines() {
            if let Some(rest) = line.strip_prefix("import {") {
                let (list, from) = rest.split_once("} from ").ok_or_else(|| format!("an import takes several lines: {line}"))?;
                imported.extend(list.split(',').map(str::trim).filter(|_| from == CORE));
                continue;
            }
            let plain = line.strip_prefix("export ").unwrap_or(line);
            for name in declared(plain) {
                if !names.insert(name) {
                    return Err(format!("two modules of the client declare {name}"));
                }
            }
            let is_last = n.saturating_add(1) == modules.len();
            match line.split_once(" from ") {
                _ if !is_last => body.push_str(plain),
                // An import of another module is dropped, because the module is in the same file.
                Some((exported, from)) if exported.starts_with("export {") && from != CORE => {
                    body.push_str(exported);
                    body.push(';');
                }
                _ => body.push_str(line),
            }
            body.push('\n');
        }
    }
    let imported: Vec<&str> = imported.into_iter().collect();
    Ok(format!("import {{ {} }} from {CORE}\n{body}", imported.join(", ")))
}

/// Returns the names that a line declares for the whole module.
fn declared(line: &str) -> Vec<&str> {
    let rest = ["const ", "let ", "function ", "async function ", "class "].iter().find_map(|keyword| line.strip_prefix(keyword));
    let names =
        rest.and_then(|rest| rest.split(['=', '(', ' ']).next().filter(|name| !name.starts_with(['[', '{'])).or(rest.split('=').next()));
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    names.unwrap_or_default().split(|c| !is_part(c)).filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_become_one_script() {
        let modules = [
            "import { one } from \"./core.js\";\nexport const A = one;\n",
            "import { one, two } from \"./core.js\";\nimport { A } from \"./a.js\";\nexport { two } from \"./core.js\";\nexport { A } from \"./a.js\";\nexport const [B, C] = A;\n",
        ];
        let expected = "import { one, two } from \"./core.js\";\nconst A = one;\nexport { two } from \"./core.js\";\nexport { A };\nexport const [B, C] = A;\n";
        assert_eq!(bundled(&modules.map(str::to_owned)).unwrap(), expected);
    }

    #[test]
    fn one_name_is_of_one_module() {
        assert!(bundled(&["const A = 1;", "export function A() {"].map(str::to_owned)).is_err());
        assert!(bundled(&["const [A, B] = C;", "let B;"].map(str::to_owned)).is_err());
        assert!(bundled(&["const A = 1;\n  const B = 2;", "const C = A;\n  const B = 2;"].map(str::to_owned)).is_ok());
    }
}
