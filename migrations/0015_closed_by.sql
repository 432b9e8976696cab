-- The login of who closed a pull request that nobody declined: it is told where its fixes are listed.
alter table proposals add column closed_by text not null default '';
