//! `aws_route_table_association`: which table a subnet or a gateway goes by.

use super::ask::match_up;
use super::routes::{TABLES, found, tables};
use super::shape::attributes;
use super::{Answer, Ask, ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Attributes, Extra, Resource};
use aws_sdk_ec2::types::{RouteTable, RouteTableAssociation, RouteTableAssociationStateCode};
use futures::FutureExt;
use std::collections::BTreeMap;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_route_table_association",
    scope: Scope::Regional,
    listed: false,
    extra: Extra::NONE,
    actions: &[TABLES],
    read: |session, ask| read(session, ask).boxed(),
};

async fn read<'a>(session: &'a Session, ask: Ask<'a>) -> Answer<'a> {
    if ask.tracked.is_empty() {
        return Answer::default();
    }
    let tables = match tables(session).await {
        Ok(tables) => tables,
        Err(reason) => return Answer::unknown(&ask, &reason),
    };
    let all: BTreeMap<String, RouteTableAssociation> =
        tables.values().flat_map(associations).collect();
    let confirm = |resource: &'a Resource| {
        async move {
            let id = &resource.id;
            let filter = "association.route-table-association-id";
            let tables = found(session, filter, id).await?;
            let mut all = tables.iter().flat_map(associations);
            Ok(all.find(|(found, _)| found == id).map(|(_, one)| one))
        }
        .boxed()
    };
    Answer {
        readings: match_up(&ask.tracked, &all, |_, one| convert(one), confirm).await,
        ..Answer::default()
    }
}

/// The associations of a table that stand, by id.
fn associations(
    table: &RouteTable,
) -> impl Iterator<Item = (String, RouteTableAssociation)> + use<'_> {
    let stands = |one: &&RouteTableAssociation| {
        let state = one.association_state().and_then(|state| state.state());
        state != Some(&RouteTableAssociationStateCode::Disassociated)
    };
    let all = table.associations().iter().filter(stands);
    all.filter_map(|one| Some((one.route_table_association_id()?.to_owned(), one.clone())))
}

/// One association of the answer, in the provider's shape.
fn convert(association: &RouteTableAssociation) -> Attributes {
    attributes([
        ("gateway_id", association.gateway_id().into()),
        ("route_table_id", association.route_table_id().into()),
        ("subnet_id", association.subnet_id().into()),
    ])
}
