-- Which account of GitHub a name in DRIFTGUARD_AWS_AMBIENT means: the number of the one that was met first under it.
-- The operator's, not an installation's: it stays when the account goes, so that nobody else inherits the name.
create table ambient_owners (
    name text not null primary key,
    owner text not null
);
