//! The operator's folder of providers, and the lock file that chooses among its versions.

use driftguard::plugin::{ProviderFolder, SOURCE};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;

/// Opens a folder of providers. What must be unpacked is, below it.
fn open(folder: &Path) -> ProviderFolder {
    ProviderFolder::open(folder, &folder.join("unpacked")).unwrap()
}

/// The platform of this machine, as Terraform names it.
pub fn platform() -> String {
    let system = if cfg!(target_os = "macos") {
        "darwin"
    } else {
        "linux"
    };
    let machine = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "amd64"
    };
    format!("{system}_{machine}")
}

/// Puts a version into a folder.
pub fn put(folder: &Path, version: &str) {
    let platform = platform();
    let package = folder.join(format!(
        "registry.terraform.io/hashicorp/aws/{version}/{platform}"
    ));
    fs::create_dir_all(&package).unwrap();
    fs::write(
        package.join(format!("terraform-provider-aws_v{version}_x5")),
        "program",
    )
    .unwrap();
    fs::write(package.join("LICENSE.txt"), "license").unwrap();
}

pub fn lock(version: &str, hash: &str) -> String {
    format!(
        "provider \"registry.terraform.io/hashicorp/random\" {{\n  version = \"3.0.0\"\n}}\n\n\
         provider \"registry.terraform.io/hashicorp/aws\" {{\n  version     = \"{version}\"\n  constraints = \"~> 5.0\"\n  \
         hashes = [\n    \"{hash}\",\n    \"zh:00\",\n  ]\n}}\n"
    )
}

async fn chosen(folder: &ProviderFolder, lock: &str) -> Result<String, String> {
    folder
        .choose(SOURCE, Some(lock))
        .await
        .map(|chosen| chosen.package.version)
}

#[tokio::test]
async fn the_lock_file_chooses_the_version_and_its_hash_must_agree() {
    let folder = TempDir::new().unwrap();
    for version in ["5.9.0", "5.100.0", "6.1.0"] {
        put(folder.path(), version);
    }
    let folder = open(folder.path());
    let newest = folder.choose(SOURCE, None).await.unwrap();
    assert_eq!(newest.package.version, "6.1.0");
    let wrong = chosen(&folder, &lock("5.9.0", "h1:AAAA"))
        .await
        .unwrap_err();
    let hash = wrong.rsplit(' ').next().unwrap().to_owned();
    assert!(hash.starts_with("h1:"), "{wrong}");
    assert_eq!(
        chosen(&folder, &lock("5.9.0", &hash)).await.unwrap(),
        "5.9.0"
    );
    let unchecked = chosen(&folder, &lock("5.9.0", "zh:11")).await.unwrap_err();
    assert!(
        unchecked.contains("terraform providers lock"),
        "{unchecked}"
    );
}

#[tokio::test]
async fn another_version_of_the_same_major_is_said_and_of_another_major_refused() {
    let folder = TempDir::new().unwrap();
    for version in ["5.9.0", "5.100.0"] {
        put(folder.path(), version);
    }
    let folder = open(folder.path());
    let lock_file = lock("5.50.0", "h1:AAAA");
    let other = folder.choose(SOURCE, Some(&lock_file)).await.unwrap();
    assert_eq!(other.package.version, "5.100.0");
    let note = other.note.unwrap();
    assert!(
        note.contains("5.100.0") && note.contains("5.50.0"),
        "{note}"
    );
    let refused = chosen(&folder, &lock("4.67.0", "h1:AAAA"))
        .await
        .unwrap_err();
    assert!(refused.contains("put 4.67.0 into it"), "{refused}");
}

#[test]
fn a_folder_without_a_provider_is_an_error_that_says_how_to_fill_it() {
    let folder = TempDir::new().unwrap();
    let error = ProviderFolder::open(folder.path(), folder.path())
        .unwrap_err()
        .to_string();
    assert!(error.contains("terraform providers mirror"), "{error}");
    let missing = folder.path().join("none");
    assert!(ProviderFolder::open(&missing, &missing).is_err());
}

/// The hash of the folder whose lines are known.
#[tokio::test]
async fn the_hash_is_terraforms() {
    let folder = TempDir::new().unwrap();
    put(folder.path(), "5.0.0");
    let opened = open(folder.path());
    // base64(sha256("<sha256 of license>  LICENSE.txt\n<sha256 of program>  terraform-provider-aws_v5.0.0_x5\n"))
    let hash = "h1:bubcp8dcarUMCCRu9kqpz7pl5+nYEOXXPq8FBtVFSM0=";
    assert_eq!(
        chosen(&opened, &lock("5.0.0", hash)).await,
        Ok("5.0.0".to_owned())
    );
}

/// Puts a version into a folder as `terraform providers mirror` does. Returns its hash.
fn mirror(folder: &Path, version: &str, name: &str) -> String {
    let provider = folder.join("registry.terraform.io/hashicorp/aws");
    fs::create_dir_all(&provider).unwrap();
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().unix_permissions(0o755);
    zip.start_file(name, options).unwrap();
    zip.write_all(b"program").unwrap();
    let bytes = zip.finish().unwrap().into_inner();
    let archive = format!("terraform-provider-aws_{version}_{}.zip", platform());
    fs::write(provider.join(archive), &bytes).unwrap();
    format!("zh:{}", hex::encode(Sha256::digest(&bytes)))
}

#[tokio::test]
async fn an_archive_of_a_mirror_is_unpacked_once_and_its_hash_must_agree() {
    let folder = TempDir::new().unwrap();
    let hash = mirror(folder.path(), "5.1.0", "terraform-provider-aws_v5.1.0_x5");
    let opened = open(folder.path());
    let named = lock("5.1.0", &hash);
    let chosen = opened.choose(SOURCE, Some(&named)).await.unwrap();
    let binary = chosen.package.binary;
    assert!(
        binary.starts_with(folder.path().join("unpacked")),
        "{binary:?}"
    );
    let mode = fs::metadata(&binary).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
    fs::write(&binary, "unpacked once").unwrap();
    let again = open(folder.path()).choose(SOURCE, None).await.unwrap();
    assert_eq!(fs::read(again.package.binary).unwrap(), b"unpacked once");
    let other = opened
        .choose(SOURCE, Some(&lock("5.1.0", "zh:11")))
        .await
        .unwrap_err();
    assert!(
        other.contains("not the one that the lock file names"),
        "{other}"
    );
}

#[tokio::test]
async fn an_archive_with_a_name_that_leads_out_of_it_is_refused() {
    let folder = TempDir::new().unwrap();
    mirror(
        folder.path(),
        "5.1.0",
        "../terraform-provider-aws_v5.1.0_x5",
    );
    let refused = open(folder.path()).choose(SOURCE, None).await.unwrap_err();
    assert!(refused.contains("leads out of it"), "{refused}");
    let left: Vec<_> = fs::read_dir(folder.path().join("unpacked"))
        .unwrap()
        .collect();
    assert!(left.is_empty(), "{left:?}");
}
