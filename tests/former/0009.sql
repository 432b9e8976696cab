-- Rows of the tables that came with 0008 and 0009. A statement a line.
insert into notifications (installation, repository, notification, url, body, kept_at) values ('1002', '1001', 'n-1', 'https://example.com/', '{}', 1795849135000);
