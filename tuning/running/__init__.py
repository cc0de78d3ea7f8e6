"""Who computes: programs on this machine, a Ray cluster, SLURM. One contract, the same results."""
