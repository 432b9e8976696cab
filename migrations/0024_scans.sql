-- How each scan of a stack went, for the page of its scans; what an earlier version recorded says nothing of it. `problem` is
-- why a scan failed, '' for a completed one: only those have numbers. `aws_calls` is -1 where it is not known, and
-- `unchecked` what was not checked, as JSON.
alter table stack_history add column begun_at bigint not null default 0;
alter table stack_history add column requested_by text not null default '';
alter table stack_history add column aws_calls bigint not null default -1;
alter table stack_history add column unchecked text not null default '[]';
alter table stack_history add column problem text not null default '';

-- What people accept of each stack by its last completed scan. `until` is the last day, 9999-12-31 where there is none.
create table accepted_differences (
    installation text not null,
    repository text not null,
    stack text not null,
    finding text not null,
    name text not null,
    severity text not null,
    until text not null,
    reason text not null,
    owner text not null,
    primary key (installation, repository, stack, finding)
);

create index accepted_differences_by_end on accepted_differences (installation, until, repository, stack, finding);
