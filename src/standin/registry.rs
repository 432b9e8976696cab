//! Simulates a module registry: discovery, versions, download.

use super::wire::{self, Server};
use anyhow::Result;
use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The path of the module API.
const BASE: &str = "/v1/modules/";

/// A running registry. It stops when dropped.
#[derive(Debug)]
pub struct Registry {
    server: Server,
    shelf: Arc<Mutex<Shelf>>,
}

#[derive(Debug, Default)]
struct Shelf {
    /// The locations, by `namespace/name/provider` and version.
    modules: BTreeMap<String, BTreeMap<String, String>>,
    /// The files that it holds itself, by path.
    files: BTreeMap<String, Bytes>,
    /// The requested paths.
    requests: Vec<String>,
    violations: Vec<String>,
}

impl Registry {
    /// Starts an empty registry on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start() -> Result<Self> {
        let (listener, url) = wire::listen().await?;
        let shelf = Arc::<Mutex<Shelf>>::default();
        let known = shelf.clone();
        let answer = move |request: Request<Bytes>| {
            let answer = locked(&known).answer(&request);
            async move { Ok(answer) }
        };
        Ok(Self {
            server: wire::serve(listener, url, answer),
            shelf,
        })
    }

    /// Returns the address, without a slash at its end.
    pub fn url(&self) -> &str {
        &self.server.url
    }

    /// Adds a version of a module, and its location.
    pub fn publish(&self, module: &str, version: &str, location: &str) {
        let mut shelf = locked(&self.shelf);
        let versions = shelf.modules.entry(module.to_owned()).or_default();
        versions.insert(version.to_owned(), location.to_owned());
    }

    /// Holds a file at a path.
    pub fn hold(&self, path: &str, content: Vec<u8>) {
        let mut shelf = locked(&self.shelf);
        shelf.files.insert(path.to_owned(), content.into());
    }

    /// Returns the requested paths, the oldest first.
    pub fn requests(&self) -> Vec<String> {
        locked(&self.shelf).requests.clone()
    }

    /// Returns what a registry must not be sent.
    pub fn violations(&self) -> Vec<String> {
        locked(&self.shelf).violations.clone()
    }
}

impl Shelf {
    fn answer(&mut self, request: &Request<Bytes>) -> Response<Bytes> {
        let path = request.uri().path();
        self.requests.push(path.to_owned());
        let secrets = [header::AUTHORIZATION, header::COOKIE];
        if secrets
            .iter()
            .any(|name| request.headers().contains_key(name))
        {
            self.violations
                .push(format!("{path} came with credentials"));
        }
        if path == "/.well-known/terraform.json" {
            return respond(
                StatusCode::OK,
                json!({"modules.v1": BASE}).to_string(),
                None,
            );
        }
        if let Some(file) = self.files.get(path) {
            return Response::new(file.clone());
        }
        let asked = path.strip_prefix(BASE).unwrap_or_default();
        self.of_module(asked)
            .unwrap_or_else(|| respond(StatusCode::NOT_FOUND, "{}".to_owned(), None))
    }

    fn of_module(&self, asked: &str) -> Option<Response<Bytes>> {
        if let Some(module) = asked.strip_suffix("/versions") {
            let versions = self.modules.get(module)?.keys();
            let versions: Vec<_> = versions
                .map(|version| json!({"version": version}))
                .collect();
            let body = json!({"modules": [{"source": module, "versions": versions}]});
            return Some(respond(StatusCode::OK, body.to_string(), None));
        }
        let (module, version) = asked.strip_suffix("/download")?.rsplit_once('/')?;
        let location = self.modules.get(module)?.get(version)?;
        Some(respond(
            StatusCode::NO_CONTENT,
            String::new(),
            Some(location),
        ))
    }
}

fn respond(status: StatusCode, body: String, location: Option<&str>) -> Response<Bytes> {
    let mut answer = Response::builder().status(status);
    if let Some(location) = location {
        answer = answer.header("x-terraform-get", location);
    }
    answer.body(body.into()).unwrap_or_default()
}

fn locked(shelf: &Mutex<Shelf>) -> MutexGuard<'_, Shelf> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}
