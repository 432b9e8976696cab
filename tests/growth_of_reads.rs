//! What pages and the API read of a database does not grow with its history: rows are counted by PostgreSQL, and SQLite
//! tells how it looks for them.

use crate::database::Database;
use crate::pages::{STACK, addresses, two_accounts};
use driftguard::model::{ApiScope, InstallationId};
use driftguard::store::{ApiKeyRecord, KeyOwner};
use driftguard::web::api::new_key;
use sqlx::{AnyPool, AssertSqlSafe, Row as _};
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::subscriber::set_default;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// The tables that grow with time.
const TABLES: [&str; 5] = [
    "finding_history",
    "stack_history",
    "scans",
    "audit_log",
    "accepted_differences",
];

/// What ended, a finding each hour: `@` stands for the columns of the stack, `#` for how many.
const FINDINGS: &str = "with recursive numbers(n) as (select cast(1 as bigint) union all select n + 1 from numbers where n < #)
    insert into finding_history (installation, repository, stack, finding, first_seen, last_seen, scans, ending, ended_at,
        address, resource_type, parent_type, account, region, kind, severity)
    select @, 'f-' || n, 1795537800000 - n * 3600000 - 1000, 1795537800000 - n * 3600000 - 1000, 1,
        case when n % 3 = 0 then 'changed' else 'resolved' end, 1795537800000 - n * 3600000, 'aws_instance.web',
        'aws_instance', '', '', '', 'modified', case when n % 50 = 0 then 'critical' else 'low' end
    from numbers";

/// Scans, one each hour.
const SCANS: &str = "with recursive numbers(n) as (select cast(1 as bigint) union all select n + 1 from numbers where n < #)
    insert into stack_history (installation, repository, stack, finished_at, commit_id, critical, high, medium, low, info,
        set_aside, summary)
    select @, 1795537800000 - n * 3600000, 'c', 1, 0, 0, 0, 0, 0, summary from numbers, (
        select summary from stack_history where installation = $1 and repository = $2 and stack = 'production' limit 1) as last";

/// Reports, one each hour.
const REPORTS: &str = "with recursive numbers(n) as (select cast(1 as bigint) union all select n + 1 from numbers where n < #)
    insert into scans (scan, installation, repository, stack, commit_id, outcome, finished_at)
    select 's' || $1 || '-' || $2 || $3 || n, @, 'c', '{}', 1795537800000 - n * 3600000 from numbers";

/// Decisions, one each minute; each hundredth is bob's.
const DECISIONS: &str = "with recursive numbers(n) as (select cast(1 as bigint) union all select n + 1 from numbers where n < #)
    insert into audit_log (stack, installation, repository, entry, at, person, via, action, finding, detail)
    select $3, $1, $2, 'e' || n, 1795537800000 - n * 60000, case when n % 100 = 0 then 'bob' else 'alice' end, 'comment',
        'adopt', '', '' from numbers";

/// How long the history is.
#[derive(Clone, Copy)]
struct Length {
    /// How many findings, scans and decisions the stack that is looked at has; of reports a tenth.
    rows: usize,
    /// How many other stacks have as many.
    others: usize,
}

/// What the server did for some visits.
struct Reads {
    /// The rows and entries of indexes that were read, by table.
    rows: BTreeMap<String, i64>,
    /// The statements.
    statements: BTreeSet<String>,
}

#[tokio::test]
async fn pages_and_lists_read_no_more_of_a_longer_history() {
    let short = Length {
        rows: 16_000,
        others: 0,
    };
    let long = Length {
        rows: 24_000,
        others: 2,
    };
    let (Some(few), Some(many)) = (visit(short).await, visit(long).await) else {
        return;
    };
    for (table, rows) in &many.rows {
        let before = few.rows[table];
        assert!(*rows < before * 3 / 2 + 500, "{table}: {before} and {rows}");
    }
    for table in TABLES {
        let mut all = many.statements.iter();
        assert!(all.any(|statement| statement.contains(table)), "{table}");
    }
    hold_to_indexes(&many.statements).await;
}

/// Has a server of its own show pages and answer the API; `None` where there is no PostgreSQL.
async fn visit(length: Length) -> Option<Reads> {
    let database = Database::postgres().await?;
    let url = database.url.clone();
    let (mut site, acme, globex) = two_accounts(database).await;
    let pool = AnyPool::connect(&url).await.unwrap();
    let shop = fill(&pool, (acme, globex), length).await;
    let key = new_key(ApiScope::Read).unwrap();
    let record = ApiKeyRecord {
        installation: acme,
        prefix: key.prefix().to_owned(),
        name: "a script".to_owned(),
        scope: ApiScope::Read,
        owner: KeyOwner::Organisation,
        created_by: String::new(),
        created_at: 1,
        expires_at: None,
        used_at: None,
    };
    site.store.add_api_key(&key, &record).await.unwrap();
    // Connections count what they read when they end.
    pool.close().await;
    site.store.close().await;
    let before = rows_read(&url).await;
    let (statements, recorder) = Recorder::new();
    let recording = set_default(tracing_subscriber::registry().with(recorder));
    let (mut alice, _) = site.sign_in("alice", "/").await;
    for path in pages() {
        let page = alice.look(&site.at(&path)).await;
        assert_eq!(page.status, 200, "{path}: {}", page.html);
    }
    let client = reqwest::Client::new();
    for path in lists(&shop) {
        let request = client.get(site.at(&path)).bearer_auth(key.expose());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
    site.stop().await;
    drop(recording);
    let mut rows = rows_read(&url).await;
    for (table, count) in &mut rows {
        *count -= before[table];
    }
    let statements = std::mem::take(&mut *statements.lock().unwrap());
    Some(Reads { rows, statements })
}

/// All pages, with their filters.
fn pages() -> Vec<String> {
    let mut all = addresses("acme", "shop");
    for more in [
        "/orgs/acme/audit?person=bob&repository=",
        "/orgs/acme/audit?person=nobody&repository=",
        "/orgs/acme/audit?person=&repository=shop",
        "/orgs/acme/audit?person=bob&repository=shop",
    ] {
        all.push(more.to_owned());
    }
    all.push(format!("{STACK}?severity=low&q=web&page=2"));
    all.push(format!("{STACK}/scans?before=1795000000000"));
    all
}

/// The lists of the API, with their filters, and what it tells of a stack.
fn lists(shop: &str) -> Vec<String> {
    let workspace = format!("{shop}.production");
    let mut all: Vec<_> = [
        "",
        "?severity=critical",
        "?type=aws_none&kind=deleted",
        "?status=resolved",
        "?status=resolved&severity=critical",
        "?status=changed&type=aws_none",
    ]
    .map(|filter| format!("/api/v1/findings{filter}"))
    .into();
    all.push(format!("/api/v1/findings?workspace={workspace}"));
    all.push(format!(
        "/api/v1/findings?workspace={workspace}&status=resolved&severity=critical"
    ));
    all.push("/api/v1/workspaces".to_owned());
    for part in ["", "/coverage"] {
        all.push(format!("/api/v1/workspaces/{workspace}{part}"));
    }
    all.push(format!("/api/v1/scans/{workspace}.1795537800000"));
    all
}

async fn fill(
    pool: &AnyPool,
    (acme, globex): (InstallationId, InstallationId),
    length: Length,
) -> String {
    let repository = |owner: InstallationId| async move {
        sqlx::query_scalar::<_, String>(
            "select repository from repositories where installation = $1",
        )
        .bind(owner.to_string())
        .fetch_one(pool)
        .await
        .unwrap()
    };
    let (shop, other) = (repository(acme).await, repository(globex).await);
    let names: Vec<_> = (0..length.others).map(|at| format!("other{at}")).collect();
    let mut stacks = vec![(acme, &shop, "production")];
    for name in &names {
        stacks.push((acme, &shop, name));
        stacks.push((globex, &other, name));
    }
    for (owner, repository, stack) in stacks {
        for (statement, rows) in [
            (FINDINGS, length.rows),
            (SCANS, length.rows),
            (REPORTS, length.rows / 10),
            (DECISIONS, length.rows),
        ] {
            // The log is a repository's.
            if statement == DECISIONS && stack != "production" && stack != "other0" {
                continue;
            }
            let statement = statement
                .replace('@', "$1, $2, $3")
                .replace('#', &rows.to_string());
            let statement = statement.replace("'e' ||", &format!("'{stack}' ||"));
            sqlx::query(AssertSqlSafe(statement))
                .bind(owner.to_string())
                .bind(repository)
                .bind(stack)
                .execute(pool)
                .await
                .unwrap();
        }
    }
    sqlx::query("analyze").execute(pool).await.unwrap();
    shop
}

/// The rows and entries of indexes that ended connections have read, by table.
async fn rows_read(url: &str) -> BTreeMap<String, i64> {
    let pool = AnyPool::connect(url).await.unwrap();
    let rows = sqlx::query(
        "select cast(tables.relname as text) as name, cast(seq_tup_read + (
             select coalesce(sum(idx_tup_read), 0) from pg_stat_user_indexes as indexes
             where indexes.relid = tables.relid) as bigint) as read
         from pg_stat_user_tables as tables where schemaname = 'public'",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    pool.close().await;
    let rows = rows.iter().map(|row| (row.get("name"), row.get("read")));
    rows.filter(|(name, _): &(String, i64)| TABLES.contains(&name.as_str()))
        .collect()
}

/// Checks that SQLite looks for the rows of a tenant by more than the tenant.
async fn hold_to_indexes(statements: &BTreeSet<String>) {
    let database = Database::sqlite().await;
    drop(database.inbox().await);
    let pool = AnyPool::connect(&database.url).await.unwrap();
    for statement in statements {
        let reads = statement.starts_with("select");
        if !reads || !TABLES.iter().any(|table| statement.contains(table)) {
            continue;
        }
        let plan = sqlx::query(AssertSqlSafe(format!("explain query plan {statement}")));
        for row in plan.fetch_all(&pool).await.unwrap() {
            let step: String = row.get("detail");
            let table = step.split(' ').nth(1).unwrap_or_default();
            if TABLES.contains(&table) {
                let is_narrow = step.starts_with("SEARCH")
                    && step.contains("(installation=?")
                    && !step.ends_with("(installation=?)");
                // It holds the open ones alone, in the order of the list: a limit cuts it.
                let is_cut =
                    step.contains(" finding_history_open ") && statement.contains(" limit ");
                assert!(is_narrow || is_cut, "{step}: {statement}");
            }
        }
    }
    pool.close().await;
}

/// Records the statements that this thread sends to a database.
struct Recorder(Arc<Mutex<BTreeSet<String>>>);

impl Recorder {
    fn new() -> (Arc<Mutex<BTreeSet<String>>>, Self) {
        let statements = Arc::default();
        (Arc::clone(&statements), Self(statements))
    }
}

impl<S: tracing::Subscriber> Layer<S> for Recorder {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            let mut fields = Statement::default();
            event.record(&mut fields);
            let statement = match fields.whole.is_empty() {
                true => fields.summary,
                false => fields.whole,
            };
            self.0.lock().unwrap().insert(statement.trim().to_owned());
        }
    }
}

#[derive(Default)]
struct Statement {
    summary: String,
    whole: String,
}

impl Visit for Statement {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.clone_into(&mut self.whole),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}
