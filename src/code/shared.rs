//! Shares parsed files and limits of work and memory among the evaluations of one scan. Memory is requested, before it
//! is used, from what all scans of the process share.

use super::effort::Effort;
use super::file::{CodeText, File, Part, Syntax};
use super::json_syntax::{self, Hcl};
use super::parse::{Readable, Unparsed};
use crate::memory::{MemoryError, ScanMemory, ScanShare};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most steps of parsing in one scan, about 45 seconds: files that are parsed again while fixes are tried count
/// too.
const MAX_STEPS: usize = 1 << 31;
/// The most bytes of cached files that no evaluation uses.
const MAX_CACHED_BYTES: usize = 64 << 20;
/// The most bytes of results that the evaluations of one scan keep.
const MAX_KEPT_BYTES: usize = 384 << 20;

/// The shared data of a scan's evaluations. Clones share it; the default is not shared.
#[derive(Clone, Default)]
pub struct Shared(Arc<Inner>);

#[derive(Default)]
struct Inner {
    cache: Mutex<Cache>,
    /// The steps of parsing so far.
    steps: AtomicUsize,
    memory: Mutex<Memory>,
    /// Whether other scans left too little memory.
    starved: AtomicBool,
}

/// The memory that evaluations hold.
struct Memory {
    share: ScanShare,
    /// Bytes of the results of evaluations that ended.
    kept: usize,
    /// Bytes granted to running evaluations, and to files that are being parsed.
    granted: usize,
    /// Bytes of cached files.
    cached: usize,
}

impl Default for Memory {
    fn default() -> Self {
        Self::part_of(&ScanMemory::default())
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Memory {
    fn part_of(scan: &ScanMemory) -> Self {
        Self {
            share: scan.part(),
            kept: 0,
            granted: 0,
            cached: 0,
        }
    }

    /// Requests more bytes before they are used.
    fn ask(&mut self, more: usize) -> Result<(), MemoryError> {
        let all = self.all().saturating_add(more as u64);
        self.share.try_grow_to(all)
    }

    fn all(&self) -> u64 {
        (self.kept + self.granted + self.cached) as u64
    }

    /// Gives back bytes that are no longer needed.
    fn settle(&mut self) {
        let all = self.all();
        self.share.shrink_to(all);
    }
}

impl Shared {
    /// Creates the shared data of a scan, as a part of the scan's memory.
    pub fn within(scan: &ScanMemory) -> Self {
        Self(Arc::new(Inner {
            memory: Mutex::new(Memory::part_of(scan)),
            ..Inner::default()
        }))
    }

    /// Returns whether something was not evaluated because other scans held the memory: a later scan may evaluate it.
    pub fn is_starved(&self) -> bool {
        self.0.starved.load(Ordering::Relaxed)
    }

    /// Returns a parsed file, from the cache where its text is the same.
    ///
    /// # Errors
    /// Why it was not parsed. It may take at most `room` bytes.
    pub(super) fn file(&self, read: &CodeText<'_>, room: usize) -> Result<Arc<File>, Unparsed> {
        let known = self.cache().get(read.path, |file| file.is_of(read));
        if let Some(file) = known {
            return match file.memory <= room {
                true => Ok(file),
                false => Err(refused(TOO_MUCH)),
            };
        }
        let place = (read.path.to_owned(), room);
        let Syntax::Json(blocks) = read.syntax else {
            return self.parse(read.text, place, |code| File::parse(read, code, None));
        };
        let Hcl { text, places } = json_syntax::to_hcl(read.text, blocks)?;
        let lines: Vec<_> = places
            .iter()
            .map(|place| (place.start, place.line))
            .collect();
        let parsed = self.parse(&text, place, |code| File::parse(read, code, Some(places)));
        parsed.map_err(|unparsed| {
            let before = text.split_inclusive('\n').take(unparsed.line - 1);
            let at: usize = before.map(str::len).sum();
            let place = lines.iter().find(|(start, _)| *start >= at);
            Unparsed {
                line: place.map_or(1, |(_, line)| *line),
                ..unparsed
            }
        })
    }

    /// Returns a file with a text merged from two, under the name of the first.
    ///
    /// # Errors
    /// Why it was not parsed. It may take at most `room` bytes.
    pub(super) fn merged(
        &self,
        (path, with): (&str, &str),
        text: &str,
        parts: Vec<Part>,
        room: usize,
    ) -> Result<Arc<File>, Unparsed> {
        let key = format!("{path}\0{with}");
        let known = self
            .cache()
            .get(&key, |file| file.is_merged_of(text, &parts));
        if let Some(file) = known.filter(|file| file.memory <= room) {
            return Ok(file);
        }
        self.parse(text, (key, room), |code| {
            File::parse_merged(path, code, parts)
        })
    }

    /// Parses code, if memory allows, and caches it.
    fn parse(
        &self,
        text: &str,
        (key, room): (String, usize),
        parse: impl FnOnce(&Readable<'_>) -> Result<File, Unparsed>,
    ) -> Result<Arc<File>, Unparsed> {
        let code = Readable::of(text)?;
        let Effort { memory, steps } = code.effort;
        if memory > room {
            return Err(refused(TOO_MUCH));
        }
        if self.0.steps.fetch_add(steps, Ordering::Relaxed) > MAX_STEPS {
            return Err(refused(TOO_LONG));
        }
        self.grant(memory).map_err(|_| refused(TOO_MUCH))?;
        let parsed = parse(&code).map(Arc::new);
        if let Ok(file) = &parsed {
            self.cache().put(key, file.clone());
        }
        self.settle(memory, 0);
        parsed
    }

    /// Returns the bytes that one more evaluation may keep.
    pub(super) fn room(&self) -> usize {
        MAX_KEPT_BYTES.saturating_sub(self.memory().kept)
    }

    /// Requests bytes for an evaluation.
    ///
    /// # Errors
    /// There is no memory for it at the moment, which is recorded, or in general.
    pub(super) fn grant(&self, bytes: usize) -> Result<(), MemoryError> {
        let mut memory = self.memory();
        let mut asked = memory.ask(bytes);
        if asked.is_err() {
            // Files that no evaluation is using can be parsed again.
            *self.cache() = Cache::default();
            memory.cached = 0;
            memory.settle();
            asked = memory.ask(bytes);
        }
        match asked {
            Ok(()) => memory.granted += bytes,
            Err(MemoryError::Busy) => self.0.starved.store(true, Ordering::Relaxed),
            Err(MemoryError::NeverFits { .. }) => {}
        }
        asked
    }

    /// Gives back the bytes granted to an evaluation except `kept`, which are given back on drop.
    pub(super) fn settle(&self, granted: usize, kept: usize) -> KeptMemory {
        let mut memory = self.memory();
        memory.granted = memory.granted.saturating_sub(granted);
        memory.kept += kept;
        memory.cached = self.cache().memory;
        memory.settle();
        match kept {
            0 => KeptMemory(None),
            bytes => KeptMemory(Some(Arc::new(Share {
                shared: self.clone(),
                bytes,
            }))),
        }
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        // A cache is whole after each of its steps.
        self.0.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // It is whole after each of its steps.
        self.0.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const TOO_MUCH: &str = "the code that this root module leads to is too large";
const TOO_LONG: &str = "parsing the rest of the repository's code took too long before";

/// Returns the error for a text that is too large.
fn refused(message: &str) -> Unparsed {
    Unparsed {
        line: 1,
        message: message.to_owned(),
        is_too_large: true,
    }
}

/// The memory of an evaluation's result. The default is empty.
#[derive(Debug, Clone, Default)]
pub(super) struct KeptMemory(#[expect(dead_code, reason = "held for its drop")] Option<Arc<Share>>);

#[derive(Debug)]
struct Share {
    shared: Shared,
    bytes: usize,
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut memory = self.shared.memory();
        memory.kept = memory.kept.saturating_sub(self.bytes);
        memory.settle();
    }
}

/// Parsed files by path. The least recently used ones are dropped first.
#[derive(Default)]
struct Cache {
    files: BTreeMap<String, (Arc<File>, u64)>,
    /// Their paths, by last use.
    order: BTreeMap<u64, String>,
    clock: u64,
    memory: usize,
}

impl Cache {
    fn get(&mut self, key: &str, is_same: impl FnOnce(&File) -> bool) -> Option<Arc<File>> {
        let (file, at) = self.files.get_mut(key)?;
        if !is_same(file) {
            return None;
        }
        self.clock += 1;
        self.order.remove(at);
        self.order.insert(self.clock, key.to_owned());
        *at = self.clock;
        Some(file.clone())
    }

    fn put(&mut self, key: String, file: Arc<File>) {
        self.clock += 1;
        self.memory += file.memory;
        self.order.insert(self.clock, key.clone());
        let old = self.files.insert(key, (file, self.clock));
        if let Some((old, at)) = old {
            self.memory -= old.memory;
            self.order.remove(&at);
        }
        while self.memory > MAX_CACHED_BYTES
            && let Some((_, path)) = self.order.pop_first()
        {
            if let Some((old, _)) = self.files.remove(&path) {
                self.memory -= old.memory;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: usize = 1 << 20;

    fn hcl<'t>(path: &'t str, text: &'t str) -> CodeText<'t> {
        let syntax = Syntax::Hcl;
        CodeText { path, text, syntax }
    }

    #[test]
    fn a_file_is_parsed_again_only_when_its_text_changed() {
        let shared = Shared::default();
        let first = shared.file(&hcl("a.tf", "a = 1\n"), ROOM).unwrap();
        let second = shared.clone().file(&hcl("a.tf", "a = 1\n"), ROOM).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        let edited = shared.file(&hcl("a.tf", "a = 2\n"), ROOM).unwrap();
        assert!(!Arc::ptr_eq(&first, &edited));
        assert!(shared.file(&hcl("a.tf", "a = 2\n"), 1).is_err());
    }

    #[test]
    fn a_scan_parses_until_that_took_too_many_steps() {
        let shared = Shared::default();
        let keys: String = (0..1_000).map(|at| format!("k{at} = 1\n")).collect();
        let map = format!("m = {{\n{keys}}}\n");
        shared.file(&hcl("a.tf", &map), usize::MAX).unwrap();
        // Each key is compared with all before it.
        assert!(shared.0.steps.load(Ordering::Relaxed) > 1_000 * 1_000 / 2);
        shared.0.steps.store(MAX_STEPS + 1, Ordering::Relaxed);
        let refused = shared.file(&hcl("b.tf", &map), usize::MAX).unwrap_err();
        assert_eq!(refused.message, TOO_LONG);
        assert!(shared.clone().file(&hcl("a.tf", &map), usize::MAX).is_ok());
    }

    #[test]
    fn the_cache_lets_go_of_what_was_not_asked_for_longest() {
        let shared = Shared::default();
        // Twelve megabytes each, as a tree.
        let long = |name: &str| format!("{name} = [{}]\n", "a.b,".repeat(7_000));
        for name in ["a", "b"] {
            shared.file(&hcl(name, &long(name)), usize::MAX).unwrap();
        }
        let text = long("a");
        let a = shared.file(&hcl("a", &text), usize::MAX).unwrap();
        for name in ["c", "d", "e", "f"] {
            shared.file(&hcl(name, &long(name)), usize::MAX).unwrap();
            let again = shared.file(&hcl("a", &text), usize::MAX).unwrap();
            assert!(Arc::ptr_eq(&a, &again), "{name}");
        }
        let cache = shared.cache();
        assert!(cache.memory <= MAX_CACHED_BYTES);
        assert!(!cache.files.contains_key("b"));
        assert_eq!(cache.files.len(), cache.order.len());
    }

    #[test]
    fn what_an_evaluation_keeps_is_free_again_once_it_is_dropped() {
        let shared = Shared::default();
        shared.grant(5000).unwrap();
        let kept = shared.settle(5000, 1000);
        assert_eq!(shared.memory().share.bytes(), 1000);
        let clone = kept.clone();
        drop(kept);
        assert_eq!(shared.room(), MAX_KEPT_BYTES - 1000);
        drop(clone);
        assert_eq!(shared.room(), MAX_KEPT_BYTES);
        assert_eq!(shared.memory().share.bytes(), 0);
    }
}
