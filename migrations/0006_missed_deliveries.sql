-- Deliveries that GitHub sent and DriftGuard did not take: how often each was asked for again, and when it is asked for next.
create table missed_deliveries (
    delivery text not null primary key,
    attempt bigint not null,
    sent_at bigint not null,
    asked bigint not null,
    next_at bigint not null
);

create index missed_deliveries_by_time on missed_deliveries (next_at);

-- How far GitHub's list of deliveries was read: everything sent before `read_until` is known. A walk that is under way began
-- at `newest` and goes on at `next_page`. One process at a time walks, until `busy_until` at the latest.
create table delivery_walk (
    walk text not null primary key,
    read_until bigint not null,
    newest bigint not null,
    next_page text not null,
    busy_until bigint not null
);

insert into delivery_walk (walk, read_until, newest, next_page, busy_until) values ('deliveries', 0, 0, '', 0);
