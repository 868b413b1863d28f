"""What is kept, in one tar: the queue, the journal, TMDB's answers and the configuration file."""
