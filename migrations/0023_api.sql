-- Keys of the API. `key_digest` is the SHA-256 of a key, `prefix` its beginning, which names it in lists. `installation` is
-- the organisation whose workspaces the key reaches; 0 is `local`, which is no installation. Of times, 0 is none.
create table api_keys (
    key_digest text not null primary key,
    installation text not null,
    prefix text not null,
    name text not null,
    scope text not null,
    created_by text not null,
    created_at bigint not null,
    expires_at bigint not null,
    used_at bigint not null
);

create unique index api_keys_by_prefix on api_keys (prefix);
create index api_keys_by_installation on api_keys (installation, created_at);

-- Workspaces that were created through the API. Their scans, schedules and history lie in the tables of stacks, under the
-- repository 0. `role_arn` and `state` are '' where there is none.
create table workspaces (
    installation text not null,
    workspace text not null,
    name text not null,
    region text not null,
    role_arn text not null,
    state text not null,
    created_at bigint not null,
    primary key (installation, workspace)
);

-- Scans that were requested through the API: queued, running, done, failed. One that is not renewed in time died with its
-- process. `finished_at` is that of the recorded scan.
create table requested_scans (
    scan text not null primary key,
    installation text not null,
    repository text not null,
    stack text not null,
    status text not null,
    problem text not null,
    requested_at bigint not null,
    finished_at bigint not null,
    alive_until bigint not null
);

create index requested_scans_by_stack on requested_scans (installation, repository, stack, requested_at);
create index requested_scans_by_age on requested_scans (requested_at);

-- Answers that are given again to a repeated Idempotency-Key. `request` tells whether it is the same request; `status` is 0
-- while the first one is being answered.
create table kept_answers (
    installation text not null,
    answer_key text not null,
    request text not null,
    status bigint not null,
    body text not null,
    created_at bigint not null,
    primary key (installation, answer_key)
);

create index kept_answers_by_age on kept_answers (created_at);

-- The findings that are reported now, among all that ever were.
create index finding_history_open on finding_history (installation, repository, stack, finding, first_seen)
    where ended_at = 0;

-- Those that ended, by how, and the reported ones by their id.
create index finding_history_ended on finding_history (installation, ending, repository, stack, finding, first_seen)
    where ended_at > 0;
create index finding_history_by_finding on finding_history (installation, finding) where ended_at = 0;
