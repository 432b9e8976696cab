-- Decisions that keys of the API sent, and what came of each: queued, done, not_done. `order_id` is that of the order which
-- its job runs; `problem` is why nothing came of it, else ''.
create table api_decisions (
    installation text not null,
    order_id text not null,
    repository text not null,
    stack text not null,
    finding text not null,
    status text not null,
    problem text not null,
    requested_at bigint not null,
    primary key (installation, order_id)
);

create index api_decisions_by_stack on api_decisions (installation, repository, stack);
create index api_decisions_by_age on api_decisions (requested_at);
