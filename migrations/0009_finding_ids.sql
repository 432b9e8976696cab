-- Which form the ids of findings have: a version that gives the same drift another id raises it, and carries over what
-- people decided before. `subject` says of what a decision is, so that this takes no scan that may be forgotten.
alter table scans add column scheme bigint not null default 0;
alter table decisions add column scheme bigint not null default 0;
alter table decisions add column subject text not null default '';
