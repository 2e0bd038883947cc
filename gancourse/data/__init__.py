"""Data: toys are sampled, images come as one resident tensor. Batches are tuples."""
