"""An account of any size in moto, with the state and the code that belong to it: nothing in it has drifted.

The account is made by API calls; what the provider would write of each resource stands in tests/parity, of which the
state here is made with other ids and names.
"""
import json
import re
import xml.etree.ElementTree as xml

import parity
from aws import ids
from run import root

# Of each thousand. What is left of the whole number are addresses.
SHARES = {"instance": 200, "group": 100, "rule": 250, "bucket": 50, "role": 50, "policy": 30, "volume": 40}
OWNER = "scale"
IMAGE = "ami-12c6146b"
# How many instances one call starts.
AT_ONCE = 50
TYPES = ("t3.micro", "m5.large")
TRUST = json.dumps({"Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow",
                                   "Principal": {"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]}}],
                    "Version": "2012-10-17"}, separators=(",", ":"))
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Action": ["s3:Get*", "s3:List*"], "Effect": "Allow",
                                                             "Resource": "*"}]}, separators=(",", ":"))
MANAGED = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def tagged(kind):
    """The tag that the code's provider gives everything, for EC2."""
    return {"TagSpecification.1.ResourceType": kind, "TagSpecification.1.Tag.1.Key": "Owner",
            "TagSpecification.1.Tag.1.Value": OWNER}


class Account:
    """What is built, with the state of it."""

    def __init__(self, moto, resources):
        self.moto, self.resources = moto, resources
        state = parity.state()
        self.patterns = {(block["type"], block["name"]): block for block in state["resources"]}
        self.head = {key: value for key, value in state.items() if key not in ("resources", "check_results", "outputs")}
        self.blocks = {}

    def share(self, of):
        return SHARES[of] * self.resources // 1000

    def put(self, tf_type, pattern, name, /, **attributes):
        """One more instance of a resource, as tests/parity has it but for these attributes."""
        model = self.patterns[tf_type, pattern]
        block = self.blocks.setdefault((tf_type, name), {**{key: model[key] for key in ("mode", "type", "provider")},
                                                         "name": name, "instances": []})
        attributes = {**model["instances"][0]["attributes"], **attributes}
        if "tags_all" in attributes:
            attributes |= {"tags": {}, "tags_all": {"Owner": OWNER}}
        block["instances"].append({"index_key": len(block["instances"]), "schema_version": model["instances"][0]["schema_version"],
                                   "attributes": attributes, "sensitive_attributes": []})

    def count(self):
        return sum(len(block["instances"]) for block in self.blocks.values())

    def build(self):
        """Everything."""
        self.network()
        self.groups()
        self.rules()
        self.instances()
        self.buckets()
        self.roles()
        self.volumes()
        self.addresses()
        return self

    def network(self):
        ec2 = self.moto.ec2
        self.vpc = ids(ec2("CreateVpc", CidrBlock="10.30.0.0/16", **tagged("vpc")), "vpcId")[0]
        self.subnet = ids(ec2("CreateSubnet", VpcId=self.vpc, CidrBlock="10.30.0.0/17", AvailabilityZone="us-east-1a",
                              **tagged("subnet")), "subnetId")[0]
        table = self.came_with("DescribeRouteTables", "routeTableId")
        access = self.came_with("DescribeNetworkAcls", "networkAclId")
        group = self.came_with("DescribeSecurityGroups", "groupId")
        self.put("aws_vpc", "main", "main", id=self.vpc, arn=arn("vpc", self.vpc), main_route_table_id=table,
                 default_route_table_id=table, default_network_acl_id=access, default_security_group_id=group)
        self.put("aws_subnet", "a", "main", id=self.subnet, arn=arn("subnet", self.subnet), vpc_id=self.vpc,
                 cidr_block="10.30.0.0/17")

    def came_with(self, action, tag):
        """What AWS makes with a network by itself."""
        return ids(self.moto.ec2(action, **{"Filter.1.Name": "vpc-id", "Filter.1.Value.1": self.vpc}), tag)[0]

    def groups(self):
        """Groups with one rule each that lets everything out, which moto makes by itself as AWS does."""
        self.group_ids = []
        for number in range(self.share("group")):
            made = self.moto.ec2("CreateSecurityGroup", GroupName=f"scale-{number}", GroupDescription="Managed by Terraform",
                                 VpcId=self.vpc, **tagged("security-group"))
            self.group_ids.append(ids(made, "groupId")[0])
        rules = xml.fromstring(self.moto.ec2("DescribeSecurityGroupRules"))
        out = {text(rule, "groupId"): text(rule, "securityGroupRuleId") for rule in every(rules, "securityGroupRuleSet/item")}
        for group in self.group_ids:
            self.moto.ec2("CreateTags", **{"ResourceId.1": out[group], "Tag.1.Key": "Owner", "Tag.1.Value": OWNER})
            self.put("aws_vpc_security_group_egress_rule", "all", "out", id=out[group], security_group_rule_id=out[group],
                     arn=arn("security-group-rule", out[group]), security_group_id=group)

    def rules(self):
        """Rules that are resources of their own, and the groups as the provider then writes them."""
        within = {group: [] for group in self.group_ids}
        for number in range(self.share("rule")):
            group, port = self.group_ids[number % len(self.group_ids)], 8000 + number // len(self.group_ids)
            made = self.moto.ec2("AuthorizeSecurityGroupIngress", GroupId=group, **tagged("security-group-rule"), **{
                "IpPermissions.1.IpProtocol": "tcp", "IpPermissions.1.FromPort": port, "IpPermissions.1.ToPort": port,
                "IpPermissions.1.IpRanges.1.CidrIp": "10.0.0.0/8", "IpPermissions.1.IpRanges.1.Description": "HTTPS"})
            rule = ids(made, "securityGroupRuleId")[0]
            within[group].append(port)
            self.put("aws_vpc_security_group_ingress_rule", "https", "web", id=rule, security_group_rule_id=rule,
                     arn=arn("security-group-rule", rule), security_group_id=group, from_port=port, to_port=port)
        newer = self.patterns["aws_security_group", "newer"]["instances"][0]["attributes"]
        for number, group in enumerate(self.group_ids):
            ingress = [{**newer["ingress"][0], "from_port": port, "to_port": port} for port in within[group]]
            self.put("aws_security_group", "newer", "app", id=group, arn=arn("security-group", group), name=f"scale-{number}",
                     vpc_id=self.vpc, ingress=ingress)

    def instances(self):
        left, batch, wanted = self.share("instance"), 0, {}
        while left:
            some, kind = min(left, AT_ONCE), TYPES[batch % len(TYPES)]
            group = self.group_ids[batch % len(self.group_ids)]
            made = self.moto.ec2("RunInstances", ImageId=IMAGE, InstanceType=kind, MinCount=some, MaxCount=some,
                                 SubnetId=self.subnet, **{"SecurityGroupId.1": group}, **tagged("instance"))
            wanted.update((one, (kind, group)) for one in ids(made, "instanceId"))
            left, batch = left - some, batch + 1
        plain = self.patterns["aws_instance", "plain"]["instances"][0]["attributes"]
        for instance in self.described():
            id_ = text(instance, "instanceId")
            kind, group = wanted[id_]
            disk = {**plain["root_block_device"][0], "tags": {}, "tags_all": {},
                    "volume_id": text(instance, "blockDeviceMapping/item/ebs/volumeId")}
            interface = every(instance, "networkInterfaceSet/item")[0]
            credits = plain["credit_specification"] if kind.startswith("t") else []
            name = "burst" if credits else "steady"
            self.put("aws_instance", "plain", name, id=id_, arn=arn("instance", id_), instance_type=kind,
                     subnet_id=self.subnet, vpc_security_group_ids=[group], credit_specification=credits,
                     private_ip=text(instance, "privateIpAddress"), private_dns=text(instance, "privateDnsName"),
                     public_ip=text(instance, "ipAddress"), public_dns=text(instance, "dnsName"),
                     primary_network_interface_id=text(interface, "networkInterfaceId"),
                     associate_public_ip_address=bool(every(interface, "association")), root_block_device=[disk])

    def described(self):
        """Every instance, as EC2 describes it."""
        token = ""
        while token is not None:
            page = xml.fromstring(self.moto.ec2("DescribeInstances", MaxResults=1000, **({"NextToken": token} if token else {})))
            yield from every(page, "reservationSet/item/instancesSet/item")
            token = text(page, "nextToken") or None

    def buckets(self):
        tags = f"<Tagging><TagSet><Tag><Key>Owner</Key><Value>{OWNER}</Value></Tag></TagSet></Tagging>".encode()
        versions = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
        block = (b"<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><BlockPublicPolicy>true"
                 b"</BlockPublicPolicy><IgnorePublicAcls>false</IgnorePublicAcls><RestrictPublicBuckets>false"
                 b"</RestrictPublicBuckets></PublicAccessBlockConfiguration>")
        for number in range(self.share("bucket")):
            name = f"scale-{number}"
            for path, body in ((f"/{name}", b""), (f"/{name}?tagging", tags), (f"/{name}?versioning", versions),
                               (f"/{name}?publicAccessBlock", block)):
                self.moto.s3("PUT", path, body)
            self.put("aws_s3_bucket", "plain", "data", id=name, bucket=name, arn=f"arn:aws:s3:::{name}",
                     bucket_domain_name=f"{name}.s3.amazonaws.com", bucket_regional_domain_name=f"{name}.s3.us-east-1.amazonaws.com",
                     versioning=[{"enabled": True, "mfa_delete": False}])
            self.put("aws_s3_bucket_versioning", "rich", "data", id=name, bucket=name)
            self.put("aws_s3_bucket_public_access_block", "rich", "data", id=name, bucket=name)

    def roles(self):
        for number in range(self.share("role")):
            name, inline = f"scale-{number}", number < self.share("policy")
            made = self.moto.iam("CreateRole", RoleName=name, AssumeRolePolicyDocument=TRUST, MaxSessionDuration=3600, Path="/",
                                 **{"Tags.member.1.Key": "Owner", "Tags.member.1.Value": OWNER})
            self.moto.iam("AttachRolePolicy", RoleName=name, PolicyArn=MANAGED)
            self.put("aws_iam_role", "web", "app", id=name, name=name, arn=f"arn:aws:iam::123456789012:role/{name}",
                     unique_id=ids(made, "RoleId")[0], create_date=moment(made, "CreateDate"),
                     managed_policy_arns=[MANAGED], inline_policy=[{"name": "inline", "policy": POLICY}] * inline)
            self.put("aws_iam_role_policy_attachment", "own", "app", id=f"{name}-1", role=name, policy_arn=MANAGED)
            if inline:
                self.moto.iam("PutRolePolicy", RoleName=name, PolicyName="inline", PolicyDocument=POLICY)
                self.put("aws_iam_role_policy", "inline", "app", id=f"{name}:inline", role=name, name="inline", policy=POLICY)

    def volumes(self):
        for _ in range(self.share("volume")):
            made = self.moto.ec2("CreateVolume", AvailabilityZone="us-east-1a", Size=8, VolumeType="gp2", **tagged("volume"))
            volume = ids(made, "volumeId")[0]
            self.put("aws_ebs_volume", "plain", "data", id=volume, arn=arn("volume", volume),
                     create_time=moment(made, "createTime"))

    def addresses(self):
        while self.count() < self.resources:
            made = self.moto.ec2("AllocateAddress", Domain="vpc", **tagged("elastic-ip"))
            address, allocation = ids(made, "publicIp")[0], ids(made, "allocationId")[0]
            self.put("aws_eip", "loose", "out", id=allocation, allocation_id=allocation, arn=arn("elastic-ip", allocation),
                     public_ip=address, public_dns=f"ec2-{address.replace('.', '-')}.compute-1.amazonaws.com")

    def write(self, folder):
        """The state and the code."""
        state = {**self.head, "outputs": {}, "resources": list(self.blocks.values())}
        (folder / "terraform.tfstate").write_text(json.dumps(state, indent=2))
        (folder / "repo").mkdir(exist_ok=True)
        (folder / "repo/main.tf").write_text(self.code())

    def code(self):
        """The code, each kind of thing a block with `count`."""
        counts = {f"{tf_type}.{name}": len(block["instances"]) for (tf_type, name), block in self.blocks.items()}
        pattern = (root() / "benches/figures/scale.tf").read_text()
        return re.sub(r'count\("([^"]+)"\)', lambda found: str(counts.get(found[1], 0)), pattern)


def arn(kind, id_):
    return f"arn:aws:ec2:us-east-1:123456789012:{kind}/{id_}"


def moment(answer, tag):
    """A time of an answer, as the provider writes it."""
    return ids(answer, tag)[0][:19] + "Z"


def every(element, path):
    """All elements at a path, whatever the namespace."""
    found = [element]
    for step in path.split("/"):
        found = [child for one in found for child in one if child.tag.rsplit("}", 1)[-1] == step]
    return found


def text(element, path):
    """The text of the first element at a path."""
    found = every(element, path)
    return (found[0].text or "") if found else ""
