"""What a machine does, counted action by action from its layers and tiles, and what that takes in energy."""
