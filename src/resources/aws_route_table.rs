//! `aws_route_table`: where a subnet's traffic goes.

use super::ask::unclaimed;
use super::bulk::Bulk;
use super::routes::{TABLES, destination, found, is_written, tables, targets};
use super::shape::{attributes, tags, texts};
use super::{Answer, Ask, Look, ResourceType, Scope, aws_route};
use crate::aws::Session;
use crate::model::{Attributes, Children, Extra, Owner, Unclaimed, Value};
use aws_sdk_ec2::types::{Route, RouteTable};
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_route_table",
    scope: Scope::Regional,
    listed: false,
    extra: Extra {
        owners: &[Owner {
            path: "route",
            tf_type: ROUTE,
            parent: "route_table_id",
            key: "id",
            when: None,
        }],
        children: &[Children {
            path: "route",
            tf_type: ROUTE,
        }],
        watched: &["route"],
        settled: &["propagating_vgws"],
        ..Extra::NONE
    },
    actions: &[TABLES],
    read: |session, ask| read(session, ask).boxed(),
};

static BULK: Bulk<RouteTable> = Bulk {
    tf_type: TYPE.tf_type,
    all: |session| tables(session).boxed(),
    one: |session, resource| {
        async move {
            let tables = found(session, "route-table-id", &resource.id).await?;
            Ok(tables.into_iter().next())
        }
        .boxed()
    },
    convert,
    somebodys: None,
};

const ROUTE: &str = "aws_route";

async fn read<'a>(session: &'a Session, ask: Ask<'a>) -> Answer<'a> {
    let parents = ask.tracked.clone();
    let look = ask.look;
    let mut answer = BULK.read(session, ask).await;
    if look == Look::Off || answer.gap.is_some() {
        return answer;
    }
    // Asked already: no second call.
    let Ok(tables) = tables(session).await else {
        return answer;
    };
    for parent in parents {
        let table = tables.get(&parent.id).into_iter();
        let written = table.flat_map(|table| table.routes().iter().filter(|one| is_written(one)));
        answer.unclaimed.extend(written.filter_map(|route| {
            Some(Unclaimed {
                under: Some(parent.address.clone()),
                path: Some("route"),
                ..child(session, &parent.id, route)?
            })
        }));
    }
    answer
}

/// A route, as a resource of its own.
fn child(session: &Session, table: &str, route: &Route) -> Option<Unclaimed> {
    let id = format!("{table}_{}", destination(route)?);
    Some(unclaimed(
        session,
        ROUTE,
        &id,
        aws_route::convert(table, route),
    ))
}

/// One table of the answer, in the provider's shape.
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
            texts(propagating.filter_map(|one| one.gateway_id())),
        ),
        ("route", Value::List(routes.collect())),
        (
            "tags_all",
            tags(table.tags().iter().map(|tag| (tag.key(), tag.value()))),
        ),
        ("vpc_id", table.vpc_id().into()),
    ])
}
