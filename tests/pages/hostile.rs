//! Text of strangers on the pages: it stays text, and what is sealed stays sealed.

use super::site::Site;
use crate::database::{Database, on_both};
use driftguard::model::{
    Coverage, Difference, Finding, FindingId, Fix, InstallationId, Kind, Redactor, Refusal,
    Scanned, Severity, StackName, StackReport, Status, Value, Verdict,
};

on_both!(what_strangers_write_stays_text_and_what_is_sealed_stays_sealed);

const MARKUP: &str = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'`</pre></style>";
const SECRET: &str = "correct horse battery staple";

fn hostile() -> StackReport {
    let sealed = Redactor::new(b"key").fingerprint(&SECRET.into());
    let difference = |path: &str, recorded: Value, live: Value| Difference {
        path: path.to_owned(),
        verdict: Verdict::Drift,
        declared: None,
        recorded,
        live,
        added: Vec::new(),
        removed: Vec::new(),
        defined_in: None,
    };
    let address = format!("aws_instance.web[{}]", serde_json::Value::from(MARKUP));
    let finding = Finding {
        id: FindingId("f-00000000000a".to_owned()),
        address: Some(address.parse().unwrap()),
        import_id: Some(MARKUP.to_owned()),
        attributes: vec![
            difference(MARKUP, Value::text(MARKUP), Value::text("b")),
            difference("password", sealed, Value::Null),
        ],
        severity: Severity::High,
        techniques: vec![MARKUP.to_owned()],
        why: vec![MARKUP.to_owned()],
        fix: Some(Fix::refused(Refusal {
            reason: MARKUP.to_owned(),
            block: Some(MARKUP.to_owned()),
            command: Some(MARKUP.to_owned()),
            ..Refusal::default()
        })),
        ..Finding::new(Kind::Modified, Verdict::Drift, MARKUP)
    };
    let aside = Finding {
        id: FindingId("f-00000000000b".to_owned()),
        verdict: Verdict::Accepted,
        reason: Some(MARKUP.to_owned()),
        ..finding.clone()
    };
    let coverage = Coverage {
        reason: Some(MARKUP.to_owned()),
        missing_action: Some(MARKUP.to_owned()),
        ..Coverage::new(MARKUP, 1, Status::Failed)
    };
    StackReport {
        name: StackName::new("production").unwrap(),
        path: MARKUP.to_owned(),
        backend: None,
        outcome: Ok(Scanned {
            findings: vec![finding],
            set_aside: vec![aside],
            coverage: vec![coverage],
            notes: vec![MARKUP.to_owned()],
            ..Scanned::default()
        }),
    }
}

async fn what_strangers_write_stays_text_and_what_is_sealed_stays_sealed(database: Database) {
    let site = Site::start(database).await;
    let acme = InstallationId(site.github.install("acme").await);
    site.scanned(("acme/shop", true), acme, &[hostile()]).await;
    let (mut alice, _) = site.sign_in("alice", "/").await;
    let query: String = url::form_urlencoded::byte_serialize(MARKUP.as_bytes()).collect();
    let query = format!("q={query}");
    let stack = "/orgs/acme/shop/production";
    for path in [
        "/orgs/acme".to_owned(),
        stack.to_owned(),
        format!("{stack}?{query}"),
        format!("{stack}/findings/f-00000000000a"),
        format!("{stack}/findings/f-00000000000b"),
        format!("/sign-in?to=/{query}"),
    ] {
        let page = alice.open(&site.at(&path)).await;
        for markup in ["<script", "<img", "onerror=alert(1)>", "</pre></style>"] {
            assert!(!page.html.contains(markup), "{path}: {}", page.html);
        }
        assert!(!page.html.contains(SECRET), "{path}");
    }
    let page = alice
        .look(&site.at(&format!("{stack}/findings/f-00000000000a")))
        .await;
    assert!(page.html.contains("alert(1)"), "it is shown, as text");
    assert!(page.html.contains("password"), "{}", page.html);
}
