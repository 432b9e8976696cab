-- What people decided about findings: the newest of each.
create table decisions (
    installation text not null,
    repository text not null,
    stack text not null,
    finding text not null,
    decision text not null,
    decided_at bigint not null,
    primary key (installation, repository, stack, finding)
);

-- The stacks that the default branch has, and when each is scanned next: 0 where only pushes and people ask for it.
create table stacks (
    installation text not null,
    repository text not null,
    stack text not null,
    schedule text not null,
    next_at bigint not null,
    primary key (installation, repository, stack)
);

create index stacks_by_time on stacks (next_at);

-- The issue that shows how a repository stands.
create table dashboards (
    installation text not null,
    repository text not null,
    number bigint not null,
    primary key (installation, repository)
);

-- Who was told that they may not give commands, and where: once is enough.
create table refusals (
    installation text not null,
    repository text not null,
    issue bigint not null,
    person text not null,
    primary key (installation, repository, issue, person)
);

-- What a comment was understood to ask for, kept before it is acted on: run again, it means the same.
create table orders (
    installation text not null,
    repository text not null,
    comment bigint not null,
    answer text not null,
    done bigint not null,
    primary key (installation, repository, comment)
);

-- When a pull request was opened, and whether a person wants its branch made anew.
alter table proposals add column opened_at bigint not null default 0;
alter table proposals add column anew bigint not null default 0;
