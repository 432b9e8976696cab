-- Jobs that run alone because a process died while they ran. A row is committed before the run, so it counts the death
-- that it may lead to, and is gone when the job has ended.
create table lone_runs (
    job text not null primary key,
    installation text not null,
    runner text not null,
    deaths bigint not null
);

create index lone_runs_by_runner on lone_runs (runner);

-- Jobs that do not run again by themselves: parked, or failed for good.
create table stopped_jobs (
    job text not null primary key,
    installation text not null,
    repository text not null,
    ticket text not null,
    state text not null,
    deaths bigint not null,
    problem text not null,
    stopped_at bigint not null
);

create index stopped_jobs_by_repository on stopped_jobs (installation, repository);
create index stopped_jobs_by_state on stopped_jobs (state, stopped_at);
