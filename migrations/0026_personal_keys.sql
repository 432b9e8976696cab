-- Keys of the API that are a person's. `person` is GitHub's id of the person; 0 for the organisation's own keys.
alter table api_keys add column person bigint not null default 0;

create index api_keys_by_person on api_keys (person, installation, created_at) where person > 0;

-- The repositories that a person's key reaches, which only ever become fewer. `confirmed_at` is when GitHub last said that
-- the person may write there, by the database's clock.
create table api_key_repositories (
    key_prefix text not null,
    installation text not null,
    repository text not null,
    confirmed_at bigint not null,
    primary key (key_prefix, repository)
);

create index api_key_repositories_by_repository on api_key_repositories (installation, repository);
