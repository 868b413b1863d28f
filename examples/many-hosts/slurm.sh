#!/bin/sh
# A library's files as a Slurm array: sbatch --export=ALL,RUN=/shared/run slurm.sh, from this folder; see shard.sh.
# To change: the array and PARTS, which is how many parts there are even where one failed part is submitted again.
#SBATCH --job-name=arrtheaudio
#SBATCH --array=1-16%4
#SBATCH --cpus-per-task=1
#SBATCH --mem=256M
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --output=%x-%A_%a.log

# Slurm runs a copy of this script from elsewhere, so shard.sh is looked for where it was submitted.
exec sh "${SLURM_SUBMIT_DIR:-.}/shard.sh" "${RUN:?}" "${SLURM_ARRAY_TASK_ID:?}" "${PARTS:-16}"
