"""What a step stands on: a player's move, batches, the losses, the average, the guards."""
