//! The requirement register: what each specification asks for, where it is met, and which test shows it.
//!
//! `docs/conformance/<specification>.toml` has an entry for each MUST and SHOULD that concerns the server. An entry
//! names code and tests, or says why there are none; a name that is not there is a failure, so that the register
//! cannot outlive what it speaks of.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::root;

/// One specification.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Register {
    /// What people call it.
    specification: String,
    requirement: Vec<Requirement>,
}

/// What it asks for in one place.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Requirement {
    /// The clause, and a letter where a clause asks for several things.
    id: String,
    level: Level,
    /// In our own words.
    asks: String,
    /// `path#Item`, from the root of the workspace.
    #[serde(default)]
    code: Vec<String>,
    /// `package::target::path`, as cargo names them.
    #[serde(default)]
    test: Vec<String>,
    /// Why nothing meets it.
    reason: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize, PartialEq, Eq)]
enum Level {
    #[serde(rename = "MUST")]
    Must,
    #[serde(rename = "MUST NOT")]
    MustNot,
    #[serde(rename = "SHOULD")]
    Should,
    #[serde(rename = "SHOULD NOT")]
    ShouldNot,
}

/// Fails where an entry of `docs/conformance` names what is not there.
pub(crate) fn check() -> anyhow::Result<()> {
    let registers = read(&root().join("docs/conformance"))?;
    let tests = tests_there_are()?;
    let mut problems = Vec::new();
    for (file, register) in &registers {
        let found = problems_of(register, &tests, &root());
        problems.extend(found.into_iter().map(|problem| format!("{file}: {problem}")));
        println!("{}", summary(register));
    }
    for problem in &problems {
        println!("{problem}");
    }
    if problems.is_empty() { Ok(()) } else { bail!("{} entries are not true", problems.len()) }
}

fn read(folder: &Path) -> anyhow::Result<BTreeMap<String, Register>> {
    let mut registers = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let register = toml::from_str(&fs::read_to_string(&path)?).with_context(|| name.clone())?;
            registers.insert(name, register);
        }
    }
    if registers.is_empty() {
        bail!("there is no register in {}", folder.display());
    }
    Ok(registers)
}

fn summary(register: &Register) -> String {
    let count = |strict: bool, met: bool| {
        let counted = |requirement: &&Requirement| {
            matches!(requirement.level, Level::Must | Level::MustNot) == strict
                && requirement.reason.is_none() == met
        };
        register.requirement.iter().filter(counted).count()
    };
    format!(
        "{:<60} MUST {:>3} met, {:>2} not; SHOULD {:>2} met, {:>2} not",
        register.specification,
        count(true, true),
        count(true, false),
        count(false, true),
        count(false, false)
    )
}

fn problems_of(register: &Register, tests: &BTreeSet<String>, root: &Path) -> Vec<String> {
    let mut problems = Vec::new();
    let mut ids = BTreeSet::new();
    if register.requirement.is_empty() {
        problems.push("it has no requirement".to_owned());
    }
    for requirement in &register.requirement {
        let id = &requirement.id;
        if !ids.insert(id) {
            problems.push(format!("{id} stands twice"));
        }
        if requirement.asks.trim().is_empty() {
            problems.push(format!("{id} does not say what is asked for"));
        }
        let met = !requirement.code.is_empty() && !requirement.test.is_empty();
        let named = !requirement.code.is_empty() || !requirement.test.is_empty();
        match &requirement.reason {
            None if !met => {
                problems.push(format!("{id} needs code and a test that shows it, or a reason why not"));
            }
            Some(_) if named => problems.push(format!("{id} is met, or has a reason why not, but not both")),
            Some(reason) if reason.trim().is_empty() => problems.push(format!("{id} has an empty reason")),
            _ => {}
        }
        for code in requirement.code.iter().filter(|code| !item_is_there(code, root)) {
            problems.push(format!("{id} names the code {code}, which is not there"));
        }
        for test in requirement.test.iter().filter(|test| !tests.contains(*test)) {
            problems.push(format!("{id} names the test {test}, which is not there"));
        }
    }
    problems
}

/// Whether `path#Item` is there: the file, and in it something of this name that is defined there.
fn item_is_there(code: &str, root: &Path) -> bool {
    let Some((path, item)) = code.split_once('#') else { return false };
    let Ok(source) = fs::read_to_string(root.join(path)) else { return false };
    let defined = |line: &str| {
        let words: Vec<&str> = line
            .split(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
            .filter(|word| !word.is_empty())
            .collect();
        words.windows(2).any(|pair| match pair {
            [kind, name] => *name == item && KINDS.contains(kind),
            _ => false,
        })
    };
    source.lines().any(defined)
}

/// The words before the name of something that is defined.
const KINDS: &[&str] = &["fn", "struct", "enum", "trait", "const", "static", "type", "mod"];

/// Every test of the workspace that runs, as `package::target::path`; the target is left out for tests in a library.
fn tests_there_are() -> anyhow::Result<BTreeSet<String>> {
    let built = Command::new("cargo")
        .args(["test", "--workspace", "--locked", "--no-run", "--quiet", "--message-format=json"])
        .current_dir(root())
        .output()?;
    if !built.status.success() {
        bail!("the tests do not build:\n{}", String::from_utf8_lossy(&built.stderr));
    }
    let mut tests = BTreeSet::new();
    for line in String::from_utf8(built.stdout)?.lines() {
        let message: serde_json::Value = serde_json::from_str(line)?;
        let text = |pointer: &str| message.pointer(pointer).and_then(serde_json::Value::as_str);
        let (Some(executable), Some(manifest), Some(target), Some(kind)) =
            (text("/executable"), text("/manifest_path"), text("/target/name"), text("/target/kind/0"))
        else {
            continue;
        };
        let package = Path::new(manifest).parent().and_then(Path::file_name).unwrap_or_default();
        let package = package.to_string_lossy();
        let prefix = if kind == "test" { format!("{package}::{target}") } else { package.into_owned() };
        let listed = |only_ignored: bool| -> anyhow::Result<BTreeSet<String>> {
            let mut command = Command::new(executable);
            command.args(["--list", "--format=terse"]);
            if only_ignored {
                command.arg("--ignored");
            }
            let told = String::from_utf8(command.output()?.stdout)?;
            let names = told.lines().filter_map(|line| line.strip_suffix(": test"));
            Ok(names.map(|name| format!("{prefix}::{name}")).collect())
        };
        // A test that nobody runs shows nothing.
        let ignored = listed(true)?;
        tests.extend(listed(false)?.into_iter().filter(|test| !ignored.contains(test)));
    }
    Ok(tests)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(entry: &str) -> Vec<String> {
        let register = format!("specification = 'one'\n[[requirement]]\nid = '2'\nlevel = 'MUST'\n{entry}");
        let register: Register = toml::from_str(&register).expect("a register");
        let tests = BTreeSet::from(["xtask::conformance::tests::a_test".to_owned()]);
        problems_of(&register, &tests, &root())
    }

    const CODE: &str = "code = ['xtask/src/conformance.rs#problems_of']\n";

    #[test]
    fn an_entry_has_code_and_a_test_or_a_reason() {
        let met = format!("asks = 'this'\n{CODE}test = ['xtask::conformance::tests::a_test']");
        assert!(problems(&met).is_empty());
        assert!(problems("asks = 'this'\nreason = 'because'").is_empty());
        assert_eq!(problems("asks = 'this'").len(), 1);
        assert_eq!(problems(&format!("asks = 'this'\n{CODE}")).len(), 1);
        assert_eq!(problems(&format!("{met}\nreason = 'because'")).len(), 1);
        assert_eq!(problems("asks = ' '\nreason = ''").len(), 2);
    }

    #[test]
    fn an_entry_that_names_what_is_not_there_is_not_true() {
        let gone = format!("asks = 'this'\n{CODE}test = ['xtask::conformance::tests::gone']");
        assert_eq!(problems(&gone), ["2 names the test xtask::conformance::tests::gone, which is not there"]);
        let code = "asks = 'this'\ntest = ['xtask::conformance::tests::a_test']\n";
        for missing in
            ["xtask/src/gone.rs#check", "xtask/src/conformance.rs#gone", "xtask/src/conformance.rs"]
        {
            assert_eq!(problems(&format!("{code}code = ['{missing}']")).len(), 1, "{missing}");
        }
    }
}
