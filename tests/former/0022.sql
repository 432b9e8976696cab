-- Rows of the table that came with 0022. A statement a line.
insert into audit_log (installation, repository, entry, at, person, via, action, stack, finding, detail) values ('1002', '1001', 'comment/9/adopt/infra-production/f-1', 1795849135000, 'alice', 'comment', 'adopt', 'infra-production', 'f-1', '');
