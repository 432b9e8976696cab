//! `aws_route_table`: a route table.

use super::bulk_reader::BulkReader;
use super::read::unmanaged_resource;
use super::routes::{TABLES, destination, is_written, tables, tables_matching, targets};
use super::shape::{attributes, tags, texts, without};
use super::{ReadRequest, ReadResult, ResourceType, Scope, UnmanagedScope, aws_route};
use crate::aws::Session;
use crate::model::{Attributes, Children, Owner, SharedItems, TypeRules, UnmanagedResource, Value};
use aws_sdk_ec2::types::{Route, RouteTable};
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_route_table",
    scope: Scope::Regional,
    listed: false,
    rules: TypeRules {
        owners: &[Owner {
            path: "route",
            tf_type: ROUTE,
            parent: "route_table_id",
            key: "id",
            when: None,
            items: Some(SharedItems {
                set_by: |route| vec![as_block(route)],
                without: |routes, others| without(routes, others, to),
            }),
        }],
        children: &[Children {
            path: "route",
            tf_type: ROUTE,
        }],
        watched: &["route"],
        settled: &["propagating_vgws"],
        ..TypeRules::NONE
    },
    actions: &[TABLES],
    read: |session, request| read(session, request).boxed(),
};

static READER: BulkReader<RouteTable> = BulkReader {
    tf_type: TYPE.tf_type,
    list: |session| tables(session).boxed(),
    get_by_id: |session, resource| {
        async move {
            let tables = tables_matching(session, "route-table-id", &resource.id).await?;
            Ok(tables.into_iter().next())
        }
        .boxed()
    },
    convert,
    is_user_created: None,
};

/// The destinations of a route: of the resource, and of a table's block.
const DESTINATIONS: &[(&str, &str)] = &[
    ("destination_cidr_block", "cidr_block"),
    ("destination_ipv6_cidr_block", "ipv6_cidr_block"),
    ("destination_prefix_list_id", "destination_prefix_list_id"),
];

/// Converts the destination of a route to a block of its table.
fn as_block(route: &Attributes) -> Value {
    let parts = DESTINATIONS.iter().map(|(name, part)| {
        let destination = route.get(name).cloned().unwrap_or_default();
        (*part, destination)
    });
    Value::map(parts)
}

/// Returns the destination of a table's block, which is unique in its table.
fn to(block: &Value) -> Option<String> {
    let mut parts = DESTINATIONS.iter().map(|(_, part)| block.get(part));
    let destination = parts.find(|value| !value.is_empty())?;
    destination.as_str().map(str::to_owned)
}

const ROUTE: &str = "aws_route";

async fn read<'a>(session: &'a Session, request: ReadRequest<'a>) -> ReadResult<'a> {
    let parents = request.tracked.clone();
    let unmanaged_scope = request.unmanaged_scope;
    let mut answer = READER.read(session, request).await;
    if unmanaged_scope == UnmanagedScope::Off || answer.incomplete.is_some() {
        return answer;
    }
    // Asked already: no second call.
    let Ok(tables) = tables(session).await else {
        return answer;
    };
    for parent in parents {
        let table = tables.get(&parent.id).into_iter();
        let written =
            table.flat_map(|table| table.routes().iter().filter(|route| is_written(route)));
        answer.unmanaged.extend(written.filter_map(|route| {
            Some(UnmanagedResource {
                under: Some(parent.address.clone()),
                path: Some("route"),
                ..child(session, &parent.id, route)?
            })
        }));
    }
    answer
}

/// Returns a route as an unmanaged resource of its own.
fn child(session: &Session, table: &str, route: &Route) -> Option<UnmanagedResource> {
    let id = format!("{table}_{}", destination(route)?);
    Some(unmanaged_resource(
        session,
        ROUTE,
        &id,
        aws_route::convert(table, route),
    ))
}

/// Converts a table to the provider's attributes.
fn convert(table: &RouteTable) -> Attributes {
    let written = table.routes().iter().filter(|route| is_written(route));
    let routes = written.map(|route| {
        let mut all = targets(route);
        all.extend(attributes([
            ("cidr_block", route.destination_cidr_block().into()),
            (
                "destination_prefix_list_id",
                route.destination_prefix_list_id().into(),
            ),
            (
                "ipv6_cidr_block",
                route.destination_ipv6_cidr_block().into(),
            ),
        ]));
        Value::Map(all)
    });
    let propagating = table.propagating_vgws().iter();
    attributes([
        ("owner_id", table.owner_id().into()),
        (
            "propagating_vgws",
            texts(propagating.filter_map(|gateway| gateway.gateway_id())),
        ),
        ("route", Value::List(routes.collect())),
        (
            "tags_all",
            tags(table.tags().iter().map(|tag| (tag.key(), tag.value()))),
        ),
        ("vpc_id", table.vpc_id().into()),
    ])
}
