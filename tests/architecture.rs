//! The rules of the layout: who may import whom, and that nothing dropped into a folder is forgotten.

mod length;
mod shape;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder of `src`, the folders it may import, and the outside crates it may name.
/// Files directly under `src` (`main.rs`, `config.rs`, `memory.rs`) have rows too.
#[rustfmt::skip]
const RULES: &[(&str, &[&str], &[&str])] = &[
    ("main", &["cli", "config"], &["tokio", "anyhow"]),
    ("config", &[], &["anyhow", "secrecy", "serde", "serde_json", "thiserror", "toml", "url"]),
    ("memory", &[], &["futures", "thiserror", "tokio"]),
    ("model", &[], &["aho_corasick", "regex", "toml", "bytes", "serde", "serde_json", "thiserror", "hmac", "sha2", "hex", "rust_decimal"]),
    ("settings", &["model"], &["chrono", "croner", "serde", "serde_json", "serde_saphyr", "thiserror", "jiff"]),
    ("code", &["model", "memory"], &["crc32fast", "hcl_edit", "serde_json", "thiserror", "base64", "granit_parser", "jiff", "md5", "num_bigint", "regex", "sha1", "sha2", "hex", "unicode_normalization", "unicode_segmentation"]),
    ("state", &["model", "memory", "code", "aws", "outbound"], &["anyhow", "base64", "bytes", "http", "secrecy", "url", "serde", "serde_json", "thiserror", "tracing", "aws_sdk_s3", "futures", "tokio"]),
    ("diff", &["model", "code"], &["serde_json", "sha2", "hex"]),
    ("score", &["model", "settings"], &["include_dir", "serde", "serde_json", "toml", "thiserror", "rust_decimal"]),
    ("price", &["model", "settings"], &["include_dir", "serde", "serde_json", "toml", "thiserror", "rust_decimal"]),
    ("patch", &["model", "settings", "code"], &["hcl_edit", "tree_sitter", "tree_sitter_hcl", "serde_json", "thiserror", "similar"]),
    ("report", &["model", "settings", "patch"], &["askama", "jiff", "plotters", "serde", "serde_json", "thiserror", "similar"]),
    ("commands", &["model", "settings", "report"], &["jiff", "pulldown_cmark", "serde"]),
    ("aws", &["model"], &["anyhow", "thiserror", "tracing", "tokio", "futures", "aws_config", "aws_credential_types", "aws_types", "aws_smithy_async", "aws_smithy_runtime_api", "aws_smithy_types", "aws_sdk_cloudtrail", "aws_sdk_ec2", "aws_sdk_iam", "aws_sdk_rds", "aws_sdk_s3", "aws_sdk_sts", "secrecy", "serde_json", "url"]),
    ("resources", &["model", "aws"], &["anyhow", "base64", "futures", "hex", "serde", "serde_json", "sha1", "sha2", "thiserror", "tracing", "aws_smithy_types", "aws_sdk_ec2", "aws_sdk_iam", "aws_sdk_rds", "aws_sdk_s3"]),
    ("live", &["model", "aws", "resources"], &["futures", "tracing"]),
    // What CloudTrail says comes as text: who made a change is decided without AWS.
    ("who", &["model"], &["serde", "serde_json"]),
    ("plugin", &["model", "config"], &["aws_lc_rs", "base64", "bytes", "futures", "hex", "http", "http_body_util", "hyper", "hyper_util", "prost", "rustix", "secrecy", "serde_json", "tempfile", "thiserror", "tokio", "tracing", "zip"]),
    ("github", &["model", "memory"], &["anyhow", "base64", "bytes", "flate2", "futures", "hex", "http", "http_body_util", "hyper", "jiff", "jsonwebtoken", "octocrab", "secrecy", "serde", "serde_json", "sha1", "tar", "thiserror", "tokio", "tracing", "url"]),
    ("outbound", &["model"], &["bytes", "hex", "hmac", "http", "http_body_util", "hyper", "reqwest", "sha2", "thiserror", "tokio", "url"]),
    ("modules", &["model", "config", "code", "github", "outbound"], &["bytes", "http", "serde", "serde_json", "thiserror", "tokio", "url"]),
    ("store", &["model"], &["anyhow", "futures", "serde", "serde_json", "sha2", "sqlx", "thiserror", "tokio", "tracing"]),
    ("queue", &["model", "settings", "github", "store"], &["anyhow", "apalis", "apalis_postgres", "apalis_sqlite", "futures", "hex", "serde", "serde_json", "sha2", "sqlx", "thiserror", "tokio", "tracing"]),
    // Tokio for the deadline of CloudTrail's lookups alone.
    ("scan", &["model", "memory", "settings", "code", "state", "aws", "resources", "live", "plugin", "diff", "score", "price", "who"], &["bytes", "futures", "hex", "hmac", "serde_json", "sha2", "tokio", "tracing"]),
    ("pulls", &["model", "settings", "report"], &["hex", "sha2"]),
    ("jobs", &["model", "memory", "config", "settings", "commands", "code", "state", "aws", "resources", "score", "patch", "report", "github", "outbound", "modules", "store", "queue", "plugin", "scan", "pulls", "who"], &["anyhow", "hex", "jiff", "secrecy", "serde_json", "sha2", "tokio", "tracing"]),
    ("webhook", &["model", "memory", "config", "queue", "store"], &["anyhow", "axum", "bytes", "futures", "hex", "hmac", "http", "secrecy", "serde", "serde_json", "sha2", "tempfile", "thiserror", "tokio", "tracing"]),
    ("web", &["model", "config", "github", "store", "queue", "report"], &["anyhow", "askama", "aws_lc_rs", "axum", "base64", "futures", "governor", "hex", "http", "hyper", "hyper_util", "secrecy", "serde", "serde_json", "serde_saphyr", "thiserror", "tokio", "tracing", "url", "utoipa", "utoipa_axum"]),
    ("standin", &["model"], &["anyhow", "aws_lc_rs", "base64", "bytes", "flate2", "hex", "hmac", "http", "http_body_util", "hyper", "hyper_util", "jiff", "jsonwebtoken", "serde", "serde_json", "sha1", "sha2", "similar", "tar", "tokio", "tracing", "url"]),
    ("cli", &["model", "config", "settings", "commands", "code", "state", "aws", "resources", "live", "plugin", "diff", "score", "price", "patch", "report", "github", "outbound", "store", "queue", "scan", "who", "jobs", "webhook", "web", "standin"], &["anyhow", "clap", "futures", "include_dir", "indicatif", "jiff", "secrecy", "serde", "serde_json", "similar", "tempfile", "tokio", "tracing", "tracing_subscriber", "url"]),
];

/// The outside crates that have a home.
const OUTSIDE: &[&str] = &[
    "aho_corasick",
    "anyhow",
    "apalis",
    "apalis_postgres",
    "apalis_sqlite",
    "askama",
    "aws_config",
    "aws_credential_types",
    "aws_lc_rs",
    "aws_sdk_cloudtrail",
    "aws_sdk_ec2",
    "aws_sdk_iam",
    "aws_sdk_rds",
    "aws_sdk_s3",
    "aws_sdk_sts",
    "aws_smithy_async",
    "aws_smithy_runtime_api",
    "aws_smithy_types",
    "aws_types",
    "axum",
    "base64",
    "bytes",
    "chrono",
    "clap",
    "crc32fast",
    "croner",
    "flate2",
    "futures",
    "governor",
    "granit_parser",
    "hcl_edit",
    "hex",
    "hmac",
    "http",
    "http_body_util",
    "hyper",
    "hyper_util",
    "include_dir",
    "indicatif",
    "jiff",
    "jsonwebtoken",
    "md5",
    "num_bigint",
    "octocrab",
    "plotters",
    "prost",
    "pulldown_cmark",
    "regex",
    "reqwest",
    "rust_decimal",
    "rustix",
    "secrecy",
    "serde",
    "serde_json",
    "serde_saphyr",
    "sha1",
    "sha2",
    "similar",
    "sqlx",
    "tar",
    "tempfile",
    "thiserror",
    "tokio",
    "toml",
    "tracing",
    "tracing_subscriber",
    "tree_sitter",
    "tree_sitter_hcl",
    "unicode_normalization",
    "unicode_segmentation",
    "url",
    "utoipa",
    "utoipa_axum",
    "zip",
];

/// What stands before a folder's name: `crate::`, and in `main.rs` the library's own name.
const ROOTS: &[&str] = &["crate::", concat!(env!("CARGO_PKG_NAME"), "::")];

/// The most lines a source file may have.
const MAX_LINES: usize = 400;

/// Words that say nothing of what they name: an identifier says what a thing is to AWS, GitHub or Terraform.
const FILLERS: &[&str] = &["one", "told", "said", "made", "stands", "wanted"];

#[test]
fn no_identifier_is_a_bare_filler_word() {
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        for (at, line) in without_strings(&text).lines().enumerate() {
            let line = line.split("//").next().unwrap_or_default();
            let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            if let Some(word) = words.find(|word| FILLERS.contains(word)) {
                wrong.push(format!("src/{name}:{}: `{word}`", at + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_folder_keeps_to_its_imports() {
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let folder = name.split('/').next().unwrap().trim_end_matches(".rs");
        if folder == "lib" {
            continue;
        }
        let (_, inside, outside) = RULES
            .iter()
            .find(|rule| rule.0 == folder)
            .unwrap_or_else(|| panic!("src/{folder} has no import rule"));
        for found in ROOTS.iter().flat_map(|root| names_after(root, &text)) {
            if found != folder && !inside.contains(&found.as_str()) {
                wrong.push(format!("{name} imports crate::{found}"));
            }
        }
        for found in OUTSIDE.iter().filter(|found| names_crate(&text, found)) {
            if !outside.contains(found) {
                wrong.push(format!("{name} names {found}"));
            }
        }
        if text.contains("super::super") {
            wrong.push(format!("{name} climbs by super::super: say crate::"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What would take the parser too long, or too much memory, is refused in one place.
#[test]
fn only_one_file_calls_the_parser_of_hcl() {
    let sources = sources().into_iter();
    let callers = sources.filter(|(_, text)| text.contains("parser::parse_"));
    let names: Vec<_> = callers.map(|(name, _)| name).collect();
    assert_eq!(names, ["code/parse.rs"]);
}

#[test]
fn the_import_rules_have_no_cycle() {
    let mut left: Vec<_> = RULES.to_vec();
    while let Some(at) = left
        .iter()
        .position(|rule| rule.1.iter().all(|to| left.iter().all(|r| r.0 != *to)))
    {
        left.remove(at);
    }
    let names: Vec<_> = left.iter().map(|rule| rule.0).collect();
    assert!(names.is_empty(), "these import one another: {names:?}");
}

#[test]
fn no_file_is_too_long() {
    let long: Vec<_> = sources()
        .into_iter()
        .filter(|(_, text)| text.lines().count() > MAX_LINES)
        .collect();
    assert!(
        long.is_empty(),
        "{:?}",
        long.iter().map(|(name, _)| name).collect::<Vec<_>>()
    );
}

#[test]
fn every_resource_type_in_the_folder_is_listed() {
    let listed: BTreeSet<_> = driftguard::resources::ALL
        .iter()
        .map(|known| known.tf_type.to_owned())
        .collect();
    let mut files = units("resources", "rs");
    files.retain(|name| name.starts_with("aws_"));
    assert_eq!(listed, files);
}

#[test]
fn every_slash_command_in_the_folder_is_listed() {
    let listed: BTreeSet<_> = driftguard::commands::ALL
        .iter()
        .map(|command| command.name.replace('-', "_"))
        .collect();
    assert_eq!(listed, units("commands", "rs"));
}

/// Cargo refuses a package that names a program whose file is missing.
#[test]
fn the_image_is_built_with_a_file_for_every_program_of_the_package() {
    let read = |name: &str| fs::read_to_string(src().join("..").join(name)).unwrap();
    let (image, package) = (read("Dockerfile"), read("Cargo.toml"));
    let programs = package.lines().filter_map(|line| {
        let path = line.strip_prefix("path = \"")?;
        path.strip_suffix("/main.rs\"")
    });
    let folders: BTreeSet<_> = image.split_whitespace().collect();
    let missing: Vec<_> = programs
        .filter(|program| !folders.contains(program))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Whether a text names an outside crate: `serde::`, but not `serde_json::` or `tokio_serde::`.
fn names_crate(text: &str, name: &str) -> bool {
    let part_of_a_name = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    text.match_indices(&format!("{name}::"))
        .any(|(at, _)| !text[..at].ends_with(part_of_a_name))
}

/// The names of a folder's files with this ending, `mod` aside.
fn units(folder: &str, ending: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(src().join(folder)).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|found| found == ending) {
            names.insert(path.file_stem().unwrap().to_str().unwrap().to_owned());
        }
    }
    names.remove("mod");
    names
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Adds every file of Rust in a folder, and below it.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

/// Every source file: its path under `src`, and its text with the comment lines left empty.
fn sources() -> Vec<(String, String)> {
    let src = src();
    let mut files = Vec::new();
    walk(&src, &mut files);
    let text = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        text.lines()
            .map(|line| {
                if line.trim_start().starts_with("//") {
                    ""
                } else {
                    line
                }
            })
            .map(|line| format!("{line}\n"))
            .collect()
    };
    files
        .iter()
        .map(|path| {
            (
                path.strip_prefix(&src).unwrap().display().to_string(),
                text(path),
            )
        })
        .collect()
}

/// A source without the content of its strings; its lines stay.
fn without_strings(text: &str) -> String {
    let (mut rest, mut kept) = (text, String::new());
    while let Some(c) = rest.chars().next() {
        let raw = rest
            .strip_prefix('r')
            .map(|rest| rest.trim_start_matches('#'));
        let in_name = kept.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let length = if rest.starts_with("'\"'") {
            3
        } else if let Some(opened) = raw.filter(|raw| raw.starts_with('"') && !in_name) {
            let start = rest.len() - opened.len();
            let end = format!("\"{}", "#".repeat(start - 1));
            let found = opened[1..].find(&end);
            found.map_or(rest.len(), |at| start + 1 + at + end.len())
        } else if c == '"' {
            let bytes = rest.as_bytes();
            let mut at = 1;
            while at < bytes.len() && bytes[at] != b'"' {
                at += 1 + usize::from(bytes[at] == b'\\');
            }
            at + 1
        } else {
            kept.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        };
        let (string, after) = rest.split_at(length.min(rest.len()));
        kept.extend(string.chars().filter(|c| *c == '\n'));
        rest = after;
    }
    kept
}

/// The names right after `root`, those in `root{a, b::{c, d}}` too.
fn names_after(root: &str, text: &str) -> BTreeSet<String> {
    let ends_a_name = |c: char| !c.is_alphanumeric() && c != '_';
    let mut names = BTreeSet::new();
    for rest in text.split(root).skip(1) {
        let (mut depth, mut outer) = (0, String::new());
        for c in rest.chars() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                c if depth <= 1 => outer.push(c),
                _ => {}
            }
            if depth <= 0 && ends_a_name(c) {
                break;
            }
        }
        let name = |item: &str| item.trim().split(ends_a_name).next().map(str::to_owned);
        names.extend(
            outer
                .split(',')
                .filter_map(name)
                .filter(|name| !name.is_empty()),
        );
    }
    names
}

/// What the page about threats says to hold, it says by which test: each is there.
#[test]
fn the_threat_model_names_tests_that_there_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    walk(&root.join("src"), &mut files);
    walk(&root.join("tests"), &mut files);
    let code = files.iter().map(|file| fs::read_to_string(file).unwrap());
    let code: String = code.collect();
    let page = fs::read_to_string(root.join("docs/threat-model.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_suffix(" |"));
    let tests = rows.filter_map(|row| row.rsplit_once(" | ").map(|(_, tests)| tests));
    let named: BTreeSet<_> = tests
        .flat_map(|tests| tests.split('`').skip(1).step_by(2))
        .collect();
    assert!(named.len() > 40, "{named:?}");
    let missing = named.into_iter().filter(|name| {
        !code.contains(&format!("fn {name}(")) && !code.contains(&format!("fn {name}<"))
    });
    assert_eq!(missing.collect::<Vec<_>>(), [""; 0]);
}
