//! What becomes of a resource that a provider reads, however it behaves.

use super::fake::{LOGGED, SCHEMAS_FIRST, TYPE, program};
use driftguard::model::{
    AccountId, Attributes, PlannedChanges, ProviderKey, ProviderTags, Reading, Reason, Redactor,
    Region, Resource, UnsealedState, Value,
};
use driftguard::plugin::{
    AwsTarget, Credentials, Deadline, Launch, Limits, ProviderReading, Reader, Request, Sandbox,
    SchemaMemory, Target,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

const RECORDED: &str = r#"{"id": "q", "arn": "arn:aws:sqs:eu-west-1:123456789012:q", "name": "q",
    "visibility_timeout_seconds": 30, "policy": null, "secret": "hunter2-recorded", "tags": null, "tags_all": {}}"#;
const KEY: &[u8] = b"key";

fn resource() -> Resource {
    let recorded: Attributes = serde_json::from_str(RECORDED).unwrap();
    Resource {
        address: format!("{TYPE}.orders").parse().unwrap(),
        provider: ProviderKey {
            module: String::new(),
            name: "aws".to_owned(),
            alias: None,
        },
        id: "q".to_owned(),
        attributes: Redactor::new(KEY).redact(recorded),
    }
}

/// Reads one queue through a provider that behaves so.
async fn read(folder: &Path, behaviour: &str, live: &str) -> ProviderReading {
    read_in(program(folder, behaviour, live), Sandbox::Caller, behaviour).await
}

/// Reads one queue through this program, confined so.
pub async fn read_in(binary: PathBuf, sandbox: Sandbox, behaviour: &str) -> ProviderReading {
    read_by(binary, sandbox, behaviour, Arc::default()).await
}

/// The same, where these schemas are known.
async fn read_by(
    binary: PathBuf,
    sandbox: Sandbox,
    behaviour: &str,
    schemas: Arc<SchemaMemory>,
) -> ProviderReading {
    let redactor = Redactor::new(KEY);
    let reader = Reader {
        launch: Launch {
            binary,
            sandbox,
            environment: Vec::new(),
            endpoint: None,
            logs_calls: false,
        },
        target: Target::Aws(AwsTarget {
            account: AccountId::new("123456789012").unwrap(),
            region: Region::new("eu-west-1").unwrap(),
            credentials: Credentials {
                access_key: "AKIAIOSFODNN7EXAMPLE".to_owned(),
                secret_key: "the-secret-key".into(),
                token: Some("the-token".into()),
            },
            tags: ProviderTags::default(),
        }),
        redactor: &redactor,
        schemas,
        deadline: Deadline::start(),
        limits: Limits {
            start: Duration::from_secs(20),
            call: Duration::from_secs(20),
            // Only who hangs is given up on: a machine may be slow.
            read: match behaviour {
                "hang" | "drip" => Duration::from_secs(3),
                _ => Duration::from_secs(120),
            },
        },
    };
    let resource = resource();
    let state = UnsealedState {
        source: None,
        schema_version: 1,
        attributes: RECORDED.to_owned(),
        private: Vec::new(),
    };
    let request = Request {
        resource: &resource,
        state: Some(&state),
        declared: None,
        before: None,
        is_located: true,
        native: None,
    };
    let mut found = reader.read(&[request]).await.readings;
    assert_eq!(found.len(), 1);
    found.remove(0)
}

async fn reason(behaviour: &str) -> Reason {
    let folder = TempDir::new().unwrap();
    match read(folder.path(), behaviour, "{}").await.reading {
        Reading::Unknown(reason) => reason,
        other => panic!("{behaviour}: {other:?}"),
    }
}

#[tokio::test]
async fn what_changed_in_aws_is_drift_and_what_did_not_is_none() {
    let folder = TempDir::new().unwrap();
    let found = read(folder.path(), "ok", "{}").await;
    assert_eq!(found.planned, Some(PlannedChanges::default()));
    let live = r#"{"visibility_timeout_seconds": 90, "policy": "{}"}"#;
    let found = read(folder.path(), "ok", live).await;
    let drift: Vec<_> = found.planned.unwrap().drift.into_iter().collect();
    assert_eq!(
        drift,
        ["visibility_timeout_seconds"],
        "the policy is AWS's to set"
    );
    let Reading::Found(attributes) = found.reading else {
        panic!("{:?}", found.reading);
    };
    assert_eq!(attributes["visibility_timeout_seconds"], Value::from(90));
}

#[tokio::test]
async fn a_provider_tells_its_schemas_once_as_long_as_its_program_stays() {
    let folder = TempDir::new().unwrap();
    let known = Arc::<SchemaMemory>::default();
    let asked = || {
        let asked = std::fs::read_to_string(folder.path().join("asked"));
        asked.unwrap_or_default().len()
    };
    let read = async |binary: &Path, behaviour: &str| {
        let reading = read_by(binary.to_owned(), Sandbox::Caller, behaviour, known.clone());
        let found = reading.await;
        assert!(matches!(found.reading, Reading::Found(_)), "{found:?}");
    };
    let binary = program(folder.path(), "ok", "{}");
    read(&binary, "ok").await;
    read(&binary, "ok").await;
    assert_eq!(asked(), 1);
    let binary = program(folder.path(), "ok", r#"{"policy": "another program"}"#);
    read(&binary, "ok").await;
    assert_eq!(asked(), 2, "another program");
    let binary = program(folder.path(), SCHEMAS_FIRST, "{}");
    read(&binary, SCHEMAS_FIRST).await;
    read(&binary, SCHEMAS_FIRST).await;
    assert_eq!(asked(), 4, "it may not answer otherwise");
}

#[tokio::test]
async fn a_secret_that_was_read_is_a_fingerprint_at_once() {
    let folder = TempDir::new().unwrap();
    let live = r#"{"secret": "hunter2-live", "policy": "password=hunter2-pwd"}"#;
    let found = read(folder.path(), "ok", live).await;
    let Reading::Found(attributes) = &found.reading else {
        panic!("{:?}", found.reading);
    };
    assert_eq!(
        attributes["secret"],
        Redactor::new(KEY).fingerprint(&"hunter2-live".into())
    );
    assert!(!format!("{found:?}").contains("hunter2"), "{found:?}");
}

#[tokio::test]
async fn what_is_missing_is_deleted_only_where_aws_was_asked_and_denied_nothing() {
    let folder = TempDir::new().unwrap();
    let found = read(folder.path(), "null", "{}").await;
    assert_eq!(found.reading, Reading::Absent);
    assert!(matches!(
        reason("null, denied").await,
        Reason::Denied { .. }
    ));
    assert!(matches!(
        reason("null, asked nothing").await,
        Reason::Failed { .. }
    ));
}

#[tokio::test]
async fn an_error_is_told_with_the_action_and_without_secrets() {
    let denied = reason("denied").await;
    assert_eq!(
        denied.missing_action(),
        Some("sqs:GetQueueAttributes"),
        "{denied}"
    );
    let failed = reason("error").await.to_string();
    assert!(
        failed.contains("reading SQS Queue") && !failed.contains("hunter2"),
        "{failed}"
    );
}

#[tokio::test]
async fn a_provider_that_misbehaves_makes_the_resource_unknown_with_its_reason() {
    for (behaviour, part) in [
        ("no handshake", "no handshake"),
        ("version 7", "version 7"),
        ("elsewhere", "outside of its own folder"),
        ("ends", "ended"),
        ("garbage", "cannot be decoded"),
        ("huge", "larger than 16 MiB"),
        ("hang", "within 3 seconds"),
        ("drip", "within 3 seconds"),
        ("link", "outside of its own folder"),
        ("deep", "nested too deep"),
        ("deep in JSON", "type that the provider's schema tells"),
        ("many parts", "too many parts"),
        ("many diagnostics", "not one of the protocol's"),
        ("crash", "ended twice"),
        ("older schema", "newer version of the provider"),
    ] {
        let reason = reason(behaviour).await.to_string();
        assert!(reason.contains(part), "{behaviour}: {reason}");
        assert!(!reason.contains(LOGGED), "{behaviour}: {reason}");
    }
}

/// What is only much, or said twice, is no reason not to read.
#[tokio::test]
async fn a_provider_that_says_too_much_is_read_all_the_same() {
    for behaviour in ["flood", "two handshakes", "100,000 attributes"] {
        let folder = TempDir::new().unwrap();
        let found = read(folder.path(), behaviour, "{}").await;
        assert!(
            matches!(found.reading, Reading::Found(_)),
            "{behaviour}: {:?}",
            found.reading
        );
        assert!(!format!("{found:?}").contains(LOGGED), "{behaviour}");
    }
}

#[tokio::test]
async fn after_a_crash_the_provider_is_started_once_more() {
    let folder = TempDir::new().unwrap();
    let found = read(folder.path(), "crash once", "{}").await;
    assert_eq!(
        found.planned,
        Some(PlannedChanges::default()),
        "{:?}",
        found.reading
    );
}

/// The environment, the arguments and the descriptors of a provider are all that it gets; credentials are in its
/// configuration alone.
#[tokio::test]
async fn a_provider_is_given_nothing_of_its_parent() {
    let folder = TempDir::new().unwrap();
    let found = read(folder.path(), "spy", "{}").await;
    assert!(
        matches!(found.reading, Reading::Found(_)),
        "{:?}",
        found.reading
    );
    let given = std::fs::read_to_string(folder.path().join("given")).unwrap();
    let mut names: Vec<_> = given
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name)
        .filter(|name| {
            !name.starts_with("FAKE_") && !["PWD", "OLDPWD", "SHLVL", "_"].contains(name)
        })
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "AWS_CONFIG_FILE",
            "AWS_EC2_METADATA_DISABLED",
            "AWS_SHARED_CREDENTIALS_FILE",
            "CHECKPOINT_DISABLE",
            "HOME",
            "PLUGIN_PROTOCOL_VERSIONS",
            "PLUGIN_UNIX_SOCKET_DIR",
            "TF_LOG_PROVIDER_AWS",
            "TF_LOG_SDK",
            "TF_PLUGIN_MAGIC_COOKIE",
            "TMPDIR",
        ]
    );
    assert!(
        !given.contains("the-secret-key") && !given.contains("the-token"),
        "{given}"
    );
    let home = given
        .lines()
        .find(|line| line.starts_with("HOME="))
        .unwrap();
    assert!(home.contains("driftguard-provider-"), "{home}");
    // Descriptors: no file, no socket that was open in the parent.
    let files = given.lines().filter(|line| line.starts_with('/'));
    let of_parent: Vec<_> = files
        .filter(|file| {
            let is_own = file.contains("/deps/") || file.contains("/driftguard-suite");
            !file.starts_with("/dev/") && !file.starts_with("/proc/") && !is_own
        })
        .collect();
    assert_eq!(of_parent, [""; 0]);
    let configuration = std::fs::read_to_string(folder.path().join("configuration")).unwrap();
    let bytes = "the-secret-key".bytes().map(|byte| byte.to_string());
    assert!(configuration.contains(&bytes.collect::<Vec<_>>().join(", ")));
}

#[tokio::test]
async fn no_provider_outlives_the_reading() {
    let folder = TempDir::new().unwrap();
    read(folder.path(), "ok", "{}").await;
    let name = folder.path().display().to_string();
    for _ in 0..50 {
        let left = std::fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .any(|process| {
                let environment = std::fs::read(process.path().join("environ"));
                environment.is_ok_and(|text| String::from_utf8_lossy(&text).contains(&name))
            });
        if !left {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("a provider of {name} still runs");
}
