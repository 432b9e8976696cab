//! Texts of JSON that are no policy: what changed in AWS is edited where it stands, and everything else keeps its bytes.

use crate::fixes::{adopt, adopted_in};
use crate::recorded_stack::difference;
use driftguard::model::{Difference, FixKind, Value};
use serde_json::json;

fn changed(name: &str, recorded: &serde_json::Value, live: &serde_json::Value) -> Vec<Difference> {
    let text = |json: &serde_json::Value| Value::from(json.to_string());
    vec![difference(name, text(recorded), text(live))]
}

/// Why one text of JSON is not edited.
fn refused(
    files: &[(&str, &str)],
    (address, name): (&str, &str),
    recorded: &serde_json::Value,
    live: &serde_json::Value,
) -> String {
    let (fix, files) = adopt(files, address, changed(name, recorded, live));
    assert_eq!((fix.kind, files.len()), (FixKind::Refused, 0), "{fix:?}");
    fix.reason.unwrap()
}

const MACHINE: &str = r#"variable "wait" {
  default = 30
}

resource "aws_sfn_state_machine" "order" {
  name = "order"
  definition = jsonencode({
    StartAt = "Wait" # first of all
    States = {
      Wait = { Type = "Wait", Seconds = var.wait, Next = "Choose" }
      Choose = {
        Type    = "Choice"
        Choices = [
          { Variable = "$.total", NumericGreaterThan = 100, Next = "Big" }, # of our own
          { Variable = "$.total", NumericLessThanEquals = 100, Next = "Small" },
        ]
      }
      Big   = { Type = "Pass", End = true }
      Small = { Type = "Pass", End = true }
    }
  })
}
"#;
const ADDRESS: (&str, &str) = ("aws_sfn_state_machine.order", "definition");

fn machine() -> serde_json::Value {
    json!({
        "StartAt": "Wait",
        "States": {
            "Wait": {"Type": "Wait", "Seconds": 30, "Next": "Choose"},
            "Choose": {"Type": "Choice", "Choices": [
                {"Variable": "$.total", "NumericGreaterThan": 100, "Next": "Big"},
                {"Variable": "$.total", "NumericLessThanEquals": 100, "Next": "Small"},
            ]},
            "Big": {"Type": "Pass", "End": true},
            "Small": {"Type": "Pass", "End": true},
        },
    })
}

#[test]
fn literals_that_changed_are_replaced_wherever_they_stand() {
    let mut live = machine();
    live["States"]["Choose"]["Choices"][1]["NumericLessThanEquals"] = 99.into();
    live["States"]["Big"]["End"] = false.into();
    live["States"]["Wait"]["Seconds"] = 45.into();
    live["StartAt"] = "Choose ${now}".into();
    let attributes = changed(ADDRESS.1, &machine(), &live);
    let (_, text) = adopted_in(&[("main.tf", MACHINE)], ADDRESS.0, attributes);
    let after = MACHINE
        .replace("default = 30", "default = 45")
        .replace("LessThanEquals = 100", "LessThanEquals = 99")
        .replace(
            "Big   = { Type = \"Pass\", End = true }",
            "Big   = { Type = \"Pass\", End = false }",
        )
        .replace("StartAt = \"Wait\"", "StartAt = \"Choose $${now}\"");
    assert_eq!(text, after);
}

#[test]
fn entries_come_and_go_with_their_lines() {
    let mut live = machine();
    live["States"]["Big"]["Comment"] = "by hand".into();
    live["TimeoutSeconds"] = 60.into();
    let attributes = changed(ADDRESS.1, &machine(), &live);
    let (_, text) = adopted_in(&[("main.tf", MACHINE)], ADDRESS.0, attributes);
    assert!(
        text.contains(r#"{ Type = "Pass", End = true, Comment = "by hand" }"#),
        "{text}"
    );
    assert!(text.contains("\n    TimeoutSeconds = 60\n  })\n"), "{text}");

    let mut live = machine();
    live["States"].as_object_mut().unwrap().remove("Small");
    let attributes = changed(ADDRESS.1, &machine(), &live);
    let (_, text) = adopted_in(&[("main.tf", MACHINE)], ADDRESS.0, attributes);
    let line = "      Small = { Type = \"Pass\", End = true }\n";
    // The columns that were aligned stay aligned.
    assert_eq!(text, MACHINE.replace(line, "").replace("Big   =", "Big ="));
}

#[test]
fn a_list_that_became_longer_is_edited_where_its_items_are_literals_and_refused_elsewhere() {
    let pattern = |sources: &[&str]| json!({"source": sources, "detail": {"amount": [{"numeric": [">", 1]}]}});
    let code = "resource \"aws_cloudwatch_event_rule\" \"paid\" {\n  event_pattern = jsonencode({\n    source = [\"shop\"]\n    \
                detail = { amount = [{ numeric = [\">\", 1] }] }\n  })\n}\n";
    let address = ("aws_cloudwatch_event_rule.paid", "event_pattern");
    let attributes = changed(address.1, &pattern(&["shop"]), &pattern(&["shop", "mail"]));
    let (_, text) = adopted_in(&[("main.tf", code)], address.0, attributes);
    assert_eq!(text, code.replace("[\"shop\"]", "[\"shop\", \"mail\"]"));
    let mut live = pattern(&["shop"]);
    live["detail"]["amount"] = json!([{"numeric": [">", 1]}, {"exists": false}]);
    assert_eq!(
        refused(&[("main.tf", code)], address, &pattern(&["shop"]), &live),
        "the items of `detail.amount` in the JSON at main.tf:2 are not AWS's one by one: write them by hand"
    );
}

/// AWS answers container definitions in another order, with all that the code leaves out.
#[test]
fn what_aws_adds_and_orders_is_no_change() {
    let code = r#"resource "aws_ecs_task_definition" "web" {
  container_definitions = jsonencode([
    {
      name  = "web"
      image = "web:1"
      cpu   = "128"
      environment = [
        { name = "LEVEL", value = "info" },
        { name = "APP", value = "web" },
      ]
    },
  ])
}
"#;
    let recorded = json!([{
        "name": "web", "image": "web:1", "cpu": 128, "mountPoints": [], "essential": true,
        "environment": [{"name": "APP", "value": "web"}, {"name": "LEVEL", "value": "info"}],
    }]);
    let mut live = recorded.clone();
    live[0]["cpu"] = 256.into();
    live[0]["volumesFrom"] = json!([]);
    live[0]["environment"][1]["value"] = "debug".into();
    let address = "aws_ecs_task_definition.web";
    let attributes = changed("container_definitions", &recorded, &live);
    let (_, text) = adopted_in(&[("main.tf", code)], address, attributes);
    assert_eq!(
        text,
        code.replace("\"128\"", "\"256\"").replace("info", "debug")
    );
}

#[test]
fn json_in_a_heredoc_and_in_files_keeps_its_form() {
    let heredoc = "variable \"name\" {\n  default = \"jobs\"\n}\n\n\
                   resource \"aws_cloudwatch_dashboard\" \"ops\" {\n  dashboard_body = <<-EOT\n    {\n      \"widgets\": \
                   [{\"type\":\"text\",  \"height\": 3, \"markdown\": \"${var.name}\"}]\n    }\n  EOT\n}\n";
    let body = |height: i64, text: &str| json!({"widgets": [{"type": "text", "height": height, "markdown": text}]});
    let address = ("aws_cloudwatch_dashboard.ops", "dashboard_body");
    let attributes = changed(address.1, &body(3, "jobs"), &body(5, "jobs"));
    let (_, text) = adopted_in(&[("main.tf", heredoc)], address.0, attributes);
    assert_eq!(text, heredoc.replace("\"height\": 3", "\"height\": 5"));
    assert_eq!(
        refused(
            &[("main.tf", heredoc)],
            address,
            &body(3, "jobs"),
            &body(3, "mails")
        ),
        "`widgets[0].markdown` of the JSON is computed at main.tf:8, so there is no literal to change"
    );

    let file =
        "{ \"widgets\": [\n  {\"type\": \"text\", \"height\": 3, \"markdown\": \"jobs\"} ] }\n";
    let main = "resource \"aws_cloudwatch_dashboard\" \"ops\" {\n  dashboard_body = file(\"ops.json\")\n}\n";
    let attributes = changed(address.1, &body(3, "jobs"), &body(3, "${x}"));
    let files = [("main.tf", main), ("ops.json", file)];
    let (path, text) = adopted_in(&files, address.0, attributes);
    assert_eq!(
        (path.as_str(), text),
        ("ops.json", file.replace("jobs", "${x}"))
    );

    let template = file.replace("jobs", "${name}");
    let main = main.replace(
        "file(\"ops.json\")",
        "templatefile(\"ops.json\", { name = \"jobs\" })",
    );
    let files = [("main.tf", main.as_str()), ("ops.json", template.as_str())];
    let attributes = changed(address.1, &body(3, "jobs"), &body(4, "jobs"));
    let (path, text) = adopted_in(&files, address.0, attributes);
    assert_eq!(
        (path.as_str(), text),
        ("ops.json", template.replace("3", "4"))
    );
    assert_eq!(
        refused(&files, address, &body(3, "jobs"), &body(3, "mails")),
        "`widgets[0].markdown` of the JSON is computed at ops.json:2, so there is no literal to change"
    );
}

#[test]
fn what_code_and_state_disagree_on_is_left_to_a_person() {
    let mut recorded = machine();
    recorded["States"]["Wait"]["Next"] = "Big".into();
    let mut live = recorded.clone();
    live["States"]["Wait"]["Next"] = "Small".into();
    assert_eq!(
        refused(&[("main.tf", MACHINE)], ADDRESS, &recorded, &live),
        "the JSON at main.tf:7 says something else of `States.Wait.Next` than the state recorded"
    );
    // Where AWS has what the code says already, the code is right.
    let mut live = recorded.clone();
    live["States"]["Wait"] = machine()["States"]["Wait"].clone();
    live["States"]["Small"]["End"] = false.into();
    let attributes = changed(ADDRESS.1, &recorded, &live);
    let (_, text) = adopted_in(&[("main.tf", MACHINE)], ADDRESS.0, attributes);
    assert_eq!(
        text,
        MACHINE.replace(
            "Small = { Type = \"Pass\", End = true }",
            "Small = { Type = \"Pass\", End = false }"
        )
    );
}

#[test]
fn an_item_of_a_list_that_cannot_be_told_from_another_is_not_edited() {
    let code = "resource \"aws_cloudwatch_dashboard\" \"ops\" {\n  dashboard_body = jsonencode({ widgets = [{ y = 1 }, { y = 1 }, { y = 2 }] })\n}\n";
    let recorded = json!({"widgets": [{"y": 2}, {"y": 1}, {"y": 1}]});
    let live = json!({"widgets": [{"y": 2}, {"y": 1}, {"y": 3}]});
    let address = ("aws_cloudwatch_dashboard.ops", "dashboard_body");
    assert_eq!(
        refused(&[("main.tf", code)], address, &recorded, &live),
        "the items of `widgets` in the JSON at main.tf:2 are not AWS's one by one: write them by hand"
    );
}
