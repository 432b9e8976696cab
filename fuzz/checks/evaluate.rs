//! Any bytes as the code of a root module and of a module below it, in HCL and in JSON, as what overrides it and as what it
//! reads: it is evaluated within its bounds, and so it is again when it is interrupted. The run sets the memory limit; here
//! no value is longer or deeper than any may be.

use driftguard::code::{self, Evaluated, Options};
use driftguard::model::{Tree, Value};

/// ASCII's record separator, which stands in no code.
const SEPARATOR: u8 = 0x1e;
/// What the parts of the bytes are.
const FILES: [&str; 6] = [
    "main.tf",
    "a/main.tf",
    "terraform.tfvars",
    "more.tf.json",
    "main_override.tf",
    "read.txt",
];
/// The longest text that evaluation makes.
const MAX_TEXT_LENGTH: usize = 1 << 20;
/// How deep a value may lie: in a value, in a block, in a list of blocks.
const MAX_DEPTH: usize = 400;

pub fn check(bytes: &[u8]) {
    let mut parts = bytes.splitn(FILES.len(), |byte| *byte == SEPARATOR);
    let tree: Tree = FILES
        .into_iter()
        .filter_map(|name| Some((name, parts.next()?)))
        .collect();
    let options = Options::default();
    code::root_modules(&tree, "", &options);
    let evaluated = code::evaluate(&tree, "", &options);
    check_bounds(&evaluated);
    let again = code::evaluate(&tree, "", &options);
    assert_eq!(
        evaluated.declared, again.declared,
        "parsed files are shared"
    );
    options.interrupt.raise();
    let cut = code::evaluate(&tree, "", &options);
    assert!(cut.declared.resources.len() <= 1, "nothing goes on");
}

/// No value is longer or deeper than any may be, and each problem names a file of the tree.
fn check_bounds(evaluated: &Evaluated) {
    for resource in evaluated.declared.resources.values() {
        for definition in resource.attributes.values() {
            check_value(&definition.value, 0);
        }
    }
    for problem in &evaluated.problems {
        assert!(FILES.contains(&problem.file.as_str()));
        assert!(problem.line > 0);
    }
}

fn check_value(value: &Value, depth: usize) {
    assert!(depth <= MAX_DEPTH);
    match value {
        Value::String(text) => assert!(text.len() <= MAX_TEXT_LENGTH),
        Value::List(items) => items.iter().for_each(|item| check_value(item, depth + 1)),
        Value::Map(entries) => {
            for (key, value) in entries {
                assert!(key.len() <= MAX_TEXT_LENGTH);
                check_value(value, depth + 1);
            }
        }
        _ => {}
    }
}
