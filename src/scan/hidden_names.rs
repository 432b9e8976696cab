//! Masks the secrets in what names a resource, such as the key of an instance. Fixes are planned by these names, so they
//! are masked last.

use super::scan_result::ScanResult;
use crate::model::{Address, Finding, Fix, Key, Proof, Redactor};

impl ScanResult {
    /// Masks the secrets that are known by their text in all names of the report.
    pub fn hide_names(&mut self) {
        let redactor = &self.redactor;
        if !redactor.knows_texts() {
            return;
        }
        for stack in &mut self.report.stacks {
            if let Some(backend) = &mut stack.backend {
                mask(&mut backend.location, redactor);
            }
            let Ok(scanned) = &mut stack.outcome else {
                continue;
            };
            let found = scanned.findings.iter_mut();
            found
                .chain(&mut scanned.set_aside)
                .for_each(|finding| hide(finding, redactor));
            let reasons = scanned.coverage.iter_mut();
            let reasons = reasons.filter_map(|row| row.reason.as_mut());
            reasons.for_each(|reason| mask(reason, redactor));
        }
        let accounts = self.report.accounts.iter_mut();
        let found = accounts.flat_map(|account| &mut account.findings);
        found.for_each(|finding| hide(finding, redactor));
    }
}

fn hide(finding: &mut Finding, redactor: &Redactor) {
    let addresses = [&mut finding.address, &mut finding.under];
    let texts = [&mut finding.import_id, &mut finding.reason].into_iter();
    let texts = texts.flatten().chain(&mut finding.why);
    let paths = finding.attributes.iter_mut();
    let paths = paths.map(|difference| &mut difference.path);
    let of_fix = finding.fix.iter_mut().flat_map(texts_of);
    let texts = texts.chain(paths).chain(of_fix);
    hide_in(addresses.into_iter().flatten(), texts, redactor);
    let fix = finding.fix.as_mut();
    if let Some(proof) = fix.and_then(|fix| fix.proof.as_mut()) {
        hide_in_proof(proof, redactor);
    }
}

/// Masks the paths that a plan would still change: they may end with the key of an entry.
fn hide_in_proof(proof: &mut Proof, redactor: &Redactor) {
    let remaining = proof.remaining.iter_mut();
    remaining.for_each(|path| mask(path, redactor));
    let reasons = std::mem::take(&mut proof.reasons).into_iter();
    let masked = reasons.map(|(mut path, reason)| {
        mask(&mut path, redactor);
        (path, reason)
    });
    proof.reasons = masked.collect();
}

/// Masks the secrets that are known by their text in the keys of addresses, and in texts.
pub(crate) fn hide_in<'a>(
    addresses: impl Iterator<Item = &'a mut Address>,
    texts: impl Iterator<Item = &'a mut String>,
    redactor: &Redactor,
) {
    addresses.for_each(|address| hide_keys(address, redactor));
    texts.for_each(|text| mask(text, redactor));
}

fn hide_keys(address: &mut Address, redactor: &Redactor) {
    let modules = address.modules.iter_mut();
    let keys = modules.map(|step| &mut step.key).chain([&mut address.key]);
    for key in keys.flatten() {
        if let Key::Name(name) = key {
            mask(name, redactor);
        }
    }
}

/// Returns the texts of a fix that may name its resource.
fn texts_of(fix: &mut Fix) -> impl Iterator<Item = &mut String> {
    let own = [&mut fix.reason, &mut fix.block, &mut fix.command];
    let refused = fix.refused.iter_mut();
    let refused = refused.flat_map(|refused| [&mut refused.path, &mut refused.reason]);
    own.into_iter().flatten().chain(refused)
}

fn mask(text: &mut String, redactor: &Redactor) {
    let masked = redactor.mask(text).into_owned();
    *text = masked;
}
