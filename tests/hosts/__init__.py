"""CentOS Stream 9 test hosts: containers that a provisioning role takes for real machines."""
