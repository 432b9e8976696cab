//! `driftguard fix`: a scan, and then the edits that it leads to. Nothing is staged or committed.

use super::exit;
use super::output::Output;
use super::replace::replace_files;
use super::source::{Scanned, Source};
use crate::model::{Disproved, Finding, Fix, FixKind, Refusal, RefusalKind};
use crate::patch::{self, AdoptedValues, Changed, FixPolicy, OtherStack};
use crate::scan::ProviderAccess;
use crate::scan::load::Loaded;
use crate::scan::proof::{self, ProofInput, Proofs};
use crate::scan::scan_result::stacks_beside;
use anyhow::ensure;
use clap::Args;
use std::process::ExitCode;

/// The arguments of `driftguard fix`: what to scan, in which direction to fix it, and the form of the report.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    output: Output,
    /// Make the code match AWS
    #[arg(long, group = "direction")]
    adopt: bool,
    /// Keep the code, so that an apply makes AWS match it
    #[arg(long, group = "direction")]
    restore: bool,
    /// Import what was added below managed resources; fix nothing else
    #[arg(long, group = "direction")]
    import: bool,
    /// Only this finding (repeatable)
    #[arg(long = "finding", value_name = "ID")]
    findings: Vec<String>,
    /// Print the patch and the report, and edit nothing
    #[arg(long)]
    dry_run: bool,
}

/// A stack whose fixes are planned.
struct Planned<'a> {
    loaded: &'a Loaded,
    /// What a provider's plan disproved of the fixes that were planned before; `None` where none were.
    disproved: Option<&'a Disproved>,
}

pub(super) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let mut scanned = options.source.scan().await?;
    let mut changed = options.plan(&mut scanned, &[])?;
    let mut proofs = Proofs::default();
    for round in 1..=proof::ROUNDS {
        if !prove(&mut scanned, &mut proofs).await || round == proof::ROUNDS {
            break;
        }
        options.plan(&mut scanned, &proofs.disproved)?;
    }
    if proofs.is_any_refused {
        changed = all_files(&scanned);
    }
    if options.dry_run {
        let tree = &scanned.checkout.tree;
        let redactor = &scanned.result.redactor;
        let patch = patch::diff(tree, &changed, &|text| redactor.mask(text));
        scanned.result.hide_names();
        options
            .output
            .write_with_patch(&scanned.result.report, &patch)?;
    } else {
        let checkout = &scanned.checkout;
        replace_files(&checkout.root, &checkout.tree, &changed)?;
        scanned.result.hide_names();
        options.output.write(&scanned.result.report)?;
    }
    Ok(options.exit(&scanned))
}

/// Proves the fixes by the plan of the provider, if there is one. Returns whether fixes must be planned again.
async fn prove(scanned: &mut Scanned, proofs: &mut Proofs) -> bool {
    let Some(providers) = &scanned.providers else {
        return false;
    };
    let edited = files_by_stack(scanned);
    let input = ProofInput {
        tree: &scanned.checkout.tree,
        settings: &scanned.provider_scope,
        providers: ProviderAccess::of_caller(providers),
        edited: &edited,
    };
    proof::prove(&mut scanned.result, &input, proofs).await
}

fn files_by_stack(scanned: &Scanned) -> Vec<Changed> {
    patch::files_by_stack(&scanned.checkout.tree, &scanned.result.report.stacks)
}

/// Returns the files that the fixes of all stacks change. Of stacks that share a file the first one edits it.
fn all_files(scanned: &Scanned) -> Changed {
    let mut all = Changed::new();
    for (file, bytes) in files_by_stack(scanned).into_iter().flatten() {
        all.entry(file).or_insert(bytes);
    }
    all
}

impl Options {
    /// Plans every finding that was asked for, without what a provider's plan disproved of each stack.
    fn plan(&self, scanned: &mut Scanned, disproved: &[Disproved]) -> anyhow::Result<Changed> {
        let mut changed = Changed::new();
        let mut known = false;
        let adopted = self.adopted(scanned);
        let result = &mut scanned.result;
        let stacks = result.report.stacks.iter_mut().zip(&result.loaded);
        for (at, (report, loaded)) in stacks.enumerate() {
            let beside = stacks_beside(at, &result.loaded, &result.unreported);
            let others = beside.map(|other| OtherStack {
                name: other.name.as_str(),
                options: other.options,
                adopted: other.at.and_then(|at| adopted.get(at)),
            });
            let stack = patch::Stack {
                tree: &scanned.checkout.tree,
                folder: &loaded.stack.path,
                options: &loaded.options,
                declared: &loaded.code.declared,
                catalog: &result.catalog,
                others: others.collect(),
            };
            if let Ok(scanned) = &mut report.outcome {
                known |= scanned.findings.iter().any(|finding| self.asks(finding));
                let disproved = disproved.get(at);
                let planned = Planned { loaded, disproved };
                self.fix(&mut scanned.findings, &stack, &planned, &mut changed);
            }
        }
        ensure!(
            known || self.findings.is_empty(),
            "there is no finding {}: `driftguard scan` names them",
            self.findings.join(", ")
        );
        Ok(changed)
    }

    /// Plans the findings of one stack, and adds the files that change.
    fn fix(
        &self,
        findings: &mut [Finding],
        stack: &patch::Stack<'_>,
        planned: &Planned<'_>,
        changed: &mut Changed,
    ) {
        // What is left alone is told of as well: its siblings' fixes must not touch it.
        let policy = |finding: &Finding| self.policy(finding, planned.loaded);
        let files = patch::plan_again(findings, stack, planned.disproved, policy);
        // Two stacks may share code: what the first makes of it, the second has not seen.
        let taken =
            |file: &String| changed.contains_key(file) && changed.get(file) != files.get(file);
        for fix in findings
            .iter_mut()
            .filter_map(|finding| finding.fix.as_mut())
        {
            if let Some(edit) = fix.edits.iter().find(|edit| taken(&edit.file)) {
                let reason = format!("the fix of another stack edits {}: run it again", edit.file);
                *fix = Fix::refused(Refusal {
                    reason,
                    kind: RefusalKind::Conflict,
                    ..Refusal::default()
                });
            }
            fix.applied = !self.dry_run && fix.kind != FixKind::Refused;
        }
        for (file, bytes) in files {
            changed.entry(file).or_insert(bytes);
        }
    }

    /// Returns what the fixes of each stack of the report may adopt.
    fn adopted(&self, scanned: &Scanned) -> Vec<AdoptedValues> {
        let stacks = scanned
            .result
            .report
            .stacks
            .iter()
            .zip(&scanned.result.loaded);
        let adopted = stacks.map(|(report, loaded)| {
            let findings = report.outcome.iter().flat_map(|scanned| &scanned.findings);
            let adopts = |finding: &&Finding| self.policy(finding, loaded).adopts(finding);
            AdoptedValues::of(findings.filter(adopts))
        });
        adopted.collect()
    }

    /// Returns how a finding is fixed: as the arguments say, else as the settings of its stack define.
    fn policy(&self, finding: &Finding, loaded: &Loaded) -> FixPolicy {
        match (self.adopt, self.restore, self.import) {
            _ if !self.asks(finding) => FixPolicy::None,
            (true, _, _) => FixPolicy::Adopt,
            (_, true, _) => FixPolicy::Restore,
            (_, _, true) => FixPolicy::Import,
            _ => loaded.stack.settings.fix.into(),
        }
    }

    /// Returns whether a finding is to be fixed: all are, where none was named.
    fn asks(&self, finding: &Finding) -> bool {
        self.findings.is_empty() || self.findings.contains(&finding.id.0)
    }

    /// 0 where every finding that counts was fixed, 2 where one was refused or left, in whole or in part.
    fn exit(&self, scanned: &Scanned) -> ExitCode {
        let report = &scanned.result.report;
        let counts = |finding: &&Finding| finding.severity >= self.source.fail_on();
        let left = |finding: &Finding| {
            let fix = finding.fix.as_ref();
            fix.is_none_or(|fix| fix.kind == FixKind::Refused || !fix.refused.is_empty())
        };
        if exit::findings(report).filter(counts).any(left) {
            return ExitCode::from(exit::DRIFT);
        }
        exit::partial(report)
    }
}
