-- Who decided what, when, and where. `entry` is made of what asked for it and of its effect, so that an effect that is
-- applied twice has one row; `via` is comment, box, pull_request, page or api; stack and finding are '' where all or none
-- are meant.
create table audit_log (
    installation text not null,
    repository text not null,
    entry text not null,
    at bigint not null,
    person text not null,
    via text not null,
    action text not null,
    stack text not null,
    finding text not null,
    detail text not null,
    primary key (installation, repository, entry)
);

create index audit_log_by_time on audit_log (installation, at, repository, entry);
create index audit_log_by_age on audit_log (at);
