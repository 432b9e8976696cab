-- Portable between SQLite and PostgreSQL: ids are text, times are epoch milliseconds, JSON is text.
-- Each row carries its installation; nothing is null: '' and 0 stand for "not known".

create table installations (
    installation text not null primary key,
    account text not null,
    suspended bigint not null,
    seen_at bigint not null
);

create table repositories (
    installation text not null,
    repository text not null,
    name text not null,
    default_branch text not null,
    private bigint not null,
    primary key (installation, repository)
);

create table deliveries (
    delivery text not null primary key,
    installation text not null,
    notice text not null,
    state text not null,
    problem text not null,
    received_at bigint not null
);

create index deliveries_by_state on deliveries (state, received_at);
create index deliveries_by_installation on deliveries (installation);

create table waiting_scans (
    installation text not null,
    repository text not null,
    stack text not null,
    commit_id text not null,
    asked_at bigint not null,
    asked bigint not null,
    answered bigint not null,
    primary key (installation, repository, stack)
);

create table leases (
    installation text not null,
    subject text not null,
    holder text not null,
    expires_at bigint not null,
    primary key (installation, subject)
);

create table scans (
    scan text not null primary key,
    installation text not null,
    repository text not null,
    stack text not null,
    commit_id text not null,
    outcome text not null,
    finished_at bigint not null
);

create index scans_by_stack on scans (installation, repository, stack, finished_at);

create table proposals (
    installation text not null,
    repository text not null,
    branch text not null,
    stack text not null,
    number bigint not null,
    state text not null,
    findings text not null,
    fingerprint text not null,
    changed_at bigint not null,
    primary key (installation, repository, branch)
);

create index proposals_by_number on proposals (installation, repository, number);
