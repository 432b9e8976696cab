//! The values that a configuration writes: each part by itself, so that one which is not known leaves the others.

use crate::code::expression::certain_key;
use crate::code::scope::Scope;
use crate::code::size::Size;
use crate::code::typed::Typed;
use hcl_edit::expr::Expression;
use hcl_edit::structure::Body;
use std::collections::BTreeMap;

/// Copies a local value for the layer, which outlives the instance: it counts until the whole unit is evaluated.
/// Unknown where there is no memory for that.
pub(super) fn copied(scope: &Scope<'_>, value: &Typed) -> Typed {
    let size = Size::of_typed(value);
    match scope.budget().keep(size.bytes) {
        Ok(()) => value.clone(),
        Err(excess) => {
            scope.refuse_at(excess, None);
            Typed::UNKNOWN
        }
    }
}

/// Evaluates the arguments of a block into an object; a block in it, such as `config`, becomes one as well.
pub(super) fn body(scope: &Scope<'_>, body: &Body) -> Typed {
    let arguments = body.attributes();
    let arguments = arguments.map(|argument| {
        let value = entries(scope, &argument.value);
        (argument.key.as_str().to_owned(), value)
    });
    let mut arguments: BTreeMap<_, _> = arguments.collect();
    for block in body.blocks() {
        let inner = self::body(scope, &block.body);
        arguments.insert(block.ident.as_str().to_owned(), inner);
    }
    Typed::Object(arguments)
}

/// Evaluates a `generate` block, whose `contents` is code: a part that is not known leaves the others.
pub(super) fn generated(scope: &Scope<'_>, block: &Body) -> Typed {
    let mut arguments = body(scope, block);
    let contents = block
        .get_attribute("contents")
        .map(|contents| &contents.value);
    if let (
        Typed::Object(arguments),
        Some(contents @ (Expression::HeredocTemplate(_) | Expression::StringTemplate(_))),
    ) = (&mut arguments, contents)
        && arguments.get("contents").is_some_and(Typed::is_unknown)
    {
        let code = scope.clone().naming_unknown().known(contents);
        arguments.insert("contents".to_owned(), code);
    }
    arguments
}

/// Evaluates an expression; of an object each entry by itself, so that one which is refused leaves the others.
pub(super) fn entries(scope: &Scope<'_>, expression: &Expression) -> Typed {
    let Expression::Object(object) = expression else {
        return scope.known(expression);
    };
    let mut entries = BTreeMap::new();
    for (key, value) in object {
        match certain_key(scope, key) {
            Some(key) => entries.insert(key, scope.known(value.expr())),
            None => return Typed::UNKNOWN,
        };
    }
    Typed::Object(entries)
}
