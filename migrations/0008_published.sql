-- The commits on which check runs were left, and whether what they say was emptied since: however long ago that was, a
-- repository that is made public has them emptied. What earlier versions left is known from the scans they kept.
create table published_commits (
    installation text not null,
    repository text not null,
    commit_id text not null,
    emptied bigint not null,
    primary key (installation, repository, commit_id)
);

insert into published_commits (installation, repository, commit_id, emptied)
    select distinct installation, repository, commit_id, 0 from scans where commit_id <> '';

-- Which secret a repository's notifications are signed with: `generation` is the moment it was made, 0 the one of
-- earlier versions, and `shown` whether a comment may show it.
create table notification_secrets (
    installation text not null,
    repository text not null,
    generation bigint not null,
    shown bigint not null,
    primary key (installation, repository)
);

insert into notification_secrets (installation, repository, generation, shown)
    select installation, repository, 0, 1 from repositories;

-- What is to be posted to the address that a repository names. The queue's rows name it and hold none of it, so that it
-- goes with its installation.
create table notifications (
    installation text not null,
    repository text not null,
    notification text not null,
    url text not null,
    body text not null,
    kept_at bigint not null,
    primary key (installation, repository, notification)
);
