//! Secrets planted into a repository, an account and GitHub's names: each holds a mark, and the place that it was put into.

use crate::aws::{CONSOLE, STATE};

/// What every planted secret holds, in one case or the other.
pub const MARK: &str = "canary";

/// The forms of secrets that a shape gives away. Each ends its mark with four characters that may be others.
pub const FORMS: &[&str] = &[
    "AKIACANARYCANARY2345",
    "ASIACANARYCANARY2345",
    "ghp_CANARYaaaaaaaaaaaaaaaaaaaaaaaaaa2345",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.CANARYCANARYCANARY2345",
    "-----BEGIN RSA PRIVATE KEY-----\nCANARYCANARY2345\n-----END RSA PRIVATE KEY-----",
    "postgres://shop:CANARYpw2345@db/shop",
    "Server=db;Uid=shop;Pwd=CANARYpw2345;",
    "SERVER=DB;PWD=CANARYPW2345;",
    "https://hooks.slack.com/services/T00000000/B00000000/CANARYCANARYCANARYCA2345",
];

/// One of these forms, another for each number.
pub fn form(number: usize) -> String {
    let letter = |place: u32| {
        let at = number / 26_usize.pow(place) % 26;
        char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"[at])
    };
    let code: String = (0..4).map(letter).collect();
    FORMS[number % FORMS.len()].replace("2345", &code)
}

/// Names that call what they hold a secret.
pub const NAMES: &[&str] = &[
    "Password",
    "DB_PASS",
    "db_pass",
    "apiToken",
    "CLIENT_SECRET",
    "pwd",
];

/// Fails where a text holds a planted secret.
pub fn holds_none(what: &str, text: &str) {
    if let Some(found) = planted_in(what, text) {
        panic!("{found}");
    }
}

/// What a text holds of a planted secret, whatever its case, or as digits of bytes.
pub fn planted_in(what: &str, text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    for mark in [MARK.to_owned(), hex(MARK), hex(&MARK.to_uppercase())] {
        if let Some(at) = lower.find(&mark) {
            let start = lower.floor_char_boundary(at.saturating_sub(300));
            let end = lower.floor_char_boundary((at + 150).min(lower.len()));
            return Some(format!(
                "{what} holds a secret: ...{}...",
                &lower[start..end]
            ));
        }
    }
    None
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// The stack's servers, with secrets beside what is edited, in names, in what values are made of.
const SERVERS: &str = r##"
variable "db_pass" {
  default = "CANARYdefault-1"
}

variable "smtp_password" {}

variable "environment" {}

variable "users" {
  default = { AKIACANARYFORKEY2345 = "10.20.9.0/24" }
}

locals {
  api_token  = "CANARYlocal-1"
  connection = "Server=db;Pwd=CANARYlocal2;"
  services   = { db = { host = "db.internal", password = "CANARYlocal-3" } }
}

resource "aws_instance" "batch" {
  ami           = "ami-12c6146b"
  # Pwd=CANARYcomment1;
  instance_type = "t3.micro" # AKIACANARYCOMMENT234
  # password = "CANARYcomment2"
  subnet_id     = aws_subnet.web.id

  tags = {
    Name  = "shop-batch"
    # postgres://shop:CANARYcomment3@db/shop
    Role  = "batch"
    Note  = local.connection
    Token = local.api_token
    Env   = var.environment
    DbPwd = var.db_pass
    Words = "the batch of ${var.db_pass} and ${local.services.db.password}"
    Mail  = upper("to ${var.smtp_password}")
    Json  = jsonencode({ made = "of ${local.api_token}", at = var.environment })
    Merge = join(",", values(merge(local.services.db, { z = "z" })))
  }
}

resource "aws_subnet" "users" {
  for_each   = var.users
  vpc_id     = aws_vpc.main.id
  cidr_block = each.value
  tags       = { Owner = each.key }
}

# A secret by its name alone, as the name of an instance and as the key of a map.
resource "aws_subnet" "named" {
  for_each   = toset([var.db_pass])
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.20.10.0/24"
  tags       = { (each.key) = "a", Owner = each.key }
}

module "elsewhere" {
  source = "git::https://ci:CANARYsource1@git.example.com/modules.git?ref=main"
}

module "elsewhere_too" {
  source = "git::https://CANARYsource2@git.example.com/modules.git?ref=main"
}

output "token" {
  value = "CANARYoutput1"
}

output "url" {
  value = "postgres://shop:CANARYoutput2@db/shop"
}
"##;

/// Where that stack's state lies, and what it says.
pub const OTHER_STATE: (&str, &str) = (
    "AKIACANARYBACKEND234/ghp_CANARYbackendaaaaaaaaaaaaaaaaaaaaaaa/terraform.tfstate",
    r#"{"version": 4, "serial": 1, "lineage": "AKIACANARYLINEAGE234", "terraform_version": "1.11.4", "resources": []}"#,
);

/// A stack in a folder, and with a backend, that are called by credentials.
const OTHER: &str = r#"
terraform {
  backend "s3" {
    bucket     = "acme-terraform-state"
    key        = "AKIACANARYBACKEND234/ghp_CANARYbackendaaaaaaaaaaaaaaaaaaaaaaa/terraform.tfstate"
    region     = "us-east-1"
    access_key = "AKIACANARYBACKEND345"
    secret_key = "CANARYbackendsecret1"
    token      = "CANARYbackendtoken1"
  }
}

provider "aws" {
  region     = "us-east-1"
  access_key = "AKIACANARYPROVIDER23"
  secret_key = "CANARYprovidersecret1"
  assume_role {
    role_arn    = "arn:aws:iam::123456789012:role/AKIACANARYASSUMED234"
    external_id = "CANARYexternalid1"
  }
}
"#;

/// A workspace of a host that is named with a password.
const CLOUD: &str = r#"
terraform {
  cloud {
    hostname     = "ci:CANARYhost1@terraform.example.com"
    organization = "acme"
    workspaces { name = "shop" }
  }
}
"#;

/// A unit of Terragrunt's.
const UNIT: &str = r#"
locals {
  db_password = "CANARYunit-1" # Pwd=CANARYunit2;
}

terraform {
  source = "git::https://ci:CANARYunit3@git.example.com/modules.git//shop?ref=v1"
}

remote_state {
  backend = "s3"
  config = {
    bucket     = "acme-terraform-state"
    key        = "unit/terraform.tfstate"
    region     = "us-east-1"
    access_key = "AKIACANARYUNITKEY234"
    secret_key = "CANARYunit4"
  }
}

inputs = {
  words = "made of ${local.db_password}"
}
"#;

const PROVIDER: &str = include_str!("../../src/cli/demo/repo/infra/production/backend.tf");
const STORAGE: &str = include_str!("../../src/cli/demo/repo/infra/production/storage.tf");
const WEB: &str = include_str!("../../src/cli/demo/repo/infra/production/web.tf");

/// The repository's files that hold secrets, beside those of the shop.
pub fn files() -> Vec<(&'static str, String)> {
    let (servers, _) = WEB
        .split_once("resource \"aws_instance\" \"batch\"")
        .unwrap();
    let provider = PROVIDER.replace(
        "ManagedBy   = \"terraform\"",
        "ManagedBy   = \"terraform\"\n      Token = \"CANARYprovidertag1\"\n      Url = \"postgres://a:CANARYprovidertag2@db\"\n      \
         Env = var.environment",
    );
    assert_ne!(provider, PROVIDER);
    // Beside what an adoption edits; the last one is only known by what a variable holds.
    let storage = STORAGE.replace(
        "  backup_retention_period = 7\n",
        "  # postgres://shop:CANARYcomment5@db/shop\n  backup_retention_period = 7 # AKIACANARYCOMMENT456\n  \
         # it was CANARYdefault-1 once\n",
    );
    assert_ne!(storage, STORAGE);
    vec![
        ("infra/production/web.tf", format!("{servers}{SERVERS}")),
        ("infra/production/backend.tf", provider),
        ("infra/production/storage.tf", storage),
        (
            "infra/production/terraform.tfvars",
            "# Pwd=CANARYcomment4;\ninstance_type = \"t3.small\" # AKIACANARYCOMMENT345\nsmtp_password = \"CANARYtfvars-1\"\n"
                .to_owned(),
        ),
        ("infra/AKIACANARYFOLDER2345/main.tf", OTHER.to_owned()),
        ("infra/cloud/main.tf", CLOUD.to_owned()),
        ("infra/unit/terragrunt.hcl", UNIT.to_owned()),
    ]
}

/// Settings whose accepted differences hold secrets.
pub const ACCEPT: &str = r#"accept:
  - address: 'aws_instance.batch'
    attribute: 'tags["Role"]'
    reason: "see https://ci:CANARYreason1@git.example.com, or use AKIACANARYREASON2345"
    owner: "ghp_CANARYowneraaaaaaaaaaaaaaaaaaaaaaaaa"
  - address: 'aws_subnet.users["AKIACANARYACCEPT2345"]'
    reason: Pwd=CANARYreason2;
"#;

/// Settings with a slip in them, each of another kind.
pub const WRONG_SETTINGS: &[&str] = &[
    "version: 1\nAKIACANARYSETTING234: 1\n",
    "version: 1\npull_requests: { limit: \"Pwd=CANARYsetting1;\" }\n",
    "version: 1\nstacks:\n  - name: AKIACANARYSETTING345\n    path: x\n",
];

/// Code that no parser takes.
pub const BROKEN: &str = "locals {\n  password = \"CANARYbroken1\" \"CANARYbroken2\"\n  url = postgres://shop:CANARYbroken3@db\n";

/// The state with secrets in what it records, in keys, and one subnet that AWS does not have.
pub fn state() -> String {
    let mut state: serde_json::Value = serde_json::from_str(STATE).unwrap();
    for resource in state["resources"].as_array_mut().unwrap() {
        if resource["name"] == "batch" {
            let attributes = &mut resource["instances"][0]["attributes"];
            for tags in ["tags", "tags_all"] {
                attributes[tags]["Recorded"] = "Pwd=CANARYstate1;".into();
                attributes[tags]["RecordedToken"] = "CANARYstate2".into();
                attributes[tags]["RecordedWords"] = "made of CANARYdefault-1 once".into();
                attributes[tags]["AKIACANARYSTATEKEY23"] = "a key".into();
            }
        }
    }
    let resources = state["resources"].as_array_mut().unwrap();
    let mut subnet = resources
        .iter()
        .find(|one| one["name"] == "web" && one["type"] == "aws_subnet")
        .unwrap()
        .clone();
    subnet["name"] = "users".into();
    let instance = &mut subnet["instances"][0];
    instance["index_key"] = "AKIACANARYFORKEY2345".into();
    instance["attributes"]["id"] = "subnet-0123456789abcdef0".into();
    instance["attributes"]["tags"] = serde_json::json!({"Owner": "AKIACANARYFORKEY2345"});
    let mut named = subnet.clone();
    named["name"] = "named".into();
    let instance = &mut named["instances"][0];
    instance["index_key"] = "CANARYdefault-1".into();
    instance["attributes"]["id"] = "subnet-0123456789abcdef1".into();
    instance["attributes"]["tags"] =
        serde_json::json!({"CANARYdefault-1": "a", "Owner": "CANARYdefault-1"});
    resources.push(subnet);
    resources.push(named);
    state["outputs"] =
        serde_json::json!({"token": {"value": "CANARYstateoutput1", "type": "string"}});
    state.to_string()
}

/// States that are none, and say so.
pub fn broken_states() -> [String; 3] {
    let replaced = |from: &str, to: &str| {
        let state = STATE.replacen(from, to, 1);
        assert_ne!(state, STATE);
        state
    };
    [
        replaced("\"version\": 4", "\"version\": \"canary-state-word\""),
        replaced(
            "registry.terraform.io/hashicorp/aws",
            "AKIACANARYBROKEN2345",
        ),
        "CANARY is no state: Pwd=CANARYbroken4;".to_owned(),
    ]
}

/// What somebody does in the console: secrets as tags of all servers, and a policy that a credential names.
pub fn console() -> String {
    let call = |action: &str| {
        let line = CONSOLE.lines().find(|call| call.contains(action)).unwrap();
        serde_json::from_str::<serde_json::Value>(line).unwrap()
    };
    let encoded =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let ids = STATE
        .split("\"i-")
        .skip(1)
        .map(|rest| format!("i-{}", &rest[..17]));
    let ids: std::collections::BTreeSet<_> = ids.collect();
    let mut tags = "Action=CreateTags&Version=2016-11-15".to_owned();
    for (at, id) in ids.iter().enumerate() {
        tags += &format!("&ResourceId.{}={id}", at + 1);
    }
    let named = NAMES
        .iter()
        .enumerate()
        .map(|(at, name)| ((*name).to_owned(), format!("CANARYlive-{at}")));
    let shaped = FORMS
        .iter()
        .enumerate()
        .map(|(at, form)| (format!("Shaped{at}"), (*form).to_owned()));
    let others = [
        ("AKIACANARYTAGKEY2345".to_owned(), "a key".to_owned()),
        ("Team".to_owned(), "shop".to_owned()),
        (
            "Words".to_owned(),
            "the batch of CANARYdefault-1 and CANARYlocal-3".to_owned(),
        ),
        ("Note".to_owned(), "CANARYlocal-1, by hand".to_owned()),
    ];
    for (at, (key, value)) in named.chain(shaped).chain(others).enumerate() {
        let number = at + 1;
        tags += &format!(
            "&Tag.{number}.Key={}&Tag.{number}.Value={}",
            encoded(&key),
            encoded(&value)
        );
    }
    let mut tagged = call("Action=CreateTags");
    tagged["body"] = tags.into();
    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:userid":"Pwd=CANARYpolicy1;"}}}]}"#;
    let mut policy = call("Action=AttachRolePolicy");
    policy["body"] = format!(
        "Action=PutRolePolicy&Version=2010-05-08&RoleName=shop-web&PolicyName=AKIACANARYPOLICY2345&PolicyDocument={}",
        encoded(document)
    )
    .into();
    format!("{CONSOLE}{tagged}\n{policy}\n")
}
