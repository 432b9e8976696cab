//! What people look at, and what programs ask for: all pages and lists, the frequent ones more often.

use super::chance::Dice;
use super::fill::{STACKS, finding_id, stack};
use super::player::Visit;
use super::reports::findings_of;
use super::world::{ORGANISATION, PEOPLE, World, is_owner, login};
use anyhow::{Context, Result};
use driftguard::model::WorkspaceId;

/// The header by which a browser is known.
const COOKIE: &str = "cookie";

/// Who looks, and what there is to see.
pub struct Visits<'a> {
    pub world: &'a World,
    /// The cookies of each person.
    pub cookies: Vec<String>,
    /// The keys of the API, as headers.
    pub keys: Vec<String>,
    /// Where lists of the API go on: their paths behind a place.
    pub deep: Vec<String>,
}

/// A page of a stack is looked at: whose, and which.
struct StackVisit {
    number: usize,
    path: String,
}

impl Visits<'_> {
    /// Returns the next page that somebody looks at.
    pub fn page(&self, dice: &mut Dice) -> Result<Visit> {
        let person = dice.below(PEOPLE);
        let organisation = format!("/orgs/{ORGANISATION}");
        let (kind, path) = match dice.below(100) {
            0..4 => ("organisations", "/".to_owned()),
            4..19 => ("organisation", organisation),
            19..24 => {
                let (rank, number) = (1 + dice.below(5), dice.below(STACKS));
                let (repository, name) = stack(self.world, number)?;
                let behind = format!("{rank}.{}.{name}", repository.id);
                (
                    "organisation, further",
                    format!("{organisation}?after={behind}"),
                )
            }
            24..52 => ("stack", self.stack(person, dice)?.path),
            52..57 => {
                let path = self.stack(person, dice)?.path;
                (
                    "stack, filtered",
                    format!("{path}?severity=medium&type=&q=main&page=1"),
                )
            }
            57..77 => self.finding(person, dice)?,
            77..83 => ("scans", format!("{}/scans", self.stack(person, dice)?.path)),
            83..85 => {
                let before = super::fill::SCANNED - 200 * 60 * 60 * 1_000;
                let path = self.stack(person, dice)?.path;
                ("scans, earlier", format!("{path}/scans?before={before}"))
            }
            85..89 => ("accepted", format!("{organisation}/accepted")),
            89..93 => ("audit", format!("{organisation}/audit")),
            93..95 => {
                let who = login(dice.below(PEOPLE));
                (
                    "audit, a person",
                    format!("{organisation}/audit?person={who}&repository="),
                )
            }
            95..97 => {
                let repository = self.world.repository_of(person, dice.below(STACKS))?;
                let name = repository.name.split_once('/').context("no owner")?.1;
                (
                    "audit, a repository",
                    format!("{organisation}/audit?person=&repository={name}"),
                )
            }
            97..99 => {
                let owner = person / 20 * 20;
                debug_assert!(is_owner(owner));
                let path = format!("{organisation}/keys");
                return Ok(self.of_person("keys", path, owner));
            }
            _ => return Ok(self.of_person("server", "/server".to_owned(), person % 10)),
        };
        Ok(self.of_person(kind, path, person))
    }

    fn of_person(&self, kind: &'static str, path: String, person: usize) -> Visit {
        Visit {
            kind,
            path,
            sender: (COOKIE, self.cookies[person].clone()),
        }
    }

    /// Chooses a stack that a person sees; some are looked at more often than others.
    fn stack(&self, person: usize, dice: &mut Dice) -> Result<StackVisit> {
        let limit = 1 + dice.below(STACKS);
        let mut number = dice.below(limit);
        let (repository, _) = stack(self.world, number)?;
        let seen = self.world.repository_of(person, number / 5)?;
        if seen.id != repository.id {
            let place = self
                .world
                .repositories
                .iter()
                .position(|it| it.id == seen.id);
            number = place.context("no such repository")? * 5 + number % 5;
        }
        let (repository, name) = stack(self.world, number)?;
        Ok(StackVisit {
            number,
            path: format!("/orgs/{}/{name}", repository.name),
        })
    }

    fn finding(&self, person: usize, dice: &mut Dice) -> Result<(&'static str, String)> {
        let seen = self.stack(person, dice)?;
        Ok(match findings_of(seen.number) {
            0 => ("stack", seen.path),
            count => {
                let id = finding_id(seen.number, dice.below(count));
                ("finding", format!("{}/findings/{id}", seen.path))
            }
        })
    }

    /// Returns the next list that a program asks for.
    pub fn list(&self, dice: &mut Dice) -> Result<Visit> {
        let number = dice.below(STACKS);
        let (repository, name) = stack(self.world, number)?;
        let workspace = WorkspaceId {
            repository: repository.id,
            stack: name,
        };
        let findings = "/api/v1/findings";
        let (kind, path) = match dice.below(100) {
            0..15 => ("workspaces", "/api/v1/workspaces".to_owned()),
            15..25 => ("a workspace", format!("/api/v1/workspaces/{workspace}")),
            25..40 => ("findings", findings.to_owned()),
            40..50 => (
                "findings, critical",
                format!("{findings}?severity=critical"),
            ),
            50..60 => (
                "findings, a type",
                format!("{findings}?type=aws_security_group"),
            ),
            60..68 => (
                "findings of a workspace",
                format!("{findings}?workspace={workspace}"),
            ),
            68..74 => ("findings resolved", format!("{findings}?status=resolved")),
            74..78 => (
                "findings resolved, a type without any",
                format!("{findings}?status=resolved&type=aws_kms_key"),
            ),
            78..86 => (
                "lists, further",
                self.deep[dice.below(self.deep.len())].clone(),
            ),
            86..92 => (
                "coverage",
                format!("/api/v1/workspaces/{workspace}/coverage"),
            ),
            92..98 => (
                "a scan",
                format!("/api/v1/scans/{workspace}.{}", super::fill::SCANNED),
            ),
            _ => ("me", "/api/v1/me".to_owned()),
        };
        let key = self.keys[dice.below(self.keys.len())].clone();
        Ok(Visit {
            kind,
            path,
            sender: ("authorization", key),
        })
    }
}
