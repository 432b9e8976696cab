-- The moment of the wish that a notification secret was rotated for: asked for again, it is rotated once.
alter table notification_secrets add column rotated_for bigint not null default 0;
