-- Since when a stack could not be scanned; 0 while it can be.
alter table stacks add column failing_since bigint not null default 0;
-- Why nothing of a repository can be scanned; empty where nothing is known to be wrong.
alter table repositories add column problem text not null default '';
alter table repositories add column problem_since bigint not null default 0;
-- The pull requests that wait for a person, the longest open first.
create index proposals_open on proposals (installation, opened_at, repository, branch)
    where state in ('open', 'taken_over');
