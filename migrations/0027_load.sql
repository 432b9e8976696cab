-- Findings that ended, by when: in the order in which they are listed and deleted, with what is counted of them, so that the
-- index alone answers.
drop index finding_history_by_end;
create index finding_history_by_end on finding_history
    (installation, repository, stack, ended_at, finding, first_seen, ending);

-- For deletion by age alone: no list of reported findings may choose an index that goes across tenants.
drop index finding_history_by_age;
create index finding_history_by_age on finding_history (ended_at) where ended_at > 0;

-- The audit log of one person, and of one repository, in the order of the log.
create index audit_log_by_person on audit_log (installation, lower(person), at, repository, entry);
create index audit_log_by_repository on audit_log (installation, repository, at, entry);
