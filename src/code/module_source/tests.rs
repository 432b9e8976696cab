//! Tests the forms of module sources.

use super::*;

fn git(repository: &str, reference: &str, folder: &str) -> ModuleSource {
    ModuleSource {
        package: Package::Git(GitPackage {
            host: "github.com".to_owned(),
            repository: repository.to_owned(),
            reference: Some(reference.to_owned()).filter(|name| !name.is_empty()),
        }),
        folder: folder.to_owned(),
    }
}

#[test]
fn each_form_of_a_github_repository_is_one() {
    for (source, expected) in [
        ("github.com/a/b", git("a/b", "", "")),
        ("github.com/a/b.git?ref=v1", git("a/b", "v1", "")),
        ("github.com/a/b//c/d?ref=v1.2", git("a/b", "v1.2", "c/d")),
        ("github.com/a/b/c/d", git("a/b", "", "c/d")),
        ("git::github.com/a/b//c", git("a/b", "", "c")),
        (
            "git::https://github.com/a/b.git?ref=feature%2Fx&depth=1",
            git("a/b", "feature/x", ""),
        ),
        (
            "git::https://user:token@GitHub.com/a/b.git//./c/",
            git("a/b", "", "c"),
        ),
        ("git@github.com:a/b.git//c?ref=v1", git("a/b", "v1", "c")),
        ("git::git@github.com:a/b.git", git("a/b", "", "")),
        (
            "git::ssh://git@github.com/a/b.git?ref=v1",
            git("a/b", "v1", ""),
        ),
        ("git::ssh://git@github.com:22/a/b", git("a/b", "", "")),
        (
            "https://github.com/a/b/archive/refs/tags/v1.tar.gz//b-1/c",
            git("a/b", "v1", "c"),
        ),
        (
            "https://github.com/a/b/archive/main.zip//b-main",
            git("a/b", "main", ""),
        ),
        (
            "https://api.github.com/repos/a/b/tarball/v1//*?archive=tar.gz",
            git("a/b", "v1", ""),
        ),
    ] {
        assert_eq!(ModuleSource::parse(source), expected, "{source}");
    }
}

#[test]
fn a_registrys_module_has_three_names_and_perhaps_a_host() {
    let module = |host: Option<&str>, folder: &str| ModuleSource {
        package: Package::Registry(RegistryPackage {
            host: host.map(str::to_owned),
            name: "a/b/c".to_owned(),
        }),
        folder: folder.to_owned(),
    };
    for (source, expected) in [
        ("a/b/c", module(None, "")),
        ("a/b/c//modules/d", module(None, "modules/d")),
        (
            "App.Example.com/a/b/c//d",
            module(Some("app.example.com"), "d"),
        ),
        ("localhost:8080/a/b/c", module(Some("localhost:8080"), "")),
    ] {
        assert_eq!(ModuleSource::parse(source), expected, "{source}");
    }
}

#[test]
fn an_archive_is_fetched_as_it_is_named_and_told_without_its_token() {
    for (source, address, shown, folder) in [
        (
            "https://m.example.com/a.tar.gz//b?token=x&archive=tgz",
            "https://m.example.com/a.tar.gz?token=x",
            "https://m.example.com/a.tar.gz",
            "b",
        ),
        (
            "https://u:p@m.example.com/file?archive=tar.gz",
            "https://u:p@m.example.com/file",
            "https://m.example.com/file",
            "",
        ),
    ] {
        let found = ModuleSource::parse(source);
        assert_eq!(found.package, Package::Archive(address.to_owned()));
        assert_eq!(
            (found.package.to_string().as_str(), found.folder.as_str()),
            (shown, folder)
        );
    }
}

#[test]
fn everything_else_is_named_without_its_secrets() {
    for (source, shown) in [
        (
            "s3::https://s3.amazonaws.com/b/k.zip?aws_access_key_id=A",
            "s3::https://s3.amazonaws.com/b/k.zip",
        ),
        ("file::/etc/modules", "file::/etc/modules"),
        ("/etc/modules", "/etc/modules"),
        (
            "hg::http://u:p@h.example.com/x",
            "hg::http://h.example.com/x",
        ),
        ("https://m.example.com/a.zip", "https://m.example.com/a.zip"),
        (
            "https://m.example.com/a?terraform-get=1",
            "https://m.example.com/a",
        ),
        (
            "git::https://github.com/a/b.git?ref=../../x",
            "git::https://github.com/a/b.git",
        ),
        ("github.com/a", "github.com/a"),
        ("a/b", "a/b"),
        ("a/b/c/d", "a/b/c/d"),
        ("", ""),
    ] {
        let found = ModuleSource::parse(source).package;
        assert_eq!(found, Package::Other(shown.to_owned()), "{source}");
    }
}
