//! What is told of a variable that is set from outside quotes the state: a secret in it is masked, in every form.

use super::plants::holds_none;
use crate::aws::{BUCKET, Checkout, KEY, STATE, shop};

const CODE: &str = r#"
variable "smtp_password" {
  default = "Tr0ub4dorCanaryXYZ93"
}
variable "motd" {
  default = "nothing"
}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_that_is_set_outside_is_told_without_the_secret_that_the_state_holds() {
    let aws = shop().await;
    let held = "batch of Tr0ub4dorCanaryXYZ93";
    let state = STATE.replace("\"shop-batch\"", &format!("\"{held}\""));
    assert!(state.contains(held));
    aws.put_object(BUCKET, KEY, &state).await.unwrap();
    let checkout = Checkout::new();
    let web = "infra/production/web.tf";
    let code = checkout.read(web);
    checkout.write(web, &code.replace("\"shop-batch\"", "var.motd"));
    checkout.write("infra/production/outside.tf", CODE);
    let told = "its default gives \"nothing\", the state holds \"batch of (secret)\"";
    for arguments in [
        &["scan"][..],
        &["scan", "--format", "json"],
        &["scan", "--format", "markdown"],
        &["scan", "--format", "sarif"],
        &["fix", "--dry-run"],
        &["fix", "--dry-run", "--adopt"],
        &["fix", "--dry-run", "--adopt", "--format", "json"],
    ] {
        let run = tokio::task::block_in_place(|| checkout.driftguard(aws.url(), arguments));
        let shown = format!("{}\n{}", run.out, run.err);
        assert!(run.code != 1 && run.code != 101, "{arguments:?}: {run:?}");
        holds_none(&format!("{arguments:?}"), &shown);
        if arguments == ["scan", "--format", "json"] {
            assert!(shown.contains(&told.replace('"', "\\\"")), "{shown}");
        }
    }
}
