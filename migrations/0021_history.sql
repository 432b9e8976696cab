-- The times during which a finding was reported: from the first scan that reported it to the one that no longer did.
create table finding_history (
    installation text not null,
    repository text not null,
    stack text not null,
    finding text not null,
    first_seen bigint not null,
    last_seen bigint not null,
    scans bigint not null,
    -- How it ended: resolved, set_aside, changed; '' and 0 while it is reported.
    ending text not null,
    ended_at bigint not null,
    address text not null,
    resource_type text not null,
    -- What tells whether a later scan checked it.
    parent_type text not null,
    account text not null,
    region text not null,
    kind text not null,
    severity text not null,
    primary key (installation, repository, stack, finding, first_seen)
);

create index finding_history_by_end on finding_history (installation, repository, stack, ended_at);
create index finding_history_by_age on finding_history (ended_at);

-- Each completed scan in numbers, for longer than its report is kept.
create table stack_history (
    installation text not null,
    repository text not null,
    stack text not null,
    finished_at bigint not null,
    commit_id text not null,
    critical bigint not null,
    high bigint not null,
    medium bigint not null,
    low bigint not null,
    info bigint not null,
    set_aside bigint not null,
    summary text not null,
    primary key (installation, repository, stack, finished_at)
);

create index stack_history_by_age on stack_history (finished_at);
