//! What DriftGuard reads of a live resource is what the provider itself wrote when it refreshed its state.
//!
//! Each folder of `tests/parity` holds a stack with every shape that the readers of some services know, the calls with
//! which Terraform made it, and the state after `terraform apply -refresh-only`; `scripts/record-stack
//! tests/parity/SERVICE PROVIDERS` makes those of one service anew.

use axum::http::StatusCode;
use driftguard::aws::{Access, Aws};
use driftguard::diff::Ownership;
use driftguard::live::{self, ReadOptions, Sessions};
use driftguard::model::{
    AccountId, Attributes, Declared, Reading, Redactor, Region, Resource, Schema, Shape,
    UnmanagedResource, Value,
};
use driftguard::resources::{self, ALL, OnDemand, UnmanagedScope};
use driftguard::state;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A recorded stack: its folder below `tests/parity`.
struct Stack(PathBuf);

impl Stack {
    fn name(&self) -> String {
        self.0.file_name().unwrap().to_string_lossy().into_owned()
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.0.join(file)).unwrap()
    }

    /// The state as an apply left it.
    fn applied(&self) -> String {
        self.read("terraform.tfstate")
    }

    /// The state as a refresh wrote it then.
    fn refreshed(&self) -> String {
        self.read("refreshed.tfstate")
    }

    /// AWS with what the stack made there, and nothing else.
    async fn account(&self) -> crate::aws::OwnMoto {
        let aws = crate::aws::moto().await;
        aws.replay(&self.read("account.jsonl")).await.unwrap();
        aws
    }
}

/// The recorded stacks, one for each service or for some that go together.
fn stacks() -> Vec<Stack> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity");
    let folders = std::fs::read_dir(folder).unwrap();
    let mut stacks: Vec<_> = folders
        .map(|entry| Stack(entry.unwrap().path()))
        .filter(|stack| stack.0.join("account.jsonl").exists())
        .collect();
    stacks.sort_by_key(Stack::name);
    assert!(stacks.len() > 1, "no recorded stacks");
    stacks
}

/// What differs for a reason that is not the reader's: type, attribute, why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

/// Attributes that say how a resource is made, or that no API answers of it.
const NOT_READ: &[&str] = &["id", "timeouts", "tags"];

#[tokio::test]
async fn what_is_read_is_what_the_provider_writes() {
    let (mut types, mut wrong) = (BTreeSet::new(), Vec::new());
    for stack in stacks() {
        let aws = stack.account().await;
        let (found, differing, _) = differences(aws.url(), &stack.refreshed()).await;
        types.extend(found);
        wrong.extend(differing);
    }
    let missing: Vec<_> = ALL
        .iter()
        .map(|known| known.tf_type)
        .filter(|tf_type| !types.contains(*tf_type))
        .collect();
    assert_eq!(missing, [""; 0], "types without a resource in tests/parity");
    assert!(
        wrong.is_empty(),
        "{} differences\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// moto knows no images' disks, leaves out half of what AWS says of an instance, and forgets groups: AWS's own answer,
/// shaped by the service's model, with the state that the provider makes of it.
#[tokio::test]
async fn an_instance_is_read_from_awss_own_answer_as_from_motos() {
    // A role made before templates were read lacks that action: then each aspect is asked for by itself.
    for denied in [None, Some("GetLaunchTemplateData")] {
        let (_, wrong, _) = differences(
            &answering(denied).await,
            include_str!("parity/aws/refreshed.tfstate"),
        )
        .await;
        assert!(
            wrong.is_empty(),
            "{} differences\n{}",
            wrong.len(),
            wrong.join("\n")
        );
    }
}

/// What is read in place of another attribute, where the state has it.
const READ_WHERE_RECORDED: &[&str] = &["aws_instance.user_data_base64"];

/// Each attribute that code may set, of every type, at each depth that the stacks here have.
#[tokio::test]
async fn each_settable_attribute_is_read_or_owned_by_a_sibling_or_said_never_to_be_read() {
    let mut read = BTreeSet::new();
    for stack in stacks() {
        let aws = stack.account().await;
        read.extend(differences(aws.url(), &stack.refreshed()).await.2);
    }
    let instance = include_str!("parity/aws/refreshed.tfstate");
    read.extend(differences(&answering(None).await, instance).await.2);
    let older = crate::aws::moto().await;
    older
        .replay(include_str!("older/account.jsonl"))
        .await
        .unwrap();
    let buckets = include_str!("older/refreshed.tfstate");
    read.extend(differences(older.url(), buckets).await.2);
    let catalog = resources::catalog();
    let mut silent = Vec::new();
    for (tf_type, schema) in catalog.iter() {
        let extra = &schema.rules;
        let mut waiting: Vec<_> = schema
            .attributes
            .iter()
            .map(|(name, one)| (name.clone(), one))
            .collect();
        while let Some((path, attribute)) = waiting.pop() {
            let key = format!("{tf_type}.{path}");
            let is_owned = extra.owners.iter().any(|owner| owner.path == path);
            let is_known = NOT_READ.contains(&path.as_str())
                || extra.never_read.contains(&path.as_str())
                || (extra.on_demand.contains(&path.as_str()) && !read.contains(&key))
                || READ_WHERE_RECORDED.contains(&key.as_str())
                || (extra.normalize)(&path, "x".into()).is_null()
                || !attribute.optional;
            if is_known || is_owned {
                continue;
            }
            if !read.contains(&key) {
                silent.push(key);
            } else if let Shape::Block(_, parts) = &attribute.shape {
                // Of a block that no stack here has, nothing tells which parts are read.
                let is_seen = parts
                    .keys()
                    .any(|name| read.contains(&format!("{key}.{name}")));
                let parts = parts.iter().filter(|_| is_seen);
                waiting.extend(parts.map(|(name, part)| (format!("{path}.{name}"), part)));
            }
        }
    }
    assert_eq!(silent, [""; 0]);
}

/// The paths of what is read of a value, without indexes.
fn paths(path: String, value: &Value, read: &mut BTreeSet<String>) {
    match value {
        Value::List(items) => items
            .iter()
            .for_each(|item| paths(path.clone(), item, read)),
        Value::Map(entries) => entries
            .iter()
            .for_each(|(name, value)| paths(format!("{path}.{name}"), value, read)),
        _ => {}
    }
    read.insert(path);
}

/// The types of a state's resources, what is read of them otherwise than the state has it, and the paths of all that is
/// read.
pub async fn differences(
    url: &str,
    state: &str,
) -> (BTreeSet<String>, Vec<String>, BTreeSet<String>) {
    let catalog = resources::catalog();
    let redactor = Redactor::new(b"parity");
    let refreshed =
        state::parse(state.as_bytes(), "refreshed.tfstate", &catalog, &redactor).unwrap();
    let tracked = live::locate(&refreshed.resources, &BTreeMap::new());
    let sessions = Sessions::open(
        &connect(url).await,
        &tracked,
        Region::new("us-east-1").unwrap(),
    )
    .await;
    // As if no code was evaluated: whatever the state sets is read.
    let mut on_demand = OnDemand::new();
    let nothing = Declared::default();
    live::on_demand(&mut on_demand, &refreshed.resources, &nothing, &catalog);
    let options = ReadOptions {
        unmanaged_scope: UnmanagedScope::Off,
        catalog: &catalog,
        redactor: &redactor,
        on_demand: Arc::new(on_demand),
    };
    let live = live::collect(&sessions, tracked, &options).await;
    let read: Vec<_> = live
        .readings
        .into_iter()
        .map(|(tracked, reading)| (tracked.resource, reading))
        .collect();
    let siblings: Vec<_> = read.iter().map(|(resource, _)| *resource).collect();
    let (mut wrong, mut told) = (Vec::new(), BTreeSet::new());
    for (resource, reading) in &read {
        let Some(schema) = catalog.get(resource.tf_type()) else {
            assert!(matches!(reading, Reading::Unknown(_)));
            continue;
        };
        let Reading::Found(live) = reading else {
            wrong.push(format!("{} was not found: {reading:?}", resource.address));
            continue;
        };
        for (name, value) in live {
            paths(format!("{}.{name}", resource.tf_type()), value, &mut told);
        }
        for (name, recorded) in &resource.attributes {
            if is_left_out(resource, name, schema, &siblings) {
                continue;
            }
            let shown = |value: Value| plain(&(schema.rules.normalize)(name, value), name, schema);
            let (wanted, found) = (
                shown(recorded.clone()),
                shown(live.get(name).cloned().unwrap_or_default()),
            );
            if wanted != found {
                wrong.push(format!(
                    "{}: {name}\n  provider {wanted}\n  DriftGuard {found}",
                    resource.address
                ));
            }
        }
    }
    for (tf_type, name, why) in EXCEPTIONS {
        println!("exception: {tf_type}.{name}: {why}");
    }
    let types = siblings
        .iter()
        .map(|resource| resource.tf_type().to_owned());
    (types.collect(), wrong, told)
}

/// A server that gives the answers of tests/parity/aws, but of one action that it denies: its address.
async fn answering(denied: Option<&'static str>) -> String {
    let answer = async move |body: String| {
        let said: BTreeMap<_, _> = url::form_urlencoded::parse(body.as_bytes())
            .into_owned()
            .collect();
        let attribute = said
            .get("Attribute")
            .map(|attribute| format!(".{attribute}"))
            .unwrap_or_default();
        if denied == Some(said["Action"].as_str()) {
            let code = "<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>";
            return (StatusCode::FORBIDDEN, code.to_owned());
        }
        let file = format!(
            "{}/tests/parity/aws/{}{attribute}.xml",
            env!("CARGO_MANIFEST_DIR"),
            said["Action"]
        );
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
        (StatusCode::OK, text)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let routes = axum::Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

#[tokio::test]
async fn an_untouched_stack_of_every_shape_shows_nothing() {
    for stack in stacks() {
        let aws = stack.account().await;
        let checkout = crate::aws::Checkout::new();
        let scan = |state: &str| {
            checkout.write("given.tfstate", state);
            let arguments = ["scan", "--state", "given.tfstate", "--format", "json"];
            checkout.driftguard(aws.url(), &arguments).findings()
        };
        assert_eq!(scan(&stack.refreshed()), [""; 0], "{}", stack.name());
        // moto forgets the groups of an instance that is modified after it was made; the provider's own refresh says so
        // too.
        let forgotten = match stack.name().as_str() {
            "compute" => vec!["medium modified aws_instance.rich vpc_security_group_ids"],
            _ => Vec::new(),
        };
        assert_eq!(scan(&stack.applied()), forgotten, "{}", stack.name());
    }
}

/// Whether an attribute is declared not to be read, or to be another resource's.
fn is_left_out(resource: &Resource, name: &str, schema: &Schema, all: &[&Resource]) -> bool {
    let excepted = EXCEPTIONS
        .iter()
        .any(|(tf_type, one, _)| *tf_type == resource.tf_type() && *one == name);
    let owners = schema
        .rules
        .owners
        .iter()
        .filter(|owner| owner.path == name);
    let owned = owners
        .into_iter()
        .any(|owner| all.iter().any(|sibling| owner.is(sibling, resource)));
    let known = schema
        .attributes
        .get(name)
        .is_none_or(|known| !known.optional && known.computed);
    excepted
        || owned
        || known
        || NOT_READ.contains(&name)
        || schema.rules.never_read.contains(&name)
}

/// AWS as moto answers for it.
async fn connect(url: &str) -> Aws {
    let config = crate::aws::config(url).await;
    let access = Access {
        own: true,
        ..Access::default()
    };
    Aws::with_config(config, access)
}

/// A value as text in which nothing counts that Terraform does not count: the order of sets, the way of writing numbers,
/// what is empty, and the parts of blocks that are declared not to be read.
fn plain(value: &Value, path: &str, schema: &Schema) -> String {
    match value {
        Value::Null | Value::Unknown => String::new(),
        Value::Bool(flag) => {
            if *flag {
                "true".to_owned()
            } else {
                String::new()
            }
        }
        Value::Number(number) => number.to_string().trim_matches('0').to_owned(),
        Value::String(text) => {
            if text == "0" {
                String::new()
            } else {
                text.trim_matches('0').to_owned()
            }
        }
        Value::Secret(fingerprint) => fingerprint.to_string(),
        Value::List(items) => {
            let mut items: Vec<_> = items
                .iter()
                .map(|item| plain(item, path, schema))
                .filter(|item| !item.is_empty())
                .collect();
            items.sort();
            items.join(" | ")
        }
        Value::Map(entries) => {
            let told = entries.iter().filter_map(|(key, value)| {
                let below = format!("{path}.{key}");
                let read = !schema.rules.never_read.contains(&below.as_str());
                let value = plain(
                    &(schema.rules.normalize)(&below, value.clone()),
                    &below,
                    schema,
                );
                (read && !value.is_empty()).then(|| format!("{key}={value}"))
            });
            told.collect::<Vec<_>>().join(", ")
        }
    }
}

#[test]
fn a_deposed_object_is_managed_until_the_next_apply_destroys_it() {
    let text = r#"{"version": 4, "resources": [{"mode": "managed", "type": "aws_instance", "name": "web",
        "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]", "instances": [
        {"schema_version": 1, "deposed": "a1b2c3d4", "attributes": {"id": "i-old", "user_data": "x"}},
        {"schema_version": 1, "attributes": {"id": "i-new"}}]}]}"#;
    let catalog = resources::catalog();
    let redactor = Redactor::new(b"parity");
    let state = state::parse(text.as_bytes(), "x.tfstate", &catalog, &redactor).unwrap();
    assert_eq!((state.resources.len(), state.deposed.len()), (1, 1));
    let ownership = Ownership::new(state.resources.iter().chain(&state.deposed), &catalog);
    for (id, is_managed) in [("i-old", true), ("i-new", true), ("i-other", false)] {
        let found = UnmanagedResource {
            tf_type: "aws_instance".to_owned(),
            import_id: id.to_owned(),
            under: None,
            path: None,
            account: AccountId::new("123456789012").unwrap(),
            region: None,
            attributes: Attributes::new(),
        };
        assert_eq!(ownership.claims(&found), is_managed, "{id}");
    }
}
