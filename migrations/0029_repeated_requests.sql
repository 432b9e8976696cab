-- What the ids of what a repeated request creates are made of. A name that is used again after its answer was deleted is
-- another request's.
alter table kept_answers add column seed text not null default '';
