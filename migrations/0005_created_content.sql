-- How much content was created at GitHub for an installation, by slices of time: GitHub counts what all processes create,
-- and does not forget it where one starts anew.
create table created_content (
    installation text not null,
    slice bigint not null,
    created bigint not null,
    primary key (installation, slice)
);

create index created_content_by_time on created_content (slice);
