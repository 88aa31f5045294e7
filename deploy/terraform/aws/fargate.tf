# What Fargate sells: MiB of memory for each number of vCPUs. Source: AWS Batch API, ResourceRequirement.
locals {
  fargate = {
    "0.25" = [512, 1024, 2048]
    "0.5"  = [1024, 2048, 3072, 4096]
    "1"    = [2048, 3072, 4096, 5120, 6144, 7168, 8192]
    "2"    = [for gib in range(4, 17) : gib * 1024]
    "4"    = [for gib in range(8, 31) : gib * 1024]
    "8"    = [for gib in range(16, 61, 4) : gib * 1024]
    "16"   = [for gib in range(32, 121, 8) : gib * 1024]
    "32"   = [61440, 122880, 249856]
  }
}
