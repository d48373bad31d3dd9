"""What people look at: tables in the terminal, figures, traces, one page to send."""
