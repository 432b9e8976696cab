//! `aws_route_table_association`: the route table of a subnet or gateway.

use super::read::resolve_tracked;
use super::routes::{TABLES, tables, tables_matching};
use super::shape::attributes;
use super::{ReadRequest, ReadResult, ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Attributes, Resource, TypeRules};
use aws_sdk_ec2::types::{RouteTable, RouteTableAssociation, RouteTableAssociationStateCode};
use futures::FutureExt;
use std::collections::BTreeMap;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_route_table_association",
    scope: Scope::Regional,
    listed: false,
    rules: TypeRules::NONE,
    actions: &[TABLES],
    read: |session, request| read(session, request).boxed(),
};

async fn read<'a>(session: &'a Session, request: ReadRequest<'a>) -> ReadResult<'a> {
    if request.tracked.is_empty() {
        return ReadResult::default();
    }
    let tables = match tables(session).await {
        Ok(tables) => tables,
        Err(reason) => return ReadResult::unknown(&request, &reason),
    };
    let all: BTreeMap<String, RouteTableAssociation> =
        tables.values().flat_map(associations).collect();
    let get_by_id = |resource: &'a Resource| {
        async move {
            let id = &resource.id;
            let filter = "association.route-table-association-id";
            let tables = tables_matching(session, filter, id).await?;
            let mut all = tables.iter().flat_map(associations);
            Ok(all
                .find(|(found, _)| found == id)
                .map(|(_, association)| association))
        }
        .boxed()
    };
    ReadResult {
        readings: resolve_tracked(
            &request.tracked,
            &all,
            |_, association| convert(association),
            get_by_id,
        )
        .await,
        ..ReadResult::default()
    }
}

/// Returns the associations of a table by id, without those that were removed.
fn associations(
    table: &RouteTable,
) -> impl Iterator<Item = (String, RouteTableAssociation)> + use<'_> {
    let is_associated = |association: &&RouteTableAssociation| {
        let state = association
            .association_state()
            .and_then(|state| state.state());
        state != Some(&RouteTableAssociationStateCode::Disassociated)
    };
    let all = table.associations().iter().filter(is_associated);
    all.filter_map(|association| {
        Some((
            association.route_table_association_id()?.to_owned(),
            association.clone(),
        ))
    })
}

/// Converts an association to the provider's attributes.
fn convert(association: &RouteTableAssociation) -> Attributes {
    attributes([
        ("gateway_id", association.gateway_id().into()),
        ("route_table_id", association.route_table_id().into()),
        ("subnet_id", association.subnet_id().into()),
    ])
}
