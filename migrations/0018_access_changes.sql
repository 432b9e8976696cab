-- When GitHub told, by the time at which it first sent that, that an installation gained or lost a repository ('' for the
-- installation itself: that it was suspended or not). What was sent before and arrives later changes nothing any more.
create table access_changes (
    installation text not null,
    repository text not null,
    has_access bigint not null,
    changed_at bigint not null,
    primary key (installation, repository)
);

create index access_changes_by_repository on access_changes (repository);
create index access_changes_by_age on access_changes (changed_at);

-- When what is known of a repository was sent.
alter table repositories add column described_at bigint not null default 0;
