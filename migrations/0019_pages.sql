-- People who are signed in to the pages. A session belongs to a person at GitHub, not to an installation. `session` is the
-- SHA-256 of what the person's cookie holds, `attempt` that of the state of the sign-in, so that none is used twice, and
-- `token` GitHub's token, sealed.
create table sessions (
    session text not null primary key,
    attempt text not null,
    person text not null,
    login text not null,
    token text not null,
    begun_at bigint not null,
    expires_at bigint not null
);

create unique index sessions_by_attempt on sessions (attempt);
create index sessions_by_person on sessions (person, begun_at);
create index sessions_by_end on sessions (expires_at);

-- The last scan of a stack in brief, as JSON ('' where none is known), for lists of many stacks. `urgency_rank` orders
-- them: 0 is the most urgent, a stack that could not be scanned or was not yet.
alter table stacks add column summary text not null default '';
alter table stacks add column urgency_rank bigint not null default 0;
alter table stacks add column scanned_at bigint not null default 0;

create index stacks_by_urgency on stacks (installation, urgency_rank, repository, stack);
