-- Deliveries are worked on many at once: a worker takes some of each installation for a while.
alter table deliveries add column taken_by text not null default '';
alter table deliveries add column taken_until bigint not null default 0;

create index deliveries_by_turn on deliveries (installation, received_at) where state = 'open';
create index deliveries_taken on deliveries (taken_by, taken_until) where state = 'taken';

-- How far each installation's jobs are in the queue: the next of the one that had the least comes first.
create table queue_turns (
    installation text not null primary key,
    turn bigint not null
);

-- One row that is written to see whether the database takes writes.
create table pulse (
    id bigint not null primary key,
    beat_at bigint not null
);
