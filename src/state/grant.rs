//! Writes the IAM statements that let a role read states in S3: their objects, and the keys that encrypt them.

use crate::model::Region;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The object of a state in S3, or the prefix of several.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StateObject {
    /// The bucket.
    pub bucket: String,
    /// The object's key, or the prefix without a trailing slash.
    pub key: String,
    /// Whether the key names an object or a prefix.
    pub extent: Extent,
    /// The bucket's region; `None` where the code does not name it.
    pub region: Option<Region>,
    /// The KMS key that encrypts the object, as the code names it.
    pub kms_key: Option<String>,
}

/// Whether a key names an object or a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// An object, and the lock file beside it.
    Object,
    /// All objects below a prefix.
    Below,
    /// An object that is looked for by listing, since S3 tells nobody else that there is none.
    ListedObject,
    /// All objects below a prefix, which are listed: the states of all workspaces.
    ListedBelow,
    /// Either: a person wrote it without saying which.
    Either,
}

/// The suffix of Terraform's lock files.
const LOCK_SUFFIX: &str = ".tflock";
/// The suffix of state files, which tells an object from a prefix.
const STATE_SUFFIX: &str = ".tfstate";

impl StateObject {
    /// Parses `s3://bucket/prefix`.
    ///
    /// # Errors
    /// Shows the form of such a location.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no place of states: write it as in s3://bucket/prefix");
        let place = text
            .strip_prefix("s3://")
            .and_then(|rest| rest.split_once('/'));
        let (bucket, path) = place.ok_or_else(wrong)?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
        let key = path.trim_end_matches('*').trim_end_matches('/');
        if bucket.is_empty() || !bucket.bytes().all(plain) || key.is_empty() {
            return Err(wrong());
        }
        let extent = if path.len() > key.len() {
            Extent::Below
        } else if key.ends_with(STATE_SUFFIX) {
            Extent::Object
        } else {
            Extent::Either
        };
        Ok(Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            extent,
            region: None,
            kms_key: None,
        })
    }

    /// Returns the number of folders between the bucket and the object.
    fn depth(&self) -> usize {
        self.key.matches('/').count()
    }

    /// Returns the prefix of the object's folder at this depth.
    fn widened(&self, depth: usize) -> Self {
        if self.depth() < depth || self.listed_prefix().is_some() {
            return self.clone();
        }
        let folders: Vec<_> = self.key.split('/').take(depth).collect();
        Self {
            key: folders.join("/"),
            extent: Extent::Below,
            ..self.clone()
        }
    }

    fn partition(&self) -> &'static str {
        self.region.as_ref().map_or("aws", Region::partition)
    }

    fn bucket_arn(&self) -> String {
        format!("arn:{}:s3:::{}", self.partition(), literal(&self.bucket))
    }

    /// Returns the prefix that is listed; `None` where nothing is.
    fn listed_prefix(&self) -> Option<String> {
        match self.extent {
            Extent::ListedObject => Some(literal(&self.key)),
            Extent::ListedBelow => Some(format!("{}/", literal(&self.key))),
            Extent::Object | Extent::Below | Extent::Either => None,
        }
    }

    fn arns(&self) -> Vec<String> {
        let bucket = self.bucket_arn();
        let key = literal(&self.key);
        let below = match self.key.as_str() {
            "" => format!("{bucket}/*"),
            _ => format!("{bucket}/{key}/*"),
        };
        let object = [
            format!("{bucket}/{key}"),
            format!("{bucket}/{key}{LOCK_SUFFIX}"),
        ];
        match self.extent {
            Extent::Object | Extent::ListedObject => object.into(),
            Extent::Below | Extent::ListedBelow => vec![below],
            Extent::Either => object.into_iter().chain([below]).collect(),
        }
    }

    /// Returns the ARN of the KMS key; `None` where the code names no key, or names it by an alias, which policies
    /// cannot.
    fn kms_key_arn(&self) -> Option<String> {
        let named = self.kms_key.as_deref()?;
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let parts: Vec<_> = named.split(':').collect();
        if let ["arn", _, "kms", region, account, key] = parts.as_slice()
            && let Some(id) = key.strip_prefix("key/")
            && [*region, *account, id]
                .iter()
                .all(|part| !part.is_empty() && plain(part))
        {
            return Some(named.to_owned());
        }
        let region = self.region.as_ref().map_or("*", Region::as_str);
        (!named.is_empty() && plain(named))
            .then(|| format!("arn:{}:kms:{region}:*:key/{named}", self.partition()))
    }

    /// Returns the value of `kms:ViaService` for S3.
    fn service(&self) -> String {
        let region = self.region.as_ref().map_or("*", Region::as_str);
        let suffix = match self.partition() {
            "aws-cn" => "amazonaws.com.cn",
            _ => "amazonaws.com",
        };
        format!("s3.{region}.{suffix}")
    }
}

/// Returns the policy statements that let a role read these objects, and nothing else.
pub fn statements(objects: &BTreeSet<StateObject>) -> Vec<Value> {
    if objects.is_empty() {
        return Vec::new();
    }
    let arns: BTreeSet<_> = objects.iter().flat_map(StateObject::arns).collect();
    let mut statements = vec![json!({
        "Sid": "ReadTheStates",
        "Effect": "Allow",
        "Action": ["s3:GetObject"],
        "Resource": arns,
    })];
    let mut by_key: BTreeMap<bool, Vec<&StateObject>> = BTreeMap::new();
    for object in objects {
        let is_known = object.kms_key_arn().is_some();
        by_key.entry(is_known).or_default().push(object);
    }
    statements.extend(by_key.values().map(|objects| decrypt(objects)));
    statements.extend(list(objects));
    statements
}

/// Returns the statement that lets a role list the workspaces of stacks; `None` where none is listed.
fn list(objects: &BTreeSet<StateObject>) -> Option<Value> {
    let listed = objects.iter().filter_map(|object| {
        let prefix = object.listed_prefix()?;
        Some((object.bucket_arn(), prefix))
    });
    let (buckets, prefixes): (BTreeSet<_>, BTreeSet<_>) = listed.unzip();
    (!buckets.is_empty()).then(|| {
        json!({
            "Sid": "ListTheWorkspaces",
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": buckets,
            "Condition": {"StringLike": {"s3:prefix": prefixes}},
        })
    })
}

/// Returns the statement that lets a role decrypt these objects, through S3 and for their buckets only.
fn decrypt(objects: &[&StateObject]) -> Value {
    let keys: BTreeSet<_> = objects
        .iter()
        .filter_map(|object| object.kms_key_arn())
        .collect();
    let (sid, keys) = match keys.is_empty() {
        // Whichever key the bucket has: those of other buckets' objects do not have its context.
        true => ("DecryptTheStates", BTreeSet::from(["*".to_owned()])),
        false => ("DecryptTheStatesWithTheirKeys", keys),
    };
    let services: BTreeSet<_> = objects.iter().map(|object| object.service()).collect();
    // The bucket itself where it has a key of its own for its objects (an S3 Bucket Key), else the object.
    let contexts: BTreeSet<_> = objects
        .iter()
        .map(|object| object.bucket_arn())
        .flat_map(|bucket| [format!("{bucket}/*"), bucket])
        .collect();
    json!({
        "Sid": sid,
        "Effect": "Allow",
        "Action": ["kms:Decrypt"],
        "Resource": keys,
        "Condition": {"StringLike": {
            "kms:ViaService": services,
            "kms:EncryptionContext:aws:s3:arn": contexts,
        }},
    })
}

/// Returns ever shorter lists of prefixes that cover the objects: the objects themselves, then their folders from the
/// deepest up to whole buckets.
pub fn widening(objects: &BTreeSet<StateObject>) -> impl Iterator<Item = BTreeSet<StateObject>> {
    let deepest = objects
        .iter()
        .map(StateObject::depth)
        .max()
        .unwrap_or_default();
    let wider = (0..=deepest)
        .rev()
        .map(move |depth| objects.iter().map(|object| object.widened(depth)).collect());
    std::iter::once(objects.clone()).chain(wider)
}

/// Escapes a name so that a policy matches it literally.
fn literal(name: &str) -> String {
    name.chars().fold(String::new(), |mut text, c| {
        match c {
            '*' | '?' | '$' => text.extend(['$', '{', c, '}']),
            c => text.push(c),
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(key: &str, region: Option<&str>, kms_key: Option<&str>) -> StateObject {
        StateObject {
            region: region.and_then(Region::new),
            kms_key: kms_key.map(str::to_owned),
            ..StateObject::parse(&format!("s3://acme/{key}")).unwrap()
        }
    }

    #[test]
    fn a_place_is_an_object_a_folder_or_either() {
        for (text, arns) in [
            (
                "s3://acme/a/b.tfstate",
                vec![
                    "arn:aws:s3:::acme/a/b.tfstate",
                    "arn:aws:s3:::acme/a/b.tfstate.tflock",
                ],
            ),
            ("s3://acme/a/", vec!["arn:aws:s3:::acme/a/*"]),
            ("s3://acme/a/*", vec!["arn:aws:s3:::acme/a/*"]),
            (
                "s3://acme/a",
                vec![
                    "arn:aws:s3:::acme/a",
                    "arn:aws:s3:::acme/a.tflock",
                    "arn:aws:s3:::acme/a/*",
                ],
            ),
            (
                "s3://acme/a?*$/x.tfstate",
                vec![
                    "arn:aws:s3:::acme/a${?}${*}${$}/x.tfstate",
                    "arn:aws:s3:::acme/a${?}${*}${$}/x.tfstate.tflock",
                ],
            ),
        ] {
            assert_eq!(StateObject::parse(text).unwrap().arns(), arns, "{text}");
        }
        for text in [
            "s3://acme",
            "s3://acme/",
            "s3://acme/*",
            "s3:///a",
            "acme/a",
            "s3://a*/b",
            "https://acme/a",
        ] {
            assert!(
                StateObject::parse(text)
                    .unwrap_err()
                    .contains("s3://bucket/prefix"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_state_is_decrypted_through_s3_for_its_own_bucket_with_its_own_key_where_that_is_known() {
        const KEY: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
        let arn = format!("arn:aws:kms:eu-west-1:123456789012:key/{KEY}");
        for (region, kms_key, resource, service) in [
            (
                Some("eu-west-1"),
                Some(arn.as_str()),
                arn.clone(),
                "s3.eu-west-1.amazonaws.com",
            ),
            (
                Some("eu-west-1"),
                Some(KEY),
                format!("arn:aws:kms:eu-west-1:*:key/{KEY}"),
                "s3.eu-west-1.amazonaws.com",
            ),
            (
                None,
                Some("alias/state"),
                "*".to_owned(),
                "s3.*.amazonaws.com",
            ),
            (
                None,
                Some("arn:aws:kms:*:*:key/*"),
                "*".to_owned(),
                "s3.*.amazonaws.com",
            ),
            (None, None, "*".to_owned(), "s3.*.amazonaws.com"),
            (
                Some("cn-north-1"),
                None,
                "*".to_owned(),
                "s3.cn-north-1.amazonaws.com.cn",
            ),
        ] {
            let statements = statements(&BTreeSet::from([object("a.tfstate", region, kms_key)]));
            let [_, decrypt] = statements.as_slice() else {
                panic!("{statements:?}");
            };
            assert_eq!(decrypt["Resource"], json!([resource]));
            let condition = &decrypt["Condition"]["StringLike"];
            assert_eq!(condition["kms:ViaService"], json!([service]));
            let contexts = condition["kms:EncryptionContext:aws:s3:arn"]
                .as_array()
                .unwrap();
            assert!(
                contexts
                    .iter()
                    .all(|arn| arn.as_str().unwrap().contains(":s3:::acme")),
                "{contexts:?}"
            );
        }
        assert_eq!(statements(&BTreeSet::new()), Vec::<Value>::new());
    }

    #[test]
    fn many_objects_become_their_folders_and_never_another_bucket() {
        let objects = [
            "a/b/1.tfstate",
            "a/b/2.tfstate",
            "a/c/3.tfstate",
            "d.tfstate",
        ];
        let objects: BTreeSet<_> = objects.map(|key| object(key, None, None)).into();
        let arns = |objects: BTreeSet<StateObject>| {
            objects
                .iter()
                .flat_map(StateObject::arns)
                .collect::<Vec<_>>()
        };
        let steps: Vec<_> = widening(&objects).skip(1).map(arns).collect();
        let root = [
            "arn:aws:s3:::acme/d.tfstate",
            "arn:aws:s3:::acme/d.tfstate.tflock",
        ];
        let folders = |folders: &[&'static str]| [folders, &root].concat();
        assert_eq!(
            steps[0],
            folders(&["arn:aws:s3:::acme/a/b/*", "arn:aws:s3:::acme/a/c/*"])
        );
        assert_eq!(steps[1], folders(&["arn:aws:s3:::acme/a/*"]));
        assert_eq!(steps[2], ["arn:aws:s3:::acme/*"]);
        assert_eq!(steps.len(), 3);
    }
}
