//! Values on the wire: what is encoded decodes to the same, and no bytes stop the process.

use driftguard::model::{Type, Value};
use driftguard::plugin::msgpack::{self, MsgpackError};
use driftguard::plugin::schema::{Attribute, Block, BlockNesting, NestedBlock};
use driftguard::plugin::value::{ValueError, canonical, decode, encode};
use proptest::prelude::*;

fn attribute(ty: Type) -> Attribute {
    Attribute {
        ty,
        required: false,
        optional: true,
        computed: false,
        sensitive: false,
        write_only: false,
    }
}

fn block() -> Block {
    let texts = || Box::new(Type::String);
    let object = [("a", Type::Bool), ("b", Type::Number)];
    let object = object.map(|(name, ty)| (name.to_owned(), ty));
    let types = [
        ("flag", Type::Bool),
        ("number", Type::Number),
        ("text", Type::String),
        ("list", Type::List(texts())),
        ("set", Type::Set(texts())),
        ("map", Type::Map(texts())),
        ("object", Type::Object(object.into())),
        ("any", Type::Dynamic),
    ];
    let inner = Block {
        attributes: [("text".to_owned(), attribute(Type::String))].into(),
        blocks: Default::default(),
    };
    let nested = |nesting| NestedBlock {
        nesting,
        block: inner.clone(),
    };
    Block {
        attributes: types
            .map(|(name, ty)| (name.to_owned(), attribute(ty)))
            .into(),
        blocks: [
            ("blocks".to_owned(), nested(BlockNesting::List)),
            ("keyed".to_owned(), nested(BlockNesting::Map)),
            ("single".to_owned(), nested(BlockNesting::Single)),
        ]
        .into(),
    }
}

fn texts() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(Value::Unknown),
        ".{0,40}".prop_map(Value::text),
        "x{250,260}".prop_map(Value::text),
    ]
}

fn numbers() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(|number| Value::from(serde_json::Value::from(number))),
        (-1e9..1e9_f64).prop_map(|number| Value::from(serde_json::Value::from(number))),
    ]
}

fn resources() -> impl Strategy<Value = Value> {
    let inner = || texts().prop_map(|text| Value::map([("text", text)]));
    let blocks = prop::collection::vec(inner(), 0..20).prop_map(Value::List);
    let keyed = prop::collection::btree_map("[a-z]{1,4}", inner(), 0..4).prop_map(Value::map);
    let list = prop::collection::vec(texts(), 0..20).prop_map(Value::List);
    let map = prop::collection::btree_map("[a-z]{1,4}", texts(), 0..20).prop_map(Value::map);
    let object = (any::<bool>(), numbers())
        .prop_map(|(flag, number)| Value::map([("a", flag.into()), ("b", number)]));
    (
        (any::<bool>(), numbers(), texts(), list),
        (map, object, blocks, keyed),
    )
        .prop_map(
            |((flag, number, text, list), (map, object, blocks, keyed))| {
                Value::map([
                    ("flag", flag.into()),
                    ("number", number.clone()),
                    ("text", text.clone()),
                    ("list", list.clone()),
                    ("set", list),
                    ("map", map),
                    ("object", object),
                    ("any", Value::Null),
                    ("blocks", blocks),
                    ("keyed", keyed),
                    ("single", Value::map([("text", text)])),
                ])
            },
        )
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_the_same(value in resources()) {
        let block = block();
        let bytes = encode(&block, &value).unwrap();
        prop_assert_eq!(decode(&block, &bytes).unwrap(), Some(value));
    }

    #[test]
    fn no_bytes_stop_the_process(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = msgpack::decode(&bytes);
        let _ = decode(&block(), &bytes);
    }

    #[test]
    fn sets_are_the_same_in_any_order(value in resources()) {
        let block = block();
        let mut turned = value.clone();
        if let Value::Map(entries) = &mut turned
            && let Some(Value::List(items)) = entries.get_mut("set")
        {
            items.reverse();
        }
        prop_assert_eq!(canonical(&block, &turned), canonical(&block, &value));
    }
}

#[test]
fn a_length_that_promises_more_than_there_is_takes_no_memory() {
    for marker in [0xdd, 0xdf, 0xdb, 0xc6] {
        let bytes = [marker, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(
            msgpack::decode(&bytes),
            Err(MsgpackError::Truncated),
            "{marker:#x}"
        );
    }
    let deep = vec![0x91; 100_000];
    assert_eq!(msgpack::decode(&deep), Err(MsgpackError::TooLarge));
    let mut many = vec![0xdd, 0x00, 0x10, 0x00, 0x00];
    many.extend(vec![0xc0; 1 << 20]);
    assert_eq!(msgpack::decode(&many), Err(MsgpackError::TooLarge));
    assert_eq!(msgpack::decode(&[0xc0, 0xc0]), Err(MsgpackError::Trailing));
    assert_eq!(msgpack::decode(&[0xc1]), Err(MsgpackError::Marker(0xc1)));
}

#[test]
fn a_number_that_travels_as_text_is_a_number() {
    let block = block();
    let mut bytes = vec![0x81, 0xa6];
    bytes.extend(b"number");
    bytes.push(0xa3);
    bytes.extend(b"4e2");
    let read = decode(&block, &bytes).unwrap().unwrap();
    assert_eq!(read.get("number"), &Value::from(400));
    assert_eq!(
        read.get("blocks"),
        &Value::List(Vec::new()),
        "left out is none"
    );
}

/// A fingerprint that was sent would be written to AWS by whoever applied the plan.
#[test]
fn a_secret_that_was_replaced_is_never_sent() {
    let redactor = driftguard::model::Redactor::new(b"key");
    let value = Value::map([("text", redactor.fingerprint(&"hunter2".into()))]);
    let error = encode(&block(), &value).unwrap_err();
    assert_eq!(error, ValueError::Secret("text".to_owned()));
}
