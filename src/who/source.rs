//! Recognizes what a call was made with by its user agent.

use crate::model::CallSource;

/// Parts of the user agents of the console's own calls.
const CONSOLE: &[&str] = &[
    "console.",
    "signin.amazonaws.com",
    "s3console/",
    "consolefrontend",
    "aws-console",
    "mozilla/",
];

/// The products that apply Terraform code. CloudTrail shows their names and versions as the provider sends them.
const TERRAFORM: &[&str] = &["terraform/", "opentofu/", "terraform-provider-"];

/// Returns what a call was made with. A call of a service is the service's, whoever it acts for.
pub(super) fn call_source(user_agent: &str, by_service: bool, from_console: bool) -> CallSource {
    let agent = user_agent.to_ascii_lowercase();
    let agent = agent.trim_matches(['[', ']', ' ']);
    if by_service {
        return CallSource::Service;
    }
    // CloudShell runs the CLI with the credentials of the console.
    if agent.starts_with("aws-cli/") {
        return CallSource::Cli;
    }
    if from_console || CONSOLE.iter().any(|part| agent.contains(part)) {
        return CallSource::Console;
    }
    match agent {
        "" | "-" => CallSource::Unknown,
        "aws internal" => CallSource::Service,
        agent if agent.ends_with(".amazonaws.com") => CallSource::Service,
        _ => CallSource::Automation,
    }
}

/// Returns whether a user agent is Terraform's or OpenTofu's.
pub(super) fn is_terraform(user_agent: &str) -> bool {
    let agent = user_agent.to_ascii_lowercase();
    let mut products = agent.split([' ', '[', ']']);
    products.any(|product| TERRAFORM.iter().any(|name| product.starts_with(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_agent_tells_what_a_call_was_made_with() {
        for (agent, source) in [
            ("console.amazonaws.com", CallSource::Console),
            ("console.ec2.amazonaws.com", CallSource::Console),
            ("signin.amazonaws.com", CallSource::Console),
            (
                "[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.650 Linux/5.10]",
                CallSource::Console,
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
                CallSource::Console,
            ),
            (
                "aws-cli/2.17.9 md/awscrt#0.20.11 ua/2.0 os/linux#6.1 exec-env/CloudShell command/ec2.modify-instance-attribute",
                CallSource::Cli,
            ),
            (
                "[aws-cli/1.18.69 Python/3.8.10 Linux/5.4.0 botocore/1.16.19]",
                CallSource::Cli,
            ),
            (
                "Boto3/1.34.0 md/Botocore#1.34.0 ua/2.0 os/linux#6.1",
                CallSource::Automation,
            ),
            (
                "aws-sdk-go-v2/1.24.1 os/linux lang/go#1.20.12",
                CallSource::Automation,
            ),
            ("cloudformation.amazonaws.com", CallSource::Service),
            ("AWS Internal", CallSource::Service),
            ("", CallSource::Unknown),
        ] {
            assert_eq!(call_source(agent, false, false), source, "{agent}");
        }
        assert_eq!(
            call_source("AWS Internal", false, true),
            CallSource::Console
        );
        assert_eq!(call_source("aws-cli/2.17.9", false, true), CallSource::Cli);
        assert_eq!(
            call_source("cloudformation.amazonaws.com", true, true),
            CallSource::Service
        );
    }

    #[test]
    fn terraform_and_opentofu_are_known_by_a_product_of_their_own() {
        for agent in [
            "APN/1.0 HashiCorp/1.0 Terraform/1.11.4 (+https://www.terraform.io) terraform-provider-aws/5.100.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.36.3",
            "[APN/1.0 HashiCorp/1.0 Terraform/1.7.0 (+https://www.terraform.io)]",
            "HashiCorp Terraform/1.9.5 (+https://www.terraform.io)",
            "APN/1.0 OpenTofu/1.9.0 (+https://opentofu.org) aws-sdk-go-v2/1.36.3",
        ] {
            assert!(is_terraform(agent), "{agent}");
        }
        for agent in [
            "aws-cli/2.17.9",
            "not-terraform/1.0",
            "my-terraforming Boto3/1.34.0",
            "",
        ] {
            assert!(!is_terraform(agent), "{agent}");
        }
    }
}
