//! What `moved` blocks make of the addresses in a state, as Terraform's plan says it.

use driftguard::code::{Moves, Options};
use driftguard::model::{Address, Tree};

/// The addresses of a state that are others by this code.
fn moved(files: &[(&str, &str)], state: &[&str]) -> Vec<String> {
    let tree: Tree = files.iter().copied().collect();
    let moves = Moves::read(&tree, "", &Options::default());
    let known: Vec<Address> = state
        .iter()
        .map(|address| address.parse().unwrap())
        .collect();
    let renamed = moves.new_addresses(known.iter());
    renamed
        .iter()
        .map(|(old, new)| format!("{old} -> {new}"))
        .collect()
}

/// `moved` blocks from and to these.
fn blocks(moves: &[(&str, &str)]) -> String {
    let block =
        |(from, to): &(&str, &str)| format!("moved {{\n  from = {from}\n  to   = {to}\n}}\n");
    moves.iter().map(block).collect()
}

#[test]
fn a_move_leads_from_address_to_address() {
    for (moves, state, expected) in [
        (
            vec![("aws_x.a", "aws_x.b")],
            vec!["aws_x.a", "aws_x.c"],
            vec!["aws_x.a -> aws_x.b"],
        ),
        // With all its instances, or one of them.
        (
            vec![("aws_x.a", "aws_x.b")],
            vec!["aws_x.a[0]", "aws_x.a[1]"],
            vec!["aws_x.a[0] -> aws_x.b[0]", "aws_x.a[1] -> aws_x.b[1]"],
        ),
        (
            vec![("aws_x.a[1]", "aws_x.b[\"k\"]")],
            vec!["aws_x.a[0]", "aws_x.a[1]"],
            vec!["aws_x.a[1] -> aws_x.b[\"k\"]"],
        ),
        (
            vec![("aws_x.a", "aws_x.a[\"k\"]")],
            vec!["aws_x.a"],
            vec!["aws_x.a -> aws_x.a[\"k\"]"],
        ),
        // In a chain, in any order, and in no circle.
        (
            vec![("aws_x.b", "aws_x.c"), ("aws_x.a", "aws_x.b")],
            vec!["aws_x.a"],
            vec!["aws_x.a -> aws_x.c"],
        ),
        (
            vec![("aws_x.a", "aws_x.b"), ("aws_x.b", "aws_x.a")],
            vec!["aws_x.a"],
            vec![],
        ),
        // What is in the way stays, and so does what would come there.
        (
            vec![("aws_x.a", "aws_x.b")],
            vec!["aws_x.a", "aws_x.b"],
            vec![],
        ),
        // Modules.
        (
            vec![("module.a", "module.b")],
            vec!["module.a.aws_x.x[0]", "module.a[1].module.c.aws_x.x"],
            vec![
                "module.a.aws_x.x[0] -> module.b.aws_x.x[0]",
                "module.a[1].module.c.aws_x.x -> module.b[1].module.c.aws_x.x",
            ],
        ),
        (
            vec![
                ("module.a", "module.a[\"k\"]"),
                ("module.a[\"k\"].aws_x.x", "module.a[\"k\"].aws_x.y"),
            ],
            vec!["module.a.aws_x.x"],
            vec!["module.a.aws_x.x -> module.a[\"k\"].aws_x.y"],
        ),
        (
            vec![("aws_x.a", "module.b.aws_x.c")],
            vec!["aws_x.a"],
            vec!["aws_x.a -> module.b.aws_x.c"],
        ),
        (
            vec![("module.b.module.c", "module.c")],
            vec!["module.b.module.c.aws_x.a"],
            vec!["module.b.module.c.aws_x.a -> module.c.aws_x.a"],
        ),
        // Another type is another thing.
        (vec![("aws_x.a", "aws_y.a")], vec!["aws_x.a"], vec![]),
    ] {
        let code = blocks(&moves);
        assert_eq!(moved(&[("main.tf", &code)], &state), expected, "{code}");
    }
}

#[test]
fn a_move_in_a_module_counts_for_each_of_its_instances() {
    let root = "module \"m\" {\n  source = \"./m\"\n  for_each = toset([\"a\", \"b\"])\n}\n";
    let module = blocks(&[("aws_x.a", "aws_x.b"), ("aws_x.c", "module.n.aws_x.c")]);
    let state = [
        "aws_x.a",
        "module.m[\"a\"].aws_x.a",
        "module.m[\"b\"].aws_x.c[0]",
    ];
    let expected = [
        "module.m[\"a\"].aws_x.a -> module.m[\"a\"].aws_x.b",
        "module.m[\"b\"].aws_x.c[0] -> module.m[\"b\"].module.n.aws_x.c[0]",
    ];
    assert_eq!(
        moved(&[("main.tf", root), ("m/main.tf", &module)], &state),
        expected
    );
}

#[test]
fn a_count_that_came_or_went_moves_the_first_instance() {
    let code = "resource \"aws_x\" \"r\" {\n  count = 1\n}\nresource \"aws_x\" \"c\" {}\n\
                resource \"aws_x\" \"f\" {}\nresource \"aws_x\" \"e\" {\n  for_each = {}\n}\n\
                module \"m\" {\n  source = \"./m\"\n  count = 1\n}\n";
    let module = "resource \"aws_x\" \"r\" {\n  count = 1\n}\n";
    let state = [
        "aws_x.r",
        "aws_x.c[0]",
        "aws_x.c[1]",
        "aws_x.f[\"a\"]",
        "aws_x.e",
        "module.m[0].aws_x.r",
    ];
    let expected = [
        "aws_x.c[0] -> aws_x.c",
        "aws_x.r -> aws_x.r[0]",
        "module.m[0].aws_x.r -> module.m[0].aws_x.r[0]",
    ];
    assert_eq!(
        moved(&[("main.tf", code), ("m/main.tf", module)], &state),
        expected
    );
}

#[test]
fn nothing_is_implied_of_what_a_moved_block_names() {
    let counted = |name: &str, moves: &[(&str, &str)]| {
        format!(
            "resource \"aws_x\" \"{name}\" {{\n  count = 1\n}}\n{}",
            blocks(moves)
        )
    };
    let code = counted("new", &[("aws_x.old", "aws_x.new")]);
    assert_eq!(
        moved(&[("main.tf", &code)], &["aws_x.old"]),
        ["aws_x.old -> aws_x.new"]
    );
    for moves in [("aws_x.gone", "aws_x.r"), ("aws_x.r[3]", "aws_x.s")] {
        let code = counted("r", &[moves]);
        assert_eq!(
            moved(&[("main.tf", &code)], &["aws_x.r"]),
            Vec::<String>::new()
        );
    }
}
