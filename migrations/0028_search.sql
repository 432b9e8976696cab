-- Findings of all stacks of an installation, by how they ended ('' for those that are reported) and by severity.
create index finding_history_by_severity on finding_history (installation, ending, severity, repository, stack, finding, first_seen);

-- When an order was stored; 0 by an earlier version: the next sweep dates it.
alter table orders add column saved_at bigint not null default 0;
create index orders_by_age on orders (saved_at);

-- A row of each installation that counts what it has before it adds more: whoever adds locks it, so that two that come at
-- the same moment are counted one after the other.
create table limit_locks (
    installation text not null primary key
);

-- The id that `terraform import` takes: the name of a resource that no state claims. '' where it is not known.
alter table finding_history add column import_id text not null default '';
