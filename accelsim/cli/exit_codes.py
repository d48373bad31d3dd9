"""What the exit codes of the commands mean."""

EXIT_FAILURE = 1
"""Something failed that should not, or a comparison found a difference."""

EXIT_BAD_INPUT = 2
"""What was given is at fault."""

EXIT_NO_TOOL = 3
"""A program that the command needs is not installed, or fails."""

EXIT_INTERRUPTED = 130
"""As shells report an interrupted program."""
