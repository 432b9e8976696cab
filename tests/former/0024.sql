-- A row of the table that came with 0024. A statement a line.
insert into accepted_differences (installation, repository, stack, finding, name, severity, until, reason, owner) values ('1002', '1001', 'infra-production', 'f-1', 'aws_vpc.main', 'low', '2027-03-31', 'ours', 'alice');
