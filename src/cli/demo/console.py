"""What somebody did in the console, for scripts/record-stack."""


def change(client, ids):
    ec2, iam, s3, rds = map(client, ("ec2", "iam", "s3", "rds"))
    for instance in ids["aws_instance.web"]:
        ec2.stop_instances(InstanceIds=[instance])
        ec2.modify_instance_attribute(InstanceId=instance, InstanceType={"Value": "t3.xlarge"})
        ec2.start_instances(InstanceIds=[instance])
    ec2.create_tags(Resources=ids["aws_instance.batch"], Tags=[{"Key": "Role", "Value": "import"}])
    ec2.authorize_security_group_ingress(GroupId=ids["aws_security_group.web"][0], IpPermissions=[{
        "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
        "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "temporary, for the vendor"}]}])
    s3.put_public_access_block(Bucket="acme-shop-assets", PublicAccessBlockConfiguration={
        "BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": False, "RestrictPublicBuckets": False})
    rds.modify_db_instance(DBInstanceIdentifier="shop-orders", BackupRetentionPeriod=1, ApplyImmediately=True)
    iam.attach_role_policy(RoleName="shop-web", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
