"""What a person reads: tables and explanations, made from records alone."""
