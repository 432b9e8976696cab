-- How far the search for check runs on commits that are not noted has come, as JSON; empty before it begins.
alter table unconcealed add column search text not null default '';
