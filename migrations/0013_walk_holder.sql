-- Which round walks over GitHub's list of deliveries: one whose turn is over keeps nothing more.
alter table delivery_walk add column holder text not null default '';
