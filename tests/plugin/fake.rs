//! A provider that does what a story asks for: this program itself, run again.
//!
//! A provider starts with an empty environment, so a script stands between: it names the behaviour, and runs the test
//! `serve` of this program. The test's own output is no handshake; that goes to the descriptor that the script opens.

use driftguard::plugin::wire::{
    Attribute5, Attribute6, Block5, Block6, Capabilities, ConfigureRequest, Diagnostic,
    DiagnosticsResponse, DynamicValue, Nested5, NestedType, PlanRequest, PlanResponse,
    PrepareRequest, PrepareResponse, ReadRequest, ReadResponse, Schema5, Schema6, SchemaResponse,
    UpgradeRequest, UpgradeResponse, ValidateRequest,
};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::BodyExt;
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use std::convert::Infallible;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tokio::net::UnixListener;

/// The type that it has: as many attributes of the real one as a story needs.
pub const TYPE: &str = "aws_sqs_queue";
/// A type that is a child of another one.
const ATTACHMENT: &str = "aws_iam_role_policy_attachment";
/// How the behaviours begin of a provider that speaks version 6, and has `thing_record`.
pub const SIX: &str = "six";
/// How a provider behaves that plans another name for the bucket `acme-clean`, and is right about all else.
pub const OTHER_BUCKET: &str = "plans another bucket";
/// How a provider behaves that takes no code of a policy's attachment.
pub const NO_ATTACHMENT: &str = "takes no attachment";
/// How a provider behaves that must be asked for its schemas first.
pub const SCHEMAS_FIRST: &str = "needs to be asked for schemas";
/// The pause between two bytes of an answer that never ends.
const DRIP: std::time::Duration = std::time::Duration::from_millis(20);
/// What its log says, as a real one's says everything.
pub const LOGGED: &str = "hunter2-in-the-log";

/// What the program of a provider does.
pub struct Fake<'a> {
    pub behaviour: &'a str,
    /// The attributes that a read answers over the recorded ones.
    pub live: &'a str,
    /// Where it records what a story asks for.
    pub records: &'a Path,
    /// What it tries to read, or to connect to.
    pub tries: &'a [PathBuf],
}

/// Writes the program of a provider that behaves so, and answers a read with these attributes over the recorded ones.
pub fn program(folder: &Path, behaviour: &str, live: &str) -> PathBuf {
    let fake = Fake {
        behaviour,
        live,
        records: folder,
        tries: &[],
    };
    fake.write(folder)
}

impl Fake<'_> {
    /// Writes the program.
    pub fn write(&self, folder: &Path) -> PathBuf {
        fs::create_dir_all(folder).unwrap();
        let file = folder.join("terraform-provider-aws_v9.9.9_x5");
        let tries: Vec<_> = self
            .tries
            .iter()
            .map(|path| path.to_str().unwrap())
            .collect();
        let script = format!(
            "#!/bin/sh\nexport FAKE_BEHAVIOUR='{}' FAKE_LIVE='{}' FAKE_FOLDER='{}' FAKE_TRIES='{}'\n\
             exec '{}' --exact plugin::fake::serve --nocapture --test-threads 1 3>&1 1>/dev/null\n",
            self.behaviour,
            self.live,
            self.records.display(),
            tries.join(":"),
            suite().display()
        );
        fs::write(&file, script).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        file
    }
}

/// This program, where any user may run it.
fn suite() -> PathBuf {
    static SUITE: std::sync::LazyLock<PathBuf> = std::sync::LazyLock::new(|| {
        let own = std::env::current_exe().unwrap();
        let may_be_entered = |folder: &Path| {
            let metadata = fs::metadata(folder);
            metadata.is_ok_and(|metadata| metadata.permissions().mode() & 0o001 != 0)
        };
        if own.ancestors().all(may_be_entered) {
            return own;
        }
        let folder = std::env::temp_dir();
        let made = folder.join(format!("driftguard-suite-{}", std::process::id()));
        fs::copy(&own, &made).unwrap();
        fs::set_permissions(&made, fs::Permissions::from_mode(0o755)).unwrap();
        // The next run takes this one's place.
        let copy = folder.join("driftguard-suite");
        fs::rename(&made, &copy).unwrap();
        copy
    });
    SUITE.clone()
}

/// Serves, where a script asks for it.
#[test]
fn serve() {
    let Ok(behaviour) = std::env::var("FAKE_BEHAVIOUR") else {
        return;
    };
    assert!(
        std::env::var("TF_PLUGIN_MAGIC_COOKIE").is_ok(),
        "only Terraform's protocol is served"
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(run(behaviour));
}

async fn run(behaviour: String) {
    eprintln!("{LOGGED} {}", "x".repeat(200_000));
    let folder = std::env::var("PLUGIN_UNIX_SOCKET_DIR").unwrap();
    let socket = Path::new(&folder).join("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    let version = match behaviour.as_str() {
        "version 7" => 7,
        name if name.starts_with(SIX) => 6,
        _ => 5,
    };
    let link = Path::new(&folder).join("link");
    let place = match behaviour.as_str() {
        "elsewhere" => "/tmp/elsewhere.sock".to_owned(),
        "link" => {
            std::os::unix::fs::symlink(&socket, &link).unwrap();
            link.display().to_string()
        }
        _ => socket.display().to_string(),
    };
    let line = match behaviour.as_str() {
        "no handshake" => "hello\n".to_owned(),
        "silent" => String::new(),
        "two handshakes" => format!("1|5|unix|{place}|grpc|\n1|5|unix|/tmp/elsewhere.sock|grpc|\n"),
        _ => format!("1|{version}|unix|{place}|grpc|\n"),
    };
    // The descriptor itself: another user than the story's may not open it anew.
    let printed = Command::new("sh")
        .args(["-c", "printf %s \"$1\" >&3", "sh", &line])
        .status();
    assert!(printed.unwrap().success());
    if behaviour == "hang, with children" {
        let started = Command::new("sh")
            .args(["-c", "sleep 300 & setsid sleep 300 &"])
            .status();
        assert!(started.unwrap().success());
        record("socket", &socket.display().to_string());
    }
    if behaviour == "flood" {
        let started = Command::new("sh")
            .args(["-c", "yes out >&3 & yes \"$0\" >&2 &", LOGGED])
            .status();
        assert!(started.unwrap().success());
    }
    if behaviour == "ends" {
        return;
    }
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let behaviour = behaviour.clone();
        let service = service_fn(move |request| respond(request, behaviour.clone()));
        let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection);
    }
}

/// A message with its trailers, the last part first.
struct Answer {
    frames: Vec<Frame<Bytes>>,
    /// The pause before each byte of an answer that never ends.
    drip: Option<std::pin::Pin<Box<tokio::time::Sleep>>>,
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(drip) = &mut self.drip {
            std::task::ready!(drip.as_mut().poll(context));
            drip.set(tokio::time::sleep(DRIP));
            let byte = Frame::data(Bytes::from_static(&[0]));
            return std::task::Poll::Ready(Some(Ok(byte)));
        }
        std::task::Poll::Ready(self.frames.pop().map(Ok))
    }
}

async fn respond(
    request: Request<Incoming>,
    behaviour: String,
) -> Result<Response<Answer>, Infallible> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let message = answer(&path, &body[5..], &behaviour).await;
    let mut frame = vec![0];
    frame.extend((message.len() as u32).to_be_bytes());
    frame.extend(message);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let frames = vec![Frame::trailers(trailers), Frame::data(frame.into())];
    let response = Response::builder().header("content-type", "application/grpc");
    let is_dripping = behaviour == "drip" && path.ends_with("/ReadResource");
    let answer = Answer {
        frames,
        drip: is_dripping.then(|| Box::pin(tokio::time::sleep(DRIP))),
    };
    Ok(response.body(answer).unwrap())
}

async fn answer(path: &str, body: &[u8], behaviour: &str) -> Vec<u8> {
    let method = path.rsplit('/').next().unwrap();
    match method {
        "GetSchema" => {
            let before = fs::read_to_string(folder().join("asked")).unwrap_or_default();
            record("asked", &format!("{before}x"));
            schemas(behaviour).encode_to_vec()
        }
        "GetProviderSchema" => schemas6().encode_to_vec(),
        "PrepareProviderConfig" => PrepareResponse {
            prepared_config: PrepareRequest::decode(body).unwrap().config,
            diagnostics: Vec::new(),
        }
        .encode_to_vec(),
        "Configure" | "ConfigureProvider" => {
            if behaviour == "six, spy" {
                spy();
            }
            let request = ConfigureRequest::decode(body).unwrap();
            record("configuration", &format!("{:?}", request.config));
            DiagnosticsResponse::default().encode_to_vec()
        }
        "UpgradeResourceState" => {
            let request = UpgradeRequest::decode(body).unwrap();
            UpgradeResponse {
                upgraded_state: Some(json(request.raw_state.unwrap().json)),
                diagnostics: Vec::new(),
            }
            .encode_to_vec()
        }
        "ReadResource" => read(&ReadRequest::decode(body).unwrap(), behaviour).await,
        "ValidateResourceTypeConfig" | "ValidateResourceConfig" => {
            let request = ValidateRequest::decode(body).unwrap();
            let config = request.config.unwrap();
            let is_refused = match behaviour {
                "refuses 90" => timeout(&config.msgpack, 90).is_some(),
                NO_ATTACHMENT => request.type_name == ATTACHMENT,
                _ => false,
            };
            let refusal = Diagnostic {
                severity: 1,
                summary: "expected visibility_timeout_seconds to be at most 60".to_owned(),
                detail: "password=hunter2-refused".to_owned(),
            };
            DiagnosticsResponse {
                diagnostics: is_refused.then_some(refusal).into_iter().collect(),
            }
            .encode_to_vec()
        }
        "PlanResourceChange" => {
            let mut planned = PlanRequest::decode(body).unwrap().proposed_new_state;
            if let Some(state) = planned.as_mut().filter(|_| behaviour == "always plans 30")
                && let Some(at) = timeout(&state.msgpack, 90)
            {
                state.msgpack[at] = 30;
            }
            if let Some(state) = planned.as_mut().filter(|_| behaviour == OTHER_BUCKET) {
                // Of the attribute alone: its ARN has the name as well.
                let [now, then] = ["acme-clean", "acme-other"];
                let entry = |name: &str| [b"\xa6bucket\xaa", name.as_bytes()].concat();
                replace(&mut state.msgpack, &entry(now), &entry(then));
            }
            PlanResponse {
                planned_state: planned,
                diagnostics: Vec::new(),
            }
            .encode_to_vec()
        }
        other => panic!("{other} is not asked for"),
    }
}

/// Writes a text of the same length over another one.
fn replace(msgpack: &mut [u8], text: &[u8], other: &[u8]) {
    let found = msgpack
        .windows(text.len())
        .position(|window| window == text);
    if let Some(at) = found {
        msgpack[at..at + other.len()].copy_from_slice(other);
    }
}

/// Returns where a value in MessagePack sets the timeout to so many seconds.
fn timeout(msgpack: &[u8], seconds: u8) -> Option<usize> {
    let name = b"visibility_timeout_seconds";
    let found = msgpack.windows(name.len()).position(|part| part == name);
    let at = found? + name.len();
    // A whole number of eight bytes.
    let number = [0xd3, 0, 0, 0, 0, 0, 0, 0, seconds];
    msgpack[at..]
        .starts_with(&number)
        .then_some(at + number.len() - 1)
}

async fn read(request: &ReadRequest, behaviour: &str) -> Vec<u8> {
    let error = |detail: &str| Diagnostic {
        severity: 1,
        summary: "reading SQS Queue".to_owned(),
        detail: detail.to_owned(),
    };
    let state = request.current_state.clone().unwrap();
    let mut answer = ReadResponse {
        new_state: Some(state),
        ..ReadResponse::default()
    };
    match behaviour {
        "garbage" => answer.new_state.as_mut().unwrap().json = Vec::new(),
        "null" | "null, denied" | "null, asked nothing" | "six, null" => {
            answer.new_state = Some(json(b"null".to_vec()))
        }
        "huge" => {
            let text = "x".repeat(64 << 20);
            answer.new_state = Some(json(format!("{{\"name\": \"{text}\"}}").into_bytes()));
        }
        "error" => answer.diagnostics = vec![error("password=hunter2 is wrong")],
        "denied" => {
            answer.diagnostics = vec![error(
                "AccessDenied: User: arn:aws:iam::123456789012:user/x is not authorized to perform: sqs:GetQueueAttributes on resource: q",
            )]
        }
        "crash" => std::process::exit(3),
        "crash once" => {
            let mark = folder().join("crashed");
            if !mark.exists() {
                fs::write(mark, "").unwrap();
                std::process::exit(3);
            }
        }
        "hang" | "hang, with children" => std::future::pending().await,
        "spy" => spy(),
        _ => {}
    }
    match behaviour {
        "garbage" => {
            answer.new_state.as_mut().unwrap().msgpack = vec![0xdd, 0xff, 0xff, 0xff, 0xff];
        }
        "deep" => {
            answer.new_state = Some(DynamicValue {
                msgpack: vec![0x91; 10_000],
                json: Vec::new(),
            });
        }
        "deep in JSON" => answer.new_state = Some(json(b"[".repeat(10_000))),
        "many parts" => {
            let items = vec!["0"; 600_000].join(",");
            answer.new_state = Some(json(format!("{{\"name\": [{items}]}}").into_bytes()));
        }
        "many diagnostics" => answer.diagnostics = vec![Diagnostic::default(); 200_000],
        _ => {}
    }
    let status = match behaviour {
        "null, denied" => Some((400, "AccessDeniedException")),
        "null" => Some((400, "AWS.SimpleQueueService.NonExistentQueue")),
        _ => None,
    };
    if let Some((status, code)) = status
        && std::env::var("TF_LOG_PROVIDER_AWS").is_ok_and(|level| level == "debug")
    {
        eprintln!("{{\"http.response.body\":\"{code} {LOGGED}\",\"http.status_code\":{status}}}");
    }
    if let Some(state) = answer
        .new_state
        .as_mut()
        .filter(|state| state.json.starts_with(b"{"))
        && !["huge", "many parts"].contains(&behaviour)
    {
        let mut value: serde_json::Value = serde_json::from_slice(&state.json).unwrap();
        let live: serde_json::Value =
            serde_json::from_str(&std::env::var("FAKE_LIVE").unwrap()).unwrap();
        for (name, live) in live.as_object().unwrap() {
            if value.get(name).is_some() {
                value[name] = live.clone();
            }
        }
        state.json = value.to_string().into_bytes();
    }
    answer.encode_to_vec()
}

fn json(json: Vec<u8>) -> DynamicValue {
    DynamicValue {
        json,
        msgpack: Vec::new(),
    }
}

fn folder() -> PathBuf {
    std::env::var("FAKE_FOLDER").unwrap().into()
}

/// Leaves for the story what the provider was given.
fn record(name: &str, text: &str) {
    fs::write(folder().join(name), text).unwrap();
}

/// Records everything that the process has of its parent.
fn spy() {
    let variables: Vec<_> = std::env::vars()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let arguments: Vec<_> = std::env::args().collect();
    let descriptors: Vec<_> = fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| fs::read_link(entry.unwrap().path()).ok())
        .map(|target| target.display().to_string())
        .collect();
    let parent = PathBuf::from(format!("/proc/{}", std::os::unix::process::parent_id()));
    let mut tries = vec![
        parent.join("environ"),
        parent.join("fd"),
        parent.join("mem"),
    ];
    let named = std::env::var("FAKE_TRIES").unwrap();
    tries.extend(
        named
            .split(':')
            .filter(|path| !path.is_empty())
            .map(PathBuf::from),
    );
    let tried = tries.iter().map(|path| {
        let reached = fs::read(path).is_ok_and(|bytes| !bytes.is_empty())
            || fs::read_dir(path).is_ok()
            || std::os::unix::net::UnixStream::connect(path).is_ok();
        format!("tried {} {reached}", path.display())
    });
    let tried: Vec<_> = tried.collect();
    record("tried", &tried.join("\n"));
    let all = [variables, arguments, descriptors].concat();
    record("given", &all.join("\n"));
}

fn schemas(behaviour: &str) -> SchemaResponse {
    let attribute = |name: &str, ty: &str, flags: &str| Attribute5 {
        name: name.to_owned(),
        r#type: ty.as_bytes().to_vec(),
        required: flags.contains('r'),
        optional: flags.contains('o'),
        computed: flags.contains('c'),
        sensitive: flags.contains('s'),
        write_only: false,
    };
    let schema = |version, attributes, block_types| Schema5 {
        version,
        block: Some(Block5 {
            attributes,
            block_types,
        }),
    };
    let rule = vec![
        attribute("note", r#""string""#, "o"),
        attribute("target", r#""string""#, "o"),
        attribute("labels", r#"["map","string"]"#, "o"),
    ];
    let rule = Nested5 {
        type_name: "rule".to_owned(),
        block: schema(0, rule, Vec::new()).block,
        nesting: 2,
    };
    let bucket = vec![
        attribute("id", r#""string""#, "oc"),
        attribute("arn", r#""string""#, "c"),
        attribute("bucket", r#""string""#, "oc"),
    ];
    let mut queue = vec![
        attribute("id", r#""string""#, "oc"),
        attribute("arn", r#""string""#, "c"),
        attribute("name", r#""string""#, "oc"),
        attribute("visibility_timeout_seconds", r#""number""#, "o"),
        attribute("policy", r#""string""#, "oc"),
        attribute("secret", r#""string""#, "os"),
        attribute("labels", r#"["map","string"]"#, "o"),
        attribute("tags", r#"["map","string"]"#, "o"),
        attribute("tags_all", r#"["map","string"]"#, "oc"),
    ];
    if behaviour == "100,000 attributes" {
        queue.extend((0..100_000).map(|n| attribute(&format!("a{n}"), r#""string""#, "o")));
    }
    let provider = ["region", "access_key", "secret_key", "token"];
    let provider = provider.map(|name| attribute(name, r#""string""#, "o"));
    let version = if behaviour == "older schema" { 0 } else { 1 };
    let parameter = vec![
        attribute("id", r#""string""#, "oc"),
        attribute("arn", r#""string""#, "c"),
        attribute("name", r#""string""#, "r"),
        attribute("type", r#""string""#, "r"),
        attribute("value", r#""string""#, "os"),
    ];
    let attachment = vec![
        attribute("id", r#""string""#, "c"),
        attribute("role", r#""string""#, "r"),
        attribute("policy_arn", r#""string""#, "r"),
    ];
    let types = [
        (TYPE, schema(version, queue, vec![rule])),
        ("aws_ssm_parameter", schema(0, parameter, Vec::new())),
        ("aws_s3_bucket", schema(0, bucket, Vec::new())),
        (ATTACHMENT, schema(0, attachment, Vec::new())),
    ];
    let types = types.map(|(name, schema)| (name.to_owned(), schema.encode_to_vec()));
    SchemaResponse {
        provider: schema(0, provider.to_vec(), Vec::new()).encode_to_vec(),
        resource_schemas: types.into(),
        diagnostics: Vec::new(),
        capabilities: Some(Capabilities {
            schema_optional: behaviour != SCHEMAS_FIRST,
        }),
    }
}

fn schemas6() -> SchemaResponse {
    let attribute = |name: &str, ty: &str, flags: &str| Attribute6 {
        name: name.to_owned(),
        r#type: ty.as_bytes().to_vec(),
        required: flags.contains('r'),
        optional: flags.contains('o'),
        computed: flags.contains('c'),
        sensitive: flags.contains('s'),
        nested_type: None,
        write_only: false,
    };
    let schema = |attributes| Schema6 {
        version: 0,
        block: Some(Block6 {
            attributes,
            block_types: Vec::new(),
        }),
    };
    let settings = Attribute6 {
        nested_type: Some(NestedType {
            attributes: vec![attribute("mode", r#""string""#, "o")],
            nesting: 1,
        }),
        ..attribute("settings", "", "o")
    };
    let record = vec![
        attribute("id", r#""string""#, "c"),
        attribute("name", r#""string""#, "r"),
        attribute("ttl", r#""number""#, "o"),
        attribute("pass_phrase_of_record", r#""string""#, "os"),
        settings,
    ];
    let provider = schema(vec![
        attribute("zone", r#""string""#, "o"),
        attribute("retries", r#""number""#, "o"),
    ]);
    let types = [("thing_record".to_owned(), schema(record).encode_to_vec())];
    SchemaResponse {
        provider: provider.encode_to_vec(),
        resource_schemas: types.into(),
        diagnostics: Vec::new(),
        capabilities: None,
    }
}
