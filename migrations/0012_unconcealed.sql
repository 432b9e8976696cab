-- Repositories that were made public, and of which a text may still say something: looked for again until nothing does.
create table unconcealed (
    installation text not null,
    repository text not null,
    primary key (installation, repository)
);
