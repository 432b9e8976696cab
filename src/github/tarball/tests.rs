//! Tests what is kept of an archive, what is skipped, and where unpacking stops.

use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

const MIB: usize = 1024 * 1024;

/// Builds an archive of entries, each with its type.
fn archive(entries: &[(EntryType, &str, Vec<u8>)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (kind, path, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_cksum();
        archive.append(&header, content.as_slice()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

fn pack(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let files = files.iter();
    let entries = files.map(|(path, content)| (EntryType::Regular, *path, content.clone()));
    archive(&entries.collect::<Vec<_>>())
}

/// Generates incompressible bytes from a counter.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

fn paths(tree: &Tree) -> Vec<&str> {
    tree.files.keys().map(String::as_str).collect()
}

fn too_large(archive: &[u8]) -> String {
    match unpack(archive).unwrap_err() {
        ArchiveError::TooLarge(message) => message,
        error => panic!("{error}"),
    }
}

#[test]
fn files_are_read_as_they_are_and_nothing_leads_out() {
    let archive = pack(&[
        ("acme-shop-1/a b/main.tf", b"a = 1\r\n".to_vec()),
        ("acme-shop-1/photo.png", b"png".to_vec()),
        ("acme-shop-1/../../etc/x.tf", b"no".to_vec()),
        ("/etc/y.tf", b"y".to_vec()),
    ]);
    let tree = unpack(archive.as_slice()).unwrap();
    assert_eq!(paths(&tree), ["a b/main.tf", "etc/y.tf"]);
    assert_eq!(tree.text("a b/main.tf"), Some("a = 1\r\n"));
}

#[test]
fn a_plain_archive_keeps_its_folders_and_nothing_leads_out() {
    let archive = pack(&[
        ("./main.tf", b"a = 1".to_vec()),
        ("modules/a/main.tf", b"b = 1".to_vec()),
        ("../../etc/x.tf", b"no".to_vec()),
        ("/etc/y.tf", b"no".to_vec()),
        ("a/../../z.tf", b"no".to_vec()),
    ]);
    let tree = unpack_as(archive.as_slice(), Layout::Plain).unwrap();
    assert_eq!(paths(&tree), ["main.tf", "modules/a/main.tf"]);
}

#[test]
fn what_is_no_archive_is_an_error() {
    let archive = pack(&[("x/main.tf", noise(1000))]);
    for wrong in [b"hello".as_slice(), &archive[..archive.len() / 2], b""] {
        let error = unpack(wrong).unwrap_err();
        assert!(matches!(error, ArchiveError::Damaged(_)), "{error}");
    }
}

#[test]
fn long_names_are_read_in_both_forms_and_huge_ones_passed_over() {
    let long = format!("x/{}main.tf", "deep/".repeat(40));
    let gnu = (
        EntryType::GNULongName,
        "././@LongLink",
        [long.as_bytes(), b"\0"].concat(),
    );
    let record = format!(" path={long}\n");
    let record = format!("{}{record}", record.len() + 3);
    let posix = (EntryType::XHeader, "x/pax", record.into_bytes());
    let file = |name| (EntryType::Regular, name, b"a = 1".to_vec());
    let huge = |kind| (kind, "x/huge", vec![b'a'; 20 * MIB]);
    for name in [gnu, posix] {
        let archive = archive(&[name, file("x/cut"), file("x/other.tf")]);
        let tree = unpack(archive.as_slice()).unwrap();
        assert_eq!(paths(&tree), [&long[2..], "other.tf"]);
    }
    for kind in [EntryType::GNULongName, EntryType::XHeader] {
        let archive = archive(&[huge(kind), file("x/cut.tf"), file("x/other.tf")]);
        let tree = unpack(archive.as_slice()).unwrap();
        assert_eq!(paths(&tree), ["other.tf"], "{kind:?}");
    }
}

#[test]
fn the_last_of_two_entries_with_one_path_counts_and_costs() {
    let noise = noise(3 * MIB);
    let large = |last: u8| [noise.as_slice(), &[last]].concat();
    let many: Vec<_> = (0..40).map(|last| ("x/main.tf", large(last))).collect();
    let tree = unpack(pack(&many).as_slice()).unwrap();
    assert_eq!(tree.files["main.tf"].last(), Some(&39));
    let link = (EntryType::Symlink, "x/main.tf", Vec::new());
    let file = (EntryType::Regular, "x/main.tf", b"a".to_vec());
    let tree = unpack(archive(&[file.clone(), link.clone()]).as_slice()).unwrap();
    assert!(tree.files.is_empty() && tree.links.contains_key("main.tf"));
    let tree = unpack(archive(&[link, file]).as_slice()).unwrap();
    assert!(tree.files.contains_key("main.tf") && tree.links.is_empty());
}

#[test]
fn a_bomb_is_refused_soon_and_never_held() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    let mut header = tar::Header::new_gnu();
    header.set_size(1 << 30);
    header.set_path("x/zeros.bin").unwrap();
    header.set_cksum();
    packed.write_all(header.as_bytes()).unwrap();
    for _ in 0..200 {
        packed.write_all(&vec![0; MIB]).unwrap();
    }
    let bomb = packed.finish().unwrap();
    assert!(bomb.len() < MIB);
    assert!(too_large(&bomb).contains("100 times its size"));
}

#[test]
fn more_code_than_is_held_is_refused_with_the_limit() {
    let names: Vec<_> = (0..12).map(|number| format!("x/{number}.tf")).collect();
    let files: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), noise(3 * MIB)))
        .collect();
    assert!(too_large(&pack(&files)).contains("more than 32 MiB of Terraform code"));
    let tree = unpack(pack(&files[..10]).as_slice()).unwrap();
    assert_eq!(tree.files.len(), 10);
}

#[test]
fn of_other_files_the_largest_are_left_out() {
    let mut files = vec![
        ("x/main.tf", b"a = 1".to_vec()),
        ("x/policy.json", b"{}".to_vec()),
    ];
    let names: Vec<_> = (0..8)
        .map(|number| format!("x/data-{number}.json"))
        .collect();
    files.extend(names.iter().map(|name| (name.as_str(), noise(3 * MIB))));
    files.push(("x/script.sh", b"true".to_vec()));
    files.push(("x/huge.json", noise(5 * MIB)));
    let tree = unpack(pack(&files).as_slice()).unwrap();
    for kept in ["main.tf", "policy.json", "script.sh"] {
        assert!(tree.files.contains_key(kept), "{kept}");
    }
    assert!(cost(&tree) < 16 * MIB as u64, "{}", cost(&tree));
    assert!(tree.too_large.is_empty(), "nobody misses them");
}

#[test]
fn code_that_is_too_large_is_named_and_a_state_may_be_larger() {
    let archive = pack(&[
        ("x/generated.tf", noise(4 * MIB + 1)),
        ("x/terraform.tfstate", noise(6 * MIB)),
    ]);
    let tree = unpack(archive.as_slice()).unwrap();
    assert_eq!(paths(&tree), ["terraform.tfstate"]);
    assert_eq!(tree.too_large["generated.tf"], 4 * MIB as u64 + 1);
}

#[test]
fn a_size_that_is_only_claimed_costs_nothing() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    for size in [u64::MAX, 1 << 40, 4 << 20] {
        let mut header = tar::Header::new_gnu();
        header.set_size(size);
        header.set_path("x/main.tf").unwrap();
        header.set_cksum();
        packed.write_all(header.as_bytes()).unwrap();
    }
    assert!(unpack(packed.finish().unwrap().as_slice()).is_err());
}
