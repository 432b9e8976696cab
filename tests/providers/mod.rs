//! Which provider configuration each resource has, whatever the modules call it: `terraform.tfstate` is what Terraform made
//! of `stack` in three accounts' regions; `record.py` makes it anew.

use driftguard::code::{self, Evaluated, Options, ProviderConfig};
use driftguard::live::{self, ProviderLocation, Providers};
use driftguard::model::{AwsLocation, Redactor, Region, Resource, Tree, Value, ValueMap};
use driftguard::{resources, state};

const STATE: &str = include_str!("terraform.tfstate");

fn tree() -> Tree {
    [
        ("main.tf", include_str!("stack/main.tf")),
        ("outer/main.tf", include_str!("stack/outer/main.tf")),
        ("inner/main.tf", include_str!("stack/inner/main.tf")),
        ("legacy/main.tf", include_str!("stack/legacy/main.tf")),
    ]
    .into_iter()
    .collect()
}

fn recorded() -> Vec<Resource> {
    let redactor = Redactor::new(b"providers");
    let catalog = resources::catalog();
    let state = state::parse(STATE.as_bytes(), "x.tfstate", &catalog, &redactor).unwrap();
    state.resources.to_vec()
}

fn config<'e>(code: &'e Evaluated, resource: &Resource) -> &'e ProviderConfig {
    let mut configs = code.providers.iter();
    let found = configs.find(|config| config.key == resource.provider);
    found.unwrap_or_else(|| panic!("{}: {:?}", resource.address, resource.provider))
}

#[test]
fn the_default_tags_of_each_resource_are_those_that_terraform_added() {
    let code = code::evaluate(&tree(), "", &Options::default());
    assert_eq!(code.problems, []);
    let resources = recorded();
    assert_eq!(resources.len(), 13);
    for resource in &resources {
        let declared = code.declared.get(&resource.address).unwrap();
        let mut tags = ValueMap::new();
        for own in [
            config(&code, resource).tags.default.clone(),
            declared.value("tags"),
        ] {
            tags.extend(
                own.as_map()
                    .into_iter()
                    .flatten()
                    .map(|(key, value)| (key.clone(), value.clone())),
            );
        }
        assert_eq!(
            Value::Map(tags),
            *resource.get("tags_all"),
            "{}",
            resource.address
        );
    }
}

#[test]
fn each_resource_is_looked_for_in_the_account_and_region_of_its_provider() {
    let code = code::evaluate(&tree(), "", &Options::default());
    let providers: Providers = code
        .providers
        .iter()
        .map(|config| {
            let region = config.region.as_str().and_then(Region::new);
            let account = config.account.clone();
            let location = AwsLocation { account, region };
            let configured = ProviderLocation {
                location,
                is_region_unknown: false,
            };
            (config.key.clone(), configured)
        })
        .collect();
    let expected = recorded();
    // Nothing of the resources themselves tells where they are.
    let mut silent = expected.clone();
    for resource in &mut silent {
        resource.attributes.retain(|name, _| name == "id");
    }
    let located = live::locate(&silent, &providers);
    for (resource, tracked) in expected.iter().zip(located) {
        let place = resource.location();
        assert_eq!(
            tracked.location.region, place.region,
            "{}",
            resource.address
        );
        // Only a role tells an account.
        if config(&code, resource).account.is_some() {
            assert_eq!(
                tracked.location.account, place.account,
                "{}",
                resource.address
            );
        }
    }
}

#[test]
fn another_vendors_provider_is_not_awss_whatever_the_module_calls_it() {
    let code = r#"
terraform {
  required_providers {
    aws    = { source = "acme/cloud" }
    amazon = { source = "registry.terraform.io/hashicorp/aws" }
  }
}
provider "aws" { region = "us-east-1" }
provider "amazon" { region = "eu-west-1" }
"#;
    let tree: Tree = [("main.tf", code)].into_iter().collect();
    let code = code::evaluate(&tree, "", &Options::default());
    let regions: Vec<_> = code
        .providers
        .iter()
        .map(|config| config.region.as_str())
        .collect();
    assert_eq!(regions, [Some("eu-west-1")]);
}
