-- Old deliveries are found by their age alone. An index over (state, received_at) as well was taken for the queue's where
-- statistics of another moment say that nothing waits: it reads all installations' deliveries for the share of one.
drop index deliveries_by_state;
create index deliveries_by_age on deliveries (received_at);
