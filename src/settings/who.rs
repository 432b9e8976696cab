//! Whether CloudTrail is asked who made a change.

use super::form::RoleArn;
use super::switch::{SwitchOr, Switched};
use serde::Deserialize;

/// Whether CloudTrail is asked who made a change, and whose calls are left out as Terraform's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "Form")]
pub enum Who {
    /// It is asked.
    #[default]
    On,
    /// It is not asked.
    Off,
    /// It is asked, and these roles apply Terraform code, so that their calls are no drift.
    TerraformRoles(Vec<RoleArn>),
}

/// The setting as it is written.
type Form = SwitchOr<RolesOrOther>;

#[derive(Deserialize)]
#[serde(untagged)]
enum RolesOrOther {
    Roles(Roles),
    Other(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Roles {
    terraform_roles: Vec<String>,
}

/// What may be written.
const FORMS: &str = "write `on`, `off`, or `terraform_roles` with a list of roles: \
                     {terraform_roles: [\"arn:aws:iam::123456789012:role/terraform\"]}";

impl TryFrom<Form> for Who {
    type Error = String;

    fn try_from(form: Form) -> Result<Self, String> {
        match form.read(FORMS)? {
            Switched::On => Ok(Self::On),
            Switched::Off => Ok(Self::Off),
            Switched::Other(RolesOrOther::Roles(roles)) => {
                let roles = roles.terraform_roles.into_iter().map(RoleArn::try_from);
                Ok(Self::TerraformRoles(roles.collect::<Result<_, _>>()?))
            }
            Switched::Other(RolesOrOther::Other(_)) => Err(format!("this is not known: {FORMS}")),
        }
    }
}

impl Who {
    /// Returns whether CloudTrail is asked.
    pub fn is_on(&self) -> bool {
        *self != Self::Off
    }

    /// Returns the ARNs of the roles that apply Terraform code.
    pub fn terraform_roles(&self) -> Vec<String> {
        match self {
            Self::TerraformRoles(roles) => roles.iter().map(|role| role.0.clone()).collect(),
            Self::On | Self::Off => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::{Settings, Who};

    #[test]
    fn it_is_on_or_off_or_names_the_roles_of_terraform() {
        let of = |text: &str| Settings::parse(text).map(|settings| settings.who);
        assert_eq!(of("version: 1\n"), Ok(Who::On));
        assert_eq!(of("who: on\n"), Ok(Who::On));
        assert_eq!(of("who: off\n"), Ok(Who::Off));
        let role = "arn:aws:iam::123456789012:role/ci/terraform";
        let named = of(&format!("who: {{terraform_roles: [\"{role}\"]}}\n"));
        assert_eq!(named.unwrap().terraform_roles(), [role]);
    }

    #[test]
    fn what_it_is_not_is_told_with_what_may_be_written() {
        for (text, part) in [
            (
                "version: 1\nwho: nobody\n",
                "`nobody` is not known: write `on`, `off`",
            ),
            ("version: 1\nwho: {roles: []}\n", "terraform_roles"),
            ("version: 1\nwho: [a]\n", "terraform_roles"),
            (
                "version: 1\nwho: {terraform_roles: [terraform]}\n",
                "`terraform` is no role's ARN",
            ),
        ] {
            let error = Settings::parse(text).unwrap_err();
            assert_eq!(error.line, 2, "{error}");
            let message = error.to_string();
            assert!(
                message.contains("who") && message.contains(part),
                "{message}"
            );
        }
    }
}
