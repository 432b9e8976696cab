-- Since when a stack could not be scanned; 0 while it can be.
alter table stacks add column failing_since bigint not null default 0;
-- Why nothing of a repository can be scanned; empty where nothing is known to be wrong.
alter table repositories add column problem text not null default '';
alter table repositories add column problem_since bigint not null default 0;
