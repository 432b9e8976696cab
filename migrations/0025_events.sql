-- Which stacks an event of AWS may be about: keyed hashes of account, region and id of each resource that the last scan
-- read. Nothing can be read from them without the server's key.
create table event_index (
    installation text not null,
    resource_hash bigint not null,
    repository text not null,
    stack text not null,
    primary key (installation, resource_hash, repository, stack)
);

create index event_index_by_stack on event_index (installation, repository, stack);
