"""What somebody did in the console: one change for each of the older blocks."""


def change(client, _ids):
    s3 = client("s3")
    s3.put_bucket_versioning(Bucket="older-data", VersioningConfiguration={"Status": "Suspended"})
    s3.put_bucket_encryption(Bucket="older-data", ServerSideEncryptionConfiguration={"Rules": [{
        "ApplyServerSideEncryptionByDefault": {
            "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "arn:aws:kms:us-east-1:999999999999:key/foreign"},
        "BucketKeyEnabled": False}]})
    s3.put_bucket_logging(Bucket="older-data", BucketLoggingStatus={})
    rules = s3.get_bucket_lifecycle_configuration(Bucket="older-data")["Rules"]
    for rule in rules:
        if rule["ID"] == "old":
            rule["Expiration"] = {"Days": 1}
    s3.put_bucket_lifecycle_configuration(Bucket="older-data", LifecycleConfiguration={"Rules": rules})
    s3.put_bucket_cors(Bucket="older-data", CORSConfiguration={"CORSRules": [{
        "AllowedHeaders": ["*"], "AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 3000}]})
    s3.put_bucket_website(Bucket="older-site", WebsiteConfiguration={
        "IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "other.html"},
        "RoutingRules": [{"Condition": {"KeyPrefixEquals": "docs/"}, "Redirect": {"ReplaceKeyPrefixWith": "documents/"}}]})
    s3.put_bucket_policy(Bucket="older-site", Policy='{"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow",'
                         '"Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::older-site/*"}]}')
    copied = s3.get_bucket_replication(Bucket="older-source")["ReplicationConfiguration"]
    copied["Rules"][0]["Status"] = "Disabled"
    s3.put_bucket_replication(Bucket="older-source", ReplicationConfiguration=copied)
    s3.put_object_lock_configuration(Bucket="older-locked", ObjectLockConfiguration={
        "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}})
    # In the newer style: the resource of its own tells it, and the bucket does not.
    s3.put_bucket_versioning(Bucket="older-newer", VersioningConfiguration={"Status": "Suspended"})
